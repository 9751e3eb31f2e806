/**
 * The other tabs of this browser that show the same. Without `BroadcastChannel` there are none.
 */
export class Tabs {
  #channel;

  /**
   * @param {import("./types.js").ChannelMaker | null} BroadcastChannel
   * @param {string} name
   * @param {(message: any) => void} onMessage
   */
  constructor(BroadcastChannel, name, onMessage) {
    this.#channel = BroadcastChannel && new BroadcastChannel(name);
    if (this.#channel) this.#channel.onmessage = ({ data }) => onMessage(data);
  }

  /** @param {any} message */
  tell(message) {
    this.#channel?.postMessage(message);
  }

  /** Nothing is told or heard any more. */
  close() {
    this.#channel?.close();
    this.#channel = null;
  }
}
