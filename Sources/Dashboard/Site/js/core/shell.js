// What surrounds the views: the bar above, the message about the connection, help.

import { h, setAttribute, setChildren, setText } from "./dom.js";
import { onFrame } from "./frames.js";
import { go, link, views } from "./router.js";
import { now, state } from "./state.js";
import { clockWithSeconds, duration, utcClock, zone } from "../lib/time.js";
import { shortID } from "../lib/text.js";
import { ask } from "../ticket/dialog.js";
import { ticket } from "../ticket/ticket.js";

const THEMES = ["auto", "light", "dark"];
const PHASES = { connecting: "Connecting", live: "Live", lost: "Reconnecting", ended: "Session ended" };

/** The bar above: where one is, whose node this is, whether what is shown is true now. */
export function bar() {
  const network = h("span", { class: "network" });
  const node = h("span", { class: "id node-id" });
  const phase = h("span", { class: "phase", role: "status" });
  const time = h("time", { class: "clock" });
  const links = views.map(([id, name], index) => h("a",
    { href: link(id), text: name, title: `Key ${index + 1}`, "data-view": id }));
  const theme = h("button", { type: "button", class: "quiet theme", onclick: nextTheme });
  const keys = h("button", { type: "button", class: "quiet", text: "?", "aria-label": "Keys and help", onclick: help });
  const element = h("header", { class: "bar" },
    h("a", { class: "brand", href: link("market") }, h("span", { class: "mark", "aria-hidden": "true" }), "p2pnode"),
      network,
    h("nav", { "aria-label": "Views" }, links),
    h("div", { class: "bar-end" }, phase, node, time, theme, keys));
  onFrame(["view"], () => {
    for (const one of links) setAttribute(one, "aria-current", one.dataset.view === state.view ? "page" : null);
  });
  onFrame(["network", "status"], () => {
    setText(network, state.network?.name ?? "");
    setText(node, state.status ? shortID(state.status.node) : "");
    setAttribute(node, "title", state.status ? `This node: ${state.status.node}` : null);
    document.title = state.network ? `p2pnode · ${state.network.name}` : "p2pnode";
  });
  onFrame(["phase"], () => {
    setText(phase, PHASES[state.phase]);
    setAttribute(phase, "data-phase", state.phase);
  });
  onFrame(["second"], () => {
    const ms = now();
    setText(time, `${clockWithSeconds(ms)}${zone(ms) === "UTC" ? "" : ` · ${utcClock(ms)}`} UTC`);
    setAttribute(time, "title", `Times are in your zone, ${zone(ms)}`);
  });
  const showTheme = () => {
    const chosen = document.documentElement.dataset.theme ?? "auto";
    setText(theme, { auto: "◐", light: "☀", dark: "☾" }[chosen]);
    setAttribute(theme, "aria-label", `Theme: ${chosen}`);
    setAttribute(theme, "title", `Theme: ${chosen}`);
  };
  function nextTheme() {
    const chosen = document.documentElement.dataset.theme ?? "auto";
    setTheme(THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length]);
    showTheme();
  }
  showTheme();
  return element;
}

/** Sets the theme, and keeps it for the next visit. */
export function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // Storage that is switched off only forgets.
  }
}

/** The theme of the last visit. */
export function keptTheme() {
  try {
    return localStorage.getItem("theme") ?? "auto";
  } catch {
    return "auto";
  }
}

/** The message about the connection: nothing while all is well. */
export function notice() {
  const element = h("div", { class: "notice", role: "alert", hidden: true });
  let shown = "";
  const draw = () => {
    const kind = state.phase === "ended" && !state.wasLive ? "stranger"
      : state.phase === "ended" || state.phase === "lost" ? state.phase
      : state.status && !["running", "recovering"].includes(state.status.state) ? state.status.state : "";
    document.body.dataset.phase = state.phase;
    if (kind !== shown) {
      shown = kind;
      setAttribute(element, "hidden", kind === "");
      setAttribute(element, "data-kind", kind);
      setChildren(element, messages[kind]?.() ?? []);
    }
    if (kind === "lost") setText(element.querySelector(".since"), duration(Date.now() - state.phaseSince));
  };
  onFrame(["phase", "second", "status"], draw);
  return element;
}

const messages = {
  lost: () => [
    h("b", { text: "No connection to the node. " }), "What you see is from before, ", h("span", { class: "since" }),
    " ago. This page connects again by itself, and takes up where it stopped.",
  ],
  ended: () => [
    h("b", { text: "This session has ended. " }),
    "The node was started again, and each start makes a new link. What you see is from before. In a terminal:",
    h("code", { text: "p2pnode dashboard --open --data DIR" }),
    "and use the link that it gives. This page goes on too, once that link was opened in this browser.",
  ],
  stranger: () => [
    h("b", { text: "This page needs the link that its node gives. " }), "In a terminal:",
    h("code", { text: "p2pnode dashboard --open --data DIR" }),
      "and use the link. Each start of the node makes a new one.",
  ],
  stopping: () => [h("b", { text: "The node is stopping. " }), "Start it again with p2pnode run."],
  frozen: () => [h("b", { text: "This node's feed is frozen. " }),
    "There is a proof of fraud against its key; see Network. It trades no more."],
  rotated: () => [h("b", { text: "This key was handed over to another one. " }),
    "Run the node with the new key to trade."],
};

const KEYS = [
  ["1 – 6", "the views"], ["b", "buy: to the ticket"], ["s", "sell: to the ticket"],
    ["/", "search, where there is one"],
  ["← →", "on a chart: the points, one by one"], ["Shift ← →", "on the forward curve: choose a window"],
    ["Esc", "back"], ["?", "this"],
];

function help() {
  ask({
    title: "Keys and words",
    body: [
      h("dl", { class: "facts keys" },
        KEYS.map(([key, text]) => [h("dt", {}, h("kbd", { text: key })), h("dd", { text })])),
      h("dl", { class: "facts words" }, [
        ["Offer, ask", "GPUs for sale in each hour of a window; the price per GPU-hour"],
        ["Bid", "GPUs wanted for a run of hours inside a window; the limit per GPU-hour"],
        ["Forward curve", "what GPU time costs by the hour of delivery"],
        ["Spot index", "the average price of settled trades of a class, by GPU-hours"],
        ["Held", "accepted, or waiting for a silent maker: neither sold nor free yet"],
        ["Receipt", "what both sides of a trade signed; anybody can check it"],
      ].map(([term, text]) => [h("dt", { text: term }), h("dd", { text })])),
    ],
  });
}

/** Keys that work everywhere but in fields and dialogs. */
export function listenForKeys() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const view = views[Number(event.key) - 1];
    if (view) {
      go(view[0], view[0] === "market" ? state.gpuClass : undefined);
    } else if (event.key === "b" || event.key === "s") {
      event.preventDefault();
      go("market", state.gpuClass ?? undefined);
      ticket.fill({ side: event.key === "b" ? "bid" : "offer" });
      ticket.focusFirst();
    } else if (event.key === "/") {
      const search = document.querySelector("main > :not([hidden]) input[type=search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
    } else if (event.key === "?") {
      help();
    }
  });
}
