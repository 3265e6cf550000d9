// The class shown: its name, what it is, the spot index, the best prices; and the choice of another one.

import { h, setAttribute, setChildren, setText } from "../core/dom.js";
import { go } from "../core/router.js";
import { currency, state } from "../core/state.js";
import { gpuHours, plural } from "../lib/text.js";
import { duration } from "../lib/time.js";
import { average, onView, price } from "./ui.js";

export function classHeading() {
  const choice = h("select", { "aria-label": "GPU class", onchange: () => go("market", choice.value) });
  const name = h("h1");
  const about = h("p", { class: "about" });
  const figures = ["Spot index", "Best bid", "Best ask", "Spread"].map((label) => {
    const value = h("dd");
    const note = h("span", { class: "figure-note" });
    return { value, note, element: h("div", { class: "figure" }, h("dt", { text: label }), value, note) };
  });
  const [index, bid, ask, spread] = figures;
  const element = h("div", { class: "class-heading" },
    h("div", { class: "class-title" }, name, about), h("div", { class: "class-choice" }, choice),
    h("dl", { class: "figures" }, figures.map((figure) => figure.element)));
  onView("market", ["network", "class", "summaries"], () => {
    const classes = state.network?.gpu_classes ?? [];
    if (choice.childElementCount !== classes.length) {
      setChildren(choice, classes.map((one) => h("option", { value: one.id, text: one.id })));
    }
    choice.value = state.gpuClass ?? "";
    const grade = classes.find((one) => one.id === state.gpuClass);
    setText(name, state.gpuClass ?? "");
    setText(about, grade
      ? `${grade.vendor} ${grade.model} ${grade.interface}, ${Math.round(grade.vram_mib / 1024)} GiB, `
        + `${grade.board_power_watts} W` : "");
  });
  onView("market", ["book", "index", "network", "class"], () => {
    const value = state.index.get(state.gpuClass);
    const [best, lowest] = [state.book.best("bid"), state.book.best("offer")];
    setText(index.value, average(value?.value_micros));
    setText(index.note, indexNote(value));
    setAttribute(index.element, "title", value
      ? `${plural(value.receipts, "receipt")} of ${plural(value.identities, "node")}` : null);
    setText(bid.value, price(best));
    setText(bid.note, best === null ? "" : plural(state.book.levels("bid", 1)[0]?.gpus ?? 0, "GPU"));
    setText(ask.value, price(lowest));
    setText(ask.note, lowest === null ? "" : plural(state.book.levels("offer", 1)[0]?.gpus ?? 0, "GPU"));
    const isOpen = best !== null && lowest !== null;
    setText(spread.value, isOpen ? price(lowest - best) : "–");
    setText(spread.note, isOpen
      ? (lowest < best ? "crossed: other hours" : `${(((lowest - best) / lowest) * 100).toFixed(1)} %`)
      : `${currency()} per GPU-hour`);
  });
  return element;
}

/** What an index is worth: how much was traded, or why there is none. */
function indexNote(value) {
  if (!value?.receipts) return "no trades";
  if (value.value_micros === undefined) return "too few nodes trade";
  return `${gpuHours(value.gpu_seconds)} GPU-h in ${duration(value.window_ms)}`;
}
