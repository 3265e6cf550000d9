// The forward curve with its window: what a number of GPUs costs between two times.

import { h, setAttribute, setText } from "../core/dom.js";
import { post } from "../core/api.js";
import { currency, now, state } from "../core/state.js";
import { choice, choose, currentCurve, forwardChart, horizons } from "../charts/forward.js";
import { explain } from "../ticket/dialog.js";
import { number, segments, setTime, time, timeOf } from "../ticket/fields.js";
import { parseCount } from "../ticket/draft.js";
import { ticket } from "../ticket/ticket.js";
import { micros, roundMicros } from "../lib/money.js";
import { plural } from "../lib/text.js";
import { HOUR, duration, inputValue, span } from "../lib/time.js";
import { average, onView, panel } from "./ui.js";

export function forwardPanel() {
  const range = segments("How far ahead", horizons.map(({ name }, index) => [String(index), name]), String(choice.horizon),
    (value) => choose({ horizon: Number(value) }));
  const gpus = number({ value: choice.gpus, "aria-label": "GPUs", class: "short", name: "window-gpus" });
  const start = time({ "aria-label": "Window starts", name: "window-start" });
  const end = time({ "aria-label": "Window ends", name: "window-end" });
  const answer = h("p", { class: "window-answer", "aria-live": "polite" });
  const buy = h("button", {
    type: "button", text: "Bid for this window", hidden: true, onclick: () => {
      ticket.fill({
        side: "bid", gpus: choice.gpus, length: choice.end - choice.start, price: offered,
        start: choice.start > now() ? choice.start : null, end: choice.end,
      });
      ticket.focusFirst();
    },
  });
  const clear = h("button", { type: "button", class: "quiet", text: "Clear", hidden: true, onclick: () => choose({ start: null, end: null }) });
  let offered;
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
  let timer = 0;
  onView("market", ["forward", "book", "class", "network"], () => {
    const hasWindow = choice.start !== null && choice.end !== null;
    setAttribute(clear, "hidden", !hasWindow);
    if (document.activeElement !== start && hasWindow) syncTime(start, choice.start);
    if (document.activeElement !== end && hasWindow) syncTime(end, choice.end);
    clearTimeout(timer);
    question += 1;
    if (!hasWindow) {
      setText(answer, summary());
      setAttribute(buy, "hidden", true);
      return;
    }
    const own = question;
    timer = setTimeout(async () => {
      const text = await windowCost((total) => {
        offered = total;
      });
      if (own !== question) return;
      setText(answer, text);
      setAttribute(buy, "hidden", false);
    }, 150);
  });
  return element;
}

function syncTime(input, ms) {
  if (input.value !== inputValue(ms)) setTime(input, ms);
}

/** What the curve says as a whole. */
function summary() {
  const rows = currentCurve().filter((row) => row.average !== null);
  if (rows.length === 0) return `Nowhere in this span are ${plural(choice.gpus, "GPU")} free. Drag over the chart to price a window.`;
  const best = rows.reduce((a, b) => (b.average < a.average ? b : a));
  return `Cheapest for ${plural(choice.gpus, "GPU")}: ${average(Math.round(best.average))} at ${span(best.start, best.end, now())}. `
    + "Drag over the chart to price a window.";
}

/** What the chosen window costs, asked of the node: it knows every rule of matching. */
async function windowCost(takeLimit) {
  const length = choice.end - choice.start;
  const request = {
    gpu_classes: [state.gpuClass], gpus: choice.gpus, duration_ms: length, end_ms: choice.end, split: true,
  };
  if (choice.start > now()) request.start_ms = choice.start;
  else request.duration_ms = Math.max(1, choice.end - now() - state.network.slot_ms);
  try {
    const quote = await post("quote", request);
    const plan = quote.cheapest;
    takeLimit(plan ? plan.pieces.map((piece) => micros(piece.price_micros)).reduce((a, b) => (a > b ? a : b)) : undefined);
    const window = `${plural(choice.gpus, "GPU")}, ${span(choice.start, choice.end, now())}`;
    if (!plan || quote.available === "none") return `${window}: not to be had throughout.`;
    const hours = BigInt(plan.gpus) * BigInt(request.duration_ms);
    const average = (micros(plan.total_micros) * BigInt(HOUR)) / hours;
    const each = `${roundMicros(plan.total_micros)} ${currency()}, ${roundMicros(average, 3)} per GPU-hour`;
    if (quote.available === "part") return `${window}: only ${plan.gpus} can be had, for ${each}.`;
    return `${window} (${duration(length)}): ${each}, from ${plural(plan.pieces.length, "offer")}.`;
  } catch (error) {
    takeLimit(undefined);
    return explain(error);
  }
}

function legend() {
  return h("ul", { class: "legend" }, [["ask", "ask"], ["average", "all your GPUs"], ["bid", "bid"], ["free", "free"]]
    .map(([kind, text]) => h("li", { class: kind, text })));
}
