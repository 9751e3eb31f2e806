/**
 * What the parts of the client hand each other. Only types.
 *
 * @typedef {Record<string, any>} Frame one JSON object of the protocol, with its wire names
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds since 1970; it goes on while the machine sleeps
 * @property {(work: () => void, milliseconds: number) => unknown} setTimeout
 * @property {(timer: any) => void} clearTimeout
 *
 * @typedef {() => number} Random from 0 up to, but not, 1
 *
 * @typedef {(listener: () => void) => () => void} Wake calls `listener` whenever a lost line may be
 *   back (network, page in front again); gives back what ends that
 *
 * @typedef {(listener: () => void) => () => void} Leave calls `listener` whenever the page goes out of sight, perhaps
 *   for good; gives back what ends that
 *
 * @typedef {object} TokenSource where access tokens come from; who asks meanwhile gets the same answer
 * @property {() => Promise<string>} access one that is good for a while
 * @property {(refused: string) => Promise<string>} renew another than one the server did not take
 * @property {(token: string, seconds: number) => void} lasts the server said how long it is good
 *
 * @typedef {object} SocketLike a browser's `WebSocket`, as far as it is used
 * @property {(text: string) => void} send
 * @property {(code?: number, reason?: string) => void} close
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 * @property {((event: any) => void) | null} onerror
 *
 * @typedef {new (url: string, protocols: string[]) => SocketLike} SocketMaker
 *
 * @typedef {object} Locks `navigator.locks`, as far as it is used
 * @property {(name: string, options: { signal?: AbortSignal }, work: (lock: any) => any) => Promise<any>} request
 *
 * @typedef {object} ChannelLike a `BroadcastChannel`, as far as it is used
 * @property {(message: any) => void} postMessage
 * @property {((event: any) => void) | null} onmessage
 * @property {() => void} close
 *
 * @typedef {new (name: string) => ChannelLike} ChannelMaker
 */

export {};
