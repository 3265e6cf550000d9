// SVG path data. A series is one path, whatever its length, so that the document does not grow with the data.

const text = (value) => (Math.round(value * 10) / 10).toString();

/** A line through points `[x, y]`; a point without y begins a new one. */
export function line(points) {
  let path = "";
  let isOpen = false;
  for (const [x, y] of points) {
    if (y === null || y === undefined) {
      isOpen = false;
      continue;
    }
    path += `${isOpen ? "L" : "M"}${text(x)} ${text(y)}`;
    isOpen = true;
  }
  return path;
}

/**
 * A staircase over segments `{x0, x1, y}`; a segment without y is a gap.
 *
 * @param base where given, each run is closed down to this y: an area.
 */
export function steps(segments, base = null) {
  let path = "";
  let end = null;
  const close = () => {
    if (end !== null && base !== null) path += `V${text(base)}Z`;
    end = null;
  };
  for (const { x0, x1, y } of segments) {
    if (y === null || y === undefined) {
      close();
      continue;
    }
    if (end === null) {
      path += base === null ? `M${text(x0)} ${text(y)}` : `M${text(x0)} ${text(base)}V${text(y)}`;
    } else {
      path += `V${text(y)}`;
    }
    path += `H${text(x1)}`;
    end = x1;
  }
  close();
  return path;
}

/** Rectangles `{x, y, width, height}`. */
export function boxes(rectangles) {
  let path = "";
  for (const { x, y, width, height } of rectangles) {
    path += `M${text(x)} ${text(y)}h${text(width)}v${text(height)}h${text(-width)}Z`;
  }
  return path;
}

/** Upright strokes `{x, y0, y1}`. */
export function strokes(lines) {
  let path = "";
  for (const { x, y0, y1 } of lines) path += `M${text(x)} ${text(y0)}V${text(y1)}`;
  return path;
}

/**
 * At most four points for each column of pixels of a long line: the first, the lowest, the highest and the last in it.
 * What is drawn is the same to the pixel. Points are `[x, y]`, ascending in x.
 */
export function thin(points, columns) {
  if (points.length <= columns * 4) return points;
  const kept = [];
  let index = 0;
  while (index < points.length) {
    const column = Math.floor(points[index][0]);
    let [low, high, last] = [index, index, index];
    for (let next = index; next < points.length && Math.floor(points[next][0]) === column; next += 1) {
      if (points[next][1] < points[low][1]) low = next;
      if (points[next][1] > points[high][1]) high = next;
      last = next;
    }
    for (const at of [...new Set([index, low, high, last])].sort((a, b) => a - b)) kept.push(points[at]);
    index = last + 1;
  }
  return kept;
}
