// The format of server-sent events, as the HTML standard has it.

/** Cuts a stream of text into events, wherever it is broken into pieces. */
export class EventParser {
  constructor() {
    this.rest = "";
    this.lastEventID = "";
    this.clear();
  }

  clear() {
    this.data = [];
    this.type = "";
  }

  /**
   * Takes the next piece of text.
   *
   * @returns the events that it completes: `{type, data, id}`.
   */
  push(text) {
    const events = [];
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    for (const line of lines) {
      if (line !== "") {
        this.field(line);
        continue;
      }
      if (this.data.length > 0) {
        events.push({ type: this.type || "message", data: this.data.join("\n"), id: this.lastEventID });
      }
      this.clear();
    }
    return events;
  }

  field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else if (name === "event") this.type = value;
    else if (name === "id" && !value.includes("\0")) this.lastEventID = value;
  }
}
