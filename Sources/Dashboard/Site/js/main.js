// The page's beginning.

import { h, setAttribute } from "./core/dom.js";
import { mark, onFrame } from "./core/frames.js";
import { route } from "./core/router.js";
import { bar, keptTheme, listenForKeys, notice, setTheme } from "./core/shell.js";
import { state } from "./core/state.js";
import { start } from "./core/sync.js";
import { capacityView } from "./views/capacity.js";
import { marketView } from "./views/market.js";
import { networkView } from "./views/network.js";
import { nodeView } from "./views/node.js";
import { ordersView } from "./views/orders.js";
import { receiptsView } from "./views/receipts.js";

const makers = {
  market: marketView, orders: ordersView, capacity: capacityView, receipts: receiptsView, network: networkView,
    node: nodeView,
};

setTheme(keptTheme());
const main = h("main", { id: "main", tabindex: "-1" });
document.body.append(
  h("a", { class: "skip", href: "#main", text: "To the content", onclick: (event) => {
    event.preventDefault();
    main.focus();
  } }),
  bar(), notice(), main);

/** A view is made when it is first shown. */
const shown = new Map();
onFrame(["view"], () => {
  if (!shown.has(state.view)) {
    const view = makers[state.view]();
    shown.set(state.view, view);
    main.append(view);
  }
  for (const [id, view] of shown) setAttribute(view, "hidden", id !== state.view);
  document.body.dataset.view = state.view;
});

setInterval(() => mark("minute"), 60_000);
listenForKeys();
route();
start();
