/// What each head of each layer holds, as a field of colours: a column a layer, a row a KV head.

import { el } from "../dom.js";
import * as format from "../format.js";

/// Dark blue over green to yellow, as Martlet's other heat maps: lightness grows evenly, for readers of every colour
/// vision.
const stops = [[58, 28, 92], [49, 84, 138], [33, 140, 134], [110, 196, 92], [245, 226, 60]];

/// The colour of a share of all tokens. Shares are spread by their root: small ones, where budgets lie, differ visibly.
function colour(share) {
  const place = Math.sqrt(Math.min(1, Math.max(0, share))) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(place));
  const mixed = stops[index].map((from, channel) => from + (stops[index + 1][channel] - from) * (place - index));
  return `rgb(${mixed.map(Math.round).join(" ")})`;
}

const gap = 1;

export class HeatMap {
  #matrix = [];
  #logical = 1;
  /// The cell that is pointed at: [layer, head].
  #cell = null;

  constructor() {
    this.canvas = el("canvas", {
      class: "heat", tabindex: "0", role: "img",
      on: {
        pointermove: (event) => this.#point(event),
        pointerleave: () => this.#select(null),
        keydown: (event) => this.#key(event),
        blur: () => this.#select(null),
      },
    });
    this.readout = el("output", { class: "readout" });
    this.node = el(
      "div", { class: "heat-frame" },
      el("div", { class: "heat-axes" }, el("span", { text: "heads ↓" }), el("span", { text: "layers →" })),
      this.canvas, legend(), this.readout);
    new ResizeObserver(() => this.#draw()).observe(this.node);
  }

  show(matrix, logical) {
    this.#matrix = matrix;
    this.#logical = Math.max(1, logical ?? 0, ...matrix.flat());
    this.node.hidden = matrix.flat().length === 0;
    this.#draw();
    this.#describe();
  }

  get #heads() {
    return Math.max(1, ...this.#matrix.map((row) => row.length));
  }

  #draw() {
    const layers = this.#matrix.length;
    const width = this.node.clientWidth;
    if (layers === 0 || width === 0) return;
    // Whole pixels, so that all cells are equal.
    const cell = Math.max(2, Math.min(40, Math.floor(width / layers)));
    const height = Math.max(4, Math.min(28, Math.floor(220 / this.#heads)));
    this.size = { cell, height };
    const scale = devicePixelRatio || 1;
    const { canvas } = this;
    const [wide, high] = [cell * layers, height * this.#heads];
    if (canvas.width !== Math.round(wide * scale) || canvas.height !== Math.round(high * scale)) {
      canvas.width = Math.round(wide * scale);
      canvas.height = Math.round(high * scale);
      canvas.style.width = `${wide}px`;
      canvas.style.height = `${high}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, wide, high);
    const inset = cell > 4 ? gap : 0;
    this.#matrix.forEach((row, layer) => row.forEach((count, head) => {
      context.fillStyle = colour(count / this.#logical);
      context.fillRect(layer * cell, head * height, cell - inset, height - (height > 4 ? gap : 0));
    }));
    if (this.#cell) {
      const [layer, head] = this.#cell;
      context.strokeStyle = getComputedStyle(canvas).color;
      context.lineWidth = 2;
      context.strokeRect(layer * cell + 0.5, head * height + 0.5, cell - 1, height - 1);
    }
  }

  #point(event) {
    const { cell, height } = this.size ?? {};
    if (!cell) return;
    this.#select([Math.floor(event.offsetX / cell), Math.floor(event.offsetY / height)]);
  }

  #key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [layer, head] = this.#cell ?? [0, 0];
    const moved = this.#cell ? [layer + step[0], head + step[1]] : [0, 0];
    this.#select([
      Math.min(this.#matrix.length - 1, Math.max(0, moved[0])), Math.min(this.#heads - 1, Math.max(0, moved[1])),
    ]);
  }

  #select(cell) {
    const isInside = cell && this.#matrix[cell[0]]?.[cell[1]] !== undefined;
    this.#cell = isInside ? cell : null;
    this.#draw();
    this.#describe();
  }

  #describe() {
    const counts = this.#matrix.flat();
    const [low, high] = [Math.min(...counts), Math.max(...counts)];
    this.canvas.setAttribute(
      "aria-label",
      `Tokens held by ${this.#matrix.length} layers with ${this.#heads} heads: from ${format.whole(low)} to `
        + `${format.whole(high)} of ${format.whole(this.#logical)}. Arrow keys read single heads.`);
    if (!this.#cell) {
      const range = low === high ? format.whole(low) : `${format.whole(low)} to ${format.whole(high)}`;
      this.readout.textContent = counts.length > 0 ? `${range} of ${format.whole(this.#logical)} tokens in a head` : "";
      return;
    }
    const [layer, head] = this.#cell;
    const count = this.#matrix[layer][head];
    this.readout.textContent =
      `layer ${layer}, head ${head}: ${format.whole(count)} tokens, ${format.percent(count / this.#logical)}`;
  }
}

function legend() {
  const bar = el("canvas", { class: "legend-bar", width: "120", height: "1", "aria-hidden": "true" });
  const context = bar.getContext("2d");
  for (let x = 0; x < 120; x += 1) {
    // The bar is even in colour; its labels say the shares.
    context.fillStyle = colour((x / 119) ** 2);
    context.fillRect(x, 0, 1, 1);
  }
  return el(
    "div", { class: "legend", "aria-hidden": "true" }, el("span", { text: "none" }), bar,
    el("span", { text: "every token" }));
}
