/// A small line over something that grows, with a dashed line of what it would be otherwise.

import { svg } from "../dom.js";

const [width, height] = [300, 92];
const margin = { top: 14, bottom: 16 };

/// Draws points `{x, y, reference}`; missing values end no line. `marked` is an x with a mark on it.
export function chart({ points, label, formatX, formatY, marked = null, from = null }) {
  const known = points.filter((point) => Number.isFinite(point.y));
  const top = Math.max(1e-9, ...known.flatMap((point) => [point.y, point.reference ?? 0]));
  const first = from ?? known[0]?.x ?? 0;
  const last = known.at(-1)?.x ?? 1;
  const x = (value) => ((value - first) / Math.max(1e-9, last - first)) * width;
  const y = (value) => height - margin.bottom - (value / top) * (height - margin.bottom - margin.top);
  const line = (value) => known.map((point, index) =>
    `${index === 0 ? "M" : "L"}${x(point.x).toFixed(1)} ${y(value(point)).toFixed(1)}`).join("");
  const isDrawn = known.length > 1;
  const hasTop = isDrawn && top > 1e-9;
  const base = height - margin.bottom;
  const references = known.filter((point) => Number.isFinite(point.reference));
  return svg(
    "svg",
    {
      class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `${label}: ${known.length > 0 ? formatY(known.at(-1).y) : "nothing yet"}`,
    },
    svg("line", { class: "chart-base", x1: 0, x2: width, y1: base, y2: base }),
    isDrawn && svg("path", { class: "chart-area", d: `${line((point) => point.y)}L${x(known.at(-1).x)} ${base}L${x(known[0].x)} ${base}Z` }),
    isDrawn && references.length === known.length && references.length > 0
      && svg("path", { class: "chart-reference", d: line((point) => point.reference) }),
    hasTop && svg("line", { class: "chart-base", x1: 0, x2: width, y1: margin.top, y2: margin.top }),
    hasTop && svg("text", { class: "chart-text", x: 0, y: margin.top - 3 }, formatY(top)),
    isDrawn && svg("path", { class: "chart-line", d: line((point) => point.y) }),
    marked !== null && svg("line", { class: "chart-mark", x1: x(marked), x2: x(marked), y1: margin.top, y2: base }),
    known.length > 0 && svg("text", { class: "chart-text", x: 0, y: height - 3 }, formatX(first)),
    known.length > 0 && svg("text", { class: "chart-text", x: width, y: height - 3, "text-anchor": "end" }, formatX(last)));
}
