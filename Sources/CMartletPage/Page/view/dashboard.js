/// The server at work: queue, batch, step, latencies, pages, hits, pre-emptions. It asks once a second while it is seen.

import { byId, el, fill } from "../dom.js";
import * as format from "../format.js";
import { chart } from "./chart.js";
import { figure } from "./microscope.js";

const interval = 1000;
/// Five minutes.
const remembered = 300;

/// States of the cache's pages, in the order in which they are drawn.
const memoryStates = ["running", "shared", "pinned", "parked", "free"];

export class Dashboard {
  #timer = null;
  #history = [];

  constructor(server) {
    this.server = server;
    this.node = byId("dashboard");
    this.#build();
    document.addEventListener("visibilitychange", () => this.#schedule());
  }

  #build() {
    const names = {
      running: "running", waiting: "waiting", tokens: "tokens/s", step: "time of a step", budget: "budget",
      hits: "hits", saved: "tokens saved",
    };
    this.figures = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, figure(name)]));
    const { running, waiting, tokens, step, budget, hits, saved } = this.figures;
    this.note = el("p", { class: "dim", role: "status" });
    this.queueChart = el("div");
    this.speedChart = el("div");
    this.cost = el("dl", { class: "counts" });
    this.latency = el("div", { class: "table-frame" });
    this.pages = el("div");
    this.preemptions = el("dl", { class: "counts" });
    fill(
      this.node, el("div", { class: "dashboard-head" }, el("h2", { text: "Dashboard" }), this.note),
      el(
        "div", { class: "tiles" },
        tile("Requests", el("div", { class: "figures" }, running.node, waiting.node), this.queueChart),
        tile("Step", el("div", { class: "figures three" }, tokens.node, step.node, budget.node), this.cost, this.speedChart),
        tile("Latency", this.latency), tile("Pages of the cache", this.pages),
        tile("Prefix reuse", el("div", { class: "figures" }, hits.node, saved.node)),
        tile("Pre-empted", this.preemptions)));
  }

  get isShown() {
    return !this.node.hidden;
  }

  toggle(isShown) {
    this.node.hidden = !isShown;
    this.#schedule();
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (this.node.hidden || document.hidden) return;
    this.#refresh().finally(() => {
      clearTimeout(this.#timer);
      if (!this.node.hidden && !document.hidden) this.#timer = setTimeout(() => this.#schedule(), interval);
    });
  }

  async #refresh() {
    let state;
    try {
      state = await this.server.refreshState();
    } catch (error) {
      this.note.textContent = error.message;
      return;
    }
    if (state) this.show(state);
    else this.note.textContent = "This server does not say how it is.";
  }

  show({ version, model, queue, step, latency, memory, prefix, preemptions }) {
    this.note.textContent = [version && `Martlet ${version}`, model].filter(Boolean).join("  ·  ");
    const { figures } = this;
    figures.running.show(format.whole(queue?.running));
    figures.waiting.show(format.whole(queue?.waiting));
    figures.tokens.show(format.short(step?.tokensPerSecond));
    figures.step.show(format.seconds(step?.seconds));
    figures.budget.show(format.whole(step?.budgetTokens), "tokens now");
    figures.hits.show(
      format.percent(prefix?.lookups ? prefix.hits / prefix.lookups : NaN),
      prefix ? `${format.whole(prefix.hits)} of ${format.whole(prefix.lookups)}` : "");
    figures.saved.show(format.whole(prefix?.savedTokens), "not computed again");
    this.#remember(queue, step);
    this.#showCharts();
    fill(this.cost, costRows(step ?? {}));
    fill(this.latency, latencyTable(latency ?? {}));
    fill(this.pages, memoryNode(memory ?? {}));
    fill(this.preemptions, Object.entries(preemptions ?? {}).map(([kind, count]) =>
      el("div", {}, el("dt", { text: kind }), el("dd", { text: format.whole(count) }))));
  }

  #remember(queue, step) {
    this.#history.push({
      at: performance.now() / 1000, busy: (queue?.running ?? 0) + (queue?.waiting ?? 0), speed: step?.tokensPerSecond ?? NaN,
    });
    if (this.#history.length > remembered) this.#history.shift();
  }

  #showCharts() {
    const now = this.#history.at(-1).at;
    const formatX = (value) => (value >= -0.5 ? "now" : `${Math.round(-value)} s ago`);
    const from = Math.min(-60, this.#history[0].at - now);
    const points = (key) => this.#history.map((one) => ({ x: one.at - now, y: one[key] }));
    fill(this.queueChart, chart({
      points: points("busy"), label: "Requests running and waiting", formatX, formatY: format.whole, from,
    }));
    fill(this.speedChart, chart({
      points: points("speed"), label: "Tokens a second", formatX, formatY: format.short, from,
    }));
  }
}

function tile(title, ...children) {
  return el("section", { class: "tile" }, el("h3", { text: title }), children);
}

function costRows({ targetGap, mostTokens, cost }) {
  const rows = {
    "target between tokens": format.seconds(targetGap), "at most": `${format.whole(mostTokens)} tokens`,
    "cost of a step": format.seconds(cost?.fixed), "of a token": format.seconds(cost?.perToken),
    "of a token read": format.seconds(cost?.perRead),
  };
  return Object.entries(rows).map(([name, text]) => el("div", {}, el("dt", { text: name }), el("dd", { text })));
}

const latencyNames = { ttft: "first token", gap: "between tokens", queue: "in the queue" };

function latencyTable(latency) {
  const marks = ["p50", "p90", "p99"];
  const rows = Object.entries(latencyNames).map(([key, name]) => el(
    "tr", {}, el("th", { scope: "row", text: name }),
    marks.map((mark) => el("td", { text: format.seconds(latency[key]?.[mark]) })),
    el("td", { text: format.whole(latency[key]?.count) })));
  const heads = ["median", "90 %", "99 %", "count"];
  return el(
    "table", { class: "latency" }, Number.isFinite(latency.windowSeconds)
      ? el("caption", { class: "dim", text: `the last ${format.counted(latency.windowSeconds / 60, "minute")}` }) : null,
    el("thead", {}, el("tr", {}, el("td"), heads.map((text) => el("th", { scope: "col", text })))),
    el("tbody", {}, rows));
}

function memoryNode(memory) {
  const states = memoryStates.filter((state) => Number.isFinite(memory[state]));
  const total = memory.total || states.reduce((sum, state) => sum + memory[state], 0);
  if (!total) return el("p", { class: "dim", text: "Nothing yet." });
  const bar = el("div", { class: "page-bar", "aria-hidden": "true" }, states.map((state) => {
    const share = el("span", { class: `pages-${state}` });
    share.style.width = `${(memory[state] / total) * 100}%`;
    return share;
  }));
  return el(
    "div", {}, bar,
    el(
      "dl", { class: "counts pages" },
      states.map((state) => el(
        "div", {}, el("dt", {}, el("span", { class: `key pages-${state}`, "aria-hidden": "true" }), state),
        el("dd", {}, format.bytes(memory[state]), el("span", { class: "dim", text: format.percent(memory[state] / total) }))))));
}
