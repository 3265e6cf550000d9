// Scales and ticks of charts. Pure: numbers in, numbers out.

/** Maps `[from, to]` onto `[low, high]`, linearly; an empty domain onto the middle. */
export function linear(from, to, low, high) {
  const length = to - from;
  if (!(length !== 0 && Number.isFinite(length))) return () => (low + high) / 2;
  const factor = (high - low) / length;
  return (value) => low + (value - from) * factor;
}

/** About `target` round numbers in `[from, to]`, ascending: multiples of 1, 2 or 5 times a power of ten. */
export function ticks(from, to, target = 5) {
  const length = to - from;
  if (!(length > 0) || target < 1) return Number.isFinite(from) ? [from] : [];
  const power = Math.floor(Math.log10(length / target));
  const residue = length / target / 10 ** power;
  const multiple = residue > 7.07 ? 10 : residue > 3.16 ? 5 : residue > 1.41 ? 2 : 1;
  // Below one, the step is a division, which keeps 0.3 from becoming 0.30000000000000004.
  const inverse = power < 0 ? 10 ** -power / multiple : 0;
  const step = multiple * 10 ** power;
  const first = Math.ceil(inverse ? from * inverse - 1e-9 : from / step - 1e-9);
  const last = Math.floor(inverse ? to * inverse + 1e-9 : to / step + 1e-9);
  const found = [];
  for (let index = first; index <= last; index += 1) found.push((inverse ? index / inverse : index * step) + 0);
  return found;
}

const MINUTE = 60_000;
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14400, 43200,
].map((minutes) => minutes * MINUTE);

/**
 * Times in `[from, to]` at which a clock in the viewer's zone shows something round, at most about `target` of them.
 *
 * @param offsetMs what the zone is ahead of UTC by.
 */
export function timeTicks(from, to, target, offsetMs = 0) {
  if (!(to > from)) return [];
  const step = STEPS.find((length) => (to - from) / length <= target) ?? STEPS[STEPS.length - 1];
  const found = [];
  for (let at = Math.ceil((from + offsetMs) / step) * step - offsetMs; at <= to; at += step) found.push(at);
  return found;
}

/** The least and greatest of `values`, widened by `padding` of their distance; null for none. */
export function extent(values, padding = 0) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return null;
  const margin = high > low ? (high - low) * padding : Math.abs(low) * 0.05 || 1;
  return [low - margin, high + margin];
}
