// Tests of the page's modules, in the browser that runs them.

const tests = [];

/** Registers a test; its name is the sentence that must hold. */
export const test = (name, body) => tests.push({ name, body });

const shown = (value) => JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}n` : item));

/** Fails unless the two values are equal, deeply. */
export function equal(found, wanted, what = "") {
  if (shown(found) !== shown(wanted)) throw new Error(`${what} is ${shown(found)}, wanted ${shown(wanted)}`);
}

/** Fails unless `condition` holds. */
export function holds(condition, what) {
  if (!condition) throw new Error(what);
}

/** Runs all tests: `{name, error}` of each. */
export async function run() {
  const results = [];
  for (const { name, body } of tests) {
    let error = null;
    try {
      await body();
    } catch (thrown) {
      error = String(thrown?.stack ?? thrown);
    }
    results.push({ name, error });
  }
  return results;
}

/** A generator of numbers in [0, 1) that gives the same ones for the same seed (SplitMix32). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let value = state ^ (state >>> 16);
    value = Math.imul(value, 0x21f0aaad);
    value ^= value >>> 15;
    value = Math.imul(value, 0x735a2d97);
    return ((value ^ (value >>> 15)) >>> 0) / 2 ** 32;
  };
}
