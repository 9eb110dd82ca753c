/// The prompt, its files, its budget, and the button that sends or stops.

import { byId, el, fill, icon, iconButton, notify } from "../dom.js";
import * as format from "../format.js";
import { readFiles } from "../chat/files.js";
import { preference } from "../preferences.js";
import { complaint, promptText, requestBody } from "../wire/request.js";
import { TypingSession } from "../wire/session.js";
import { budgetWords } from "./budget.js";
import { fitHeight } from "./editor.js";

export class Composer {
  #files = [];

  constructor(chat, server, bus, budget) {
    this.chat = chat;
    this.server = server;
    this.budget = budget;
    this.session = new TypingSession(server);
    this.prompt = byId("prompt");
    this.fileList = byId("files");
    this.complaint = byId("complaint");
    this.#buildRow();
    this.#listen(bus);
    this.update();
  }

  #buildRow() {
    this.picker = el("input", {
      type: "file", multiple: true, hidden: true, "aria-label": "Files", on: { change: () => this.#pick() },
    });
    this.budgetWords = el("span", { class: "budget-words" });
    this.budgetButton = el(
      "button",
      {
        type: "button", class: "quiet budget-button", id: "budget-button", "aria-controls": "budget", "aria-expanded": "false",
        title: "Budget (b)", on: { click: () => this.toggleBudget() },
      },
      icon("gauge"), el("span", { class: "budget-label", text: "Budget" }), this.budgetWords);
    this.context = el("span", { class: "context" });
    this.sendButton = el("button", { type: "submit", id: "send", class: "primary round" });
    fill(
      byId("composer-row"), iconButton("clip", "Add text files", () => this.picker.click(), { id: "attach" }), this.picker,
      this.budgetButton, this.context, this.sendButton);
  }

  #listen(bus) {
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.chat.isBusy) this.chat.stop();
      else this.send();
    });
    this.prompt.addEventListener("input", () => this.#typed());
    this.prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (!this.chat.isBusy) this.send();
    });
    this.prompt.addEventListener("paste", (event) => {
      if (event.clipboardData.files.length === 0) return;
      event.preventDefault();
      this.addFiles(event.clipboardData.files);
    });
    for (const topic of ["busy", "settings", "server", "path"]) bus.on(topic, () => this.update());
    for (const topic of ["server", "ahead"]) bus.on(topic, () => this.session.close());
    // What was typed beside an answer waits for its end.
    for (const topic of ["busy", "settings"]) bus.on(topic, () => this.#tellAhead());
    bus.on("answer", () => this.#showContext());
    bus.on("example", (example) => {
      this.prompt.value = example;
      this.#typed();
      this.prompt.focus();
    });
    this.#takeDrops();
  }

  #takeDrops() {
    const zone = byId("drop");
    let depth = 0;
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    const show = (isShown) => {
      zone.hidden = !isShown;
    };
    addEventListener("dragenter", (event) => {
      if (!hasFiles(event)) return;
      depth += 1;
      show(true);
    });
    addEventListener("dragleave", (event) => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      show(depth > 0);
    });
    addEventListener("dragover", (event) => {
      if (hasFiles(event)) event.preventDefault();
    });
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      show(false);
      this.addFiles(event.dataTransfer.files);
    });
  }

  #pick() {
    this.addFiles(this.picker.files);
    this.picker.value = "";
  }

  async addFiles(list) {
    const { files, complaints } = await readFiles(list);
    this.#files.push(...files);
    if (complaints.length > 0) notify(complaints.join(" "));
    this.#showFiles();
    this.prompt.focus();
  }

  #showFiles() {
    this.fileList.hidden = this.#files.length === 0;
    fill(this.fileList, this.#files.map((file, index) => el(
      "li", {}, icon("file"), el("span", { text: file.name }),
      el("span", { class: "dim", text: format.bytes(new Blob([file.text]).size) }),
      iconButton("close", `Remove ${file.name}`, () => {
        this.#files.splice(index, 1);
        this.#showFiles();
        this.prompt.focus();
      }))));
    this.update();
  }

  #typed() {
    fitHeight(this.prompt);
    this.#complain(null);
    this.update();
    this.#tellAhead();
  }

  /// Lets the server compute the prompt while it is typed.
  #tellAhead() {
    const { settings, isBusy } = this.chat;
    if (!this.server.state?.sessions || !preference("ahead", true) || isBusy || complaint(settings)) return;
    if (this.isEmpty) {
      this.session.clear();
      return;
    }
    const text = promptText({ files: this.#files, content: this.prompt.value.trimStart() });
    this.session.update(requestBody(this.chat.path(), settings), text);
  }

  get isEmpty() {
    return this.prompt.value.trim() === "" && this.#files.length === 0;
  }

  async send() {
    if (this.isEmpty || this.chat.isBusy) return;
    const [text, files] = [this.prompt.value.trim(), this.#files];
    const wrong = await this.chat.send(text, files);
    this.#complain(wrong);
    if (wrong) return;
    this.session.clear();
    this.#files = [];
    this.prompt.value = "";
    fitHeight(this.prompt);
    this.#showFiles();
  }

  #complain(sentence) {
    this.complaint.hidden = !sentence;
    this.complaint.textContent = sentence ?? "";
  }

  toggleBudget(isShown) {
    this.budget.toggle(isShown);
    this.budgetButton.setAttribute("aria-expanded", String(this.budget.isShown));
    if (!this.budget.isShown) this.prompt.focus();
  }

  update() {
    const { isBusy } = this.chat;
    this.budgetButton.hidden = !this.server.state && this.server.models.length > 0;
    this.budgetWords.textContent = budgetWords(this.chat.settings.budget);
    this.sendButton.disabled = !isBusy && this.isEmpty;
    const label = isBusy ? "Stop (Escape)" : "Send (Enter)";
    if (this.sendButton.title !== label) {
      this.sendButton.title = label;
      this.sendButton.setAttribute("aria-label", label);
      fill(this.sendButton, icon(isBusy ? "stop" : "send"));
    }
    this.#showContext();
  }

  /// How much of the context the conversation takes.
  #showContext() {
    const answer = this.chat.path().findLast((message) => message.role === "assistant")?.answer;
    const used = answer?.usage?.total_tokens ?? answer?.cache?.logicalTokens ?? null;
    const limit = this.server.contextTokens;
    this.context.hidden = used === null;
    if (used === null) return;
    this.context.textContent = limit ? `${format.whole(used)} of ${format.whole(limit)} tokens` : `${format.whole(used)} tokens`;
    this.context.title = limit ? `${format.percent(used / limit)} of the context` : "Tokens of the conversation";
    this.context.classList.toggle("full", limit !== null && used / limit > 0.9);
  }
}
