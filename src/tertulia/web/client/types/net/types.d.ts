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
export type Frame = Record<string, any>;
export type Clock = {
    /**
     * milliseconds since 1970; it goes on while the machine sleeps
     */
    now: () => number;
    setTimeout: (work: () => void, milliseconds: number) => unknown;
    clearTimeout: (timer: any) => void;
};
export type Random = () => number;
export type Wake = (listener: () => void) => () => void;
export type Leave = (listener: () => void) => () => void;
export type TokenSource = {
    /**
     * one that is good for a while
     */
    access: () => Promise<string>;
    /**
     * another than one the server did not take
     */
    renew: (refused: string) => Promise<string>;
    /**
     * the server said how long it is good
     */
    lasts: (token: string, seconds: number) => void;
};
export type SocketLike = {
    send: (text: string) => void;
    close: (code?: number, reason?: string) => void;
    onopen: ((event: any) => void) | null;
    onmessage: ((event: any) => void) | null;
    onclose: ((event: any) => void) | null;
    onerror: ((event: any) => void) | null;
};
export type SocketMaker = new (url: string, protocols: string[]) => SocketLike;
export type Locks = {
    request: (name: string, options: {
        signal?: AbortSignal;
    }, work: (lock: any) => any) => Promise<any>;
};
export type ChannelLike = {
    postMessage: (message: any) => void;
    onmessage: ((event: any) => void) | null;
    close: () => void;
};
export type ChannelMaker = new (name: string) => ChannelLike;
export {};
