/// Markdown as a tree of blocks: headings, lists, tables, code, quotations, mathematics, paragraphs.
///
/// What a model writes is often unfinished: a fence that does not end runs to the end of the text.

import { parseInline } from "./inline.js";

const deepest = 12;

/// Parses a text. Every block says by `source` which lines it was made of, so that a view can keep what did not change.
export function parseMarkdown(text) {
  return parseBlocks(text.replace(/\r\n?/g, "\n").replaceAll("\t", "    ").split("\n"), 0);
}

function parseBlocks(lines, depth) {
  const blocks = [];
  let index = 0;
  while (index < lines.length) {
    if (lines[index].trim() === "") {
      index += 1;
      continue;
    }
    const { block, end } = parseBlock(lines, index, depth);
    block.source = lines.slice(index, end).join("\n");
    blocks.push(block);
    index = end;
  }
  return blocks;
}

function parseBlock(lines, index, depth) {
  for (const parser of parsers) {
    const found = parser(lines, index, depth);
    if (found) return found;
  }
  return parseParagraph(lines, index);
}

const parsers = [parseFence, parseMath, parseHeading, parseRule, parseQuotation, parseList, parseTable, parseIndented];

const fenceStart = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})\s*([^\s`]*)/;

function parseFence(lines, index) {
  const open = fenceStart.exec(lines[index]);
  if (!open) return null;
  const [, fence, language] = open;
  const indent = lines[index].search(/\S/);
  const close = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}\\s*$`);
  let end = index + 1;
  while (end < lines.length && !close.test(lines[end])) end += 1;
  const code = lines.slice(index + 1, end).map((line) => line.slice(Math.min(indent, leading(line))));
  const isClosed = end < lines.length;
  return {
    block: { type: "code", language: language.toLowerCase(), text: code.join("\n"), isClosed },
    end: isClosed ? end + 1 : end,
  };
}

const leading = (line) => line.length - line.trimStart().length;

function parseMath(lines, index) {
  const open = /^\s*(\$\$|\\\[)(.*)$/.exec(lines[index]);
  if (!open) return null;
  const close = open[1] === "$$" ? "$$" : "\\]";
  let body = open[2];
  let end = index + 1;
  while (!body.includes(close) && end < lines.length && lines[end].trim() !== "") {
    body += `\n${lines[end]}`;
    end += 1;
  }
  const at = body.indexOf(close);
  if (at < 0 || body.slice(at + close.length).trim() !== "") return null;
  return { block: { type: "math", text: body.slice(0, at).trim() }, end };
}

function parseHeading(lines, index) {
  const match = /^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$/.exec(lines[index]);
  if (!match) return null;
  return { block: { type: "heading", level: match[1].length, children: parseInline(match[2] ?? "") }, end: index + 1 };
}

const rule = /^ {0,3}([-*_])\s*(?:\1\s*){2,}$/;

function parseRule(lines, index) {
  return rule.test(lines[index]) ? { block: { type: "rule" }, end: index + 1 } : null;
}

function parseQuotation(lines, index, depth) {
  if (!/^ {0,3}>/.test(lines[index]) || depth >= deepest) return null;
  let end = index;
  // A line without the mark goes on a paragraph of the quotation.
  while (end < lines.length && (/^ {0,3}>/.test(lines[end]) || !beginsBlock(lines, end))) end += 1;
  const inner = lines.slice(index, end).map((line) => line.replace(/^ {0,3}> ?/, ""));
  return { block: { type: "quotation", children: parseBlocks(inner, depth + 1) }, end };
}

const itemStart = /^( {0,3})([-*+]|\d{1,9}[.)])( +(?=\S)|\s*$)/;

function parseList(lines, index, depth) {
  const first = itemStart.exec(lines[index]);
  if (!first || depth >= deepest) return null;
  const isOrdered = /\d/.test(first[2]);
  const mark = first[2].at(-1);
  const items = [];
  let isLoose = false;
  let end = index;
  while (end < lines.length) {
    const start = itemStart.exec(lines[end]);
    if (!start || start[2].at(-1) !== mark || /\d/.test(start[2]) !== isOrdered || rule.test(lines[end])) break;
    const item = readItem(lines, end, start);
    items.push(readTask(item.lines, depth));
    end = item.end;
    // Blank lines belong to the list when another item follows.
    let next = end;
    while (next < lines.length && lines[next].trim() === "") next += 1;
    const follows = next < lines.length && itemStart.exec(lines[next])?.[2].at(-1) === mark;
    isLoose ||= item.isLoose || follows && next > end;
    if (follows) end = next;
  }
  if (items.length === 0) return null;
  const number = isOrdered ? parseInt(first[2], 10) : null;
  return { block: { type: "list", isOrdered, start: number, isLoose, items }, end };
}

/// The lines of an item without its mark and indentation. Models often indent by less than the mark is wide: what is
/// indented by two belongs to the item as well.
function readItem(lines, index, start) {
  const width = start[0].length;
  const inner = [lines[index].slice(width)];
  let isLoose = false;
  let end = index + 1;
  let blanks = 0;
  for (; end < lines.length; end += 1) {
    const line = lines[end];
    if (line.trim() === "") {
      blanks += 1;
      continue;
    }
    const indent = leading(line);
    const isInside = indent >= Math.min(width, start[1].length + 2);
    if (!isInside && (blanks > 0 || itemStart.test(line) || beginsBlock(lines, end))) break;
    if (blanks > 0) {
      isLoose ||= !itemStart.test(line.slice(Math.min(indent, width)));
      for (; blanks > 0; blanks -= 1) inner.push("");
    }
    inner.push(line.slice(Math.min(indent, width)));
  }
  return { lines: inner, end: end - blanks, isLoose };
}

function readTask(lines, depth) {
  const task = /^\[([ xX])\] +(?=\S)/.exec(lines[0]);
  if (task) lines[0] = lines[0].slice(task[0].length);
  return { isDone: task ? task[1] !== " " : null, children: parseBlocks(lines, depth + 1) };
}

const tableRule = /^ {0,3}\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

function parseTable(lines, index) {
  const next = lines[index + 1];
  if (!lines[index].includes("|") || next === undefined || !next.includes("-") || !tableRule.test(next)) return null;
  const head = cells(lines[index]);
  const aligns = cells(next).map((cell) =>
    cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "left");
  if (head.length !== aligns.length) return null;
  let end = index + 2;
  while (end < lines.length && lines[end].includes("|") && lines[end].trim() !== "") end += 1;
  const rows = lines.slice(index + 2, end).map((line) => {
    const row = cells(line);
    return head.map((_, column) => parseInline(row[column] ?? ""));
  });
  return { block: { type: "table", aligns, head: head.map((cell) => parseInline(cell)), rows }, end };
}

/// The cells of a row. A bar behind a backslash or inside of code divides nothing.
function cells(line) {
  const row = line.trim().replace(/^\|/, "");
  const result = [];
  let cell = "";
  let isCode = false;
  for (let index = 0; index < row.length; index += 1) {
    if (row[index] === "\\" && row[index + 1] === "|") {
      cell += "|";
      index += 1;
    } else if (row[index] === "|" && !isCode) {
      result.push(cell.trim());
      cell = "";
    } else {
      if (row[index] === "`") isCode = !isCode && row.includes("`", index + 1);
      cell += row[index];
    }
  }
  if (cell.trim() !== "" || !row.endsWith("|")) result.push(cell.trim());
  return result;
}

function parseIndented(lines, index) {
  if (leading(lines[index]) < 4) return null;
  let end = index;
  while (end < lines.length && (leading(lines[end]) >= 4 || lines[end].trim() === "")) end += 1;
  while (lines[end - 1].trim() === "") end -= 1;
  const text = lines.slice(index, end).map((line) => line.slice(4)).join("\n");
  return { block: { type: "code", language: "", text, isClosed: true }, end };
}

/// Whether a line ends the paragraph before it.
function beginsBlock(lines, index) {
  const line = lines[index];
  if (line.trim() === "") return true;
  if (fenceStart.test(line) || rule.test(line) || /^ {0,3}(#{1,6}\s|>)/.test(line)) return true;
  if (/^\s*(\$\$|\\\[)/.test(line)) return true;
  // Only a list that begins with 1 may interrupt a paragraph: a year at the start of a line is none.
  const item = itemStart.exec(line);
  return item !== null && item[3] !== "" && (!/\d/.test(item[2]) || parseInt(item[2], 10) === 1);
}

function parseParagraph(lines, index) {
  let end = index + 1;
  for (; end < lines.length; end += 1) {
    // One dash alone may be an item that has only begun to arrive.
    const underline = /^ {0,3}(==+|--{2,})\s*$/.exec(lines[end]);
    if (underline) {
      const children = parseInline(lines.slice(index, end).join("\n").trim());
      return { block: { type: "heading", level: underline[1][0] === "=" ? 1 : 2, children }, end: end + 1 };
    }
    if (beginsBlock(lines, end) || parseTable(lines, end)) break;
  }
  const text = lines.slice(index, end).map((line) => line.trimStart()).join("\n").trimEnd();
  return { block: { type: "paragraph", children: parseInline(text) }, end };
}
