import { useLink } from "./link.js";

// A button, not at once: programs that check mails for bad links open them all.
useLink("auth/confirm", () => ({}), "Done. Your address is confirmed.");
