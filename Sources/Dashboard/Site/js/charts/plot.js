// What all charts share: an SVG that fits its panel, axes, and a reading of the point under the pointer or, with the
// arrow keys, of the chosen one.

import { h, setAttribute, setText } from "../core/dom.js";
import { mark, onFrame } from "../core/frames.js";

let charts = 0;

/** A chart in a panel. */
export class Plot {
  /**
   * @param label what the chart shows, for who does not see it; `summary` in the result of `draw` is added.
   * @param topics what the chart depends on.
   * @param margin in pixels: `{top, right, bottom, left}`.
   * @param draw draws into the plot: `draw(plot)` gives `{points, summary, empty}`, points with an `x`, ascending.
   * @param describe the reading of a point, as texts.
   */
  constructor({ className, label, topics, margin, draw, describe }) {
    this.topic = `plot-${(charts += 1)}`;
    this.margin = { top: 8, right: 8, bottom: 20, left: 44, ...margin };
    this.label = label;
    this.drawer = draw;
    this.describe = describe;
    this.points = [];
    this.chosen = -1;
    this.parts = new Map();
    this.svg = h("svg:svg", { "aria-hidden": "true" });
    this.cross = h("svg:path", { class: "cross", visibility: "hidden" });
    this.reading = h("p", { class: "reading", "aria-live": "polite" });
    this.empty = h("p", { class: "empty" });
    this.element = h("div", { class: `chart ${className}`, tabindex: "0", role: "img" }, this.svg, this.reading,
      this.empty);
    this.listen();
    new ResizeObserver(([entry]) => {
      this.width = Math.round(entry.contentRect.width);
      this.height = Math.round(entry.contentRect.height);
      mark(this.topic);
    }).observe(this.element);
    onFrame([...topics, this.topic], () => this.draw(), ["book", "second"]);
  }

  /** The area inside the margins. */
  get area() {
    const { top, right, bottom, left } = this.margin;
    return { left, top, right: Math.max(left, this.width - right), bottom: Math.max(top, this.height - bottom) };
  }

  draw() {
    // A panel that is not shown has no size.
    if (!(this.width > 0 && this.height > 0)) return;
    setAttribute(this.svg, "viewBox", `0 0 ${this.width} ${this.height}`);
    const { points = [], summary = "", empty = "" } = this.drawer(this);
    this.points = points;
    this.svg.append(this.cross);
    setText(this.empty, empty);
    setAttribute(this.empty, "hidden", empty === "");
    setAttribute(this.element, "aria-label", [this.label, empty || summary].filter(Boolean).join(": "));
    this.choose(Math.min(this.chosen, points.length - 1));
  }

  // MARK: Parts

  part(name, make) {
    let part = this.parts.get(name);
    if (!part) {
      part = make();
      this.parts.set(name, part);
      this.svg.append(part);
    }
    return part;
  }

  /** Sets the path of a class, which is made in the order of the first calls. */
  path(name, data) {
    setAttribute(this.part(name, () => h("svg:path", { class: name })), "d", data || "M0 0");
  }

  /** Sets the texts of a class: `{x, y, text}`. */
  texts(name, items) {
    const group = this.part(name, () => h("svg:g", { class: name }));
    while (group.childElementCount < items.length) group.append(h("svg:text"));
    [...group.children].forEach((element, index) => {
      const item = items[index];
      setAttribute(element, "visibility", item ? null : "hidden");
      if (!item) return;
      setAttribute(element, "x", Math.round(item.x));
      setAttribute(element, "y", Math.round(item.y));
      setAttribute(element, "text-anchor", item.anchor ?? null);
      setText(element, item.text);
    });
  }

  /** Grid lines and labels of an upright axis on the left. */
  axisY(values, scale, format) {
    const { left, right } = this.area;
    this.path("grid", values.map((value) => `M${left} ${Math.round(scale(value)) + 0.5}H${right}`).join(""));
    this.texts("axis-y", values.map((value) => ({ x: left - 6, y: scale(value) + 4, text: format(value) })));
  }

  /** Labels of the axis below; `{x, text, below}`. Those that would meet the one before are left out. */
  axisX(items, width = 44) {
    const { bottom } = this.area;
    let end = -Infinity;
    const shown = items.filter(({ x }) => {
      if (x - end < width || x > this.width - 12) return false;
      end = x;
      return true;
    });
    this.texts("axis-x", shown.map(({ x, text }) => ({ x, y: bottom + 15, text })));
    this.texts("axis-x below", shown.map(({ x, below = "" }) => ({ x, y: bottom + 28, text: below })));
  }

  // MARK: Reading

  listen() {
    const at = (event) => event.clientX - this.element.getBoundingClientRect().left;
    this.element.addEventListener("pointermove", (event) => this.choose(this.nearest(at(event))));
    this.element.addEventListener("pointerleave", () => this.choose(-1));
    this.element.addEventListener("blur", () => this.choose(-1));
    this.element.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined || this.points.length === 0) return;
      event.preventDefault();
      this.choose(Math.min(Math.max(this.chosen + step, 0), this.points.length - 1));
    });
  }

  /** The index of the point nearest to `x`, -1 without points. */
  nearest(x) {
    const { points } = this;
    let [low, high] = [0, points.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle].x < x) low = middle;
      else high = middle;
    }
    if (high < 0) return -1;
    return Math.abs(points[high].x - x) < Math.abs(points[low].x - x) ? high : low;
  }

  choose(index) {
    this.chosen = index;
    const point = this.points[index];
    setAttribute(this.cross, "visibility", point ? null : "hidden");
    setText(this.reading, point ? this.describe(point).filter(Boolean).join("  ·  ") : "");
    if (!point) return;
    const { top, bottom } = this.area;
    setAttribute(this.cross, "d", `M${Math.round(point.x) + 0.5} ${top}V${bottom}`);
  }
}
