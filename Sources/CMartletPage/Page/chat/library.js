/// All conversations: their list, and what happens to one as a whole.

import { newId } from "./store.js";

/// Emits "list" when it changed, and "elsewhere" with an id when another page of this browser changed a conversation.
export class Library {
  /// Without their messages, the last used first.
  conversations = [];
  #others = new BroadcastChannel("martlet");

  constructor(store, bus) {
    this.store = store;
    this.bus = bus;
    this.#others.addEventListener("message", async ({ data }) => {
      await this.load();
      bus.emit("elsewhere", data);
    });
  }

  async load() {
    this.conversations = await this.store.conversations();
    this.#changed();
  }

  #changed() {
    this.conversations.sort((one, other) => other.updated - one.updated);
    this.bus.emit("list");
  }

  get(id) {
    return this.conversations.find((one) => one.id === id) ?? null;
  }

  /// Saves a conversation that was used, and adds it when it is new.
  async keep(conversation) {
    this.conversations = [conversation, ...this.conversations.filter((one) => one.id !== conversation.id)];
    this.#changed();
    await this.store.put("conversations", conversation);
    this.#others.postMessage(conversation.id);
  }

  async rename(conversation, title) {
    conversation.title = title.trim().slice(0, 200) || conversation.title;
    await this.keep(conversation);
  }

  /// Removes a conversation. Returns what brings it back.
  async remove(conversation) {
    const messages = await this.store.messages(conversation.id);
    this.conversations = this.conversations.filter((one) => one.id !== conversation.id);
    this.#changed();
    await this.store.remove("messages", messages.map((message) => message.id));
    await this.store.remove("conversations", [conversation.id]);
    this.#others.postMessage(conversation.id);
    return () => this.#insert(conversation, messages);
  }

  async #insert(conversation, messages) {
    for (const message of messages) await this.store.put("messages", message);
    await this.keep(conversation);
  }

  /// Adds conversations of a file. They get ids of their own, so that no file can replace what is here.
  async add(conversations) {
    for (const { messages, ...conversation } of conversations) {
      const copy = withNewIds(conversation, messages);
      await this.#insert(copy.conversation, copy.messages);
    }
  }

  /// Every conversation with its messages.
  async everything() {
    const all = [];
    for (const conversation of this.conversations) {
      all.push({ ...conversation, messages: await this.store.messages(conversation.id) });
    }
    return all;
  }
}

/// A conversation and messages of it under other ids. Parents and choices that are not among them are forgotten.
export function withNewIds(conversation, messages) {
  const id = newId();
  const names = new Map(messages.map((message) => [message.id, newId()]));
  const chosen = Object.entries(conversation.chosen)
    .filter(([parent, child]) => names.has(child) && (parent === "" || names.has(parent)))
    .map(([parent, child]) => [names.get(parent) ?? "", names.get(child)]);
  return {
    conversation: { ...structuredClone(conversation), id, chosen: Object.fromEntries(chosen) },
    messages: messages.map((message) => ({
      ...structuredClone(message), id: names.get(message.id), parent: names.get(message.parent) ?? null,
      conversation: id,
    })),
  };
}
