/// One message: its text, its reasoning, its calls, what it cost, and what can be done with it.

import { announce, copyText, el, fill, icon, iconButton, notify } from "../dom.js";
import * as format from "../format.js";
import { MarkdownView, codeNode } from "../markdown/render.js";
import { figures } from "../wire/report.js";
import { speed } from "../wire/answer.js";
import { promptText } from "../wire/request.js";
import { callsNode } from "./calls.js";
import { editorNode } from "./editor.js";

const names = { user: "You", assistant: "Martlet", tool: "Tool" };

const endings = {
  stopped: "Stopped.",
  length: "Ended at the limit of tokens.",
};

export class MessageView {
  #text = new MarkdownView();
  #thought = new MarkdownView();
  #reasoning = null;
  #calls = null;
  #isEditing = false;

  constructor(message, chat, showCache) {
    this.message = message;
    this.chat = chat;
    this.showCache = showCache;
    this.body = el("div", { class: "body" });
    this.foot = el("footer");
    this.node = el(
      "article",
      {
        class: `message ${message.role}`, tabindex: "-1", "aria-label": names[message.role],
        data: { id: message.id },
      },
      this.body, this.foot);
    this.#build();
    this.update();
  }

  #build() {
    const { message } = this;
    this.callsKey = null;
    this.noteKey = null;
    if (message.role === "assistant") {
      this.#reasoning = reasoningNode(this.#thought.node);
      this.#calls = el("div", { class: "calls" });
      this.note = el("p", { class: "note" });
      this.prompt = promptNode();
      fill(this.body, this.prompt.node, this.#reasoning.node, this.#text.node, this.#calls, this.note);
    } else if (message.role === "tool") {
      fill(
        this.body, el("p", { class: "label", text: "Result of a call" }),
        codeNode({ language: looksLikeJSON(message.content) ? "json" : "", text: message.content }));
    } else {
      fill(this.body, filesNode(message.files ?? []), el("div", { class: "said", text: message.content }));
    }
  }

  /// Shows the message as it is now.
  update() {
    if (this.#isEditing) return;
    if (this.message.role === "assistant") this.#updateAnswer();
    this.#updateFoot();
  }

  #updateAnswer() {
    const { answer, state } = this.message;
    const isWriting = state === "streaming";
    this.node.setAttribute("aria-busy", String(isWriting));
    this.node.classList.toggle("writing", isWriting);
    const isEmpty = answer.content === "" && answer.reasoning === "" && answer.toolCalls.length === 0;
    this.node.classList.toggle("waiting", isWriting && isEmpty);
    this.prompt.show(isWriting && isEmpty ? answer.prompt : null);
    this.#text.show(answer.content);
    if (answer.reasoning !== "") this.#thought.show(answer.reasoning);
    this.#reasoning.update(answer, isWriting);
    const isLast = this.chat.path().at(-1)?.id === this.message.id;
    const answers = isLast && !isWriting && !this.chat.isBusy
      ? (results) => this.chat.answerCalls(this.message.id, results) : null;
    // While a call grows it is drawn anew; afterwards only when it may be answered, so that nothing typed is lost.
    const key = JSON.stringify([answer.toolCalls, answers !== null]);
    if (key !== this.callsKey) fill(this.#calls, callsNode(answer.toolCalls, answers));
    this.callsKey = key;
    this.#updateNote();
  }

  #updateNote() {
    const { answer, state, error, ignored } = this.message;
    const ending = endings[state] ?? (answer.finish === "length" && state === "done" ? endings.length : null);
    const text = error ?? ending;
    const isBroken = state === "cut" || state === "failed";
    const mayGoOn = text && state !== "failed" && answer.toolCalls.length === 0 && answer.content !== "";
    const key = JSON.stringify([text, ignored, mayGoOn, state]);
    if (this.noteKey === key) return;
    this.noteKey = key;
    this.note.hidden = !text && !ignored;
    this.note.className = isBroken ? "note bad" : "note";
    const { id } = this.message;
    const button = (label, action) => el("button", { type: "button", class: "small", text: label, on: { click: action } });
    fill(
      this.note, text && el("span", { text }), ignored && el("span", { text: `The server ignored: ${ignored}.` }),
      mayGoOn && button("Go on", () => this.chat.goOn(id)), isBroken && button("Try again", () => this.chat.retry(id)));
  }

  #updateFoot() {
    const { message, chat } = this;
    const { list, index } = chat.tree.siblings(message.id);
    const key = [message.state, list.length, index, chat.isBusy].join();
    if (key !== this.footKey) {
      this.footKey = key;
      this.meta = el("span", { class: "meta" });
      fill(this.foot, branchNode(list, index, chat, message), this.#actions(), this.meta);
    }
    if (message.role === "assistant") this.meta.textContent = costs(message);
  }

  #actions() {
    const { message, chat } = this;
    const isIdle = !chat.isBusy;
    const isAnswer = message.role === "assistant";
    const copy = iconButton("copy", "Copy", async () => {
      const isCopied = await copyText(isAnswer ? message.answer.content : promptText(message));
      fill(copy, icon(isCopied ? "check" : "close"));
      announce(isCopied ? "Copied." : "Could not copy.");
      setTimeout(() => fill(copy, icon("copy")), 1500);
    });
    return el(
      "span", { class: "actions" }, copy,
      isIdle && message.role !== "tool" && iconButton("edit", isAnswer ? "Edit answer" : "Edit and send again", () => this.edit()),
      isIdle && isAnswer && iconButton("retry", "Try again", () => chat.retry(message.id)),
      isIdle && iconButton("branch", "New conversation from here", () => chat.fork(message.id)),
      isIdle && iconButton("bin", "Delete from here on", () => this.#remove()),
      isAnswer && message.answer.cache && iconButton("cache", "Show its cache", () => this.showCache(message.id)));
  }

  async #remove() {
    const restore = await this.chat.removeMessage(this.message.id);
    notify("Deleted.", { label: "Undo", run: restore });
  }

  /// Puts an editor in the place of the text.
  edit() {
    const { message, chat } = this;
    if (chat.isBusy || message.role === "tool" || this.#isEditing) return;
    const isAnswer = message.role === "assistant";
    this.#isEditing = true;
    const close = () => {
      this.#isEditing = false;
      this.node.classList.remove("editing");
      this.#build();
      this.update();
      this.node.focus();
    };
    const editor = editorNode({
      text: isAnswer ? message.answer.content : message.content,
      confirmation: isAnswer ? "Keep as a branch" : "Send as a branch",
      confirm: (text) => {
        close();
        chat.edit(message.id, text, message.files ?? []);
      },
      cancel: close,
    });
    this.node.classList.add("editing");
    fill(this.body, isAnswer ? null : filesNode(message.files ?? []), editor.node);
    editor.focus();
  }
}

/// Which of several branches this is, with buttons to the others.
function branchNode(list, index, chat, message) {
  if (list.length < 2) return null;
  const turn = (by) => chat.turn(message.id, by);
  return el(
    "span", { class: "branches", role: "group", "aria-label": "Branches" },
    iconButton("left", "Branch before", () => turn(-1), { disabled: index === 0 }),
    el("span", { text: `${index + 1} / ${list.length}` }),
    iconButton("right", "Branch after", () => turn(1), { disabled: index === list.length - 1 }));
}

function filesNode(files) {
  if (files.length === 0) return null;
  return el(
    "ul", { class: "file-list", "aria-label": "Files" },
    files.map((file) => el(
      "li", {},
      el(
        "details", {},
        el(
          "summary", {}, icon("file"), el("span", { text: file.name }),
          el("span", { class: "dim", text: format.bytes(new Blob([file.text]).size) })),
        codeNode({ language: file.name.split(".").at(-1).toLowerCase(), text: file.text })))));
}

/// How far a long prompt is computed, until there is something to read.
function promptNode() {
  const words = el("span", {});
  const bar = el("progress", { max: "1", "aria-label": "The prompt" });
  const node = el("p", { class: "reading", hidden: true }, bar, words);
  const show = (prompt) => {
    node.hidden = prompt === null || prompt.total === 0;
    if (node.hidden) return;
    bar.value = prompt.computed / prompt.total;
    const known = prompt.cached > 0 ? `, ${format.whole(prompt.cached)} of them known before` : "";
    words.textContent = `Reading: ${format.whole(prompt.computed)} of ${format.counted(prompt.total, "token")}${known}`;
  };
  return { node, show };
}

/// Reasoning, folded, with the time that it took and, while it goes on, its newest line.
function reasoningNode(text) {
  const title = el("span", { class: "reasoning-title" });
  const newest = el("span", { class: "reasoning-newest", "aria-hidden": "true" });
  const node = el("details", { class: "reasoning", hidden: true }, el("summary", {}, title, newest), text);
  const update = (answer, isWriting) => {
    node.hidden = answer.reasoning === "";
    const isThinking = isWriting && !answer.reasoningEnded;
    node.classList.toggle("thinking", isThinking);
    const time = answer.reasoningSeconds === null ? "" : format.seconds(answer.reasoningSeconds);
    title.textContent = isThinking ? `Thinking ${time}` : `Thought for ${time}`;
    newest.textContent = isThinking ? answer.reasoning.slice(-300).trimEnd().split("\n").at(-1) : "";
  };
  return { node, update };
}

/// What an answer cost, in one line.
function costs({ answer, budget, state }) {
  const { tokens, perSecond } = speed(answer);
  const parts = [];
  const policy = answer.cache?.policy ?? budget.policy;
  if (policy) parts.push(answer.cache?.codec ? `${policy} · ${answer.cache.codec}` : policy);
  if (tokens > 0) parts.push(format.counted(tokens, "token"));
  if (perSecond) parts.push(`${format.short(perSecond)} tokens/s`);
  if (answer.firstSeconds !== null && state !== "streaming") parts.push(`first after ${format.seconds(answer.firstSeconds)}`);
  if (answer.cache?.bytesHeld) {
    const { ratio } = figures(answer.cache);
    const compression = ratio && ratio > 1.005 ? ` (${format.short(ratio)}× less)` : "";
    parts.push(`cache ${format.bytes(answer.cache.bytesHeld)}${compression}`);
  }
  return parts.join("  ·  ");
}

function looksLikeJSON(text) {
  return /^\s*[[{]/.test(text);
}
