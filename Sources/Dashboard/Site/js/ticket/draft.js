// From what a person typed to the request that the node understands. Pure; the node has the last word on every rule.

import { decimalsOf, formatMicros, micros, parseMicros, total } from "../lib/money.js";

/** What a field says that is left alone. */
export const blank = {
  side: "bid", gpuClass: "", accepts: [], gpus: "", price: "", length: "", unit: 3_600_000, start: null, end: null,
  split: false, minimumGpus: "", minimumLength: "", region: "", interconnect: "", vramGiB: "", watts: "", carbon: "",
  trades: "", failures: "", timeInForce: "", expiry: null, postOnly: false, allOrNone: false,
};

/** A positive whole number that a person typed; null when it is not one. */
export function parseCount(text) {
  return /^\d{1,9}$/.test(text.trim()) && Number(text) > 0 ? Number(text) : null;
}

/** A length of time in milliseconds: a positive decimal, in units of `unit` milliseconds; null when it is not one. */
export function parseLength(text, unit) {
  const value = text.trim();
  if (!/^\d{1,6}(\.\d{1,4})?$/.test(value)) return null;
  return Math.round(Number(value) * unit) || null;
}

/**
 * The request of a draft.
 *
 * @returns `{request, errors}`: errors by field, as sentences; with any, the request is not to be sent.
 */
export function toRequest(draft, network) {
  const errors = {};
  const isBid = draft.side === "bid";
  const request = { side: draft.side, gpu_classes: isBid ? classesOf(draft) : [draft.gpuClass] };
  const number = (field, name, out = request) => {
    if (draft[field].trim() === "") return;
    const value = parseCount(draft[field]);
    if (value === null) errors[field] = "A whole number, 1 or more.";
    else out[name] = value;
  };

  request.gpus = parseCount(draft.gpus);
  if (request.gpus === null) errors.gpus = "How many GPUs: a whole number, 1 or more.";
  else if (request.gpus % network.lot_gpus !== 0) errors.gpus = `A multiple of ${network.lot_gpus}.`;

  const price = parseMicros(draft.price);
  const tick = micros(network.price_tick_micros);
  if (price === null || price === 0n) errors.price = "A price per GPU-hour, such as 2.10.";
  else if (price % tick !== 0n) errors.price = `A multiple of ${formatMicros(tick, decimalsOf(tick))}.`;
  else request.price_micros = price;

  const length = parseLength(draft.length, draft.unit);
  if (length === null) errors.length = "How long: a number, such as 3 or 1.5.";
  else request.duration_ms = length;
  if (draft.start !== null) request.start_ms = draft.start;
  if (isBid && draft.end !== null) {
    request.end_ms = draft.end;
    if (draft.start !== null && length !== null && draft.end - draft.start < length) {
      errors.end = "The window is shorter than the run.";
    }
  }

  number("minimumGpus", "minimum_gpus");
  if (draft.timeInForce) request.time_in_force = draft.timeInForce;
  if (draft.timeInForce === "gtt") {
    if (draft.expiry === null) errors.expiry = "When the order expires.";
    else request.expiry_ms = draft.expiry;
  }
  if (draft.postOnly) request.post_only = true;
  if (draft.allOrNone) request.all_or_none = true;
  if (isBid) addDemands(draft, request, number, errors);
  else addAttributes(draft, request, number, errors);
  return { request, errors };
}

/** The classes that a bid accepts: the one shown and others, or any. */
function classesOf({ gpuClass, accepts }) {
  return accepts.includes("any") ? ["any"] : [gpuClass, ...accepts.filter((id) => id !== gpuClass)];
}

function addDemands(draft, request, number, errors) {
  if (draft.split) request.split = true;
  const demands = {};
  const regions = draft.region.split(/[\s,]+/).filter(Boolean).map((region) => region.toUpperCase());
  if (regions.length > 0) demands.regions = regions;
  if (draft.interconnect) demands.interconnect = draft.interconnect;
  number("vramGiB", "minimum_vram_mib", demands);
  if (demands.minimum_vram_mib) demands.minimum_vram_mib *= 1024;
  number("watts", "maximum_watts_per_gpu", demands);
  number("carbon", "maximum_gco2_per_kwh", demands);
  number("trades", "minimum_settled_trades", demands);
  if (draft.failures.trim() !== "") {
    const percent = Number(draft.failures);
    if (Number.isInteger(percent) && percent >= 0 && percent <= 100) demands.maximum_failure_percent = percent;
    else errors.failures = "A whole number from 0 to 100.";
  }
  if (Object.keys(demands).length > 0) request.requirements = demands;
}

function addAttributes(draft, request, number, errors) {
  const attributes = {};
  if (draft.region.trim()) attributes.region = draft.region.trim().toUpperCase();
  if (draft.interconnect) attributes.interconnect = draft.interconnect;
  number("watts", "watts_per_gpu", attributes);
  number("carbon", "gco2_per_kwh", attributes);
  if (Object.keys(attributes).length > 0) request.attributes = attributes;
  if (draft.minimumLength.trim() !== "") {
    const shortest = parseLength(draft.minimumLength, draft.unit);
    if (shortest === null) errors.minimumLength = "A number, such as 1.";
    else request.minimum_ms = shortest;
  }
}

/** The request of `POST /v1/quote` for a bid's request. */
export function toQuote(request, withPrice = true) {
  const names = [
    "gpu_classes", "gpus", "duration_ms", "start_ms", "end_ms", "within_ms", "minimum_gpus", "all_or_none", "split",
    "requirements",
  ];
  if (withPrice) names.push("price_micros");
  return Object.fromEntries(names.filter((name) => request[name] !== undefined).map((name) => [name, request[name]]));
}

/** What a request costs or earns at most: at its limit, all of it, for as long as it says. */
export const bound = (request) => total(request.price_micros, request.gpus, request.duration_ms);

/** The request to price a bid that stands in the book with other terms. */
export function quoteOfOrder(order, changes) {
  const left = order.gpus_left + ((changes.gpus ?? order.gpus) - order.gpus);
  const request = {
    gpu_classes: order.gpu_classes, gpus: Math.max(1, left), duration_ms: order.duration_ms,
    price_micros: changes.price_micros ?? order.price_micros, requirements: order.requirements,
    all_or_none: order.all_or_none, end_ms: changes.end_ms ?? order.end_ms,
  };
  if (order.start_ms > Date.now()) request.start_ms = order.start_ms;
  if (order.minimum_gpus < order.gpus) {
    request.minimum_gpus = Math.min(order.minimum_gpus, request.gpus);
  }
  return toQuote(request);
}

/** What is left of an order costs or earns at most, at its price. */
export function remainder(order) {
  if (order.side === "bid") return total(order.price_micros, order.gpus_left, order.duration_ms);
  return total(order.price_micros, 1, (order.gpu_seconds_left ?? 0) * 1000);
}
