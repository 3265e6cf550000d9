// The order ticket: what to buy or sell, what it costs or earns, and the button that asks before it is placed.

import { h, setAttribute, setText } from "../core/dom.js";
import { post } from "../core/api.js";
import { onFrame } from "../core/frames.js";
import { currency, now, state } from "../core/state.js";
import { formatMicros } from "../lib/money.js";
import { DAY, HOUR, MINUTE, zone } from "../lib/time.js";
import { confirmPlace } from "./confirm.js";
import { explain } from "./dialog.js";
import { blank, bound, toQuote, toRequest } from "./draft.js";
import { check, field, number, segments, select, setTime, time, timeOf, word } from "./fields.js";
import { quoteSentence, waitingSentence } from "./quote.js";

const UNITS = [[HOUR, "hours"], [MINUTE, "minutes"], [DAY, "days"]];
const LIFETIMES = [
  ["", "until filled or too late"], ["gtt", "until a time"], ["ioc", "at once, the rest is cancelled"],
  ["fok", "all at once, or nothing"],
];
const LINKS = [["", "any"], ["pcie", "PCIe"], ["nvlink", "NVLink"], ["infiniband", "InfiniBand"]];

/** The page's ticket; `fill(values)` puts values in and `focus()` goes there. */
export const ticket = make();

function make() {
  const draft = { ...blank };
  const inputs = {
    gpus: number({ name: "gpus", placeholder: "8" }), price: number({ name: "price", placeholder: "2.10" }),
    length: number({ name: "length", placeholder: "3" }), unit: select(UNITS, { name: "unit", "aria-label": "Unit" }),
    start: time({ name: "start" }), end: time({ name: "end" }),
    minimumGpus: number({ name: "minimumGpus" }), minimumLength: number({ name: "minimumLength" }),
    region: word({ name: "region", placeholder: "EU, NA-US" }), interconnect: select(LINKS, { name: "interconnect" }),
    vramGiB: number({ name: "vramGiB" }), watts: number({ name: "watts" }), carbon: number({ name: "carbon" }),
    trades: number({ name: "trades" }), failures: number({ name: "failures" }),
    timeInForce: select(LIFETIMES, { name: "timeInForce" }), expiry: time({ name: "expiry" }),
    accepts: word({ name: "accepts", placeholder: "h100-nvl-94g" }),
  };
  const split = check("Split over several providers", "split", "All pieces are bought in one purchase, or none is");
  const allOrNone = check("All or none", "allOrNone", "All is traded at once, or nothing is");
  const postOnly = check("Post only", "postOnly", "Only waits to be taken");
  const run = h("div", { class: "joined" }, inputs.length, inputs.unit);
  const rows = {
    gpus: field("GPUs", inputs.gpus), price: field("Price", inputs.price),
      length: fieldOf("Run for", run, inputs.length),
    start: field("From", inputs.start, "Empty: now."), end: field("Finish by", inputs.end, "Empty: within a day."),
    accepts: field("Also accept", inputs.accepts, "Other classes, with commas."),
    minimumGpus: field("Smallest piece, GPUs", inputs.minimumGpus),
    minimumLength: field("Shortest lease", inputs.minimumLength, "In the unit above."),
    region: field("Region", inputs.region), interconnect: field("Interconnect", inputs.interconnect),
    vramGiB: field("VRAM at least, GiB", inputs.vramGiB), watts: field("Watts", inputs.watts),
    carbon: field("Grams of CO2 per kWh", inputs.carbon),
      trades: field("Provider settled at least", inputs.trades, "Trades."),
    failures: field("Provider failed at most, %", inputs.failures),
    timeInForce: field("Open", inputs.timeInForce), expiry: field("Expires", inputs.expiry),
  };
  const side = segments("Buy or sell", [["bid", "Buy"], ["offer", "Sell"]], draft.side, (value) => setSide(value));
  const outlook = h("p", { class: "outlook", "aria-live": "polite" });
  const waiting = h("p", { class: "note" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const submit = h("button", { type: "submit", class: "primary" });
  const title = h("h2", { id: "ticket-title" });
  const form = h("form", { class: "ticket-form", novalidate: true, "aria-labelledby": "ticket-title" },
    side,
    h("div", { class: "form-grid" }, rows.gpus, rows.price, rows.length, rows.start, rows.end),
    h("div", { class: "checks" }, split, allOrNone),
    h("details", { class: "more" }, h("summary", { text: "Machine, provider, lifetime" }),
      h("div", { class: "form-grid" }, rows.accepts, rows.minimumGpus, rows.minimumLength, rows.region,
        rows.interconnect,
        rows.vramGiB, rows.watts, rows.carbon, rows.trades, rows.failures, rows.timeInForce, rows.expiry),
      h("div", { class: "checks" }, postOnly)),
    h("div", { class: "ticket-outlook" }, outlook, waiting), problem, submit);
  const element = h("section", { class: "panel ticket", "aria-labelledby": "ticket-title" }, h("header", {}, title),
    form);

  const read = () => {
    for (const name of ["gpus", "price", "length", "minimumGpus", "minimumLength", "region", "interconnect", "vramGiB",
      "watts", "carbon", "trades", "failures", "timeInForce"]) draft[name] = inputs[name].value;
    draft.gpuClass = state.gpuClass ?? "";
    draft.unit = Number(inputs.unit.value);
    draft.start = timeOf(inputs.start);
    draft.end = timeOf(inputs.end);
    draft.expiry = timeOf(inputs.expiry);
    draft.accepts = inputs.accepts.value.split(/[\s,]+/).filter(Boolean);
    for (const [name, box] of [["split", split], ["allOrNone", allOrNone], ["postOnly", postOnly]]) {
      draft[name] = box.firstChild.checked;
    }
    // A start that has passed while the form stood open means now.
    if (draft.start !== null && draft.start <= now()) draft.start = null;
    return toRequest(draft, state.network);
  };

  /** What was asked last; an answer to an older question is not shown. */
  let question = 0;
  let timer = 0;
  const look = () => {
    if (!state.network) return;
    const { request, errors } = read();
    for (const row of Object.values(rows)) if (row.dataset.error) row.error("");
    setAttribute(problem, "hidden", true);
    setAttribute(rows.expiry, "hidden", draft.timeInForce !== "gtt");
    clearTimeout(timer);
    question += 1;
    const own = question;
    if (draft.side === "offer") {
      setText(waiting, "");
      setText(outlook, Object.keys(errors).length > 0 ? ""
        : `Earns at most ${formatMicros(bound(request))} ${currency()}.`);
      return;
    }
    if (errors.gpus || errors.length || errors.end) {
      setText(outlook, "");
      setText(waiting, "");
      return;
    }
    timer = setTimeout(async () => {
      try {
        const quote = await post("quote", toQuote(request, !errors.price));
        if (own !== question) return;
        setText(outlook, quoteSentence(quote));
        setText(waiting, waitingSentence(quote));
      } catch (error) {
        if (own !== question) return;
        setText(outlook, "");
        setText(waiting, explain(error));
      }
    }, 250);
  };

  function setSide(value) {
    draft.side = value;
    const isBid = value === "bid";
    side.choose(value);
    setAttribute(element, "data-side", value);
    setText(submit, isBid ? "Review bid…" : "Review offer…");
    setText(rows.length.querySelector("label"), isBid ? "Run for" : "Offer for");
    setText(rows.price.querySelector("label"), `${isBid ? "Limit" : "Price"}, ${currency()}/GPU-h`);
    setText(rows.watts.querySelector("label"), isBid ? "Watts at most" : "Watts of a GPU");
    setText(rows.carbon.querySelector("label"), isBid ? "Grams of CO2 per kWh at most" : "Grams of CO2 per kWh");
    for (const row of [rows.end, rows.accepts, rows.vramGiB, rows.trades, rows.failures, split]) {
      setAttribute(row, "hidden", !isBid);
    }
    setAttribute(rows.minimumLength, "hidden", isBid);
    look();
  }

  form.addEventListener("input", look);
  form.addEventListener("change", look);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!state.network) return;
    const { request, errors } = read();
    const names = Object.keys(errors);
    for (const [name, row] of Object.entries(rows)) row.error(errors[name] ?? "");
    if (names.length > 0) {
      const first = names.find((name) => rows[name]);
      const details = rows[first].closest("details");
      if (details) details.open = true;
      inputs[first].focus();
      return;
    }
    const placed = await confirmPlace(request);
    if (placed) look();
  });

  onFrame(["network", "class", "minute"], () => {
    setText(title, `Trade ${state.gpuClass ?? ""}`);
    setText(rows.start.querySelector("label"), `From (${zone(now())})`);
    setText(rows.end.querySelector("label"), `Finish by (${zone(now())})`);
    setSide(draft.side);
  });

  return Object.assign(element, {
    /** Puts values in: `side`, `gpus`, `price` in micro-units, `length` in milliseconds, `start`, `end`, `split`. */
    fill({ side: value, gpus, price, length, start, end, split: isSplit }) {
      if (gpus !== undefined) inputs.gpus.value = gpus;
      if (price !== undefined) inputs.price.value = formatMicros(price).replaceAll(",", "");
      if (length !== undefined) {
        const unit = UNITS.find(([candidate]) => length % candidate === 0)?.[0] ?? MINUTE;
        inputs.unit.value = unit;
        inputs.length.value = Math.round((length / unit) * 100) / 100;
      }
      if (isSplit !== undefined) split.firstChild.checked = isSplit;
      if (start !== undefined) setTime(inputs.start, start);
      if (end !== undefined) setTime(inputs.end, end);
      setSide(value ?? draft.side);
    },
    /** Goes to the first field, in one of the next frames when another view is still shown. */
    focusFirst(attempts = 100) {
      if (element.offsetParent === null && attempts > 0) {
        requestAnimationFrame(() => this.focusFirst(attempts - 1));
        return;
      }
      element.scrollIntoView({ block: "nearest" });
      inputs.gpus.focus();
    },
  });
}

/** A field whose input is one of several elements in a row. */
function fieldOf(label, container, input) {
  const row = field(label, input);
  row.insertBefore(container, row.lastChild);
  container.prepend(input);
  return row;
}
