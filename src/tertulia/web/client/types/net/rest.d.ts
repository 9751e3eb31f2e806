export type Json = Record<string, any>;
export type Page = {
    items: Json[];
    next: string | null;
};
export type Query = Record<string, string | number | boolean | null | undefined>;
/**
 * @typedef {Record<string, any>} Json a resource, with its wire names
 * @typedef {{ items: Json[], next: string | null }} Page `next`: the cursor of the next page
 * @typedef {Record<string, string | number | boolean | null | undefined>} Query what is null, undefined or "" is left out
 */
/**
 * API v1 of one server: what is asked once, by HTTP.
 *
 * Methods throw `ApiError` when the server refuses and `ConnectionLost` when it does not answer within 15 seconds. With
 * `tokens` every call is signed; a token that is not good any more is renewed and the call repeated, once.
 */
export declare class Rest {
    #private;
    /** @type {import("./types.js").TokenSource | null} */
    tokens: import("./types.js").TokenSource | null;
    /**
     * @param {import("./address.js").Address} address
     * @param {import("./exchange.js").Exchange & { tokens?: import("./types.js").TokenSource | null }} parts
     */
    constructor(address: import("./address.js").Address, { fetch, clock, ended, tokens }: import("./exchange.js").Exchange & {
        tokens?: import("./types.js").TokenSource | null;
    });
    /**
     * Any call, signed.
     *
     * @param {string} method
     * @param {string} path below `/api/v1/`; parts that you put in go through `encodeURIComponent`
     * @param {Json | null} [body]
     * @param {Query} [query]
     * @returns {Promise<any>} null when the answer has no body
     */
    ask(method: string, path: string, body?: Json | null, query?: Query): Promise<any>;
    /**
     * Any call, unsigned. No cookie goes along.
     *
     * @param {string} method
     * @param {string} path
     * @param {Json | null} [body]
     * @param {Query} [query]
     * @returns {Promise<any>}
     */
    open(method: string, path: string, body?: Json | null, query?: Query): Promise<any>;
    /**
     * A call of `auth/`, with this origin's cookie for it. Nothing but these looks at cookies.
     *
     * @param {string} path
     * @param {Json | null} [body]
     * @param {number} [seconds] how long it may take
     * @param {string} [token] an access token; without one the cookie counts
     * @returns {Promise<any>}
     */
    auth(path: string, body?: Json | null, seconds?: number, token?: string): Promise<any>;
    /** @returns {Promise<Json>} */
    me(): Promise<Json>;
    /**
     * @param {{ q?: string, cursor?: string | null, limit?: number }} [query]
     * @returns {Promise<Page>} people whose name looks like `q`
     */
    users(query?: {
        q?: string;
        cursor?: string | null;
        limit?: number;
    }): Promise<Page>;
    /**
     * @param {{ cursor?: string | null, hidden?: boolean, archived?: boolean }} [query]
     * @returns {Promise<Page>} my rooms; those that I hid, or that are archived, only if asked for
     */
    rooms({ cursor, hidden, archived }?: {
        cursor?: string | null;
        hidden?: boolean;
        archived?: boolean;
    }): Promise<Page>;
    /**
     * @param {{ q?: string, cursor?: string | null, limit?: number }} [query]
     * @returns {Promise<Page>} public rooms
     */
    directory(query?: {
        q?: string;
        cursor?: string | null;
        limit?: number;
    }): Promise<Page>;
    /**
     * @param {string} id
     * @returns {Promise<Json>}
     */
    room(id: string): Promise<Json>;
    /**
     * @param {Json} fields kind, name, title, description, metadata; you become its owner
     * @returns {Promise<Json>}
     */
    create(fields: Json): Promise<Json>;
    /**
     * @param {string} id
     * @param {Json} fields what is not given stays
     * @returns {Promise<Json>}
     */
    changeRoom(id: string, fields: Json): Promise<Json>;
    /**
     * @param {string} id
     * @returns {Promise<null>}
     */
    deleteRoom(id: string): Promise<null>;
    /**
     * Being a member already is no error.
     *
     * @param {string} id
     * @returns {Promise<any>}
     */
    join(id: string): Promise<any>;
    /**
     * @param {string} id
     * @returns {Promise<any>}
     */
    leave(id: string): Promise<any>;
    /**
     * The direct room with a user (an id); made when there is none.
     *
     * @param {string} user
     * @returns {Promise<Json>}
     */
    direct(user: string): Promise<Json>;
    /**
     * @param {string} id
     * @param {Json} fields notify (all, mentions, none), hidden, unread_from (an index, or null)
     * @returns {Promise<Json>} how I stand there then
     */
    changeMe(id: string, fields: Json): Promise<Json>;
    /**
     * @param {string} id
     * @param {{ cursor?: string | null }} [query]
     * @returns {Promise<Page>}
     */
    members(id: string, query?: {
        cursor?: string | null;
    }): Promise<Page>;
    /**
     * @param {string} id
     * @param {{ before?: number, after?: number, around?: number, limit?: number }} [place]
     * @returns {Promise<{ items: Json[], more: boolean }>} oldest first
     */
    history(id: string, place?: {
        before?: number;
        after?: number;
        around?: number;
        limit?: number;
    }): Promise<{
        items: Json[];
        more: boolean;
    }>;
}
