import { Store } from "../model/store.js";
export type User = Record<string, any> & {
    id: string;
    username: string;
};
export type Held = {
    access: string;
    /**
     * milliseconds since 1970 at which it is renewed
     */
    until: number;
    user: User;
};
/**
 * An account of the server, signed in on this origin: all tabs have the same session. The refresh token is in a cookie
 * that no script sees, the access token in memory; one tab renews it for all, and who signs out does so in all.
 *
 * Methods throw `ApiError` and `ConnectionLost`.
 */
export declare class Session {
    #private;
    /** Who is signed in. @type {Store<User | null>} */
    user: Store<User | null>;
    /**
     * @param {{ url?: string, device?: string } & Partial<import("./platform.js").Platform>} [options] `url`: of the
     *   server, this page's origin; `device`: a name for this session
     */
    constructor({ url, device, ...options }?: {
        url?: string;
        device?: string;
    } & Partial<import("./platform.js").Platform>);
    /**
     * Go on with the session of this browser, if there is one.
     *
     * @returns {Promise<User | null>}
     */
    resume(): Promise<User | null>;
    /**
     * @param {{ username: string, password: string }} fields `username`: or the email address
     * @returns {Promise<User>}
     */
    login(fields: {
        username: string;
        password: string;
    }): Promise<User>;
    /**
     * @param {{ username: string, password: string, email?: string, first_name?: string, last_name?: string, invite?: string }} fields
     * @returns {Promise<User>}
     */
    register(fields: {
        username: string;
        password: string;
        email?: string;
        first_name?: string;
        last_name?: string;
        invite?: string;
    }): Promise<User>;
    /** Sign out, in all tabs. Throws `ConnectionLost`, and stays signed in, when the server cannot be told. */
    logout(): Promise<void>;
    /**
     * For `createClient`: an access token that is good for a while, null when nobody is signed in.
     *
     * @param {{ refused?: string | undefined }} [why]
     * @returns {Promise<string | null>}
     */
    getToken: ({ refused }?: {
        refused?: string | undefined;
    }) => Promise<string | null>;
    /** This tab hears of the others no more. */
    close(): void;
}
/**
 * @param {{ url?: string, device?: string } & Partial<import("./platform.js").Platform>} [options]
 */
export declare function createSession(options?: {
    url?: string;
    device?: string;
} & Partial<import("./platform.js").Platform>): Session;
