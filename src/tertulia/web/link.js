// What the pages of one-time links share: the token of the link, one form, one line that says what happens.

const form = document.querySelector("form");
const status = document.querySelector("[role=status]");

const NO_TOKEN = "This link is not complete. Open it from the mail again.";
const NO_ANSWER = "The server does not answer. Try again in a moment.";

/**
 * Show the form, and send what `content` makes of it together with the token.
 *
 * @param {string} path of the call, under api/v1/
 * @param {(form: HTMLFormElement) => Record<string, string>} content
 * @param {string} done what is said when it worked
 */
export function useLink(path, content, done) {
  const token = takeToken();
  if (!token) {
    say(NO_TOKEN);
    return;
  }
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    const problem = await send(path, { token, ...content(form) });
    button.disabled = false;
    say(problem?.detail ?? done);
    form.hidden = !problem || problem.code === "link_invalid";
  });
}

/** The token, once: it must not stay in the address, which ends up in the history. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  history.replaceState(null, "", location.pathname);
  return token;
}

/** Nothing if it worked, else what the server has against it. */
async function send(path, body) {
  try {
    const response = await fetch(`../api/v1/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
    return response.ok ? null : await response.json();
  } catch {
    return { detail: NO_ANSWER };
  }
}

function say(text) {
  status.textContent = text;
}
