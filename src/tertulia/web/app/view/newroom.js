import { choices } from "./choices.js";
import { openDialog } from "./dialog.js";
import { Field } from "./field.js";
import { Form } from "./form.js";

/** @type {readonly (readonly ["public" | "private", string])[]} */
const KINDS = [
  ["public", "Public: all may join"],
  ["private", "Private: by invitation"],
];

/** @param {import("./shell.js").Context} context */
export function openNewRoom(context) {
  openDialog("New room", (close) => {
    /** @type {"public" | "private"} */
    let kind = "public";
    const fields = [
      new Field("name", "Name", {
        required: true,
        maxlength: 150,
        autofocus: true,
        autocomplete: "off",
      }),
      new Field("description", "What is it about?", {
        maxlength: 1000,
        autocomplete: "off",
        hint: "You may leave this out.",
      }),
    ];
    const who = choices("Who may come in?", KINDS, kind, (value) => (kind = value));
    const form = new Form(
      fields,
      "Make the room",
      async ({ name = "", description = "" }) => {
        const title = name.trim();
        const named = kind === "public" ? { name: title } : { title };
        const room = await context.client.createRoom({
          kind,
          ...named,
          description: description.trim(),
        });
        close();
        context.go(room.id);
      },
      [who],
    );
    return [form.node];
  });
}
