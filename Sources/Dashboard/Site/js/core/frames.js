// Changes are many, frames are few: whatever changes marks its topic, and once per animation frame everything that
// depends on a marked topic is drawn once.

/** What was done, for whoever wants to know what it costs. */
export const counters = { changes: 0, frames: 0, draws: 0, writes: 0 };

const dirty = new Set();
const views = new Set();
let isScheduled = false;

/** How long what may wait does: a chart of ten thousand orders takes some of a frame, and the eye does not miss one. */
const PAUSE_MS = 200;

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
    const topics = view.topics.filter((topic) => marked.has(topic));
    if (topics.length === 0 || isPostponed(view, topics)) continue;
    view.drawnAt = performance.now();
    counters.draws += 1;
    try {
      view.draw(marked);
    } catch (error) {
      // One panel that fails leaves the others working.
      console.error(error);
    }
  }
}

/** Whether `view` was drawn a moment ago and all that has changed may wait; it is drawn when the pause is over. */
function isPostponed(view, topics) {
  const rest = view.drawnAt + PAUSE_MS - performance.now();
  if (rest <= 0 || !topics.every((topic) => view.patient.includes(topic))) return false;
  view.timer ??= setTimeout(() => {
    view.timer = null;
    for (const topic of topics) dirty.add(topic);
    schedule();
  }, rest);
  return true;
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
 * @param patient topics for which it is drawn a few times a second at most.
 * @returns what ends that.
 */
export function onFrame(topics, draw, patient = []) {
  const own = Symbol("first");
  const view = { topics: [...topics, own], draw, patient, drawnAt: -Infinity, timer: null };
  views.add(view);
  dirty.add(own);
  schedule();
  return () => views.delete(view);
}
