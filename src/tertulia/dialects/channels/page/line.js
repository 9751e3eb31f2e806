/** The socket of one room, which comes back by itself. */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/**
 * @typedef {{ message: string, username: string, user: string, message_uuid: string, created_at: string }} Frame
 * @typedef {object} Listener
 * @property {() => void} opened live: from now on all that is said arrives
 * @property {(frame: Frame) => void} said
 * @property {(text: string) => void} refused what was sent is refused
 * @property {() => void} lost it was cut off, and comes back
 * @property {() => void} shut it could not be opened: the server may not want us here
 */

export class Line {
  /**
   * @param {string} room the room's name
   * @param {Listener} listener
   */
  constructor(room, listener) {
    const url = new URL(`ws/chat/${encodeURIComponent(room)}/`, document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this._url = url;
    this._listener = listener;
    this._wait = FIRST_WAIT;
    this._timer = 0;
    this._open();
  }

  _open() {
    let opened = false;
    const socket = new WebSocket(this._url);
    this._socket = socket;
    socket.onopen = () => {
      opened = true;
      this._wait = FIRST_WAIT;
      this._listener.opened();
    };
    socket.onmessage = ({ data }) => this._received(JSON.parse(data));
    socket.onclose = () => {
      this._timer = setTimeout(() => this._open(), this._wait);
      this._wait = Math.min(this._wait * 2, LONGEST_WAIT);
      if (opened) this._listener.lost();
      else this._listener.shut();
    };
  }

  /** @param {Frame & { error?: string }} frame */
  _received(frame) {
    if (frame.error !== undefined) this._listener.refused(frame.error);
    else this._listener.said(frame);
  }

  /**
   * @param {unknown} frame
   * @returns {boolean} whether the line was open
   */
  send(frame) {
    if (this._socket?.readyState !== WebSocket.OPEN) return false;
    this._socket.send(JSON.stringify(frame));
    return true;
  }

  /** For good. */
  close() {
    clearTimeout(this._timer);
    if (this._socket === undefined) return;
    this._socket.onopen = this._socket.onmessage = this._socket.onclose = null;
    this._socket.close();
  }
}
