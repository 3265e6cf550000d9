// The forward curve with its window: what a number of GPUs costs between two times.

import { h, setAttribute, setText } from "../core/dom.js";
import { post } from "../core/api.js";
import { currency, now, state } from "../core/state.js";
import { choice, choose, currentCurve, forwardChart, horizons } from "../charts/forward.js";
import { explainQuestion } from "../ticket/dialog.js";
import { number, segments, setTime, time, timeOf } from "../ticket/fields.js";
import { parseCount } from "../ticket/draft.js";
import { ticket } from "../ticket/ticket.js";
import { micros, roundMicros } from "../lib/money.js";
import { plural } from "../lib/text.js";
import { HOUR, duration, inputValue, span } from "../lib/time.js";
import { average, onView, panel } from "./ui.js";

export function forwardPanel() {
  const range = segments("How far ahead", horizons.map(({ name }, index) => [String(index), name]),
    String(choice.horizon),
    (value) => choose({ horizon: Number(value) }));
  const gpus = number({ value: choice.gpus, "aria-label": "GPUs", class: "short", name: "window-gpus" });
  const start = time({ "aria-label": "Window starts", name: "window-start" });
  const end = time({ "aria-label": "Window ends", name: "window-end" });
  const answer = h("p", { class: "window-answer", "aria-live": "polite" });
  const buy = h("button", {
    type: "button", text: "Bid for this window", hidden: true, onclick: () => {
      ticket.fill({
        side: "bid", gpus: choice.gpus, start: choice.start > now() ? choice.start : null, end: choice.end, ...offered,
      });
      ticket.focusFirst();
    },
  });
  const clear = h("button", { type: "button", class: "quiet", text: "Clear", hidden: true, onclick: () => {
    setTime(start, null);
    setTime(end, null);
    choose({ start: null, end: null });
  } });
  /** What the ticket takes of the last answer: `price`, `length`, `split`. */
  let offered = {};
  const element = panel("Price by delivery time", { className: "forward-panel", tools: [legend(), range] },
    forwardChart().element,
    h("div", { class: "window" },
      h("label", {}, gpus, h("span", { text: "GPUs" })), h("span", { class: "from", text: "from" }), start,
      h("span", { text: "to" }), end, answer, buy, clear));

  gpus.addEventListener("input", () => {
    const value = parseCount(gpus.value);
    if (value !== null) choose({ gpus: value });
  });
  const typed = () => {
    const [from, to] = [timeOf(start), timeOf(end)];
    if (from !== null && to !== null && to > from) choose({ start: from, end: to });
  };
  start.addEventListener("change", typed);
  end.addEventListener("change", typed);

  let question = 0;
  let timer = null;
  const askSoon = (pause) => {
    timer ??= setTimeout(async () => {
      timer = null;
      const own = (question += 1);
      const cost = await windowCost();
      if (own !== question) return;
      offered = cost.terms;
      setText(answer, cost.text);
      setAttribute(buy, "hidden", false);
    }, pause);
  };
  onView("market", ["forward", "book", "class", "network"], (marked) => {
    const hasWindow = choice.start !== null && choice.end !== null;
    setAttribute(clear, "hidden", !hasWindow);
    if (document.activeElement !== start && hasWindow) syncTime(start, choice.start);
    if (document.activeElement !== end && hasWindow) syncTime(end, choice.end);
    const isChosenAnew = ["forward", "class", "network", "view"].some((topic) => marked.has(topic));
    if (isChosenAnew || !hasWindow) {
      clearTimeout(timer);
      timer = null;
      question += 1;
    }
    if (!hasWindow) {
      setText(answer, summary());
      setAttribute(buy, "hidden", true);
      return;
    }
    // The book may change a thousand times a second; the price of the window is asked for once.
    askSoon(isChosenAnew ? 150 : 1000);
  }, ["book"]);
  return element;
}

function syncTime(input, ms) {
  if (input.value !== inputValue(ms)) setTime(input, ms);
}

/** What the curve says as a whole. */
function summary() {
  const rows = currentCurve().filter((row) => row.average !== null);
  const hint = "Drag over the chart to price a window.";
  if (rows.length === 0) return `Nowhere in this span are ${plural(choice.gpus, "GPU")} free. ${hint}`;
  const best = rows.reduce((a, b) => (b.average < a.average ? b : a));
  const when = span(best.start, best.end, now());
  return `Cheapest for ${plural(choice.gpus, "GPU")}: ${average(Math.round(best.average))} at ${when}. ${hint}`;
}

/** How many slots a window that has begun already may lose at its beginning: a trade made now starts a little later. */
const LOST_SLOTS = 3;

/** The node's quote for the chosen window, and for how long: it knows every rule of matching. */
async function quoteOfWindow() {
  const request = { gpu_classes: [state.gpuClass], gpus: choice.gpus, end_ms: choice.end, split: true };
  if (choice.start > now()) {
    request.start_ms = choice.start;
    request.duration_ms = choice.end - choice.start;
    return { quote: await post("quote", request), length: request.duration_ms };
  }
  for (let lost = 1; ; lost += 1) {
    request.duration_ms = Math.max(1, choice.end - now() - lost * state.network.slot_ms);
    const quote = await post("quote", request);
    if (quote.available !== "none" || lost === LOST_SLOTS) return { quote, length: request.duration_ms };
  }
}

/** What the chosen window costs: `text`, a sentence, and `terms` on which a bid would get it. */
async function windowCost() {
  try {
    const { quote, length } = await quoteOfWindow();
    const plan = quote.available === "none" ? undefined : quote.cheapest;
    const terms = { length };
    if (plan) {
      terms.price = plan.pieces.map((piece) => micros(piece.price_micros)).reduce((a, b) => (a > b ? a : b));
      terms.split = plan.pieces.length > 1;
    }
    const window = `${plural(choice.gpus, "GPU")}, ${span(choice.start, choice.end, now())}`;
    if (!plan) return { text: `${window}: not to be had throughout.`, terms };
    const hours = BigInt(plan.gpus) * BigInt(length);
    const average = (micros(plan.total_micros) * BigInt(HOUR)) / hours;
    const each = `${roundMicros(plan.total_micros)} ${currency()}, ${roundMicros(average, 3)} per GPU-hour`;
    if (quote.available === "part") return { text: `${window}: only ${plan.gpus} can be had, for ${each}.`, terms };
    return { text: `${window} (${duration(length)}): ${each}, from ${plural(plan.pieces.length, "offer")}.`, terms };
  } catch (error) {
    return { text: explainQuestion(error), terms: {} };
  }
}

function legend() {
  return h("ul", { class: "legend" }, [["ask", "ask"], ["average", "all your GPUs"], ["bid", "bid"], ["free", "free"]]
    .map(([kind, text]) => h("li", { class: kind, text })));
}
