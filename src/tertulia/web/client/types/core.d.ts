import { Following } from "./following.js";
import { Model } from "./model/model.js";
import { Positions } from "./model/positions.js";
import { Link } from "./net/link.js";
import { Rest } from "./net/rest.js";
import { Outbox } from "./outbox/outbox.js";
import { Posting } from "./outbox/posting.js";
export type Frame = import("./model/types.js").Frame;
/** @typedef {import("./model/types.js").Frame} Frame */
/** The parts of a client, put together: what the line brings goes into the model, and what it needs is said. */
export declare class Core {
    #private;
    clock: import("./net/types.js").Clock;
    model: Model;
    outbox: Outbox;
    link: Link;
    rest: Rest;
    posting: Posting;
    positions: Positions;
    following: Following;
    /**
     * @param {import("./client.js").Options} options
     * @param {import("./model/model.js").OnChange} onChange
     * @param {() => void} onState
     */
    constructor(options: import("./client.js").Options, onChange: import("./model/model.js").OnChange, onState: () => void);
    /** Connect, and stay connected. Call it once. */
    run(): void;
    /** End for good. Resolves when nothing goes on. */
    close(): Promise<void>;
    /** @param {"online" | "away"} status kept over reconnects */
    setPresence(status: "online" | "away"): void;
}
