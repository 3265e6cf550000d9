// Money: integers of micro-units, millionths of the currency's unit. Sums are BigInt, so that none is rounded.

const UNIT = 1_000_000n;
const HOUR_MS = 3_600_000n;

/** The value of a `_micros` field, which `decode` leaves as a number or as digits, as a BigInt. */
export function micros(value) {
  return typeof value === "bigint" ? value : BigInt(value);
}

/** How many decimals show every multiple of a price tick: at least 2, at most 6. */
export function decimalsOf(tickMicros) {
  let tick = micros(tickMicros);
  let decimals = 6;
  while (decimals > 2 && tick % 10n === 0n) {
    tick /= 10n;
    decimals -= 1;
  }
  return decimals;
}

/**
 * An amount in units, exact: thousands with commas, at least `decimals` decimals and more only if they are no zeros.
 */
export function formatMicros(value, decimals = 2) {
  const amount = micros(value);
  const magnitude = amount < 0n ? -amount : amount;
  const whole = (magnitude / UNIT).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  let fraction = (magnitude % UNIT).toString().padStart(6, "0");
  while (fraction.length > decimals && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
  return `${amount < 0n ? "−" : ""}${whole}${fraction ? "." + fraction : ""}`;
}

/** An amount to the nearest multiple of 10^-decimals, for axes and sums where more digits would only be noise. */
export function roundMicros(value, decimals = 2) {
  const step = 10n ** BigInt(6 - decimals);
  const amount = micros(value);
  const half = amount < 0n ? -step / 2n : step / 2n;
  return formatMicros(((amount + half) / step) * step, decimals);
}

/** The micro-units of a decimal that a person typed, such as "2.10"; null when it is not one or is too fine. */
export function parseMicros(text) {
  // A comma separates thousands and nothing else: "2,10" is no price, least of all 210.
  const match = /^(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d{1,6}))?$/.exec(text.trim());
  if (!match) return null;
  return BigInt(match[1].replaceAll(",", "")) * UNIT + BigInt((match[2] ?? "").padEnd(6, "0"));
}

/** What a lease costs: price × GPUs × time, rounded up to a micro-unit, as the protocol has it. */
export function total(priceMicros, gpus, spanMs) {
  const product = micros(priceMicros) * BigInt(gpus) * BigInt(spanMs);
  return product <= 0n ? 0n : (product + HOUR_MS - 1n) / HOUR_MS;
}
