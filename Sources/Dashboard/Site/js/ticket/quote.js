// A quote for people: what a bid costs now, from whom, and what waiting would save.

import { h } from "../core/dom.js";
import { currency, now, state } from "../core/state.js";
import { decimalsOf, formatMicros, roundMicros } from "../lib/money.js";
import { plural, shortID } from "../lib/text.js";
import { duration, span, utc } from "../lib/time.js";
import { facts } from "./dialog.js";

/** One sentence of a quote. */
export function quoteSentence(quote) {
  const unit = quote.currency;
  if (quote.available === "none"
    || !quote.cheapest) return "Nothing can be bought on these terms now; the bid would wait.";
  const { cheapest } = quote;
  const amount = `${roundMicros(cheapest.total_micros)} ${unit}`;
  if (quote.available === "part") return `${cheapest.gpus} of ${quote.gpus} GPUs can be bought now, for ${amount}.`;
  return `All ${quote.gpus > 1 ? quote.gpus + " GPUs" : "of it"} can be bought now, for ${amount}.`;
}

/** What waiting saves, or "". */
export function waitingSentence(quote) {
  if (!quote.waiting_saves_micros || !quote.waiting_ms) return "";
  const saved = `${roundMicros(quote.waiting_saves_micros)} ${quote.currency}`;
  return `That starts ${duration(quote.waiting_ms)} later than the soonest and saves ${saved}.`;
}

/** A quote in full: the sentence, the sums, the pieces. */
export function quoteDetails(quote) {
  const { cheapest, soonest } = quote;
  if (!cheapest || quote.available === "none") return [h("p", { text: quoteSentence(quote) })];
  const isOther = soonest && soonest.total_micros !== cheapest.total_micros;
  return [
    h("p", { class: "lead", text: quoteSentence(quote) }),
    facts([
      ["Costs now", `${formatMicros(cheapest.total_micros)} ${quote.currency}`, "strong"],
      ["Runs", span(cheapest.start_ms, cheapest.end_ms, now())],
      ["", utcSpan(cheapest)],
      isOther && ["Soonest instead",
        `${formatMicros(soonest.total_micros)} ${quote.currency}, ${span(soonest.start_ms, soonest.end_ms, now())}`],
    ]),
    pieces(cheapest),
  ];
}

const utcSpan = ({ start_ms: start, end_ms: end }) => h("small",
  { text: `${utc(start).slice(0, 16)} – ${utc(end).slice(0, 16)} UTC` });

function pieces(plan) {
  const price = (value) => formatMicros(value, decimalsOf(state.network?.price_tick_micros ?? 10_000));
  const rows = plan.pieces.slice(0, 12).map((piece) => h("tr", {},
    h("td", { class: "id", title: piece.provider, text: shortID(piece.provider) }),
    h("td", { class: "number", text: piece.gpus }),
    h("td", { text: span(piece.start_ms, piece.end_ms, now()),
      title: `${utc(piece.start_ms)} – ${utc(piece.end_ms)}` }),
    h("td", { class: "number", text: price(piece.price_micros) }),
    h("td", { class: "number", text: formatMicros(piece.total_micros) })));
  return h("div", { class: "scroll" },
    h("table", {},
      h("caption", { class: "unseen", text: "Pieces" }),
      h("thead", {}, h("tr", {}, ["Provider", "GPUs", "When", "Price", currency()].map((text, index) =>
        h("th", { scope: "col", class: [1, 3, 4].includes(index) ? "number" : "", text })))),
      h("tbody", {}, rows)),
    plan.pieces.length > rows.length
      ? h("p", { class: "note", text: `and ${plural(plan.pieces.length - rows.length, "more piece")}` }) : null);
}
