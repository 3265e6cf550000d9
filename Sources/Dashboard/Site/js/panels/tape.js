// The tape: settled trades, the latest first.

import { h, pooledRows, setAttribute, setText } from "../core/dom.js";
import { now, state } from "../core/state.js";
import { segments } from "../ticket/fields.js";
import { clock, clockWithSeconds, day, duration, isSameDay, span } from "../lib/time.js";
import { emptyLine, onView, panel, price, setMoment, table } from "./ui.js";
import { mark } from "../core/frames.js";

const ROWS = 40;

/** The latest settled trades, of one class or of all. */
export function latest(trades, gpuClass, limit = ROWS) {
  const found = [];
  for (const trade of trades) {
    if (trade.settled_ms === undefined || (trade.state !== "settled" && trade.state !== "disputed")) continue;
    if (gpuClass === null || trade.gpu_class === gpuClass) found.push(trade);
  }
  return found.sort((a, b) => b.settled_ms - a.settled_ms || (a.id < b.id ? -1 : 1)).slice(0, limit);
}

export function tapePanel() {
  let scope = "class";
  const choice = segments("Trades of", [["class", "Class"], ["all", "All"]], scope, (value) => {
    scope = value;
    mark("tape");
  });
  const list = table("Settled trades, the latest first", [
    ["Time"], ["Price", "number"], ["GPUs", "number"], ["Delivery"],
  ], "");
  const empty = emptyLine("trades", "No trades yet.");
  const element = panel("Trades", { className: "tape", tools: [choice] }, h("div", { class: "scroll" }, list), empty);
  const fill = pooledRows(list.body, ROWS, () => {
    const line = list.row(["", "number strong", "number", "delivery"]);
    const [time, at, gpus, delivery] = line.cells;
    line.update = (trade) => {
      const text = clockWithSeconds(trade.settled_ms);
      setMoment(time, trade.settled_ms, isSameDay(trade.settled_ms, now()) ? text
        : `${day(trade.settled_ms).slice(4)} ${text.slice(0, 5)}`);
      setText(at, price(trade.price_micros));
      setAttribute(at, "data-taker", trade.taker);
      setText(gpus, trade.gpus);
      const length = duration(trade.end_ms - trade.start_ms);
      setText(delivery, scope === "all" ? trade.gpu_class : `${clock(trade.start_ms)}, ${length}`);
      setAttribute(delivery, "title", `${span(trade.start_ms, trade.end_ms, now())} (${length})`);
      setAttribute(line, "data-own", trade.role !== "observer");
    };
    return line;
  });
  onView("market", ["trades", "class", "tape", "network"], () => {
    const items = latest(state.trades.values(), scope === "all" ? null : state.gpuClass);
    fill(items);
    empty.update(items.length === 0);
  });
  return element;
}
