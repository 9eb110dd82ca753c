/// Keyboard shortcuts: one table, from which the keys and their list are made.

import { byId, el, fill, iconButton } from "./dom.js";
import { preference, setPreference } from "./preferences.js";

const isField = (node) => node?.matches?.("input, textarea, select, [contenteditable]") ?? false;

/// `shortcuts` is a table of `{key, says, run, inFields}`. Letters act outside of fields only, and can be switched off:
/// speech input and some readers type them unasked.
export class Keyboard {
  constructor(shortcuts) {
    this.shortcuts = shortcuts;
    this.dialog = byId("shortcuts");
    addEventListener("keydown", (event) => this.#key(event));
    this.#build();
  }

  #key(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.dialog.open || document.querySelector("dialog[open]")) return;
    const shortcut = this.shortcuts.find((one) => one.key === event.key);
    if (!shortcut?.run || !shortcut.inFields && isField(event.target)) return;
    if (event.key.length === 1 && !preference("letters", true)) return;
    if (shortcut.run(event) !== false) event.preventDefault();
  }

  #build() {
    const letters = el("input", {
      type: "checkbox", id: "letters", checked: preference("letters", true),
      on: { change: () => setPreference("letters", letters.checked) },
    });
    fill(
      this.dialog,
      el(
        "header", {}, el("h2", { id: "shortcuts-title", text: "Keyboard" }),
        iconButton("close", "Close", () => this.dialog.close())),
      el("dl", {}, this.shortcuts.map(({ key, name, says }) =>
        el("div", {}, el("dt", {}, el("kbd", { text: name ?? key })), el("dd", { text: says })))),
      el("label", { class: "check", for: "letters" }, letters, "Single keys act outside of fields"));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  show() {
    this.dialog.showModal();
  }
}
