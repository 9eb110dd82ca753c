/// The conversation that is shown and what a user does with it: send, stop, edit, try again, branch, go on.

import { emptyAnswer, fold } from "../wire/answer.js";
import { complaint, requestBody } from "../wire/request.js";
import { preference, setPreference } from "../preferences.js";
import { readSettings } from "./archive.js";
import { newId } from "./store.js";
import { isBeingWritten, keepAlive } from "./alive.js";
import { withNewIds } from "./library.js";
import { Tree } from "./tree.js";

/// Milliseconds between two savings of an answer that is being written.
const savingInterval = 250;

/// Topics of the bus: "path" (messages shown), "answer" (one that grew), "settings", "busy", "failure" (an error).
export class Chat {
  current = null;
  tree = new Tree();
  /// By conversation: what is being written in it.
  #streams = new Map();
  #opening = null;
  #draft = readSettings(preference("settings", null));

  constructor(library, server, bus) {
    this.library = library;
    this.store = library.store;
    this.server = server;
    this.bus = bus;
    bus.on("elsewhere", (id) => {
      if (id === this.current?.id && !this.isBusy) this.open(id);
    });
    addEventListener("pagehide", () => {
      for (const { message } of this.#streams.values()) this.#save(message);
    });
  }

  /// The settings of the conversation that is shown, or of the next one.
  get settings() {
    return this.current?.settings ?? this.#draft;
  }

  /// Keeps settings after a view changed them; the next conversation begins with them.
  settingsChanged() {
    this.#draft = structuredClone(this.settings);
    setPreference("settings", this.#draft);
    if (this.current) this.store.put("conversations", this.current);
    this.bus.emit("settings");
  }

  get isBusy() {
    return this.#streams.has(this.current?.id);
  }

  isWriting(conversation) {
    return this.#streams.has(conversation.id);
  }

  path() {
    return this.tree.path();
  }

  /// Shows a conversation; nothing for a new one.
  async open(id) {
    const conversation = this.library.get(id);
    const stream = this.#streams.get(conversation?.id);
    this.#opening = id;
    const tree = stream?.tree ?? new Tree(
      conversation ? await this.store.messages(conversation.id) : [], conversation?.chosen);
    if (conversation && !stream) await this.#markCut(tree);
    // Whoever asked for another one meanwhile shall see that one.
    if (this.#opening !== id) return;
    this.current = conversation;
    this.tree = tree;
    setPreference("open", conversation?.id ?? null);
    for (const topic of ["list", "path", "settings", "busy"]) this.bus.emit(topic);
  }

  /// Removes a conversation. Returns what brings it back.
  async remove(conversation) {
    this.#streams.get(conversation.id)?.controller.abort();
    const restore = await this.library.remove(conversation);
    if (this.current?.id === conversation.id) await this.open(null);
    return restore;
  }

  /// Answers that nobody writes any more were cut off: by a reload, or the end of the browser.
  async #markCut(tree) {
    for (const message of tree.all.filter((one) => one.state === "streaming")) {
      if (await isBeingWritten(message.id)) continue;
      message.state = "cut";
      message.error = "The page was closed or reloaded while this was being written.";
      await this.#save(message);
    }
  }

  /// Adds a prompt to the end of what is shown and has it answered. Returns what is wrong with the settings, or null.
  async send(content, files = []) {
    const wrong = complaint(this.settings);
    if (wrong) return wrong;
    if (!this.current) await this.#begin(content || files[0]?.name || "Untitled");
    const prompt = this.#newMessage("user", this.path().at(-1)?.id ?? null, { content, files });
    await this.#add(prompt);
    this.#answer(prompt.id);
    return null;
  }

  async #begin(title) {
    const now = Date.now();
    this.current = {
      id: newId(), title: title.trim().split("\n")[0].slice(0, 80), created: now, updated: now,
      settings: structuredClone(this.#draft), chosen: {},
    };
    this.tree = new Tree();
    setPreference("open", this.current.id);
    await this.library.keep(this.current);
  }

  #newMessage(role, parent, content) {
    return { id: newId(), conversation: this.current.id, parent, role, created: Date.now(), ...content };
  }

  async #add(message) {
    this.tree.add(message);
    this.bus.emit("path");
    await this.#save(message);
    await this.#touch();
  }

  async #touch(conversation = this.current, tree = this.tree) {
    conversation.chosen = tree.chosen;
    conversation.updated = Date.now();
    await this.library.keep(conversation);
  }

  #save(message) {
    return this.store.put("messages", message);
  }

  /// Has a message answered anew, beside the answers that it has.
  #answer(parent) {
    const message = this.#newMessage("assistant", parent, {
      state: "streaming", error: null, budget: structuredClone(this.settings.budget), answer: emptyAnswer(),
    });
    this.#add(message);
    return this.#write(message, false);
  }

  async #write(message, continues) {
    const conversation = this.current;
    const tree = this.tree;
    const controller = new AbortController();
    const release = keepAlive(message.id);
    this.#streams.set(conversation.id, { controller, message, tree });
    this.bus.emit("busy");
    const path = tree.pathTo(continues ? message.id : message.parent);
    const body = requestBody(path, conversation.settings, {
      continues, speaksMartlet: this.server.state !== null,
    });
    const started = performance.now();
    let saved = started;
    try {
      const ignored = await this.server.stream(body, controller.signal, (chunk) => {
        const now = performance.now();
        fold(message.answer, chunk, (now - started) / 1000);
        if (now - saved >= savingInterval) {
          saved = now;
          this.#save(message);
        }
        this.bus.emit("answer", message);
      });
      message.state = "done";
      message.ignored = ignored;
    } catch (error) {
      this.#end(message, error);
    }
    release();
    this.#streams.delete(conversation.id);
    // Meanwhile the conversation may have been deleted.
    if (this.library.get(conversation.id)) {
      await this.#save(message);
      await this.#touch(conversation, tree);
    }
    this.bus.emit("answer", message);
    this.bus.emit("busy");
    this.bus.emit("path");
  }

  #end(message, error) {
    if (error.name === "AbortError") {
      message.state = "stopped";
      message.error = null;
      return;
    }
    const { content, reasoning, toolCalls } = message.answer;
    const hasText = content !== "" || reasoning !== "" || toolCalls.length > 0;
    message.state = hasText ? "cut" : "failed";
    message.error = error.message;
    this.bus.emit("failure", error);
  }

  /// Stops what is being written in the conversation that is shown.
  stop() {
    this.#streams.get(this.current?.id)?.controller.abort();
  }

  /// Writes another answer to the same prompt.
  retry(id) {
    const message = this.tree.get(id);
    if (!this.isBusy && message) this.#answer(message.role === "assistant" ? message.parent : id);
  }

  /// Goes on with an answer that was stopped, cut off or ended at its limit.
  goOn(id) {
    const message = this.tree.get(id);
    if (this.isBusy || !message) return;
    Object.assign(message, { state: "streaming", error: null });
    // Its figures are from here on those of the rest.
    Object.assign(message.answer, {
      finish: null, usage: null, timings: null, pieces: 0, firstSeconds: null, seconds: 0,
    });
    this.bus.emit("path");
    this.#write(message, true);
  }

  /// Puts a changed message beside the old one. A changed prompt is answered anew.
  async edit(id, content, files) {
    const old = this.tree.get(id);
    if (this.isBusy || !old) return;
    if (old.role === "assistant") {
      const answer = { ...structuredClone(old.answer), content };
      const { budget } = old;
      await this.#add(this.#newMessage("assistant", old.parent, { state: "done", error: null, budget, answer }));
      return;
    }
    const message = this.#newMessage(old.role, old.parent, { content, files, callId: old.callId });
    await this.#add(message);
    this.#answer(message.id);
  }

  /// Answers an answer's calls of tools and lets the model go on.
  async answerCalls(id, results) {
    let parent = id;
    for (const { callId, content } of results) {
      const message = this.#newMessage("tool", parent, { callId, content, files: [] });
      await this.#add(message);
      parent = message.id;
    }
    this.#answer(parent);
  }

  /// Shows the sibling that stands so many places further.
  async turn(id, by) {
    const { list, index } = this.tree.siblings(id);
    const sibling = list[index + by];
    if (!sibling) return;
    this.tree.show(sibling.id);
    this.current.chosen = this.tree.chosen;
    this.bus.emit("path");
    await this.store.put("conversations", this.current);
  }

  /// Makes a conversation of its own out of everything up to a message, and shows it.
  async fork(id) {
    const title = `${this.current.title} (branch)`;
    const now = Date.now();
    const { conversation, messages } = withNewIds(
      { ...this.current, title, created: now, updated: now }, this.tree.pathTo(id));
    for (const message of messages) {
      if (message.state === "streaming") message.state = "stopped";
      await this.#save(message);
    }
    await this.library.keep(conversation);
    await this.open(conversation.id);
  }

  /// Removes a message with all that follows it. Returns what brings it back.
  async removeMessage(id) {
    const { chosen } = structuredClone({ chosen: this.tree.chosen });
    const conversation = this.current;
    const removed = this.tree.remove(id);
    await this.store.remove("messages", removed.map((message) => message.id));
    await this.#touch();
    this.bus.emit("path");
    return async () => {
      for (const message of removed) await this.#save(message);
      conversation.chosen = chosen;
      await this.store.put("conversations", conversation);
      if (this.current?.id === conversation.id) await this.open(conversation.id);
    };
  }
}
