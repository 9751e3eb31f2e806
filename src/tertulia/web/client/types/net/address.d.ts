/** A server's base URL (`http` or `https`), and the addresses that follow from it. */
export declare class Address {
    url: string;
    api: string;
    socket: string;
    /**
     * @param {string} url absolute, or in a page a path of its own origin (`/chat`)
     * @throws {TypeError}
     */
    constructor(url: string);
}
