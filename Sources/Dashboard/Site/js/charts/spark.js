// A small line without axes, for how a figure has gone lately.

import { h, setAttribute } from "../core/dom.js";
import { line, thin } from "../lib/paths.js";
import { linear } from "../lib/scales.js";

const WIDTH = 120;
const HEIGHT = 24;

/** A spark line; `update(values)` sets it. */
export function spark(label) {
  const path = h("svg:path", { class: "spark-line" });
  const element = h("svg:svg", {
    class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label,
  }, path);
  element.update = (values) => {
    const most = Math.max(1e-9, ...values);
    const scaleX = linear(0, Math.max(1, values.length - 1), 1, WIDTH - 1);
    const scaleY = linear(0, most, HEIGHT - 2, 2);
    setAttribute(path, "d", line(thin(values.map((value, index) => [scaleX(index), scaleY(value)]), WIDTH)) || "M0 0");
  };
  return element;
}
