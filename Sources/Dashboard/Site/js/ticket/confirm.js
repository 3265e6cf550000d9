// Placing, amending and cancelling an order, each asked for with what it costs or earns.

import { h, setChildren, setText } from "../core/dom.js";
import { idempotencyKey, patch, placeOrder, post, remove } from "../core/api.js";
import { currency, now, state } from "../core/state.js";
import { refresh } from "../core/sync.js";
import { decimalsOf, formatMicros, micros, parseMicros, total } from "../lib/money.js";
import { plural, shortID, words } from "../lib/text.js";
import { duration, span, utc } from "../lib/time.js";
import { ask, explainQuestion, facts } from "./dialog.js";
import { bound, parseCount, quoteOfOrder, remainder, toQuote } from "./draft.js";
import { field, number, setTime, time, timeOf } from "./fields.js";
import { quoteDetails } from "./quote.js";

const amount = (value) => `${formatMicros(value)} ${currency()}`;
const price = (value) => `${formatMicros(value, decimalsOf(state.network.price_tick_micros))} ${currency()}`;

/** Asks whether to place `request`, and places it. Gives the order, or null. */
export function confirmPlace(request) {
  // One key for one question: pressing the button again never makes a second order.
  const key = idempotencyKey();
  const isBid = request.side === "bid";
  const starts = request.start_ms ?? now();
  const terms = facts([
    ["GPUs", `${request.gpus} × ${request.gpu_classes.join(", ")}`],
    [isBid ? "Run" : "Window", isBid ? duration(request.duration_ms)
      : `${span(starts, starts + request.duration_ms, now())} (${duration(request.duration_ms)})`],
    isBid && request.end_ms && ["Within", span(starts, request.end_ms, now())],
    [isBid ? "Limit" : "Price", `${price(request.price_micros)} per GPU-hour`],
    [isBid ? "Costs at most" : "Earns at most", amount(bound(request)), "strong"],
  ]);
  const outlook = h("div", { class: "outlook" });
  if (isBid) fillQuote(outlook, toQuote(request));
  else setChildren(outlook, h("p", { text: offerOutlook(request) }));
  return ask({
    title: isBid ? "Place this bid?" : "Place this offer?", action: isBid ? "Place bid" : "Place offer",
    kind: request.side, body: [terms, outlook],
    run: async () => {
      const order = await placeOrder(request, key);
      refresh("orders");
      refresh("book");
      return order;
    },
    done: (order) => [
      h("p", { class: "lead",
        text: `${isBid ? "Bid" : "Offer"} ${shortID(order.id)} is placed: ${words(order.state)}.` }),
      h("p", {}, "Where it stands is under ", h("a", { href: "#/orders", text: "Orders" }),
        isBid ? ", and its receipts under " : ", what is sold of it under ",
        isBid ? h("a", { href: "#/receipts", text: "Receipts" }) : h("a", { href: "#/capacity", text: "Capacity" }),
          "."),
    ],
  });
}

/** What an offer meets in the book. */
function offerOutlook(request) {
  const best = state.book.gpuClass === request.gpu_classes[0] ? state.book.best("bid") : null;
  const asks = state.book.gpuClass === request.gpu_classes[0] ? state.book.best("offer") : null;
  if (best !== null && micros(best) >= micros(request.price_micros)) {
    return `The best bid is ${price(best)}: the offer would be taken as far as its hours fit.`;
  }
  if (asks === null) return "It would be the only offer of this class.";
  const difference = micros(request.price_micros) - micros(asks);
  if (difference < 0n) return `It would be the cheapest offer; the next one asks ${price(asks)}.`;
  return difference === 0n ? `The best ask is ${price(asks)} too, and came earlier.`
    : `The best ask is ${price(asks)}, so those are taken first.`;
}

async function fillQuote(element, request) {
  setChildren(element, h("p", { class: "note", text: "Asking what it costs now…" }));
  try {
    setChildren(element, quoteDetails(await post("quote", request)));
  } catch (error) {
    setChildren(element, h("p", { class: "problem", text: explainQuestion(error) }));
  }
}

/** Asks whether to cancel `order`, and cancels it. */
export function confirmCancel(order) {
  const isBid = order.side === "bid";
  return ask({
    title: `Cancel ${order.side} ${shortID(order.id)}?`, action: `Cancel ${order.side}`, kind: "danger",
    body: [
      facts([
        ["Taken back", isBid
          ? `${plural(order.gpus_left, "GPU")} for ${duration(order.duration_ms)}`
            : `up to ${plural(order.gpus_left, "GPU")}`],
        [isBid ? "No longer spent" : "No longer earned", `at most ${amount(remainder(order))}`, "strong"],
      ]),
      h("p", { text: "What is traded of it stays traded, and what is proposed is still decided." }),
    ],
    run: async () => {
      const answer = await remove(`orders/${order.id}`);
      refresh("orders");
      return answer;
    },
  });
}

/** Lets a person change `order`, and says what that costs or earns. */
export function confirmAmend(order) {
  const isBid = order.side === "bid";
  const inputs = {
    gpus: number({ value: order.gpus }),
    price: number({ value: formatMicros(order.price_micros) }),
    end: time(), expiry: time(),
  };
  setTime(inputs.end, order.end_ms);
  const rows = {
    gpus: field("GPUs, those traded included", inputs.gpus),
    price: field(`${isBid ? "Limit" : "Price"}, ${currency()} per GPU-hour`, inputs.price),
    end: field(isBid ? "Finish by" : "Window ends", inputs.end, utc(order.end_ms)),
    expiry: field("Expires, if earlier", inputs.expiry, "Empty: as now."),
  };
  const effect = h("div", { class: "outlook", "aria-live": "polite" });
  const form = h("div", { class: "form-grid" }, Object.values(rows));
  let changes = {};
  let dialog = null;
  let timer = 0;
  const read = () => {
    const gpus = parseCount(inputs.gpus.value);
    const limit = parseMicros(inputs.price.value);
    const [end, expiry] = [timeOf(inputs.end), timeOf(inputs.expiry)];
    rows.gpus.error(gpus === null ? "A whole number, 1 or more." : "");
    rows.price.error(!limit ? "A price, such as 2.10." : "");
    changes = {};
    if (gpus !== null && gpus !== order.gpus) changes.gpus = gpus;
    if (limit && limit !== micros(order.price_micros)) changes.price_micros = limit;
    // The input has minutes only; what was not touched stays exact.
    if (end !== null && Math.floor(order.end_ms / 60_000) !== Math.floor(end / 60_000)) changes.end_ms = end;
    if (expiry !== null) changes.expiry_ms = expiry;
    const isReady = gpus !== null && Boolean(limit) && Object.keys(changes).length > 0;
    dialog?.enable(isReady);
    clearTimeout(timer);
    setChildren(effect, amendEffect(order, changes));
    if (isBid && isReady) {
      const quote = h("div");
      effect.append(quote);
      timer = setTimeout(() => fillQuote(quote, quoteOfOrder(order, changes)), 300);
    }
  };
  form.addEventListener("input", read);
  form.opened = (opened) => {
    dialog = opened;
    read();
    inputs.gpus.focus();
  };
  return ask({
    title: `Amend ${order.side} ${shortID(order.id)}`, action: "Amend", kind: order.side, body: [form, effect],
    run: async () => {
      const answer = await patch(`orders/${order.id}`, changes);
      refresh("orders");
      refresh("book");
      return answer;
    },
    done: (answer) => [h("p", {
      class: "lead",
      text: answer.kept_priority ? "Amended. The order kept its place in time."
        : "Amended. It is now the latest order at its price.",
    })],
  });
}

/** What a change costs or earns, and what it does to the order's place. */
function amendEffect(order, changes) {
  const isBid = order.side === "bid";
  if (Object.keys(changes).length === 0) return [h("p", { class: "note", text: "Change something." })];
  const gpus = changes.gpus ?? order.gpus;
  const end = changes.end_ms ?? order.end_ms;
  const length = isBid ? order.duration_ms : end - order.start_ms;
  const after = total(changes.price_micros ?? order.price_micros, gpus, length);
  const before = total(order.price_micros, order.gpus, isBid ? order.duration_ms : order.end_ms - order.start_ms);
  const isReduction = gpus <= order.gpus && end <= order.end_ms && changes.price_micros === undefined
    && (changes.expiry_ms ?? 0) <= order.expiry_ms;
  const line = h("p");
  setText(line, isReduction ? "It only shrinks, so it keeps its place in time."
    : "It becomes the latest order at its price.");
  return [
    facts([[isBid ? "The whole order costs at most" : "The whole order earns at most",
      `${amount(before)} → ${amount(after)}`, "strong"]]),
    line,
  ];
}
