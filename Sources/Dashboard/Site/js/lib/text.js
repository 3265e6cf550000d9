// Small texts: counts, ids, sizes.

const counts = new Intl.NumberFormat("en-US");

/** 12,345 */
export const count = (value) => counts.format(value);

/** "1 offer", "3 offers". */
export const plural = (value, noun, many = noun + "s") => `${count(value)} ${value === 1 ? noun : many}`;

/** The first digits of an id: enough for a person to tell it from others. */
export const shortID = (id, digits = 8) => id.slice(0, digits);

/** A size in bytes: 1.8 MB, 59 GB; decimal, as disks are sold. */
export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let power = 0;
  let size = value;
  while (size >= 1000 && power < units.length - 1) {
    size /= 1000;
    power += 1;
  }
  return `${power === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[power]}`;
}

/** GPU-hours out of GPU-seconds: 0.5, 12, 1,234. */
export function gpuHours(gpuSeconds) {
  const hours = gpuSeconds / 3600;
  return hours !== 0 && hours < 10 ? String(Math.round(hours * 10) / 10) : count(Math.round(hours));
}

/** Spells out a name of the API: `order_closed` is "order closed". */
export const words = (name) => name.replaceAll("_", " ").replaceAll("-", " ");
