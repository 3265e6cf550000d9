// All that the page knows, in one place. Only `sync.js` and `router.js` change it, and say so with `mark`.

import { Book } from "../lib/book.js";

/**
 * | field | topic | what |
 * |---|---|---|
 * | `phase` | `phase` | "connecting", "live", "lost" or "ended" |
 * | `view`, `gpuClass` | `view`, `class` | what is shown |
 * | `network`, `status`, `history` | `network`, `status` | the market, the node, and what it reported lately |
 * | `summaries`, `index` | `summaries`, `index` | each class at a glance, and its spot index |
 * | `book` | `book` | the open orders of the class shown |
 * | `candles`, `series` | `candles` | trades and index of the class shown, by interval |
 * | `orders`, `trades` | `orders`, `trades` | own orders; trades, own and lately others' |
 * | `receipts`, `peers`, `proofs` | the same | |
 */
export const state = {
  phase: "connecting",
  phaseSince: Date.now(),
  /** Whether this page has been live. */
  wasLive: false,
  /** Of the node's clock less this machine's. */
  clockSkew: 0,
  view: "market",
  gpuClass: null,
  network: null,
  status: null,
  history: [],
  summaries: [],
  index: new Map(),
  book: new Book(null),
  interval: 300_000,
  candles: [],
  series: [],
  orders: new Map(),
  trades: new Map(),
  receipts: [],
  peers: [],
  proofs: [],
  /** What could not be fetched, by its topic, as text. */
  failures: new Map(),
  /** Topics that have been fetched at least once. */
  loaded: new Set(),
};

/** The node's time now. */
export const now = () => Date.now() + state.clockSkew;

/** The currency's code. */
export const currency = () => state.network?.currency ?? "";
