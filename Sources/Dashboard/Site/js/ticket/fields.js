// Form fields: a label, an input, a hint or an error that belongs to it.

import { h, setAttribute, setText } from "../core/dom.js";
import { inputValue, parseInput } from "../lib/time.js";

let fields = 0;

/**
 * A labelled input.
 *
 * @param input the element; `label` names it.
 * @returns the row, with `error(text)`.
 */
export function field(label, input, hint = "") {
  const id = `field-${(fields += 1)}`;
  input.id ||= id;
  const note = h("small", { id: `${id}-note`, class: "note", text: hint });
  input.setAttribute("aria-describedby", note.id);
  const row = h("div", { class: "field" }, h("label", { for: input.id, text: label }), input, note);
  row.error = (text) => {
    setText(note, text || hint);
    setAttribute(row, "data-error", Boolean(text));
    setAttribute(input, "aria-invalid", text ? "true" : null);
  };
  return row;
}

/** A text input for numbers; `decimal` with a point. */
export const number = (attributes = {}) =>
  h("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", ...attributes });

/** A text input. */
export const word = (attributes = {}) => h("input",
  { type: "text", autocomplete: "off", spellcheck: "false", ...attributes });

/** A choice among `[value, name]` pairs. */
export function select(options, attributes = {}) {
  return h("select", attributes, options.map(([value, text]) => h("option", { value, text })));
}

/** A tick box with its label. */
export function check(label, name, title = null) {
  return h("label", { class: "check", title }, h("input", { type: "checkbox", name }), h("span", { text: label }));
}

/** A time in the viewer's zone; an empty one means `emptyText`. */
export const time = (attributes = {}) => h("input", { type: "datetime-local", ...attributes });

/** The time in such an input, or null. */
export const timeOf = (input) => parseInput(input.value);

/** Puts a time into such an input. */
export const setTime = (input, ms) => {
  input.value = ms === null ? "" : inputValue(ms);
};

/** A group of buttons of which one is pressed; `value` tells which, `onchange` is called with it. */
export function segments(label, options, value, onchange) {
  const buttons = options.map(([key, text]) => h("button", {
    type: "button", text, "data-value": key, onclick: () => {
      group.choose(key);
      onchange(key);
    },
  }));
  const group = h("div", { class: "segments", role: "group", "aria-label": label }, buttons);
  group.choose = (key) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.value === String(key)));
  };
  group.choose(value);
  return group;
}
