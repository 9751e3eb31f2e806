import { View } from "./model/view.js";
export type Part = import("./model/types.js").Part;
/** The stores of one room, made from what is known of it when somebody looks. */
export declare class Views {
    #private;
    info: View<import("./model/types.js").RoomSummary | null>;
    messages: View<import("./model/types.js").MessagesView>;
    members: View<import("./model/types.js").MembersView>;
    receipts: View<Readonly<Record<string, import("./model/types.js").Receipt>>>;
    typing: View<import("./model/types.js").TypingView>;
    /**
     * @param {string} id
     * @param {import("./model/model.js").Model} model
     * @param {import("./outbox/outbox.js").Outbox} outbox
     */
    constructor(id: string, model: import("./model/model.js").Model, outbox: import("./outbox/outbox.js").Outbox);
    /** @param {Part} part */
    changed(part: Part): void;
    /** @param {boolean} on a page is on its way */
    loading(on: boolean): void;
}
