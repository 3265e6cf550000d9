// Changes are many, frames are few: whatever changes marks its topic, and once per animation frame everything that
// depends on a marked topic is drawn once.

/** What was done, for whoever wants to know what it costs. */
export const counters = { changes: 0, frames: 0, draws: 0, writes: 0 };

const dirty = new Set();
const views = new Set();
let isScheduled = false;

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(frame);
}

function frame() {
  isScheduled = false;
  counters.frames += 1;
  const marked = new Set(dirty);
  dirty.clear();
  for (const view of [...views]) {
    if (!view.topics.some((topic) => marked.has(topic))) continue;
    counters.draws += 1;
    try {
      view.draw(marked);
    } catch (error) {
      // One panel that fails leaves the others working.
      console.error(error);
    }
  }
}

/** Says that `topics` have changed. */
export function mark(...topics) {
  counters.changes += 1;
  for (const topic of topics) dirty.add(topic);
  schedule();
}

/**
 * Draws `draw` in the next frame, and whenever one of `topics` has changed.
 *
 * @returns what ends that.
 */
export function onFrame(topics, draw) {
  const own = Symbol("first");
  const view = { topics: [...topics, own], draw };
  views.add(view);
  dirty.add(own);
  schedule();
  return () => views.delete(view);
}
