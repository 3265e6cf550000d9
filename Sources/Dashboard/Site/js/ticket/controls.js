// The ticket's fields.

import { h } from "../core/dom.js";
import { DAY, HOUR, MINUTE } from "../lib/time.js";
import { check, field, number, select, time, word } from "./fields.js";

/** Units of a length of time, in milliseconds. */
export const UNITS = [[HOUR, "hours"], [MINUTE, "minutes"], [DAY, "days"]];
const LIFETIMES = [
  ["", "until filled or too late"], ["gtt", "until a time"], ["ioc", "at once, the rest is cancelled"],
  ["fok", "all at once, or nothing"],
];
const LINKS = [["", "any"], ["pcie", "PCIe"], ["nvlink", "NVLink"], ["infiniband", "InfiniBand"]];

/** The inputs by their names in a draft. */
function makeInputs() {
  return {
    gpus: number({ name: "gpus", placeholder: "8" }),
    price: number({ name: "price", placeholder: "2.10" }),
    length: number({ name: "length", placeholder: "3" }),
    unit: select(UNITS, { name: "unit", "aria-label": "Unit" }),
    start: time({ name: "start" }),
    end: time({ name: "end" }),
    accepts: word({ name: "accepts", placeholder: "h100-nvl-94g, or any" }),
    minimumGpus: number({ name: "minimumGpus" }),
    minimumLength: number({ name: "minimumLength" }),
    region: word({ name: "region", placeholder: "EU, NA-US" }),
    interconnect: select(LINKS, { name: "interconnect" }),
    vramGiB: number({ name: "vramGiB" }),
    watts: number({ name: "watts" }),
    carbon: number({ name: "carbon" }),
    trades: number({ name: "trades" }),
    failures: number({ name: "failures" }),
    timeInForce: select(LIFETIMES, { name: "timeInForce" }),
    expiry: time({ name: "expiry" }),
  };
}

/** `{inputs, rows, checks}`: what a person fills in, each with its label. */
export function makeControls() {
  const inputs = makeInputs();
  const rows = {
    gpus: field("GPUs", inputs.gpus),
    price: field("Price", inputs.price),
    length: lengthField(inputs),
    start: field("From", inputs.start, "Empty: now."),
    end: field("Finish by", inputs.end, "Empty: within a day."),
    accepts: field("Also accept", inputs.accepts, "Other classes, with commas."),
    minimumGpus: field("Smallest piece, GPUs", inputs.minimumGpus),
    minimumLength: field("Shortest lease", inputs.minimumLength, "In the unit above."),
    region: field("Region", inputs.region),
    interconnect: field("Interconnect", inputs.interconnect),
    vramGiB: field("VRAM at least, GiB", inputs.vramGiB),
    watts: field("Watts", inputs.watts),
    carbon: field("Grams of CO2 per kWh", inputs.carbon),
    trades: field("Provider settled at least", inputs.trades, "Trades."),
    failures: field("Provider failed at most, %", inputs.failures),
    timeInForce: field("Open", inputs.timeInForce),
    expiry: field("Expires", inputs.expiry),
  };
  const checks = {
    split: check("Split over several providers", "split", "All pieces are bought in one purchase, or none is"),
    allOrNone: check("All or none", "allOrNone", "All is traded at once, or nothing is"),
    postOnly: check("Post only", "postOnly", "Only waits to be taken"),
  };
  return { inputs, rows, checks };
}

/** A length of time with its unit. */
function lengthField({ length, unit }) {
  const row = field("Run for", length);
  row.insertBefore(h("div", { class: "joined" }, length, unit), row.lastChild);
  return row;
}
