// Why an order has not traded.

import { h, setChildren } from "../core/dom.js";
import { get } from "../core/api.js";
import { currency } from "../core/state.js";
import { ruledOut, whySentence } from "../lib/reasons.js";
import { count } from "../lib/text.js";
import { explainQuestion } from "../ticket/dialog.js";
import { price } from "./ui.js";

/** The reasons of an order; `ask()` fetches them. */
export function whyPanel(id) {
  const element = h("div", { class: "why" }, h("p", { class: "note", text: "Asking the node…" }));
  element.ask = async () => {
    try {
      const why = await get(`orders/${id}/why`);
      const reasons = ruledOut(why);
      setChildren(element,
        h("p", { class: "lead", text: whySentence(why) }),
        reasons.length > 0 && why.matching === 0 ? h("ul", {}, reasons.map((reason) =>
          h("li", {}, h("b", { text: count(reason.count) }), ` ${reason.text}`))) : null,
        why.best_counter_price_micros !== undefined
          ? h("p", { class: "note",
            text: `The best price on the other side is ${price(why.best_counter_price_micros)} ${currency()}.` })
            : null);
    } catch (error) {
      setChildren(element, h("p", { class: "note", text: explainQuestion(error) }));
    }
  };
  return element;
}
