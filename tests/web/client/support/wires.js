/** Real WebSockets that a test can cut and slow down. */
export class Wires {
  /** @type {Set<{ cut: () => void }>} */
  #open = new Set();

  /** @param {() => number} random how long each frame takes, from 0 to 1: up to 8 ms */
  constructor(random) {
    const open = this.#open;
    /** Whether frames are slow. */
    this.slow = true;
    const isSlow = () => this.slow;
    this.WebSocket = class Wire {
      /** @type {((event: any) => void) | null} */
      onopen = null;
      /** @type {((event: any) => void) | null} */
      onmessage = null;
      /** @type {((event: any) => void) | null} */
      onclose = null;
      /** @type {((event: any) => void) | null} */
      onerror = null;
      #socket;
      #last = Promise.resolve();
      #down = false;

      /**
       * @param {string} url
       * @param {string[]} protocols
       */
      constructor(url, protocols) {
        this.#socket = new WebSocket(url, protocols);
        this.#socket.onopen = (event) => this.#pass(() => this.onopen?.(event));
        this.#socket.onmessage = (event) => this.#pass(() => this.onmessage?.(event));
        this.#socket.onclose = ({ code, reason }) => this.#pass(() => this.#end(code, reason));
        this.#socket.onerror = () => {};
        open.add(this);
      }

      /** @param {string} text */
      send(text) {
        if (!this.#down && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
      }

      /**
       * @param {number} [code]
       * @param {string} [reason]
       */
      close(code, reason) {
        this.#socket.close(code, reason);
      }

      /** From one moment to the next, with everything that is on its way. */
      cut() {
        this.#end(1006, "");
        this.#socket.close();
      }

      /** @param {() => void} event in order, a little later */
      #pass(event) {
        this.#last = this.#last.then(async () => {
          if (isSlow()) await new Promise((resolve) => setTimeout(resolve, random() * 8));
          if (!this.#down) event();
        });
      }

      /**
       * @param {number} code
       * @param {string} reason
       */
      #end(code, reason) {
        if (this.#down) return;
        this.#down = true;
        open.delete(this);
        this.onclose?.({ code, reason });
      }
    };
  }

  cut() {
    for (const wire of [...this.#open]) wire.cut();
  }
}
