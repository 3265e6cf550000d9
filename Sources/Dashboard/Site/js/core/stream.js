// The stream of events: opened again whenever it breaks, from the last event that was taken.
//
// `fetch` and not `EventSource`, because that one hides the status of a refusal: an ended session and a lost connection
// look alike to it.

import { EventParser } from "../lib/sse.js";

/** The node sends a comment every 15 s; a connection that is silent for longer than this is dead. */
const SILENCE_MS = 40_000;
const LONGEST_PAUSE_MS = 8000;

/** How long to wait before attempt `attempt`, from 1. */
export const pauseBefore = (attempt) => Math.min(250 * 2 ** (attempt - 1), LONGEST_PAUSE_MS);

/** A stream of events from `/v1/events`. */
export class Stream {
  /**
   * @param handlers.event takes each event, its data decoded by the caller.
   * @param handlers.phase takes "live", "lost" or "ended" whenever that changes.
   */
  constructor(handlers) {
    this.handlers = handlers;
    this.lastEventID = "";
    this.attempt = 0;
    this.current = null;
    this.timer = 0;
  }

  /** Connects, at once. */
  open() {
    this.close();
    const controller = new AbortController();
    this.current = controller;
    this.run(controller).catch((error) => {
      // A fault of the page's own; the console has it, and the stream begins anew.
      if (!controller.signal.aborted) console.error(error);
    }).finally(() => {
      if (this.current === controller) this.retry();
    });
  }

  /** Ends the connection; `open` resumes it. */
  close() {
    clearTimeout(this.timer);
    this.current?.abort();
    this.current = null;
  }

  retry() {
    this.attempt += 1;
    this.timer = setTimeout(() => this.open(), pauseBefore(this.attempt));
  }

  async run(controller) {
    let watchdog = setTimeout(() => controller.abort(), SILENCE_MS);
    try {
      const headers = { Accept: "text/event-stream" };
      if (this.lastEventID) headers["Last-Event-ID"] = this.lastEventID;
      const response = await fetch("/v1/events", { headers, cache: "no-store", signal: controller.signal });
      if (response.status === 401) {
        this.handlers.phase("ended");
        return;
      }
      if (!response.ok) throw new TypeError(`HTTP ${response.status}`);
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      this.attempt = 0;
      this.handlers.phase("live");
      for (;;) {
        const { value, done } = await reader.read();
        if (done || this.current !== controller) break;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => controller.abort(), SILENCE_MS);
        for (const event of parser.push(value)) {
          this.handlers.event(event);
          this.lastEventID = event.id;
        }
      }
      if (this.current === controller) this.handlers.phase("lost");
    } catch (error) {
      if (this.current === controller) this.handlers.phase("lost");
      if (!(error instanceof TypeError) && error.name !== "AbortError") throw error;
    } finally {
      clearTimeout(watchdog);
      // An answer that is not read to its end would keep its connection, and a browser has six of them for one node.
      controller.abort();
    }
  }
}
