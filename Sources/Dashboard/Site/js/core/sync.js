// Keeps the state true: fetches documents, and takes events.
//
// An event carries a whole document, never a difference, so that taking one twice or late changes nothing for long.
// What comes while the document that it belongs to is being fetched waits: the answer may be the older of the two.

import { Book } from "../lib/book.js";
import { decode } from "../lib/json.js";
import { SessionEnded, Unreachable, get } from "./api.js";
import { mark } from "./frames.js";
import { now, state } from "./state.js";
import { Stream } from "./stream.js";

/** Orders of each side that are fetched of a class. */
const BOOK_LIMIT = 10_000;
/** Trades of others that are kept. */
const OTHERS_TRADES = 5000;
/** The latest own trades and receipts that are fetched. */
const OWN_TRADES = 10_000;
const HISTORY = 240;
const CANDLES = 160;

/** What is fetched again at most so often when events say that it has changed, in milliseconds. */
const PACE = { summaries: 2000, index: 3000, candles: 1500, receipts: 1500, peers: 1000, proofs: 1000 };
/** Owners fall silent, slots pass and the index is of the last whole minute, all without an event. */
const MINUTE_MS = 60_000;

const fetches = {
  network: async () => {
    state.network = await get("network");
    // The address may name any.
    if (!isClass(state.gpuClass)) state.gpuClass = state.network.gpu_classes[0]?.id ?? null;
  },
  status: async () => takeStatus(await get("status")),
  summaries: async () => {
    state.summaries = await get("book");
  },
  index: async () => {
    state.index = new Map((await get("index")).map((value) => [value.gpu_class, value]));
  },
  book: async () => {
    const gpuClass = state.gpuClass;
    const document = await get("book", { gpu_class: gpuClass, limit: BOOK_LIMIT });
    if (gpuClass === state.gpuClass) state.book = Book.from(document);
  },
  candles: async () => {
    const { gpuClass, interval } = state;
    const parameters = { gpu_class: gpuClass, interval_ms: interval, count: CANDLES };
    const [candles, series] = await Promise.all([get("candles", parameters), get("index", parameters)]);
    if (gpuClass !== state.gpuClass || interval !== state.interval) return;
    state.candles = candles;
    state.series = series;
  },
  orders: async () => {
    state.orders = new Map((await get("orders", { scope: "mine" })).map((order) => [order.id, order]));
  },
  trades: async () => {
    const [all, mine] = await Promise.all([
      get("trades", { scope: "all", limit: OTHERS_TRADES }),
      get("trades", { scope: "mine", limit: OWN_TRADES }),
    ]);
    state.trades = new Map([...all, ...mine].map((trade) => [trade.id, trade]));
    forgetTrades();
  },
  receipts: async () => {
    state.receipts = await get("receipts", { scope: "mine", limit: OWN_TRADES });
  },
  peers: async () => {
    state.peers = await get("peers");
  },
  proofs: async () => {
    state.proofs = await get("proofs");
  },
};

/** Topics being fetched: what waits for the answer, and whether it must be fetched once more. */
const pending = new Map();
const timers = new Map();
/** Topics whose last fetch failed. */
const missed = new Set();

/** Fetches the document of `topic`. One that is being fetched already is fetched once more afterwards. */
export async function refresh(topic) {
  const running = pending.get(topic);
  if (running) {
    running.again = true;
    return running.promise;
  }
  const entry = { events: [], again: false, promise: null };
  pending.set(topic, entry);
  entry.promise = (async () => {
    do {
      entry.again = false;
      try {
        await fetches[topic]();
        state.failures.delete(topic);
        state.loaded.add(topic);
        missed.delete(topic);
      } catch (error) {
        if (error instanceof SessionEnded) setPhase("ended");
        missed.add(topic);
        // A broken connection is told once, for the whole page.
        if (!(error instanceof Unreachable)) state.failures.set(topic, error.message);
      }
    } while (entry.again);
    pending.delete(topic);
    for (const take of entry.events) take();
    mark(topic);
  })();
  return entry.promise;
}

/** Fetches `topic` when its pace allows. */
function refreshSoon(topic) {
  if (timers.has(topic)) return;
  timers.set(topic, setTimeout(() => {
    timers.delete(topic);
    refresh(topic);
  }, PACE[topic]));
}

/** Takes an event's document at once, or behind the answer that is on its way. */
function take(topic, change) {
  const running = pending.get(topic);
  if (running) running.events.push(change);
  else change();
  mark(topic);
}

/** Everything anew, as at the beginning and when events were missed. */
async function refreshAll() {
  if (!state.network) await refresh("network");
  const topics = ["status", "orders", "trades", "summaries", "index", "receipts", "peers", "proofs"];
  if (state.gpuClass) topics.push("book", "candles");
  await Promise.all(topics.map(refresh));
}

/** Shows another class, or the same in another interval. */
export function showClass(gpuClass, interval = state.interval) {
  if (state.network && !isClass(gpuClass)) return;
  const isOther = gpuClass !== state.gpuClass;
  if (!isOther && interval === state.interval) return;
  state.gpuClass = gpuClass;
  state.interval = interval;
  state.candles = [];
  state.series = [];
  state.loaded.delete("candles");
  if (isOther) {
    state.book = new Book(gpuClass);
    state.loaded.delete("book");
    if (state.network) refresh("book");
  }
  if (state.network) refresh("candles");
  mark("class", "book", "candles");
}

const handlers = {
  reset: () => {
    refreshAll();
  },
  book: (change) => {
    refreshSoon("summaries");
    if (change.gpu_class !== state.gpuClass) return;
    take("book", () => {
      if (change.gpu_class !== state.book.gpuClass) return;
      if (change.order) state.book.put(change.order);
      else state.book.drop(change.gone);
    });
  },
  trades: (trade) => {
    take("trades", () => {
      state.trades.set(trade.id, trade);
      forgetTrades();
    });
    if (trade.state !== "settled") return;
    refreshSoon("index");
    if (trade.gpu_class === state.gpuClass) refreshSoon("candles");
    if (trade.role !== "observer") refreshSoon("receipts");
  },
  orders: (order) => take("orders", () => state.orders.set(order.id, order)),
  peers: () => {
    refreshSoon("peers");
    refreshSoon("proofs");
  },
  status: (status) => take("status", () => takeStatus(status)),
};

/** Takes an event of the stream. One of a kind that this page does not know changes nothing. */
export function takeEvent({ type, data }) {
  handlers[type]?.(decode(data));
}

function takeStatus(status) {
  const frozen = state.status?.frozen_feeds;
  state.status = status;
  state.clockSkew = Math.abs(status.time_ms - Date.now()) > 2000 ? status.time_ms - Date.now() : 0;
  state.history.push(status);
  if (state.history.length > HISTORY) state.history.shift();
  if (frozen !== undefined && frozen !== status.frozen_feeds) refreshSoon("proofs");
  // How far peers lag behind changes with every entry.
  if (state.view === "network") refreshSoon("peers");
}

const isClass = (name) => state.network.gpu_classes.some((known) => known.id === name);

/** Forgets the oldest of others' trades when there are far too many. */
function forgetTrades() {
  if (state.trades.size < (OTHERS_TRADES + OWN_TRADES) * 1.2) return;
  const others = [...state.trades.values()].filter((trade) => trade.role === "observer");
  others.sort((a, b) => (b.settled_ms ?? b.deadline_ms) - (a.settled_ms ?? a.deadline_ms));
  for (const trade of others.slice(OTHERS_TRADES)) state.trades.delete(trade.id);
}

function setPhase(phase) {
  if (state.phase === phase) return;
  state.phase = phase;
  state.phaseSince = Date.now();
  state.wasLive ||= phase === "live";
  mark("phase");
  if (phase === "live") for (const topic of missed) refresh(topic);
}

/** How long a page that nobody sees keeps its connection: a browser has few of them for one node. */
const UNSEEN_MS = 60_000;

/** Begins, and never ends. */
export function start() {
  const stream = new Stream({ event: takeEvent, phase: setPhase });
  stream.open();
  setInterval(() => {
    state.book.expire(now());
    mark("second");
  }, 1000);
  setInterval(() => {
    if (state.phase !== "live" || !state.gpuClass) return;
    for (const topic of ["book", "index", "candles"]) refresh(topic);
  }, MINUTE_MS);
  let unseen = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(unseen);
    if (document.hidden) unseen = setTimeout(() => stream.close(), UNSEEN_MS);
    else if (!stream.current) stream.open();
  });
}
