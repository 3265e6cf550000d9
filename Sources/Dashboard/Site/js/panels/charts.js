// The panels around the depth chart and the candles.

import { h } from "../core/dom.js";
import { state } from "../core/state.js";
import { showClass } from "../core/sync.js";
import { candleChart } from "../charts/candles.js";
import { depthChart } from "../charts/depth.js";
import { HOUR, MINUTE } from "../lib/time.js";
import { segments } from "../ticket/fields.js";
import { panel } from "./ui.js";

const INTERVALS = [[MINUTE, "1 m"], [5 * MINUTE, "5 m"], [15 * MINUTE, "15 m"], [HOUR, "1 h"], [4 * HOUR, "4 h"],
  [24 * HOUR, "1 d"]];

export function depthPanel() {
  const legend = h("ul", { class: "legend" }, h("li", { class: "bid", text: "wanted" }),
    h("li", { class: "ask", text: "offered" }));
  return panel("Depth", { className: "depth-panel", tools: [legend] }, depthChart().element);
}

export function candlePanel() {
  const choice = segments("Interval", INTERVALS.map(([length, name]) => [String(length), name]), String(state.interval),
    (value) => showClass(state.gpuClass, Number(value)));
  const legend = h("ul", { class: "legend" }, h("li", { class: "index", text: "index" }));
  return panel("Candles", { className: "candle-panel", tools: [legend, choice] }, candleChart().element);
}
