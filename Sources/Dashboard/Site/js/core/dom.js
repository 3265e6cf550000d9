// The document. Text from anywhere goes in as text, never as markup, and what has not changed is not written.

import { counters } from "./frames.js";

/**
 * Makes an element.
 *
 * @param name "div", or "svg:path" for SVG.
 * @param attributes `class`, `on…` for listeners, `text`, and attributes; null, undefined and false leave one out.
 */
export function h(name, attributes = {}, ...children) {
  const element = name.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") element.textContent = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets an element's text. */
export function setText(element, text) {
  const value = String(text ?? "");
  if (element.shown === value) return;
  element.shown = value;
  element.textContent = value;
  counters.writes += 1;
}

/** Sets an attribute, or takes it away with null or false. */
export function setAttribute(element, name, value) {
  const text = value === null || value === undefined || value === false ? null : value === true ? "" : String(value);
  if (element.getAttribute(name) === text) return;
  if (text === null) element.removeAttribute(name);
  else element.setAttribute(name, text);
  counters.writes += 1;
}

/** Sets a custom property of an element's style, which the policy of the page allows where an attribute is not. */
export function setProperty(element, name, value) {
  const text = String(value);
  element.properties ??= {};
  if (element.properties[name] === text) return;
  element.properties[name] = text;
  element.style.setProperty(name, text);
  counters.writes += 1;
}

/** Replaces an element's children. */
export function setChildren(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  counters.writes += 1;
}

/**
 * Rows of a container, one for each item, reused by key.
 *
 * @param make makes a row of an item: an element with `update(item)`.
 */
export function keyedRows(container, key, make) {
  const rows = new Map();
  return (items) => {
    const wanted = new Set();
    let previous = null;
    for (const item of items) {
      const name = key(item);
      wanted.add(name);
      let row = rows.get(name);
      if (!row) {
        row = make(item);
        rows.set(name, row);
      }
      row.update(item);
      const place = previous ? previous.nextSibling : container.firstChild;
      if (place !== row) {
        container.insertBefore(row, place);
        counters.writes += 1;
      }
      previous = row;
    }
    for (const [name, row] of rows) {
      if (wanted.has(name)) continue;
      row.remove();
      rows.delete(name);
      counters.writes += 1;
    }
  };
}

/** A fixed pool of rows, filled from the top; those without an item are hidden. */
export function pooledRows(container, count, make) {
  const rows = Array.from({ length: count }, () => make());
  container.append(...rows);
  return (items) => {
    rows.forEach((row, index) => {
      const item = items[index];
      setAttribute(row, "hidden", item === undefined);
      if (item !== undefined) row.update(item);
    });
  };
}

/** Gives an element a method `update`. */
export const updating = (element, update) => Object.assign(element, { update });
