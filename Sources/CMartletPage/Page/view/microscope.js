/// The cache microscope: what every head holds, in how many bytes, what a token reads, how chains vote. It follows an
/// answer while it is written and can go back over its course.

import { byId, el, fill } from "../dom.js";
import { perFrame } from "../bus.js";
import * as format from "../format.js";
import { figures } from "../wire/report.js";
import { HeatMap } from "./heatmap.js";
import { chart } from "./chart.js";
import { Votes } from "./votes.js";

export class Microscope {
  /// The answer that is shown; null for the newest.
  #chosen = null;
  #conversation = null;
  /// The point of its course that is shown; null for the newest.
  #point = null;

  constructor(chat, server, bus) {
    this.chat = chat;
    this.server = server;
    this.heat = new HeatMap();
    this.votes = new Votes();
    this.#build();
    const draw = perFrame(() => this.show());
    bus.on("answer", draw);
    bus.on("path", draw);
    bus.on("server", draw);
    this.show();
  }

  #build() {
    this.which = el("p", { class: "which" });
    this.held = figure("held");
    this.ratio = figure("compression");
    this.reads = figure("tokens read");
    this.moved = figure("bytes moved");
    this.heldBar = el("div", { class: "meter", role: "img" }, el("span"));
    this.bytesChart = el("div");
    this.readsChart = el("div");
    this.slider = el("input", {
      type: "range", min: "0", step: "1", "aria-label": "Point of the answer", on: { input: () => this.#slide() },
    });
    this.sliderText = el("output", { class: "readout" });
    this.course = el(
      "div", { class: "instrument" }, part("Bytes held", this.bytesChart), part("Tokens read by a token", this.readsChart),
      el("div", { class: "course" }, this.slider, this.sliderText));
    this.empty = el("p", { class: "dim empty" });
    this.body = el(
      "div", { class: "instrument" }, this.which,
      el("div", { class: "figures" }, this.held.node, this.ratio.node, this.reads.node, this.moved.node), this.heldBar,
      part("Tokens that each head holds", this.heat.node),
      this.course);
    fill(byId("cache"), this.empty, this.votes.node, this.body);
  }

  /// Shows the cache of an answer until another one is shown.
  choose(id) {
    this.#chosen = id;
    this.#point = null;
    this.show();
  }

  /// The newest answer is followed again.
  follow() {
    this.choose(null);
  }

  #message() {
    if (this.#conversation !== this.chat.current?.id) {
      this.#conversation = this.chat.current?.id;
      this.#chosen = null;
      this.#point = null;
    }
    const path = this.chat.path();
    const isAnswer = (message) => message.role === "assistant";
    return path.find((message) => message.id === this.#chosen)
      ?? path.findLast((message) => isAnswer(message) && (message.answer.cache || message.answer.solve))
      ?? null;
  }

  #slide() {
    const last = Number(this.slider.max);
    this.#point = Number(this.slider.value) >= last ? null : Number(this.slider.value);
    this.show();
  }

  show() {
    // Nobody sees it: a hidden panel costs nothing.
    if (byId("cache").offsetParent === null) return;
    const message = this.#message();
    const answer = message?.answer;
    const cache = answer?.cache ?? null;
    this.votes.show(answer?.solve ?? null);
    this.body.hidden = !cache;
    this.empty.hidden = cache !== null || Boolean(answer?.solve);
    if (!cache) {
      this.empty.textContent = this.server.state || !this.server.isReachable
        ? "What the cache of an answer holds is drawn here while it is written."
        : "This server does not say what its cache holds.";
      return;
    }
    const points = answer.trace.points;
    const index = this.#point === null ? points.length - 1 : Math.min(this.#point, points.length - 1);
    const point = points[index] ?? null;
    const isNewest = this.#point === null || !point;
    const shown = isNewest ? cache : {
      ...cache, bytesHeld: point.bytes, readsPerToken: point.reads, logicalTokens: point.at, liveTokens: point.live,
      bytesMoved: null,
    };
    this.#showFigures(shown, message);
    this.heat.show(shown.liveTokens, shown.logicalTokens);
    this.#showCourse(points, index, isNewest);
  }

  #showFigures(cache, message) {
    const { ratio, share, fullBytes } = figures(cache);
    const answers = this.chat.path().filter((one) => one.role === "assistant");
    const place = answers.findIndex((one) => one.id === message.id) + 1;
    fill(
      this.which,
      el("span", {}, el("strong", { text: cache.policy ?? "policy not said" }), cache.codec ? ` in ${cache.codec}` : ""),
      el("span", { class: "dim", text: `answer ${place} of ${answers.length}${message.state === "streaming" ? ", live" : ""}` }));
    this.held.show(format.bytes(cache.bytesHeld), cache.peakBytes !== null ? `at most ${format.bytes(cache.peakBytes)}` : "");
    this.ratio.show(
      ratio ? `${format.short(ratio)}×` : "–",
      fullBytes && ratio > 1.005 ? `all would be ${format.bytes(fullBytes)}` : "nothing dropped");
    this.reads.show(
      cache.readsPerToken === null ? "–" : format.whole(cache.readsPerToken),
      cache.logicalTokens ? `of ${format.whole(cache.logicalTokens)}, by the newest` : "");
    this.moved.show(cache.bytesMoved === null ? "–" : format.bytes(cache.bytesMoved), "by the newest");
    this.heldBar.hidden = share === null;
    this.heldBar.firstChild.style.width = `${Math.min(100, (share ?? 0) * 100)}%`;
    this.heldBar.setAttribute("aria-label", `${format.percent(share ?? 0)} of all tokens are held`);
  }

  #showCourse(points, index, isNewest) {
    this.course.hidden = points.length < 3;
    if (this.course.hidden) return;
    const marked = isNewest ? null : points[index].at;
    const drawn = points.map((point) => ({
      x: point.at, bytes: point.bytes, reads: point.reads,
      full: figures({ liveTokens: point.live, logicalTokens: point.at, bytesHeld: point.bytes }).fullBytes,
    }));
    const formatX = (value) => `${format.whole(value)} tokens`;
    fill(this.bytesChart, chart({
      points: drawn.map(({ x, bytes, full }) => ({ x, y: bytes, reference: full })), label: "Bytes held", formatX,
      formatY: format.bytes, marked,
    }));
    fill(this.readsChart, chart({
      points: drawn.map(({ x, reads }) => ({ x, y: reads ?? NaN, reference: x })), label: "Tokens read by a token", formatX,
      formatY: format.whole, marked,
    }));
    this.slider.max = String(Math.max(0, points.length - 1));
    if (document.activeElement !== this.slider || isNewest) this.slider.value = String(index);
    this.sliderText.textContent = isNewest ? "newest" : formatX(points[index].at);
  }
}

function part(title, ...children) {
  return el("section", { class: "part" }, el("h3", { text: title }), children);
}

/// A number with what it is and a remark.
export function figure(name) {
  const value = el("span", { class: "figure-value", text: "–" });
  const remark = el("span", { class: "figure-remark" });
  const node = el("div", { class: "figure" }, el("span", { class: "figure-name", text: name }), value, remark);
  const show = (text, note = "") => {
    value.textContent = text;
    remark.textContent = note;
  };
  return { node, show };
}
