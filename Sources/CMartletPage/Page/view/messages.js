/// The messages of the branch that is shown, following the newest while it is written.

import { announce, byId, el, fill } from "../dom.js";
import { perFrame } from "../bus.js";
import { MessageView } from "./message.js";

/// How near the end counts as being there, in pixels.
const nearEnd = 60;

export class MessagesView {
  #views = new Map();
  #conversation = null;
  #follows = true;
  #top = 0;
  #size = "";
  #changed = new Set();

  constructor(chat, bus, { showCache, examples }) {
    this.chat = chat;
    this.showCache = showCache;
    this.examples = examples;
    this.frame = byId("conversation");
    this.list = byId("messages");
    this.newest = byId("newest");
    const draw = perFrame(() => this.#drawChanged());
    bus.on("answer", (message) => {
      this.#changed.add(message.id);
      draw();
    });
    bus.on("path", () => this.show());
    bus.on("busy", () => {
      for (const view of this.#views.values()) view.update();
      announce(chat.isBusy ? "The answer is being written." : "The answer has ended.");
    });
    this.frame.addEventListener("scroll", () => this.#noteScroll());
    const resized = new ResizeObserver(() => this.#follow());
    for (const node of [this.list, this.frame]) resized.observe(node);
    this.newest.addEventListener("click", () => this.toEnd());
  }

  /// Shows the path as it is now. Messages that were there keep their nodes.
  show() {
    const path = this.chat.path();
    if (this.#conversation !== this.chat.current?.id) {
      this.#conversation = this.chat.current?.id;
      this.#views.clear();
      this.#follows = true;
    }
    const views = path.map((message) => {
      const view = this.#views.get(message.id);
      if (view?.message === message) return view;
      return new MessageView(message, this.chat, this.showCache);
    });
    if (views.length > this.#views.size) this.#follows = true;
    this.#views = new Map(views.map((view) => [view.message.id, view]));
    if (views.length === 0) fill(this.list, this.#welcome());
    else this.#place(views);
    for (const view of views) view.update();
    this.#follow();
  }

  /// Puts nodes in order without moving those that are in place: moving one would end its focus.
  #place(views) {
    const nodes = new Set(views.map((view) => view.node));
    for (const node of [...this.list.children]) if (!nodes.has(node)) node.remove();
    views.forEach((view, index) => {
      if (this.list.children[index] !== view.node) this.list.insertBefore(view.node, this.list.children[index] ?? null);
    });
  }

  #welcome() {
    const examples = this.examples();
    return el(
      "div", { class: "welcome" },
      el("h2", { text: "What would you like to know?" }),
      el("p", {
        text: "Conversations stay in this browser. The budget below the prompt bounds the memory and the time of an answer; "
          + "the cache beside it shows what every head holds.",
      }),
      examples.length > 0 && el(
        "ul", { class: "examples", "aria-label": "Examples" },
        examples.map((example) => el("li", {}, el("button", {
          type: "button", text: example, on: { click: () => this.chat.bus.emit("example", example) },
        })))));
  }

  #drawChanged() {
    for (const id of this.#changed) this.#views.get(id)?.update();
    this.#changed.clear();
  }

  /// Only a reader moves the text down; what grows or narrows leaves the place or moves it up.
  #noteScroll() {
    const { scrollTop, scrollHeight, clientHeight, clientWidth } = this.frame;
    const size = `${clientWidth} ${clientHeight}`;
    if (scrollHeight - scrollTop - clientHeight < nearEnd) this.#follows = true;
    else if (scrollTop < this.#top && size === this.#size) this.#follows = false;
    this.#top = scrollTop;
    this.#size = size;
    this.newest.hidden = this.#follows;
  }

  #follow() {
    if (this.#follows) this.frame.scrollTop = this.frame.scrollHeight;
  }

  toEnd() {
    this.#follows = true;
    this.#follow();
  }

  /// Moves the focus to the message before or after.
  move(by) {
    const views = [...this.#views.values()];
    const at = views.findIndex((view) => view.node.contains(document.activeElement));
    const next = at < 0 ? (by < 0 ? views.length - 1 : 0) : Math.min(views.length - 1, Math.max(0, at + by));
    views[next]?.node.focus();
    views[next]?.node.scrollIntoView({ block: "nearest" });
  }

  /// The message that has the focus, else the last one that fits.
  target(fits = () => true) {
    const views = [...this.#views.values()];
    const focused = views.find((view) => view.node.contains(document.activeElement));
    return focused && fits(focused.message) ? focused : views.findLast((view) => fits(view.message));
  }
}
