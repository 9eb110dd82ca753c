/// Fields with their labels, as forms are made of them.

import { el } from "../dom.js";

let count = 0;

/// A label, an input and a hint that is read with it. `frame` is what holds the input, if anything does.
export function field(label, input, hint, frame = input) {
  count += 1;
  input.id ||= `field-${count}`;
  const note = hint ? el("span", { class: "hint", id: `${input.id}-hint`, text: hint }) : null;
  if (note) input.setAttribute("aria-describedby", note.id);
  return el("div", { class: "field" }, el("label", { for: input.id, text: label }), frame, note);
}

/// An input whose text `get` reads and `set` takes.
export function textInput(set, properties = {}) {
  const input = el("input", { type: "text", autocomplete: "off", spellcheck: "false", ...properties });
  input.addEventListener("input", () => set(input.value));
  return input;
}

/// A field of several lines.
export function textArea(set, properties = {}) {
  const area = el("textarea", { rows: "3", spellcheck: "false", ...properties });
  area.addEventListener("input", () => set(area.value));
  return area;
}

/// A choice out of `[value, label]`.
export function choice(set, options = []) {
  const node = el("select", { on: { change: () => set(node.value) } });
  setOptions(node, options);
  return node;
}

/// Replaces the options of a choice and keeps what is chosen, even when it is not among them any more.
export function setOptions(node, options, chosen = node.value) {
  const all = options.some(([value]) => value === chosen) ? options : [...options, [chosen, chosen]];
  node.replaceChildren(...all.map(([value, label]) => el("option", { value, text: label })));
  node.value = chosen;
}
