// What panels are made of.

import { h, setText, setAttribute } from "../core/dom.js";
import { onFrame } from "../core/frames.js";
import { currency, now, state } from "../core/state.js";
import { decimalsOf, formatMicros, roundMicros } from "../lib/money.js";
import { shortID } from "../lib/text.js";
import { moment, utc } from "../lib/time.js";

let panels = 0;

/** A panel: a heading, tools beside it, and what is in it. */
export function panel(title, { className = "", tools = [] } = {}, ...body) {
  const id = `panel-${(panels += 1)}`;
  const heading = h("h2", { id, text: title });
  const element = h("section", { class: `panel ${className}`, "aria-labelledby": id },
    h("header", {}, heading, h("div", { class: "tools" }, tools)), ...body);
  element.heading = heading;
  return element;
}

/** Draws whenever a topic changes while `view` is shown, and when it comes to be shown. */
export function onView(view, topics, draw, patient = []) {
  return onFrame([...topics, "view"], (marked) => {
    if (state.view === view) draw(marked);
  }, patient);
}

/**
 * A table; `headings` are `[text, class]`. Its `body` takes the rows, which `row(classes)` makes: cells that know their
 * headings, for a narrow screen that shows a row as a card.
 */
export function table(caption, headings, className = "cards") {
  const body = h("tbody");
  const element = h("table", { class: className },
    h("caption", { class: "unseen", text: caption }),
    h("thead", {}, h("tr", {}, headings.map(([text, kind = ""]) => h("th", { scope: "col", class: kind, text })))),
      body);
  element.body = body;
  element.row = (kinds) => h("tr", {},
    kinds.map((kind, index) => h("td", { class: kind, "data-label": headings[index][0] || null })));
  return element;
}

/** Sets a cell to a time, with UTC in its title. */
export function setMoment(cell, ms, text = moment(ms, now())) {
  setText(cell, text);
  setAttribute(cell, "title", utc(ms));
}

/** Sets a cell to an id's first digits, with all of them in its title. */
export function setID(cell, id) {
  setText(cell, shortID(id));
  setAttribute(cell, "title", id);
}

/** A price with as many decimals as this market's tick. */
export const price = (value) =>
  (value === null || value === undefined ? "–"
    : formatMicros(value, decimalsOf(state.network?.price_tick_micros ?? 10_000)));

/** An average, rounded to the decimals of this market's tick. */
export const average = (value) =>
  (value === null || value === undefined ? "–"
    : roundMicros(value, decimalsOf(state.network?.price_tick_micros ?? 10_000)));

/** Sets a cell to a sum of money to a hundredth of a cent, with all of it in its title. */
export function setAmount(cell, value, unit = "") {
  setText(cell, `${roundMicros(value, 4)}${unit ? " " + unit : ""}`);
  setAttribute(cell, "title", `${formatMicros(value)} ${currency()}`);
}

/** A line that says why a list is empty, or that it could not be fetched. */
export function emptyLine(topic, text) {
  const element = h("p", { class: "empty-line" });
  element.update = (isEmpty) => {
    const failure = state.failures.get(topic);
    setText(element, failure ? `Could not be fetched: ${failure}` : state.loaded.has(topic) ? text : "Loading…");
    setAttribute(element, "hidden", !isEmpty && !failure);
    setAttribute(element, "data-failed", Boolean(failure));
  };
  return element;
}

/** Hands a document to the person as a file. */
export function download(name, document_) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(document_, null, 2) + "\n"], { type: "application/json" }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
