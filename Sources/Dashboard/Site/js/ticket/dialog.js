// A dialog that asks before something is done, does it, and says how it went.

import { h, setAttribute, setChildren, setText } from "../core/dom.js";
import { SessionEnded, Unreachable } from "../core/api.js";

/**
 * Asks.
 *
 * @param body elements that say what will happen.
 * @param action the name of the button that does it; null where there is nothing but to close.
 * @param run does it; its error is told in the dialog, which stays open for another attempt.
 * @param done elements that say what was done, out of `run`'s result; without, the dialog closes.
 * @returns what `run` gave, or null when the person went back.
 */
export function ask({ title, body, action = null, run = null, done = null, kind = "" }) {
  return new Promise((resolve) => {
    let result = null;
    let isSending = false;
    const heading = h("h2", { id: "dialog-title", text: title });
    const content = h("div", { class: "dialog-body" }, body);
    const problem = h("p", { class: "problem", role: "alert", hidden: true });
    const back = h("button", { type: "button", text: action ? "Back" : "Close", onclick: () => dialog.close() });
    const go = action ? h("button", { type: "submit", class: `primary ${kind}`, text: action }) : null;
    const form = h("form", { method: "dialog" }, heading, content, problem,
      h("div", { class: "dialog-actions" }, back, go));
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!run || go.disabled) return;
      isSending = true;
      go.disabled = back.disabled = true;
      setText(go, "Sending…");
      setAttribute(problem, "hidden", true);
      try {
        result = await run();
        if (!done) {
          dialog.close();
          return;
        }
        setChildren(content, done(result));
        go.remove();
        setText(back, "Close");
        back.disabled = false;
        back.focus();
      } catch (error) {
        setText(problem, explain(error));
        setAttribute(problem, "hidden", false);
        setText(go, action);
        go.disabled = false;
      } finally {
        isSending = back.disabled = false;
      }
    });
    // Who leaves while it is being sent would not learn whether it was done.
    dialog.addEventListener("cancel", (event) => {
      if (isSending) event.preventDefault();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
    document.body.append(dialog);
    dialog.showModal();
    (go ?? back).focus();
    dialog.enable = (isEnabled) => {
      if (go) go.disabled = !isEnabled;
    };
    body.flat?.(Infinity).forEach?.((element) => element?.opened?.(dialog));
  });
}

/** What a failed request that changes something means for the person. */
export function explain(error) {
  if (!(error instanceof Unreachable)) return explainQuestion(error);
  return "The node does not answer, so it is not known whether this was done. Trying again is safe: it is done once.";
}

/** What a failed request that only asks means for the person. */
export function explainQuestion(error) {
  if (error instanceof SessionEnded) return "This session has ended: open the link that the node gives now.";
  if (error instanceof Unreachable) return "The node does not answer.";
  return error.message;
}

/** A list of terms and values. */
export function facts(rows) {
  return h("dl", { class: "facts" }, rows.filter(Boolean).map(([term, value, kind = ""]) => [
    h("dt", { text: term }), h("dd", { class: kind }, value),
  ]));
}
