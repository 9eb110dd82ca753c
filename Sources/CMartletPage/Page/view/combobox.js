/// A field of text with a list of what may be written in it, worked by arrows, Enter and Escape as the ARIA practices
/// describe a combobox.

import { el, fill } from "../dom.js";

let count = 0;

/// `options` returns `{value, name, note, tag}` for each proposal; choosing one puts `value` into the field.
export class Combobox {
  #active = -1;
  #shown = [];

  constructor({ set, options, placeholder }) {
    count += 1;
    this.set = set;
    this.options = options;
    const listId = `options-${count}`;
    this.list = el("ul", { class: "options", role: "listbox", id: listId, hidden: true });
    this.input = el("input", {
      type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder,
      "aria-expanded": "false", "aria-controls": listId, "aria-autocomplete": "list",
      on: {
        input: () => {
          this.set(this.input.value);
          this.#open(this.input.value);
        },
        focus: () => this.input.select(),
        click: () => this.#open(""),
        blur: () => this.#close(),
        keydown: (event) => this.#key(event),
      },
    });
    this.node = el("div", { class: "combobox" }, this.input, this.list);
  }

  #open(filter) {
    const needle = filter.trim().toLowerCase().replace(/\(.*$/s, "");
    this.#shown = this.options().filter((one) => `${one.name} ${one.note}`.toLowerCase().includes(needle));
    this.#active = -1;
    fill(this.list, this.#shown.map((one, index) => el(
      "li",
      {
        role: "option", id: `${this.list.id}-${index}`, "aria-selected": "false",
        on: {
          // Before the field loses its focus.
          pointerdown: (event) => {
            event.preventDefault();
            this.#choose(index);
          },
        },
      },
      el("span", { class: "option-name" }, el("code", { text: one.value }), one.tag && el("span", { class: "tag", text: one.tag })),
      el("span", { class: "option-note", text: one.note }))));
    this.#show(this.#shown.length > 0);
  }

  #show(isShown) {
    this.list.hidden = !isShown;
    this.input.setAttribute("aria-expanded", String(isShown));
    if (!isShown) this.input.removeAttribute("aria-activedescendant");
  }

  #close() {
    this.#show(false);
  }

  #key(event) {
    const isOpen = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) this.#open("");
      this.#activate(this.#active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (isOpen && this.#active >= 0) this.#choose(this.#active);
      else this.#close();
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    }
  }

  #activate(index) {
    if (this.#shown.length === 0) return;
    this.list.children[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = (index + this.#shown.length) % this.#shown.length;
    const option = this.list.children[this.#active];
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  #choose(index) {
    const { value } = this.#shown[index];
    this.input.value = value;
    this.set(value);
    this.#close();
    // Where a budget is missing, the next keys write it.
    const hole = value.indexOf("%");
    if (hole >= 0) this.input.setSelectionRange(hole, hole + 1);
  }
}
