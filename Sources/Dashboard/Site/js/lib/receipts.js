// Receipts: finding them, and cutting lists into requests. Pure.

/** What a receipt can be found by. */
export function matches(receipt, query) {
  const wanted = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return true;
  const { decoded } = receipt;
  const time = new Date(decoded.accepted_ms).toISOString();
  const text = [
    decoded.trade, decoded.offer, decoded.bid, decoded.provider, decoded.buyer, decoded.gpu_class, decoded.currency,
    decoded.purchase ?? "", time, time.slice(0, 10),
  ].join(" ").toLowerCase();
  return wanted.every((part) => text.includes(part));
}

/** Cuts a list into runs whose JSON takes at most `bytes` each, one element at least. */
export function batches(list, bytes) {
  const runs = [];
  let [run, size] = [[], 2];
  for (const element of list) {
    const length = JSON.stringify(element).length + 1;
    if (run.length > 0 && size + length > bytes) {
      runs.push(run);
      [run, size] = [[], 2];
    }
    run.push(element);
    size += length;
  }
  if (run.length > 0) runs.push(run);
  return runs;
}
