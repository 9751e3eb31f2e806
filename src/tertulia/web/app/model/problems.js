/**
 * What went wrong, for a form: a sentence, and what belongs to which field.
 *
 * @typedef {{ message: string, fields: Record<string, string> }} Problem
 */

const FIELD_OF_CODE = /** @type {Record<string, string>} */ ({
  username_taken: "username",
  email_taken: "email",
  weak_password: "password",
  name_taken: "name",
  invite_required: "invite",
  invite_invalid: "invite",
});

/**
 * @param {unknown} error
 * @param {readonly string[]} shown Names of the fields that the form has.
 * @returns {Problem}
 */
export function problemOf(error, shown) {
  const { code, message, fields } = readable(error);
  const mine = Object.entries(fields).filter(([name]) => shown.includes(name));
  if (mine.length) return { message: "", fields: Object.fromEntries(mine) };
  const field = FIELD_OF_CODE[code];
  if (field && shown.includes(field)) return { message: "", fields: { [field]: message } };
  return { message, fields: {} };
}

/** @param {unknown} error */
export function messageOf(error) {
  return readable(error).message;
}

/** @param {unknown} error */
function readable(error) {
  const { code = "", message = "", fields = null } = /** @type {any} */ (error) ?? {};
  if (code) return { code, message: message || "That did not work.", fields: asTexts(fields) };
  return { code: "", message: "The server cannot be reached. Try again in a moment.", fields: {} };
}

/**
 * @param {unknown} fields
 * @returns {Record<string, string>}
 */
function asTexts(fields) {
  return Object.fromEntries(
    Object.entries(fields ?? {}).map(([name, text]) => [name, String(text)]),
  );
}
