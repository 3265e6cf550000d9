// The node: its feed, its queues, its rates, its disk.

import { h, keyedRows, setAttribute, setText } from "../core/dom.js";
import { state } from "../core/state.js";
import { spark } from "../charts/spark.js";
import { bytes, count, plural, words } from "../lib/text.js";
import { clockWithSeconds, duration, utc } from "../lib/time.js";
import { onView, panel } from "../panels/ui.js";

/** How much of a bound is used, from 0 to 1; null without a bound. */
export const load = ({ length, bound }) => (bound ? Math.min(1, length / bound) : null);

/** What can be listed of a status: `[term, value, title]`. */
export function factsOf(status) {
  const pruned = status.pruned_entries ? `, ${count(status.pruned_entries)} of them pruned` : "";
  return {
    feed: [
      ["Head of the own feed", `entry ${count(status.own_sequence)}`],
      ["Feeds known", count(status.feeds)],
      ["Entries", `${count(status.entries)}${pruned}`],
      ["Frozen feeds", count(status.frozen_feeds)],
      ["Book digest", status.book_digest.slice(0, 24).replace(/(.{4})(?=.)/g, "$1 "), status.book_digest],
      ["Book time", clockWithSeconds(status.book_time_ms), utc(status.book_time_ms)],
      ["Open orders in the book", count(status.orders)],
      ["Trades settled", `${count(status.trades)}, ${count(status.own_trades)} of them own`],
      ["Undecided", count(status.undecided)],
    ],
    node: [
      ["State", status.state],
      ["Version", status.version],
      ["Up for", duration(status.uptime_ms)],
      ["Listens on", status.listen ?? "nothing: it only dials"],
      ["Peers", count(status.peers)],
      ["Node id", status.node.slice(0, 24).replace(/(.{4})(?=.)/g, "$1 "), status.node],
      ["Network id", status.network.slice(0, 24).replace(/(.{4})(?=.)/g, "$1 "), status.network],
      ["Took over from", (status.predecessors ?? []).length ? plural(status.predecessors.length, "earlier key")
        : "no other key"],
    ],
    disk: [
      ["Store", status.disk ? bytes(status.disk.store_bytes) : "not reported"],
      ["Free", status.disk?.free_bytes !== undefined ? bytes(status.disk.free_bytes) : "not reported"],
      ["Memory", status.resident_bytes !== undefined ? bytes(status.resident_bytes) : "not reported"],
    ],
  };
}

export function nodeView() {
  const trouble = h("p", { class: "problem", role: "alert", hidden: true });
  const lists = Object.fromEntries(["node", "feed", "disk"].map((name) => [name, factList()]));
  const rates = h("div", { class: "rates" });
  const rateRows = keyedRows(rates, (rate) => rate.name, ({ name }) => {
    const value = h("b");
    const picture = spark(words(name));
    const line = h("div", { class: "rate" }, h("span", { text: words(name.replace(/_per_second$/, "")) }), picture,
      value);
    line.update = ({ values }) => {
      const last = values.at(-1);
      setText(value, `${last >= 100 ? count(Math.round(last)) : Math.round(last * 10) / 10} /s`);
      picture.update(values);
    };
    return line;
  });
  const queues = h("div", { class: "queues" });
  const queueRows = keyedRows(queues, (queue) => queue.name, ({ name }) => {
    const meter = h("meter",
      { min: 0, max: 1, low: 0.5, high: 0.8, optimum: 0, "aria-label": `${words(name)}: how full` });
    const value = h("b");
    const note = h("span", { class: "note" });
    const line = h("div", { class: "queue" }, h("span", { text: words(name) }), meter, value, note);
    // A queue of bytes says so in its name.
    const amount = /bytes/.test(name) ? bytes : count;
    line.update = (queue) => {
      const share = load(queue);
      setAttribute(meter, "hidden", share === null);
      setAttribute(meter, "value", share?.toFixed(3) ?? 0);
      setText(value, amount(queue.length));
      setText(note, [queue.bound ? `of ${amount(queue.bound)}` : "", queue.dropped ? `${count(queue.dropped)} dropped`
        : ""].filter(Boolean).join(", "));
      setAttribute(note, "data-failed", Boolean(queue.dropped));
    };
    return line;
  });
  const noQueues = h("p", { class: "empty-line", text: "This node reports no queues." });
  const noRates = h("p", { class: "empty-line", text: "This node reports no rates." });
  onView("node", ["status", "network"], () => {
    const { status } = state;
    if (!status) return;
    const facts = factsOf(status);
    for (const [name, list] of Object.entries(lists)) list.update(facts[name]);
    setText(trouble, status.trouble ?? "");
    setAttribute(trouble, "hidden", !status.trouble);
    const names = Object.keys(status.rates ?? {}).sort();
    rateRows(names.map((name) => ({ name, values: state.history.map((past) => past.rates?.[name] ?? 0) })));
    setAttribute(noRates, "hidden", names.length > 0);
    queueRows(status.queues ?? []);
    setAttribute(noQueues, "hidden", (status.queues ?? []).length > 0);
  });
  return h("div", { class: "node-grid" }, trouble,
    panel("Node", {}, lists.node.element), panel("Feed and book", {}, lists.feed.element),
    h("div", { class: "stack" }, panel("Rates", {}, rates, noRates), panel("Disk and memory", {}, lists.disk.element)),
    panel("Queues", {}, queues, noQueues));
}

const DIGESTS = new Set(["Book digest", "Node id", "Network id"]);

function factList() {
  const element = h("dl", { class: "facts wide" });
  const rows = keyedRows(element, ([term]) => term, ([term]) => {
    const value = h("dd", { class: DIGESTS.has(term) ? "digest" : "" });
    const line = h("div", {}, h("dt", { text: term }), value);
    line.update = ([, text, title]) => {
      setText(value, text);
      setAttribute(value, "title", title ?? null);
    };
    return line;
  });
  return { element, update: rows };
}

