/// Conversations and messages in the browser's own database, or in memory where it refuses to have one.

const databaseName = "martlet";
const stores = ["conversations", "messages"];

const result = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/// Opens the store. `isKept` says whether it outlives the page.
export async function openStore() {
  try {
    return new DatabaseStore(await openDatabase());
  } catch {
    return new MemoryStore();
  }
}

function openDatabase() {
  const request = indexedDB.open(databaseName, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("conversations", { keyPath: "id" });
    const messages = request.result.createObjectStore("messages", { keyPath: "id" });
    messages.createIndex("conversation", "conversation");
  };
  return result(request);
}

class DatabaseStore {
  isKept = true;
  /// Hears of what could not be kept, for want of room for instance.
  onFailure = () => {};
  #database;

  constructor(database) {
    this.#database = database;
    // Another version of the page may want to change the form of the database.
    database.onversionchange = () => database.close();
  }

  #store(name, mode = "readonly") {
    return this.#database.transaction(name, mode).objectStore(name);
  }

  conversations() {
    return result(this.#store("conversations").getAll());
  }

  messages(conversation) {
    return result(this.#store("messages").index("conversation").getAll(conversation));
  }

  async put(name, value) {
    try {
      await result(this.#store(name, "readwrite").put(value));
    } catch (error) {
      this.onFailure(error);
    }
  }

  async remove(name, ids) {
    const store = this.#store(name, "readwrite");
    await Promise.all(ids.map((id) => result(store.delete(id))));
  }

  async clear() {
    for (const name of stores) await result(this.#store(name, "readwrite").clear());
  }
}

class MemoryStore {
  isKept = false;
  #values = new Map(stores.map((name) => [name, new Map()]));

  async conversations() {
    return [...this.#values.get("conversations").values()];
  }

  async messages(conversation) {
    return [...this.#values.get("messages").values()].filter((one) => one.conversation === conversation);
  }

  async put(name, value) {
    this.#values.get(name).set(value.id, structuredClone(value));
  }

  async remove(name, ids) {
    for (const id of ids) this.#values.get(name).delete(id);
  }

  async clear() {
    for (const values of this.#values.values()) values.clear();
  }
}

/// An id that nothing else has. `crypto.randomUUID` is missing on pages that came by plain HTTP from elsewhere.
export function newId() {
  const random = crypto.getRandomValues(new Uint8Array(12));
  return [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
