// The capacity calendar of one offer as a bar: how many of its GPUs are sold, held and free over time.

import { h, setAttribute } from "../core/dom.js";
import { steps } from "../lib/paths.js";
import { linear } from "../lib/scales.js";

const HEIGHT = 34;
/** Pixels across which a bar is laid out; the picture is stretched to the width that it has. */
const WIDTH = 1000;

/** The paths of a bar: sold at the bottom, held on it, what is free to the top. */
export function barShapes(segments, gpus, range) {
  const scaleX = linear(range.start, range.end, 0, WIDTH);
  const scaleY = linear(0, gpus, HEIGHT, 2);
  const visible = segments.filter(({ start, end }) => end > range.start && start < range.end);
  const stack = (top) => visible.map((segment) => ({
    x0: Math.max(0, scaleX(segment.start)), x1: Math.min(WIDTH, scaleX(segment.end)),
    y: top(segment) > 0 ? scaleY(Math.min(gpus, top(segment))) : null,
  }));
  return {
    free: steps(stack(() => gpus), HEIGHT),
    held: steps(stack(({ sold, held }) => (held > 0 ? sold + held : 0)), HEIGHT),
    sold: steps(stack(({ sold }) => sold), HEIGHT),
  };
}

/** A bar; `update(segments, gpus, range, now)` sets it. */
export function bar() {
  const paths = Object.fromEntries(["free", "held",
    "sold"].map((name) => [name, h("svg:path", { class: `gantt-${name}` })]));
  const today = h("svg:path", { class: "gantt-now" });
  const element = h("svg:svg", {
    class: "gantt-bar", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true",
  }, paths.free, paths.held, paths.sold, today);
  element.update = (segments, gpus, range, now) => {
    const shapes = barShapes(segments, gpus, range);
    for (const [name, path] of Object.entries(paths)) setAttribute(path, "d", shapes[name] || "M0 0");
    const x = linear(range.start, range.end, 0, WIDTH)(now);
    setAttribute(today, "d", x >= 0 && x <= WIDTH ? `M${Math.round(x)} 0V${HEIGHT}` : "M0 0");
  };
  return element;
}
