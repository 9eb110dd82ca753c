/// Calls of tools as a model wrote them, and the place to answer them by hand: this page runs none.

import { el, icon } from "../dom.js";
import { codeNode } from "../markdown/render.js";

/// The calls of an answer. With `answer`, a function of results, each has a field for its result.
export function callsNode(calls, answer) {
  if (calls.length === 0) return null;
  const fields = [];
  const cards = calls.map((call, index) => {
    const card = el(
      "section", { class: "call", "aria-label": `Call of ${call.name}` },
      el("header", {}, icon("call"), el("code", { text: call.name }), el("span", { class: "dim", text: call.id ?? "" })),
      codeNode({ language: "json", text: indented(call.arguments) }));
    if (answer) {
      const field = el("textarea", {
        rows: "2", placeholder: "What the tool returns", "aria-label": `Result of ${call.name}`,
      });
      fields.push({ field, callId: call.id ?? `call_${index}` });
      card.append(field);
    }
    return card;
  });
  if (!answer) return cards;
  const send = () => answer(fields.map(({ field, callId }) => ({ callId, content: field.value })));
  const label = calls.length === 1 ? "Send the result" : "Send the results";
  return [...cards, el("button", { type: "button", class: "small", text: label, on: { click: send } })];
}

/// JSON on several lines; as it stands while it is unfinished.
function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
