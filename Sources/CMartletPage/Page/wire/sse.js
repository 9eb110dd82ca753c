/// Server-sent events out of pieces of a stream, cut anywhere.

/// Reads a stream of events as the HTML standard describes it.
export class EventReader {
  #rest = "";
  #data = [];
  #name = "";
  #isFirst = true;

  /// Takes the next piece and returns the events that it completes, each `{event, data}`.
  push(text) {
    if (text === "") return [];
    if (this.#isFirst) {
      this.#isFirst = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    const buffer = this.#rest + text;
    const events = [];
    let start = 0;
    for (;;) {
      const end = this.#lineEnd(buffer, start);
      if (end < 0) break;
      this.#take(buffer.slice(start, end), events);
      start = end + (buffer[end] === "\r" && buffer[end + 1] === "\n" ? 2 : 1);
    }
    this.#rest = buffer.slice(start);
    return events;
  }

  /// Where the line that begins at `start` ends; -1 when that is not known yet. A carriage return at the very end
  /// may be half of a pair.
  #lineEnd(buffer, start) {
    for (let index = start; index < buffer.length; index += 1) {
      const unit = buffer.charCodeAt(index);
      if (unit === 10) return index;
      if (unit === 13) return index + 1 < buffer.length ? index : -1;
    }
    return -1;
  }

  #take(line, events) {
    if (line === "") {
      if (this.#data.length > 0) {
        events.push({ event: this.#name || "message", data: this.#data.join("\n") });
      }
      this.#data = [];
      this.#name = "";
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") this.#data.push(value);
    if (field === "event") this.#name = value;
  }
}
