// JSON of the API, without a loss where an integer is longer than a double holds.

// In JSON only a name stands between quotation marks before a colon, so this touches no text.
const longMoney = /("[a-z_]+_micros":)(-?\d{16,})/g;

/** Decodes a document. A `_micros` field of 16 digits or more becomes its digits, for `micros`. */
export const decode = (text) => JSON.parse(text.replace(longMoney, '$1"$2"'));

/** Encodes a request. A BigInt, which only a `_micros` field has, becomes a number of all its digits. */
export function encode(value) {
  const text = JSON.stringify(value, (_, item) => (typeof item === "bigint" ? item.toString() : item));
  return text.replace(/("[a-z_]+_micros":)"(-?\d+)"/g, "$1$2");
}
