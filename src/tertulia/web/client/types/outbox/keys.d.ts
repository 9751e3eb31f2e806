/** A random name of 24 characters, which nobody else has. Works on pages that are not secure, too. */
export declare function randomKey(): string;
