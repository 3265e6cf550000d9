import { batches, matches } from "/js/lib/receipts.js";
import { EventParser } from "/js/lib/sse.js";
import { bytes, gpuHours, plural, words } from "/js/lib/text.js";
import { duration, inputValue, parseInput, span, utc, zone } from "/js/lib/time.js";
import { ruledOut, tradeReason, whySentence } from "/js/lib/reasons.js";
import { pauseBefore } from "/js/core/stream.js";
import { agreement, digestText, lag } from "/js/views/network.js";
import { load } from "/js/views/node.js";
import { latest } from "/js/panels/tape.js";
import { equal, generator, holds, test } from "./harness.js";

test("events are the same however the stream is cut", () => {
  const text = ": hello\n\nid: a-1\nevent: book\ndata: {\"x\":1}\n\nid: a-2\nevent: trades\r\ndata: one\r\n"
    + "data: two\r\n\r\ndata: plain\n\n:\n\nid: a-3\nevent: cut";
  const wanted = [
    { type: "book", data: '{"x":1}', id: "a-1" }, { type: "trades", data: "one\ntwo", id: "a-2" },
      { type: "message", data: "plain", id: "a-2" },
  ];
  equal(new EventParser().push(text), wanted);
  const random = generator(9);
  for (let round = 0; round < 200; round += 1) {
    const parser = new EventParser();
    const found = [];
    for (let at = 0; at < text.length;) {
      const end = at + 1 + Math.floor(random() * 9);
      found.push(...parser.push(text.slice(at, end)));
      at = end;
    }
    equal(found, wanted);
  }
});

test("an event without data is none, and unknown fields change nothing", () => {
  equal(new EventParser().push("event: book\nid: 1\nretry: 5\nfoo: bar\nbare\n\n"), []);
});

test("pauses before another attempt grow to a bound", () => {
  equal([1, 2, 3, 10].map(pauseBefore), [250, 500, 1000, 8000]);
});

test("lengths of time are said in their largest two units", () => {
  equal([0, 999, 1000, 61_000, 3_600_000, 12_600_000, 90_000_000, -5].map(duration),
    ["0 ms", "999 ms", "1 s", "1 min 1 s", "1 h", "3 h 30 min", "1 d 1 h", "0 ms"]);
});

test("times are shown in the viewer's zone and in UTC", () => {
  const at = Date.UTC(2026, 10, 26, 13, 0, 7);
  equal(utc(at), "2026-11-26 13:00:07 UTC");
  // The tests' browser is in Berlin.
  equal(zone(at), "UTC+1");
  equal(span(at, at + 4 * 3_600_000, at), "14:00 – 18:00");
  equal(span(at, at + 20_000, at), "14:00:07 – 14:00:27");
  equal(span(at, at + 86_400_000, at), "14:00 – Fri 27 Nov 14:00");
});

test("a time put into a field is read back to the minute", () => {
  const at = Date.UTC(2026, 10, 26, 13, 7);
  equal(inputValue(at), "2026-11-26T14:07");
  equal(parseInput(inputValue(at)), at);
  equal([parseInput(""), parseInput("nonsense")], [null, null]);
});

test("small texts", () => {
  equal([bytes(0), bytes(999), bytes(1_843_200), bytes(59_055_800_320)], ["0 B", "999 B", "1.8 MB", "59.1 GB"]);
  equal([gpuHours(0), gpuHours(1800), gpuHours(43_200), gpuHours(3_600_000 * 5)], ["0", "0.5", "12", "5,000"]);
  equal([plural(1, "entry", "entries"), plural(1200, "entry", "entries"), words("order_closed")],
    ["1 entry", "1,200 entries", "order closed"]);
});

test("a peer that made another book of the same entries differs; one with other entries is catching up", () => {
  const status = { entries: 100 };
  equal(agreement({ agrees: true }, status).kind, "same");
  equal(agreement({ agrees: false, book_digest: "ab", entries: 100 }, status).kind, "differs");
  equal(agreement({ book_digest: "ab", entries: 90 }, status), { kind: "catching", text: "catching up" });
  equal(agreement({ book_digest: "ab", entries: 110 }, status).text, "ahead of this node");
  equal(agreement({}, status).kind, "unknown");
  equal([lag({ entries: 90 }, status), lag({ entries: 100 }, status), lag({ entries: 101 }, status), lag({}, status)],
    ["10 entries behind", "none", "1 entry ahead", "–"]);
  equal(digestText("0123456789abcdef0123456789abcdef"), "0123 4567 89ab cdef 0123 4567");
});

test("a queue with a bound tells how full it is, and never more than full", () => {
  equal([load({ length: 5, bound: 10 }), load({ length: 50, bound: 10 }), load({ length: 5 })], [0.5, 1, null]);
});

test("the tape has settled trades, the latest first, of one class or of all", () => {
  const trades = [
    { id: "a", state: "settled", settled_ms: 1, gpu_class: "x" }, { id: "b", state: "proposed", gpu_class: "x" },
    { id: "c", state: "disputed", settled_ms: 3, gpu_class: "x" },
      { id: "d", state: "settled", settled_ms: 2, gpu_class: "y" },
  ];
  equal(latest(trades, "x").map(({ id }) => id), ["c", "a"]);
  equal(latest(trades, null, 2).map(({ id }) => id), ["c", "d"]);
});

test("receipts are found by every word of a search", () => {
  const receipt = { decoded: { trade: "abcd", offer: "11", bid: "22", provider: "dead", buyer: "beef",
    gpu_class: "h100-sxm-80g", currency: "USD", accepted_ms: Date.UTC(2026, 10, 26) } };
  equal(["", "ABC", "h100 beef", "2026-11-26", "h100 a100", "cafe"].map((query) => matches(receipt, query)),
    [true, true, true, true, false, false]);
});

test("lists are cut into bodies that fit, in order and without a loss", () => {
  const list = Array.from({ length: 100 }, (_, index) => ({ index, text: "x".repeat((index * 37) % 300) }));
  const runs = batches(list, 1000);
  equal(runs.flat(), list);
  for (const run of runs) holds(JSON.stringify(run).length <= 1000, "too long");
  equal(batches([], 10), []);
  equal(batches([{ long: "x".repeat(50) }], 10).length, 1);
});

test("every state of a trade has its reason", () => {
  const clock = () => "12:00";
  for (const state of ["proposed", "held", "settled", "disputed", "rejected", "released"]) {
    for (const purchase of [undefined, "ab"]) holds(tradeReason({ state, purchase }, clock).length > 5, state);
  }
});

test("why is told by the most frequent condition", () => {
  const why = { order: { side: "bid" }, counter_orders: 3, matching: 0, undecided: 0, conditions: [
    { condition: "price", ruled_out: 1 }, { condition: "gpu_class", ruled_out: 2 },
      { condition: "window", ruled_out: 0 }] };
  equal(whySentence(why), "None of 3 offers can be taken.");
  equal(ruledOut(why).map(({ count }) => count), [2, 1]);
  equal(whySentence({ ...why, counter_orders: 0 }), "There is no offer in the book.");
  equal(whySentence({ ...why, undecided: 1 }), "1 trade of it is not decided yet.");
});
