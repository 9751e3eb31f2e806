/**
 * The other tabs of this browser that show the same. Without `BroadcastChannel` there are none.
 */
export declare class Tabs {
    #private;
    /**
     * @param {import("./types.js").ChannelMaker | null} BroadcastChannel
     * @param {string} name
     * @param {(message: any) => void} onMessage
     */
    constructor(BroadcastChannel: import("./types.js").ChannelMaker | null, name: string, onMessage: (message: any) => void);
    /** @param {any} message */
    tell(message: any): void;
    /** Nothing is told or heard any more. */
    close(): void;
}
