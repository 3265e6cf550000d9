// What the scenario "load" has the page do: a full book, and a thousand changes a second.
async () => {
  const { counters, mark } = await import("/js/core/frames.js");
  const { state } = await import("/js/core/state.js");
  const { takeEvent } = await import("/js/core/sync.js");
  const { Book } = await import("/js/lib/book.js");
  const now = Date.now();
  const order = (index, price, gpus) => ({
    id: `made-${index}`, side: index % 2 ? "offer" : "bid", state: "open", own: false, stale: false,
    gpu_classes: [state.gpuClass], gpus, gpus_left: gpus, price_micros: price, placed_ms: now,
    start_ms: now, end_ms: now + 86_400_000, expiry_ms: now + 86_400_000,
    calendar: [{ start_ms: now + (index % 24) * 3_600_000, end_ms: now + (index % 24 + 1) * 3_600_000, used_gpus: 1 }],
  });
  const price = (index) => (index % 2 ? 2_000_000 + (index * 7) % 400_000 : 1_990_000 - (index * 11) % 400_000);
  const elements = () => document.querySelectorAll("main *").length;
  const frame = () => new Promise(requestAnimationFrame);
  const elementsBefore = elements();
  state.book = new Book(state.gpuClass);
  for (let index = 0; index < 10_000; index += 1) state.book.put(order(index, price(index), 1 + index % 8));
  mark("book");
  await frame();
  await frame();
  const before = { ...counters };
  let animationFrames = 0;
  let isOver = false;
  const count = () => { animationFrames += 1; if (!isOver) requestAnimationFrame(count); };
  requestAnimationFrame(count);
  // A thousand changes a second for three seconds, as the stream brings them.
  for (let step = 0; step < 300; step += 1) {
    for (let change = 0; change < 10; change += 1) {
      const index = (step * 10 + change) * 37 % 10_000;
      const changed = order(index, price(index + step), 1 + (index + step) % 8);
      takeEvent({ type: "book", data: JSON.stringify({ gpu_class: state.gpuClass, order: changed }) });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await frame();
  await frame();
  isOver = true;
  const frames = counters.frames - before.frames;
  const wanted = state.book.levels("offer", 12).map((level) => [level.price, level.gpus, level.sum]).reverse();
  const shown = [...document.querySelectorAll(".levels.ask .level:not([hidden])")].map((row) => {
    const [at, gpus, sum] = [...row.children].map((cell) => Number(cell.textContent.replaceAll(",", "")));
    return [Math.round(at * 1_000_000), gpus, sum];
  });
  return {
    orders: state.book.orders.size, changes: counters.changes - before.changes, frames, animationFrames,
    drawsPerFrame: (counters.draws - before.draws) / frames, writesPerFrame: (counters.writes - before.writes) / frames,
    panels: 24, elementsBefore, elementsAfter: elements(), wanted: JSON.stringify(wanted), shown: JSON.stringify(shown),
  };
}
