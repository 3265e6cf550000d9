// The network: this node and its peers side by side, and who is proven a fraud.

import { h, keyedRows, setAttribute, setText } from "../core/dom.js";
import { now, state } from "../core/state.js";
import { count, plural, shortID, words } from "../lib/text.js";
import { duration, moment, utc } from "../lib/time.js";
import { download, emptyLine, onView, panel, setID, setMoment, table } from "../panels/ui.js";

/** How a peer's book relates to this node's, for people. */
export function agreement(peer, status) {
  if (peer.agrees === true) return { kind: "same", text: "same book" };
  if (peer.agrees === false) return { kind: "differs", text: "differs: same entries, another book" };
  if (peer.book_digest === undefined) return { kind: "unknown", text: "not told yet" };
  const behind = (status?.entries ?? 0) - (peer.entries ?? 0);
  if (behind === 0) return { kind: "catching", text: "one entry apart" };
  return { kind: "catching", text: behind > 0 ? "catching up" : "ahead of this node" };
}

/** By how many entries a peer is behind, for people. */
export function lag(peer, status) {
  if (peer.entries === undefined || !status) return "–";
  const behind = status.entries - peer.entries;
  return behind === 0 ? "none" : behind > 0 ? `${plural(behind, "entry", "entries")} behind`
    : `${plural(-behind, "entry", "entries")} ahead`;
}

/** A digest in groups of four, which the eye compares better. */
export const digestText = (digest) => (digest ? digest.slice(0, 24).replace(/(.{4})(?=.)/g, "$1 ") : "–");

export function networkView() {
  return h("div", { class: "stack" }, peersPanel(), proofsPanel());
}

function peersPanel() {
  const list = table("Peers", [
    ["Node", "id"], ["Book"], ["Book digest", "digest"], ["Lag"], ["Entries", "number"], ["Round trip", "number"],
    ["Address"], ["Direction"], ["Connected"], ["Trades settled", "number"], ["Failed", "number"],
  ]);
  const verdict = h("p", { class: "agreement", role: "status" });
  const empty = emptyLine("peers", "No peers: this node hears of no market but its own.");
  const element = panel("Peers", {}, verdict, h("div", { class: "scroll" }, list), empty);
  const rows = keyedRows(list.body, (peer) => peer.node, () => {
    const line = list.row(["id", "agreement", "digest", "", "number", "number", "", "", "", "number", "number"]);
    const [id, book, digest, behind, entries, trip, address, direction, since, settled, failed] = line.cells;
    line.update = (peer) => {
      setID(id, peer.node);
      setText(digest, digestText(peer.book_digest));
      setAttribute(digest, "title", peer.book_digest ?? null);
      setText(entries, peer.entries === undefined ? "–" : count(peer.entries));
      setAttribute(line, "data-self", Boolean(peer.isSelf));
      const { kind, text } = peer.isSelf ? { kind: "self", text: "this node" } : agreement(peer, state.status);
      setText(book, text);
      setAttribute(book, "data-kind", kind);
      setAttribute(line, "data-kind", kind);
      setText(behind, peer.isSelf ? "" : lag(peer, state.status));
      setAttribute(behind, "title", peer.isSelf ? null : "By what it last said of itself, which is some seconds old");
      setText(trip, peer.round_trip_ms === undefined ? (peer.isSelf ? "" : "–") : `${peer.round_trip_ms} ms`);
      setText(address, peer.address ?? "");
      setText(direction, peer.direction ?? "");
      setText(since, peer.connected_ms === undefined ? "" : duration(peer.connected_ms));
      setText(settled, peer.record ? count(peer.record.settled) : "");
      setText(failed, peer.record?.failure_percent === undefined ? "" : `${peer.record.failure_percent} %`);
    };
    return line;
  });
  onView("network", ["peers", "status"], () => {
    const { status } = state;
    const self = status ? [{ node: status.node, isSelf: true, book_digest: status.book_digest,
      entries: status.entries, address: status.listen }] : [];
    rows([...self, ...state.peers]);
    const different = state.peers.filter((peer) => peer.agrees === false).length;
    const same = state.peers.filter((peer) => peer.agrees === true).length;
    setText(verdict, state.peers.length === 0 ? "" : different > 0
      ? `${plural(different, "peer")} made another book out of the same entries. One of the two nodes is at fault.`
      : same === state.peers.length ? `All ${plural(same, "peer")} and this node have the same book.`
        : `${same} of ${plural(state.peers.length, "peer")} have the same book; the others have other entries now.`);
    setAttribute(verdict, "data-kind", different > 0 ? "differs" : same === state.peers.length ? "same" : "catching");
    empty.update(state.peers.length === 0);
    setText(element.heading, `Peers (${count(state.peers.length)})`);
  });
  return element;
}

function proofsPanel() {
  const list = table("Proofs of fraud", [
    ["Author", "id"], ["What"], ["Void from entry", "number"], ["When"], ["Entries", "number"], ["", "actions"],
  ]);
  const empty = emptyLine("proofs", "Nobody is proven a fraud.");
  const element = panel("Proofs of fraud", {},
    h("p", { class: "note lead-note",
      text: "Two entries of one author that contradict each other (equivocation), or another thing that no honest node "
        + "signs. Every node checks them; p2pnode verify does so offline." }),
    h("div", { class: "scroll" }, list), empty);
  const rows = keyedRows(list.body, (proof) => proof.decoded.author, () => {
    const line = list.row(["id", "", "number", "", "number", "actions"]);
    const [author, kind, sequence, when, entries, actions] = line.cells;
    let current = null;
    actions.append(h("button",
      { type: "button", text: "Download",
      onclick: () => download(`proof-${shortID(current.decoded.author, 12)}.json`, current) }));
    line.update = (proof) => {
      current = proof;
      const { decoded } = proof;
      setID(author, decoded.author);
      setText(kind, decoded.kind === "fork" ? "fork: two entries at one place" : words(decoded.kind));
      setText(sequence, count(decoded.sequence));
      setMoment(when, decoded.time_ms, moment(decoded.time_ms, now()));
      setAttribute(when, "title", utc(decoded.time_ms));
      setText(entries, count(decoded.entries));
    };
    return line;
  });
  onView("network", ["proofs"], () => {
    rows(state.proofs);
    empty.update(state.proofs.length === 0);
    setText(element.heading, `Proofs of fraud${state.proofs.length ? ` (${state.proofs.length})` : ""}`);
    setAttribute(element, "data-alert", state.proofs.length > 0);
  });
  return element;
}
