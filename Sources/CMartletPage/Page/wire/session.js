/// A session of the server, which computes a prompt while it is typed. Everything works without one.

/// Milliseconds between two messages while somebody types.
const pause = 100;
/// A key that can be one of the subprotocols of a connection, where it has to go: a page sends no headers with it.
const sendable = /^[\w!#$%&'*+.^`|~-]+$/;

const isHigh = (text, place) => (text.charCodeAt(place) & 0xfc00) === 0xd800;
const isLow = (text, place) => (text.charCodeAt(place) & 0xfc00) === 0xdc00;

/// What turns a text into another: the one part that differs, in units of UTF-16, and never half a pair of them.
export function difference(before, after) {
  let start = 0;
  const most = Math.min(before.length, after.length);
  while (start < most && before[start] === after[start]) start += 1;
  if (start > 0 && isHigh(before, start - 1)) start -= 1;
  let end = 0;
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  if (end > 0 && isLow(before, before.length - end)) end -= 1;
  return { start, delete: before.length - start - end, insert: after.slice(start, after.length - end) };
}

export class TypingSession {
  #socket = null;
  #hasFailed = false;
  #timer = null;
  /// What shall be known there, and what is.
  #wanted = { fields: null, text: "" };
  #known = { fields: null, text: "" };

  constructor(server) {
    this.server = server;
  }

  /// Tells what is typed, and the body of the request that it would be sent with, without it. Nothing happens where the
  /// server has no sessions.
  update(body, text) {
    const { messages, stream, stream_options, ...fields } = body;
    this.#wanted = { fields: JSON.stringify({ ...fields, messages }), text };
    this.#timer ??= setTimeout(() => this.#send(), pause);
  }

  /// What was typed was sent, or given up.
  clear() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted.text = "";
    if (this.#isOpen) this.#sendText();
  }

  /// Ends the session; the next thing typed begins another.
  close() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#hasFailed = false;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  get #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #send() {
    this.#timer = null;
    if (this.#isOpen) {
      if (this.#wanted.fields !== this.#known.fields) {
        this.#known.fields = this.#wanted.fields;
        this.#socket.send(`{"type":"session.update","session":${this.#wanted.fields}}`);
      }
      this.#sendText();
    } else if (!this.#socket && !this.#hasFailed && this.#wanted.text !== "") {
      this.#open();
    }
  }

  #sendText() {
    if (this.#wanted.text === this.#known.text) return;
    this.#socket.send(JSON.stringify({ type: "input_text.edit", ...difference(this.#known.text, this.#wanted.text) }));
    this.#known.text = this.#wanted.text;
  }

  #open() {
    const { key, state } = this.server;
    if (!state?.sessions || (key !== "" && !sendable.test(key))) return;
    const address = new URL("v1/sessions", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    let socket;
    try {
      socket = new WebSocket(address, key === "" ? [] : ["realtime", `openai-insecure-api-key.${key}`]);
    } catch {
      this.#hasFailed = true;
      return;
    }
    this.#socket = socket;
    this.#known = { fields: null, text: "" };
    let hasBegun = false;
    socket.addEventListener("open", () => {
      hasBegun = true;
      this.#send();
    });
    socket.addEventListener("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      // One that was never there is not asked for again.
      this.#hasFailed = !hasBegun;
    });
  }
}
