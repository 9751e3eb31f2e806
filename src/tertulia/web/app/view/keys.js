/**
 * Enter that means "done": without Shift, and not the one that ends the writing of a character (IME). On a screen that is
 * touched, Enter makes a new line.
 *
 * @param {KeyboardEvent} event
 */
export function isEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey)
    return false;
  return (
    !event.isComposing &&
    event.keyCode !== 229 &&
    !matchMedia("(hover: none) and (pointer: coarse)").matches
  );
}
