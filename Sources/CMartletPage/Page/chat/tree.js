/// The messages of a conversation as a tree: an edit or another try is a sibling of what it replaces, and a choice at
/// each message says which branch is shown.

const byAge = (one, other) => one.created - other.created || (one.id < other.id ? -1 : 1);

export class Tree {
  #messages = new Map();
  #children = new Map();

  /// Takes messages in any order, and `chosen`: the child that is shown of each message, by its id, that of the
  /// beginning by "". A message whose parent is missing begins a branch of its own.
  constructor(messages = [], chosen = {}) {
    this.chosen = { ...chosen };
    for (const message of messages) this.#messages.set(message.id, message);
    for (const message of messages) this.#place(message);
  }

  #place(message) {
    const parent = this.#messages.has(message.parent) ? message.parent : "";
    const children = this.#children.get(parent) ?? [];
    children.push(message);
    this.#children.set(parent, children.sort(byAge));
  }

  get(id) {
    return this.#messages.get(id);
  }

  get all() {
    return [...this.#messages.values()];
  }

  children(id) {
    return this.#children.get(id ?? "") ?? [];
  }

  /// Adds a message and shows it.
  add(message) {
    this.#messages.set(message.id, message);
    this.#place(message);
    this.show(message.id);
  }

  /// The messages from the beginning to the end of the branch that is shown. Where nothing was chosen the newest goes.
  path() {
    const path = [];
    let children = this.children("");
    while (children.length > 0) {
      const chosen = this.chosen[path.at(-1)?.id ?? ""];
      path.push(children.find((child) => child.id === chosen) ?? children.at(-1));
      children = this.children(path.at(-1).id);
    }
    return path;
  }

  /// The messages from the beginning to this one.
  pathTo(id) {
    const path = [];
    for (let message = this.get(id); message; message = this.get(message.parent)) path.unshift(message);
    return path;
  }

  /// What stands beside a message, itself included, the oldest first, and its place there.
  siblings(id) {
    const parent = this.get(id)?.parent;
    const list = this.children(this.#messages.has(parent) ? parent : "");
    return { list, index: list.findIndex((message) => message.id === id) };
  }

  /// Chooses the branch that a message is on.
  show(id) {
    for (const message of this.pathTo(id)) {
      this.chosen[this.#messages.has(message.parent) ? message.parent : ""] = message.id;
    }
  }

  /// Removes a message and what follows it. Returns what was removed; a sibling is shown in its place.
  remove(id) {
    const removed = [];
    const waiting = [this.get(id)];
    while (waiting.length > 0) {
      const message = waiting.pop();
      if (!message) continue;
      removed.push(message);
      waiting.push(...this.children(message.id));
    }
    const { list } = this.siblings(id);
    list.splice(list.findIndex((message) => message.id === id), 1);
    for (const message of removed) {
      this.#messages.delete(message.id);
      this.#children.delete(message.id);
      delete this.chosen[message.id];
    }
    for (const [parent, child] of Object.entries(this.chosen)) {
      if (!this.#messages.has(child)) delete this.chosen[parent];
    }
    return removed;
  }
}

/// Messages whose parents lead back to themselves, which no program of ours writes; a file may hold them.
export function hasCircle(messages) {
  const parents = new Map(messages.map((message) => [message.id, message.parent]));
  const isSafe = new Set();
  for (const { id } of messages) {
    const seen = new Set();
    for (let at = id; parents.has(at) && !isSafe.has(at); at = parents.get(at)) {
      if (seen.has(at)) return true;
      seen.add(at);
    }
    for (const one of seen) isSafe.add(one);
  }
  return false;
}
