// Receipts: search, verify, download.

import { h, keyedRows, setAttribute, setText } from "../core/dom.js";
import { post } from "../core/api.js";
import { mark } from "../core/frames.js";
import { now, state } from "../core/state.js";
import { batches, matches } from "../lib/receipts.js";
import { count, plural, shortID } from "../lib/text.js";
import { span, utc } from "../lib/time.js";
import { download, emptyLine, onView, panel, price, setAmount, setID, setMoment, table } from "../panels/ui.js";
import { explainQuestion } from "../ticket/dialog.js";
import { moreButton } from "./orders.js";

const PAGE = 100;
/** A request to verify may have 4 MiB; smaller ones show sooner how far it is. */
const BATCH_BYTES = 500_000;

/** Verdicts by trade: `{text, valid}`. */
const verdicts = new Map();

async function verify(receipts, note) {
  let [valid, invalid] = [0, 0];
  try {
    for (const batch of batches(receipts, BATCH_BYTES)) {
      const answers = await post("verify", batch);
      answers.forEach((verdict, index) => {
        if (verdict.valid) valid += 1;
        else invalid += 1;
        const handover = (verdict.handovers ?? []).map(({ key }) =>
          `; key ${shortID(key)} was handed over since`).join("");
        verdicts.set(batch[index].decoded.trade, {
          valid: verdict.valid, text: verdict.valid ? `valid${handover}` : verdict.error ?? "not valid",
        });
      });
      setText(note, `${plural(valid, "receipt")} valid${invalid ? `, ${count(invalid)} not valid` : ""}.`);
      setAttribute(note, "data-failed", invalid > 0);
      mark("receipts");
    }
  } catch (error) {
    setText(note, `Not verified: ${explainQuestion(error)}`);
    setAttribute(note, "data-failed", true);
  }
}

export function receiptsView() {
  let limit = PAGE;
  let shown = [];
  const search = h("input",
    { type: "search", class: "search wide", placeholder: "Trade, order, node, class, 2026-11-26",
    "aria-label": "Search receipts" });
  const note = h("p", { class: "verify-note", role: "status" });
  const verifyAll = h("button", { type: "button", text: "Verify all", onclick: () => verify(shown, note) });
  const downloadAll = h("button",
    { type: "button", text: "Download all", onclick: () => download("receipts.json", shown) });
  const list = table("Receipts", [
    ["Trade", "id"], ["Accepted"], ["Class"], ["GPUs", "number"], ["Lease"], ["Price", "number"], ["Total", "number"],
    ["Provider", "id"], ["Buyer", "id"], ["Verdict"], ["", "actions"],
  ]);
  const empty = emptyLine("receipts", "No receipts yet: each settled trade gives one.");
  const more = moreButton(() => {
    limit += PAGE;
    mark("receipts");
  });
  const element = panel("Receipts", { tools: [search, verifyAll, downloadAll] },
    h("p", { class: "note lead-note",
      text: "A receipt holds what both sides signed. Anybody can check it offline: p2pnode verify FILE." }),
    note, h("div", { class: "scroll" }, list), empty, more);
  search.addEventListener("input", () => {
    limit = PAGE;
    mark("receipts");
  });
  const rows = keyedRows(list.body, (receipt) => receipt.decoded.trade, () => {
    const line = list.row(["id", "", "", "number", "", "number", "number", "id", "id", "verdict", "actions"]);
    const [id, when, grade, gpus, lease, at, total, provider, buyer, verdict, actions] = line.cells;
    let current = null;
    actions.append(
      h("button", { type: "button", text: "Verify", onclick: () => verify([current], note) }),
      h("button", { type: "button", text: "Download",
        onclick: () => download(`receipt-${shortID(current.decoded.trade, 12)}.json`, current) }));
    line.update = (receipt) => {
      current = receipt;
      const { decoded } = receipt;
      setID(id, decoded.trade);
      setMoment(when, decoded.accepted_ms);
      setText(grade, decoded.gpu_class);
      setText(gpus, count(decoded.gpus));
      setText(lease, span(decoded.start_ms, decoded.end_ms, now()));
      setAttribute(lease, "title", `${utc(decoded.start_ms)} – ${utc(decoded.end_ms)}`);
      setText(at, price(decoded.price_micros));
      setAmount(total, decoded.total_micros, decoded.currency);
      setID(provider, decoded.provider);
      setID(buyer, decoded.buyer);
      const known = verdicts.get(decoded.trade);
      setText(verdict, known?.text ?? "–");
      setAttribute(verdict, "data-valid", known ? String(known.valid) : null);
    };
    return line;
  });
  onView("receipts", ["receipts", "network"], () => {
    shown = state.receipts.filter((receipt) => matches(receipt, search.value))
      .sort((a, b) => b.decoded.accepted_ms - a.decoded.accepted_ms || (a.decoded.trade < b.decoded.trade ? -1 : 1));
    rows(shown.slice(0, limit));
    empty.update(shown.length === 0);
    if (state.receipts.length > 0 && shown.length === 0) setText(empty, "No receipt fits the search.");
    more.update(shown.length - Math.min(shown.length, limit));
    setAttribute(verifyAll, "disabled", shown.length === 0);
    setAttribute(downloadAll, "disabled", shown.length === 0);
    setText(verifyAll, search.value.trim() ? "Verify found" : "Verify all");
    setText(downloadAll, search.value.trim() ? "Download found" : "Download all");
    setText(element.heading, `Receipts${shown.length ? ` (${count(shown.length)})` : ""}`);
  });
  return h("div", { class: "stack" }, element);
}
