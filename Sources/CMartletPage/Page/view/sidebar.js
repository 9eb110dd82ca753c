/// The list of conversations: find, open, rename, delete.

import { byId, el, fill, iconButton, notify } from "../dom.js";
import * as format from "../format.js";

export class Sidebar {
  #renaming = null;

  constructor(chat, library, bus, { opened }) {
    this.chat = chat;
    this.library = library;
    this.opened = opened;
    this.list = byId("conversations");
    this.find = byId("find");
    this.find.addEventListener("input", () => this.show());
    this.find.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.find.value !== "") {
        event.stopPropagation();
        this.find.value = "";
        this.show();
      }
    });
    byId("new").addEventListener("click", () => this.startNew());
    for (const topic of ["list", "busy"]) bus.on(topic, () => this.show());
  }

  async startNew() {
    await this.chat.open(null);
    this.opened();
  }

  show() {
    if (this.#renaming) return;
    const needle = this.find.value.trim().toLowerCase();
    const shown = this.library.conversations.filter((one) => one.title.toLowerCase().includes(needle));
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const none = needle === "" ? "None yet." : "None is called so.";
    fill(this.list, shown.length > 0 ? el("ul", {}, shown.map((one) => this.#row(one))) : el("p", { class: "dim", text: none }));
    if (focused) this.list.querySelector(`[data-id="${focused}"]`)?.focus();
  }

  #row(conversation) {
    const isCurrent = this.chat.current?.id === conversation.id;
    const open = el(
      "button",
      {
        type: "button", class: "open", "aria-current": isCurrent ? "page" : null, data: { id: conversation.id },
        on: {
          click: async () => {
            await this.chat.open(conversation.id);
            this.opened();
          },
          dblclick: () => this.rename(conversation),
          keydown: (event) => {
            if (event.key === "F2") this.rename(conversation);
            if (event.key === "Delete") this.#remove(conversation);
          },
        },
      },
      el("span", { class: "name", text: conversation.title }),
      this.chat.isWriting(conversation)
        ? el("span", { class: "pulse", role: "img", "aria-label": "being written" })
        : el("time", { text: format.moment(conversation.updated) }));
    return el(
      "li", { class: isCurrent ? "current" : null }, open,
      el(
        "span", { class: "row-actions" },
        iconButton("edit", `Rename ${conversation.title}`, () => this.rename(conversation)),
        iconButton("bin", `Delete ${conversation.title}`, () => this.#remove(conversation))));
  }

  async #remove(conversation) {
    const restore = await this.chat.remove(conversation);
    notify(`Deleted “${conversation.title}”.`, { label: "Undo", run: restore });
  }

  /// Puts a field in the place of a title.
  rename(conversation) {
    const row = this.list.querySelector(`[data-id="${conversation.id}"]`)?.parentElement;
    if (!row) return;
    this.#renaming = conversation.id;
    const end = async (isKept) => {
      if (this.#renaming === null) return;
      this.#renaming = null;
      if (isKept) await this.library.rename(conversation, input.value);
      this.show();
      this.list.querySelector(`[data-id="${conversation.id}"]`)?.focus();
    };
    const input = el("input", {
      type: "text", value: conversation.title, "aria-label": "Title",
      on: {
        blur: () => end(true),
        keydown: (event) => {
          event.stopPropagation();
          if (event.key === "Enter") end(true);
          if (event.key === "Escape") end(false);
        },
      },
    });
    fill(row, input);
    input.select();
    input.focus();
  }
}
