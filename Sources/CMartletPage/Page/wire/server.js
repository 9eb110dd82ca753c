/// The server as the page uses it: models, properties, state, and answers as they are written.

import { preference, setPreference } from "../preferences.js";
import { EventReader } from "./sse.js";

/// What went wrong, in a sentence for people. `kind` is "unreachable", "refused", "key", "loading" or "cut".
export class ServerError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

export class Server {
  models = [];
  /// Tokens that a context holds; `null` when the server does not say.
  contextTokens = null;
  /// The server's own sampling parameters, by name.
  defaults = {};
  /// The last `/martlet/state`; `null` for a server that has none.
  state = null;
  /// The model whose properties and state are asked for; empty for the server's first.
  model = "";
  isReachable = true;

  get key() {
    return preference("key", "");
  }

  set key(key) {
    setPreference("key", key === "" ? null : key);
  }

  /// Asks for everything that the page shows of a server. Throws when not even its models can be had.
  async refresh() {
    const models = await this.#json("v1/models");
    this.models = (Array.isArray(models?.data) ? models.data : []).filter((model) => typeof model?.id === "string");
    // Looking at a model that is not in memory would load it.
    const model = this.models.find(({ id }) => id === this.model) ?? this.models[0];
    const [properties] = await Promise.all([
      model?.status?.value === "unloaded" ? null : this.#optional(this.#ofModel("props")), this.refreshState(),
    ]);
    const settings = properties?.default_generation_settings;
    this.defaults = settings?.params ?? {};
    this.contextTokens = settings?.n_ctx ?? model?.max_model_len ?? model?.meta?.n_ctx_train ?? null;
  }

  async refreshState() {
    this.state = await this.#optional(this.#ofModel("martlet/state"));
    return this.state;
  }

  #ofModel(path) {
    return this.models.length > 1 && this.model !== "" ? `${path}?model=${encodeURIComponent(this.model)}` : path;
  }

  async #optional(path) {
    try {
      const value = await this.#json(path);
      return typeof value === "object" ? value : null;
    } catch (error) {
      if (error.kind === "refused") return null;
      throw error;
    }
  }

  async #json(path) {
    const response = await this.#fetch(path, {});
    try {
      return await response.json();
    } catch {
      throw new ServerError("refused", `The server's answer to ${path} is no JSON.`);
    }
  }

  async #fetch(path, options) {
    const headers = { ...options.headers };
    if (this.key !== "") headers.Authorization = `Bearer ${this.key}`;
    let response;
    try {
      response = await fetch(path, { ...options, headers, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      this.isReachable = false;
      throw new ServerError("unreachable", "The server does not answer. Is it still running?");
    }
    this.isReachable = true;
    if (!response.ok) throw await this.#failure(response);
    return response;
  }

  async #failure(response) {
    let said = "";
    try {
      const { error } = await response.json();
      said = typeof error === "string" ? error : error?.message ?? "";
    } catch {
      // The status is all there is to say.
    }
    switch (response.status) {
    case 401: case 403:
      return new ServerError("key", said || "The server asks for a key. Enter it under Settings.");
    case 429:
      return new ServerError("refused", said || "The server has too much to do. Try again in a moment.");
    case 503:
      return new ServerError("loading", said || "The server is still loading its model. Try again in a moment.");
    default:
      return new ServerError("refused", said || `The server answered with status ${response.status}.`);
    }
  }

  /// Sends a request and hands every chunk of its answer to `take`. Returns the fields of the request that the server
  /// ignored. Throws a `ServerError`, or an `AbortError` when `signal` says so.
  async stream(body, signal, take) {
    const response = await this.#fetch("v1/chat/completions", {
      method: "POST", signal, body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
    });
    const ignored = response.headers.get("Martlet-Ignored") ?? "";
    if (!(response.headers.get("Content-Type") ?? "").includes("event-stream")) {
      throw new ServerError("refused", "The server did not answer with a stream of events.");
    }
    const events = new EventReader();
    const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      let piece;
      try {
        piece = await pieces.read();
      } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new ServerError("cut", "The connection ended before the answer did.");
      }
      if (piece.done) break;
      for (const { data } of events.push(piece.value)) {
        if (data === "[DONE]") return ignored;
        take(this.#chunk(data));
      }
    }
    throw new ServerError("cut", "The connection ended before the answer did.");
  }

  #chunk(data) {
    let chunk;
    try {
      chunk = JSON.parse(data);
    } catch {
      throw new ServerError("cut", "The server sent an event that is no JSON.");
    }
    if (chunk?.error) {
      throw new ServerError("cut", chunk.error.message ?? "The server stopped with an error.");
    }
    return chunk ?? {};
  }
}
