// The order ticket: what to buy or sell, what it costs or earns, and the button that asks before it is placed.

import { h, setAttribute, setText } from "../core/dom.js";
import { post } from "../core/api.js";
import { onFrame } from "../core/frames.js";
import { currency, now, state } from "../core/state.js";
import { formatMicros } from "../lib/money.js";
import { MINUTE, zone } from "../lib/time.js";
import { confirmPlace } from "./confirm.js";
import { UNITS, makeControls } from "./controls.js";
import { explainQuestion } from "./dialog.js";
import { blank, bound, toQuote, toRequest } from "./draft.js";
import { segments, setTime, timeOf } from "./fields.js";
import { quoteSentence, waitingSentence } from "./quote.js";

/** How long typing has to rest before the node is asked what it costs. */
const REST_MS = 250;

/** The ticket. There is one, which every view fills in. */
class Ticket {
  constructor() {
    Object.assign(this, makeControls());
    this.side = "bid";
    /** The number of what was asked last; an answer to an older question is not shown. */
    this.question = 0;
    this.timer = 0;
    this.choice = segments("Buy or sell", [["bid", "Buy"], ["offer", "Sell"]], this.side, (side) => this.setSide(side));
    this.outlook = h("p", { class: "outlook", "aria-live": "polite" });
    this.waiting = h("p", { class: "note" });
    this.submit = h("button", { type: "submit", class: "primary" });
    this.title = h("h2", { id: "ticket-title" });
    const form = this.layOut();
    this.element = h("section", { class: "panel ticket", "aria-labelledby": "ticket-title" },
      h("header", {}, this.title), form);
    form.addEventListener("input", () => this.look());
    form.addEventListener("change", () => this.look());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.review();
    });
    onFrame(["network", "class", "minute"], () => {
      setText(this.title, `Trade ${state.gpuClass ?? ""}`);
      this.label("start", `From (${zone(now())})`);
      this.label("end", `Finish by (${zone(now())})`);
      this.setSide(this.side);
    });
  }

  layOut() {
    const { rows, checks } = this;
    const basics = [rows.gpus, rows.price, rows.length, rows.start, rows.end];
    const more = Object.values(rows).filter((row) => !basics.includes(row));
    return h("form", { class: "ticket-form", novalidate: true, "aria-labelledby": "ticket-title" },
      this.choice,
      h("div", { class: "form-grid" }, basics),
      h("div", { class: "checks" }, checks.split, checks.allOrNone),
      h("details", { class: "more" }, h("summary", { text: "Machine, provider, lifetime" }),
        h("div", { class: "form-grid" }, more), h("div", { class: "checks" }, checks.postOnly)),
      h("div", { class: "ticket-outlook" }, this.outlook, this.waiting), this.submit);
  }

  label(name, text) {
    setText(this.rows[name].querySelector("label"), text);
  }

  /** What the fields say: `{request, errors}`. */
  read() {
    const { inputs, checks } = this;
    const draft = { ...blank, side: this.side, gpuClass: state.gpuClass ?? "" };
    for (const [name, input] of Object.entries(inputs)) draft[name] = input.value;
    draft.unit = Number(inputs.unit.value);
    for (const name of ["start", "end", "expiry"]) draft[name] = timeOf(inputs[name]);
    draft.accepts = inputs.accepts.value.split(/[\s,]+/).filter(Boolean);
    for (const [name, box] of Object.entries(checks)) draft[name] = box.firstChild.checked;
    // A start that has passed while the form stood open means now.
    if (draft.start !== null && draft.start <= now()) draft.start = null;
    return toRequest(draft, state.network);
  }

  /** Says what the fields would cost or earn. */
  look() {
    if (!state.network) return;
    const { request, errors } = this.read();
    for (const row of Object.values(this.rows)) if (row.dataset.error) row.error("");
    setAttribute(this.rows.expiry, "hidden", this.inputs.timeInForce.value !== "gtt");
    clearTimeout(this.timer);
    this.question += 1;
    if (this.side === "bid" && !(errors.gpus || errors.length || errors.end)) {
      this.timer = setTimeout(() => this.ask(toQuote(request, !errors.price)), REST_MS);
      return;
    }
    const isWhole = this.side === "offer" && Object.keys(errors).length === 0;
    setText(this.outlook, isWhole ? `Earns at most ${formatMicros(bound(request))} ${currency()}.` : "");
    setText(this.waiting, "");
  }

  async ask(request) {
    const own = this.question;
    let [outlook, waiting] = ["", ""];
    try {
      const quote = await post("quote", request);
      [outlook, waiting] = [quoteSentence(quote), waitingSentence(quote)];
    } catch (error) {
      waiting = explainQuestion(error);
    }
    if (own !== this.question) return;
    setText(this.outlook, outlook);
    setText(this.waiting, waiting);
  }

  setSide(side) {
    const isBid = side === "bid";
    const { rows, checks } = this;
    this.side = side;
    this.choice.choose(side);
    setAttribute(this.element, "data-side", side);
    setText(this.submit, isBid ? "Review bid…" : "Review offer…");
    this.label("length", isBid ? "Run for" : "Offer for");
    this.label("price", `${isBid ? "Limit" : "Price"}, ${currency()}/GPU-h`);
    this.label("watts", isBid ? "Watts at most" : "Watts of a GPU");
    this.label("carbon", isBid ? "Grams of CO2 per kWh at most" : "Grams of CO2 per kWh");
    for (const row of [rows.end, rows.accepts, rows.vramGiB, rows.trades, rows.failures, checks.split]) {
      setAttribute(row, "hidden", !isBid);
    }
    setAttribute(rows.minimumLength, "hidden", isBid);
    this.look();
  }

  /** Says what is wrong, or asks whether to place the order. */
  async review() {
    if (!state.network) return;
    const { request, errors } = this.read();
    for (const [name, row] of Object.entries(this.rows)) row.error(errors[name] ?? "");
    const [first] = Object.keys(errors);
    if (first === undefined) {
      if (await confirmPlace(request)) this.look();
      return;
    }
    const details = this.rows[first].closest("details");
    if (details) details.open = true;
    this.inputs[first].focus();
  }

  /** Puts values in: `side`, `gpus`, `price` in micro-units, `length` in milliseconds, `start`, `end`, `split`. */
  fill({ side = this.side, gpus, price, length, start, end, split }) {
    const { inputs, checks } = this;
    if (gpus !== undefined) inputs.gpus.value = gpus;
    if (price !== undefined) inputs.price.value = formatMicros(price).replaceAll(",", "");
    if (length !== undefined) {
      const unit = UNITS.find(([candidate]) => length % candidate === 0)?.[0] ?? MINUTE;
      inputs.unit.value = unit;
      // Rounded down: a little longer would not fit into the window.
      inputs.length.value = Math.floor((length / unit) * 100) / 100;
    }
    if (split !== undefined) checks.split.firstChild.checked = split;
    if (start !== undefined) setTime(inputs.start, start);
    if (end !== undefined) setTime(inputs.end, end);
    this.setSide(side);
  }

  /** Goes to the first field, in one of the next frames when another view is still shown. */
  focusFirst(attempts = 100) {
    if (this.element.offsetParent === null && attempts > 0) {
      requestAnimationFrame(() => this.focusFirst(attempts - 1));
      return;
    }
    this.element.scrollIntoView({ block: "nearest" });
    this.inputs.gpus.focus();
  }
}

/** The page's ticket. */
export const ticket = new Ticket();
