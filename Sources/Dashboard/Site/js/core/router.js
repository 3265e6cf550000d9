// What is shown, by the fragment of the address: #/market/h100-sxm-80g, #/orders …

import { mark } from "./frames.js";
import { state } from "./state.js";
import { refresh, showClass } from "./sync.js";

/** The views, in the order of the navigation. */
export const views = [
  ["market", "Market"], ["orders", "Orders"], ["capacity", "Capacity"], ["receipts", "Receipts"],
    ["network", "Network"],
  ["node", "Node"],
];

/** The address of a view. */
export const link = (view, argument = "") => `#/${view}${argument ? "/" + encodeURIComponent(argument) : ""}`;

/** Goes to a view. */
export function go(view, argument) {
  location.hash = link(view, argument);
}

/** A part of the address as it is meant; what is no escape stands for itself. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function take() {
  const [view = "market", argument = ""] = location.hash.replace(/^#\/?/, "").split("/").map(decoded);
  state.view = views.some(([id]) => id === view) ? view : "market";
  if (state.view === "market" && argument) showClass(argument);
  if (state.view === "network" && state.network) {
    refresh("peers");
    refresh("proofs");
  }
  mark("view");
}

/** Follows the address from now on. */
export function route() {
  addEventListener("hashchange", take);
  take();
}
