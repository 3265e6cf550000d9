// The capacity calendar of my offers: what of each is sold, held and free, over time.

import { h, keyedRows, setAttribute, setChildren, setProperty, setText } from "../core/dom.js";
import { mark } from "../core/frames.js";
import { now, state } from "../core/state.js";
import { bar } from "../charts/gantt.js";
import { capacity, claim, sums } from "../lib/capacity.js";
import { isOpen } from "../lib/reasons.js";
import { timeTicks } from "../lib/scales.js";
import { count, gpuHours, plural, shortID } from "../lib/text.js";
import { DAY, HOUR, MINUTE, clock, day, isSameDay, moment, span, utc, utcClock, zone } from "../lib/time.js";
import { emptyLine, onView, panel, price } from "../panels/ui.js";
import { segments } from "../ticket/fields.js";
import { moreButton } from "./orders.js";

const RANGES = [[6 * HOUR, "6 h"], [12 * HOUR, "12 h"], [DAY, "24 h"], [3 * DAY, "3 d"], [7 * DAY, "7 d"]];
const PAGE = 100;
/** How much of the axis is the past. */
const PAST = 0.06;

/** Own offers of which something is open or still to be delivered, the soonest end first. */
export function currentOffers(orders, tradesByOffer, time) {
  return [...orders].filter((order) => order.side === "offer" && order.end_ms > time
    && (isOpen(order) || (tradesByOffer.get(order.id) ?? []).some((trade) => claim(trade) && trade.end_ms > time)))
    .sort((a, b) => (a.gpu_classes[0] < b.gpu_classes[0] ? -1 : a.gpu_classes[0] > b.gpu_classes[0] ? 1
      : a.start_ms - b.start_ms || (a.id < b.id ? -1 : 1)));
}

export function capacityView() {
  let length = 12 * HOUR;
  let limit = PAGE;
  let opened = null;
  const choice = segments("Span", RANGES.map(([span_, name]) => [String(span_), name]), String(length), (value) => {
    length = Number(value);
    mark("capacity");
  });
  const legend = h("ul", { class: "legend" },
    [["sold", "sold"], ["held", "held"], ["vacant", "free"]].map(([kind, text]) => h("li", { class: kind, text })));
  const axis = h("div", { class: "gantt-axis", "aria-hidden": "true" });
  const list = h("div", { class: "gantt-rows", role: "list" });
  const empty = emptyLine("orders", "No offers of yours have hours to come. What you sell stands here.");
  const more = moreButton(() => {
    limit += PAGE;
    mark("capacity");
  });
  const total = h("p", { class: "gantt-total" });
  const element = panel("Capacity calendar", { className: "gantt", tools: [legend, choice] }, total,
    h("div", { class: "gantt-head" }, h("span", { class: "gantt-label" }, h("b", { text: "Offer" })), axis), list,
      empty, more);

  const rows = keyedRows(list, (item) => item.offer.id, () => {
    const name = h("b");
    const about = h("span", { class: "note" });
    const picture = bar();
    const detail = h("div", { class: "gantt-detail", hidden: true });
    let id = null;
    const button = h("button", {
      type: "button", class: "gantt-row", "aria-expanded": "false", onclick: () => {
        opened = opened === id ? null : id;
        mark("capacity");
      },
    }, h("span", { class: "gantt-label" }, name, about), picture);
    const line = h("div", { role: "listitem" }, button, detail);
    line.update = ({ offer, trades, segments: parts, range }) => {
      id = offer.id;
      const sum = sums(parts.filter(({ end }) => end > now()).map((part) =>
        ({ ...part, start: Math.max(part.start, now()) })));
      const all = sum.sold + sum.held + sum.free;
      setText(name, `${count(offer.gpus)} × ${offer.gpu_classes[0]}`);
      const share = all > 0 ? Math.round((sum.sold / all) * 100) : 0;
      setText(about, `${price(offer.price_micros)} · ${share} % sold · ${shortID(id, 6)}`);
      picture.update(parts, offer.gpus, range, now());
      setAttribute(button, "aria-expanded", String(opened === id));
      setAttribute(button, "title", `${utc(offer.start_ms)} – ${utc(offer.end_ms)}`);
      setAttribute(button, "aria-label",
        `${offer.gpus} ${offer.gpu_classes[0]}, ${span(offer.start_ms, offer.end_ms, now())}: `
        + `${gpuHours(sum.sold / 1000)} GPU-hours sold, ${gpuHours(sum.held / 1000)} held, `
        + `${gpuHours(sum.free / 1000)} free`);
      setAttribute(detail, "hidden", opened !== id);
      if (opened === id) setChildren(detail, leases(offer, trades));
    };
    return line;
  });

  onView("capacity", ["orders", "trades", "network", "capacity", "minute"], () => {
    const byOffer = Map.groupBy([...state.trades.values()].filter((trade) => trade.role === "provider"),
      (trade) => trade.offer);
    const offers = currentOffers(state.orders.values(), byOffer, now());
    const range = { start: now() - length * PAST, end: now() + length * (1 - PAST) };
    const items = offers.map((offer) => {
      const trades = byOffer.get(offer.id) ?? [];
      return { offer, trades, segments: capacity(offer, trades), range };
    });
    rows(items.slice(0, limit));
    drawAxis(axis, range);
    empty.update(items.length === 0);
    more.update(items.length - Math.min(items.length, limit));
    const ahead = items.flatMap((item) => item.segments).filter(({ end }) => end > now()).map((part) =>
      ({ ...part, start: Math.max(part.start, now()) }));
    const sum = sums(ahead);
    setText(total, items.length === 0 ? ""
      : `${plural(items.length, "offer")} from now on: ${gpuHours(sum.sold / 1000)} GPU-hours sold, `
      + `${gpuHours(sum.held / 1000)} held, ${gpuHours(sum.free / 1000)} free.`);
  });
  return h("div", { class: "stack" }, element);
}

function drawAxis(axis, { start, end }) {
  const offset = -new Date(start).getTimezoneOffset() * MINUTE;
  const times = timeTicks(start, end, Math.max(3, axis.clientWidth / 76), offset);
  const marks = times.map((time, index) => {
    const isNewDay = index === 0 || !isSameDay(time, times[index - 1]);
    const tick = h("span", { class: "tick" }, h("span", { text: clock(time) }),
      h("small", { text: isNewDay ? day(time).slice(4) : offset === 0 ? "" : `${utcClock(time)} UTC` }));
    setProperty(tick, "--at", ((time - start) / (end - start)).toFixed(4));
    return tick;
  });
  setChildren(axis, marks);
  setAttribute(axis, "title", zone(start));
}

function leases(offer, trades) {
  const claims = trades.filter(claim).sort((a, b) => a.start_ms - b.start_ms);
  if (claims.length === 0) return [h("p",
    { class: "note", text: `Nothing of it is sold; it is open until ${moment(offer.expiry_ms, now())}.` })];
  return [h("ul", { class: "leases" }, claims.map((trade) => h("li", { class: claim(trade) },
    h("b", { text: plural(trade.gpus, "GPU") }), ` ${span(trade.start_ms, trade.end_ms, now())}, `,
    `${trade.state}, to `, h("span", { class: "id", title: trade.buyer, text: shortID(trade.buyer) }))))];
}
