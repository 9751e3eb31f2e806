import { useLink } from "./link.js";

const form = document.querySelector("form");
form.elements.show.addEventListener("change", () => {
  form.elements.password.type = form.elements.show.checked ? "text" : "password";
});

useLink("auth/reset", () => ({ password: form.elements.password.value }), "Done. Sign in with your new password.");
