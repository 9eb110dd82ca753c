/// A text field as high as its text, and an editor in the place of a message.

import { el } from "../dom.js";

/// Makes a field as high as what it holds; CSS bounds it.
export function fitHeight(field) {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}

/// An editor with two buttons. Enter confirms, Shift and Enter makes a line, Escape cancels.
export function editorNode({ text, confirmation, confirm, cancel }) {
  const field = el("textarea", { rows: "1", "aria-label": "Edit the message", value: text });
  const submit = () => {
    if (field.value.trim() !== "") confirm(field.value);
  };
  field.addEventListener("input", () => fitHeight(field));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      cancel();
    }
  });
  const node = el(
    "div", { class: "editor" }, field,
    el(
      "div", { class: "editor-row" },
      el("button", { type: "button", class: "small primary", text: confirmation, on: { click: submit } }),
      el("button", { type: "button", class: "small", text: "Cancel", on: { click: cancel } })));
  const focus = () => {
    fitHeight(field);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  };
  return { node, focus };
}
