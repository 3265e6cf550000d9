// My orders and my trades: where each stands and why, and what can be done about it.

import { h, keyedRows, setAttribute, setText } from "../core/dom.js";
import { mark } from "../core/frames.js";
import { go } from "../core/router.js";
import { now, state } from "../core/state.js";
import { roundMicros } from "../lib/money.js";
import { isOpen, orderStates, tradeReason } from "../lib/reasons.js";
import { count, plural } from "../lib/text.js";
import { clockWithSeconds, duration, moment, span, utc } from "../lib/time.js";
import { whyPanel } from "../panels/why.js";
import { emptyLine, onView, panel, price, setAmount, setID, setMoment, table } from "../panels/ui.js";
import { confirmAmend, confirmCancel } from "../ticket/confirm.js";
import { remainder } from "../ticket/draft.js";
import { segments } from "../ticket/fields.js";
import { ticket } from "../ticket/ticket.js";

/** Rows that are shown until the person asks for more. */
const PAGE = 100;

export function ordersView() {
  return h("div", { class: "stack" }, ordersPanel(), tradesPanel());
}

function ordersPanel() {
  const columns = ["id", "", "", "number", "number", "", "", "number", "actions"];
  let filter = "open";
  let limit = PAGE;
  const choice = segments("Orders", [["open", "Open"], ["all", "All"]], filter, (value) => {
    filter = value;
    limit = PAGE;
    mark("orders");
  });
  const start = (side) => () => {
    go("market", state.gpuClass);
    ticket.fill({ side });
    ticket.focusFirst();
  };
  const list = table("My orders", [
    ["Order", "id"], ["Side"], ["Class"], ["GPUs left", "number"], ["Price", "number"], ["Delivery"], ["State"],
    ["Worth at most", "number"], ["", "actions"],
  ]);
  const empty = emptyLine("orders", "No orders.");
  const more = moreButton(() => {
    limit += PAGE;
    mark("orders");
  });
  const element = panel("My orders", {
    tools: [choice, h("button", { type: "button", class: "bid", text: "Buy", onclick: start("bid") }),
      h("button", { type: "button", class: "offer", text: "Sell", onclick: start("offer") })],
  }, h("div", { class: "scroll" }, list), empty, more);
  const rows = keyedRows(list.body, (item) => item.key,
    (item) => (item.why ? whyRow(item.why, columns.length) : orderRow(columns)));
  const opened = new Set();

  function orderRow(kinds) {
    const line = list.row(kinds);
    const [id, side, grade, left, at, delivery, where, worth, actions] = line.cells;
    let current = null;
    const why = h("button", {
      type: "button", text: "Why", "aria-expanded": "false", onclick: () => {
        if (!opened.delete(current.id)) opened.add(current.id);
        mark("orders");
      },
    });
    const amend = h("button", { type: "button", text: "Amend", onclick: () => confirmAmend(current) });
    const cancel = h("button",
      { type: "button", class: "danger", text: "Cancel", onclick: () => confirmCancel(current) });
    actions.append(why, amend, cancel);
    line.update = ({ order }) => {
      current = order;
      const canChange = isOpen(order);
      setID(id, order.id);
      setText(side, order.side === "bid" ? "Buy" : "Sell");
      setAttribute(side, "data-side", order.side);
      setText(grade, order.gpu_classes.length > 3
        ? `${order.gpu_classes[0]} or ${order.gpu_classes.length - 1} others` : order.gpu_classes.join(", "));
      setText(left, canChange ? `${count(order.gpus_left)} of ${count(order.gpus)}` : count(order.gpus));
      setText(at, price(order.price_micros));
      setText(delivery, order.side === "bid"
        ? `${duration(order.duration_ms)} in ${span(order.start_ms, order.end_ms, now())}`
          : span(order.start_ms, order.end_ms, now()));
      setAttribute(delivery, "title", `${utc(order.start_ms)} – ${utc(order.end_ms)}`);
      setText(where, canChange ? `${orderStates[order.state]} until ${moment(order.expiry_ms, now())}`
        : orderStates[order.state] ?? order.state);
      setAttribute(where, "data-state", order.state);
      setAttribute(where, "title", `placed ${utc(order.placed_ms)}`);
      setAmount(worth, worthOf(order));
      for (const button of [why, amend, cancel]) setAttribute(button, "hidden", !canChange);
      setAttribute(amend, "disabled", order.time_in_force === "ioc" || order.time_in_force === "fok");
      setAttribute(why, "aria-expanded", String(opened.has(order.id)));
    };
    return line;
  }

  onView("orders", ["orders", "network"], () => {
    const all = [...state.orders.values()].sort((a, b) => b.placed_ms - a.placed_ms || (a.id < b.id ? -1 : 1));
    const wanted = filter === "open" ? all.filter(isOpen) : all;
    const shown = wanted.slice(0, limit);
    rows(shown.flatMap((order) => [
      { key: order.id, order },
        ...(opened.has(order.id) && isOpen(order) ? [{ key: `why ${order.id}`, why: order.id }] : []),
    ]));
    const closed = all.length - all.filter(isOpen).length;
    empty.update(wanted.length === 0);
    if (wanted.length === 0 && closed > 0 && state.loaded.has("orders")) setText(empty,
      `No open orders; ${plural(closed, "is closed", "are closed")}.`);
    more.update(wanted.length - shown.length);
    setText(element.heading, `My orders${wanted.length ? ` (${count(wanted.length)})` : ""}`);
  });
  return element;
}

/** What is left of an order, at its price. A closed one is worth nothing more. */
const worthOf = (order) => (isOpen(order) ? remainder(order) : 0n);

function whyRow(id, columns) {
  const reasons = whyPanel(id);
  const line = h("tr", { class: "why-row" }, h("td", { colspan: columns }, reasons));
  let asked = 0;
  line.update = () => {
    // The book moves; the reasons are asked for again, but not with each of its changes.
    if (Date.now() - asked < 1000) return;
    asked = Date.now();
    reasons.ask();
  };
  return line;
}

function tradesPanel() {
  let limit = PAGE;
  const list = table("My trades", [
    ["Trade", "id"], ["Role"], ["Class"], ["GPUs", "number"], ["Price", "number"], ["Total", "number"], ["Delivery"],
    ["State"], ["Counterparty", "id"], ["When"],
  ]);
  const empty = emptyLine("trades", "No trades yet.");
  const more = moreButton(() => {
    limit += PAGE;
    mark("trades");
  });
  const total = h("span", { class: "note" });
  const element = panel("My trades", { tools: [total] }, h("div", { class: "scroll" }, list), empty, more);
  const rows = keyedRows(list.body, (trade) => trade.id, () => {
    const line = list.row(["id", "", "", "number", "number", "number", "", "state", "id", ""]);
    const [id, role, grade, gpus, at, sum, delivery, where, other, when] = line.cells;
    line.update = (trade) => {
      setID(id, trade.id);
      setText(role, trade.role === "buyer" ? "Bought" : "Sold");
      setAttribute(role, "data-side", trade.role === "buyer" ? "bid" : "offer");
      setText(grade, trade.gpu_class);
      setText(gpus, count(trade.gpus));
      setText(at, price(trade.price_micros));
      setAmount(sum, trade.total_micros);
      setText(delivery, span(trade.start_ms, trade.end_ms, now()));
      setAttribute(delivery, "title", `${utc(trade.start_ms)} – ${utc(trade.end_ms)}`);
      setText(where, `${trade.state}: ${tradeReason(trade, clockWithSeconds)}`);
      setAttribute(where, "data-state", trade.state);
      setID(other, trade.role === "buyer" ? trade.provider : trade.buyer);
      setMoment(when, trade.settled_ms ?? trade.deadline_ms);
    };
    return line;
  });
  onView("orders", ["trades", "network"], () => {
    const own = [...state.trades.values()].filter((trade) => trade.role !== "observer");
    own.sort((a, b) => (b.settled_ms ?? b.deadline_ms) - (a.settled_ms ?? a.deadline_ms) || (a.id < b.id ? -1 : 1));
    rows(own.slice(0, limit));
    empty.update(own.length === 0);
    more.update(own.length - Math.min(own.length, limit));
    const settled = own.filter((trade) => trade.state === "settled");
    const sum = (role) =>
      settled.filter((trade) => trade.role === role).reduce((all, trade) => all + BigInt(trade.total_micros), 0n);
    const parts = [["buyer", "bought"],
      ["provider", "sold"]].map(([role, word]) => [sum(role), word]).filter(([value]) => value > 0n);
    setText(total, parts.map(([value, word]) =>
      `${word} for ${roundMicros(value)} ${state.network?.currency ?? ""}`).join(", "));
    setText(element.heading, `My trades${own.length ? ` (${count(own.length)})` : ""}`);
  });
  return element;
}

/** A button that shows more rows; `update(hidden)` tells it how many are not shown. */
export function moreButton(onclick) {
  const button = h("button", { type: "button", class: "more-rows", hidden: true, onclick });
  button.update = (rest) => {
    setAttribute(button, "hidden", rest === 0);
    setText(button, `Show ${count(Math.min(rest, PAGE))} more of ${count(rest)}`);
  };
  return button;
}

