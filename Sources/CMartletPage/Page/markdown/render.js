/// Blocks of Markdown as nodes of the page.

import { copyText, el, iconButton, icon, fill } from "../dom.js";
import { highlight } from "./highlight.js";
import { parseMarkdown } from "./blocks.js";
import { mathNode } from "./math.js";

/// A place that shows Markdown which may still grow. Blocks that did not change keep their nodes, and with them the
/// reader's selection.
export class MarkdownView {
  node = el("div", { class: "prose" });
  #sources = [];

  show(text) {
    const blocks = parseMarkdown(text);
    let same = 0;
    while (same < blocks.length && blocks[same].source === this.#sources[same]) same += 1;
    while (this.node.children.length > same) this.node.lastChild.remove();
    this.node.append(...blocks.slice(same).map(blockNode));
    this.#sources = blocks.map((block) => block.source);
  }
}

function blockNode(block) {
  return blockBuilders[block.type](block);
}

const blockBuilders = {
  // The page's own headings come first: those of a text begin two levels below.
  heading: ({ level, children }) => el(`h${Math.min(6, level + 2)}`, { class: `h${level}` }, inlineNodes(children)),
  paragraph: ({ children }) => el("p", {}, inlineNodes(children)),
  rule: () => el("hr"),
  quotation: ({ children }) => el("blockquote", {}, children.map(blockNode)),
  list: listNode,
  table: tableNode,
  code: codeNode,
  math: ({ text }) => el("div", { class: "math-block", tabindex: "0" }, mathNode(text, true)),
};

function listNode({ isOrdered, start, isLoose, items }) {
  const nodes = items.map(({ isDone, children }) => {
    const item = el("li", { class: isDone === null ? null : "task" });
    if (isDone !== null) {
      item.append(el("input", {
        type: "checkbox", disabled: true, checked: isDone, "aria-label": isDone ? "done" : "to do",
      }));
    }
    for (const child of children) {
      const isTight = !isLoose && child.type === "paragraph";
      item.append(...(isTight ? inlineNodes(child.children) : [blockNode(child)]));
    }
    return item;
  });
  return el(isOrdered ? "ol" : "ul", { start: isOrdered && start !== 1 ? start : null }, nodes);
}

function tableNode({ aligns, head, rows }) {
  const row = (tag, cells) =>
    el("tr", {}, cells.map((cell, column) => el(tag, { class: aligns[column] }, inlineNodes(cell))));
  return el(
    "div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Table" },
    el("table", {}, el("thead", {}, row("th", head)), el("tbody", {}, rows.map((cells) => row("td", cells)))));
}

/// Code with its language and a button that copies it.
export function codeNode({ language, text }) {
  const copy = iconButton("copy", "Copy code", async () => {
    const isCopied = await copyText(text);
    fill(copy, icon(isCopied ? "check" : "close"));
    setTimeout(() => fill(copy, icon("copy")), 1500);
  });
  const pieces = highlight(text, language).map(([kind, piece]) =>
    kind === "" ? piece : el("span", { class: `code-${kind}`, text: piece }));
  return el(
    "figure", { class: "code" },
    el("figcaption", {}, el("span", { text: language || "text" }), copy),
    el("pre", { tabindex: "0" }, el("code", {}, pieces)));
}

function inlineNodes(nodes) {
  return nodes.map((node) => (typeof node === "string" ? node : inlineBuilders[node.type](node)));
}

const inlineBuilders = {
  code: ({ text }) => el("code", { text }),
  math: ({ text, isDisplayed }) => mathNode(text, isDisplayed),
  break: () => el("br"),
  strong: ({ children }) => el("strong", {}, inlineNodes(children)),
  emphasis: ({ children }) => el("em", {}, inlineNodes(children)),
  deleted: ({ children }) => el("del", {}, inlineNodes(children)),
  span: ({ children }) => el("span", {}, inlineNodes(children)),
  link: ({ address, children, isPicture }) => el(
    "a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow", title: address },
    isPicture ? "picture: " : null, inlineNodes(children)),
};
