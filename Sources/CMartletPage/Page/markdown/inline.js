/// Text inside a block of Markdown as a tree of plain values: code, emphasis, links, mathematics. HTML stays text.
///
/// A node is a string or `{type, children | text, …}`. Runs of marks are matched as CommonMark says; all loops go
/// forward, and what is nested is bounded, so that no text takes long.

const escapable = /[!-/:-@[-`{-~]/;
const space = /\s/;
const punctuation = /[\p{P}\p{S}]/u;
const deepest = 20;

/// Parses the text of a block.
export function parseInline(text, depth = 0) {
  if (depth > deepest) return text === "" ? [] : [text];
  const parts = [];
  let plain = "";
  let index = 0;
  // Marks that were looked for to the end in vain are not looked for again.
  const missing = new Set();
  const push = (node) => {
    if (plain !== "") parts.push(plain);
    plain = "";
    parts.push(node);
  };
  while (index < text.length) {
    const found = readers[text[index]]?.(text, index, missing, depth);
    if (found?.node !== undefined) {
      push(found.node);
      index = found.end;
    } else if (found) {
      plain += text.slice(index, found.end);
      index = found.end;
    } else {
      plain += text[index];
      index += 1;
    }
  }
  if (plain !== "") parts.push(plain);
  return matchEmphasis(parts);
}

/// What begins with each mark. A reader returns `{node, end}`, `{end}` for text as it stands, or nothing.
const readers = {
  "\\": readEscape,
  "`": readCode,
  $: readDollar,
  "[": readLink,
  "!": (text, index, missing, depth) => {
    const link = text[index + 1] === "[" ? readLink(text, index + 1, missing, depth) : null;
    // Pictures would be fetched from elsewhere: they are links.
    return link?.node ? { ...link, node: { ...link.node, isPicture: true } } : null;
  },
  "<": readAutolink,
  h: readBareLink,
  "&": readEntity,
  "\n": readBreak,
  "*": readRun,
  _: readRun,
  "~": readRun,
};

function readEscape(text, index, missing) {
  const next = text[index + 1];
  if (next === "\n") return { node: { type: "break" }, end: index + 2 };
  if (next === "(" || next === "[") {
    const math = readBetween(text, index, next === "(" ? "\\)" : "\\]", missing);
    if (math) return math;
  }
  // An escaped mark is a node of its own, so that no run of marks takes it in.
  return next && escapable.test(next) ? { node: { type: "text", text: next }, end: index + 2 } : null;
}

function readBetween(text, index, close, missing) {
  if (missing.has(close)) return null;
  const end = text.indexOf(close, index + 2);
  if (end < 0) missing.add(close);
  if (end < 0 || end === index + 2) return null;
  const isDisplayed = close !== "\\)";
  return { node: { type: "math", text: text.slice(index + 2, end).trim(), isDisplayed }, end: end + close.length };
}

/// `$…$` is mathematics where no space stands inside the dollars and no digit after them: prices are none.
function readDollar(text, index, missing) {
  if (text[index + 1] === "$") return readBetween(text, index, "$$", missing) ?? { end: index + 2 };
  if (missing.has("$") || space.test(text[index + 1] ?? " ")) return null;
  const end = text.indexOf("$", index + 1);
  if (end < 0) missing.add("$");
  const isMath = end > 0 && !space.test(text[end - 1]) && !/\d/.test(text[end + 1] ?? "");
  if (!isMath) return null;
  return { node: { type: "math", text: text.slice(index + 1, end), isDisplayed: false }, end: end + 1 };
}

function readCode(text, index, missing) {
  let length = 1;
  while (text[index + length] === "`") length += 1;
  const fence = "`".repeat(length);
  if (missing.has(fence)) return { end: index + length };
  for (let at = text.indexOf(fence, index + length); at >= 0; at = text.indexOf(fence, at)) {
    let end = at;
    while (text[end] === "`") end += 1;
    if (end - at === length) {
      const code = text.slice(index + length, at).replaceAll("\n", " ");
      const isPadded = code.startsWith(" ") && code.endsWith(" ") && code.trim() !== "";
      return { node: { type: "code", text: isPadded ? code.slice(1, -1) : code }, end };
    }
    at = end;
  }
  missing.add(fence);
  return { end: index + length };
}

/// An address that may be followed: of the web, or of mail.
export function safeAddress(address) {
  return /^(https?:\/\/|mailto:)[^\s\u0000-\u0020]+$/i.test(address) ? address : null;
}

const longestLabel = 500;

function readLink(text, index, missing, depth) {
  if (missing.has("](")) return null;
  if (text.indexOf("](", index) < 0) {
    missing.add("](");
    return null;
  }
  let level = 0;
  let close = index;
  const limit = Math.min(text.length, index + longestLabel);
  for (; close < limit; close += 1) {
    if (text[close] === "\\") close += 1;
    else if (text[close] === "[") level += 1;
    else if (text[close] === "]" && (level -= 1) === 0) break;
  }
  if (text[close] !== "]" || text[close + 1] !== "(") return null;
  const target = readTarget(text, close + 2);
  if (!target) return null;
  const address = safeAddress(target.address);
  const children = parseInline(text.slice(index + 1, close), depth + 1);
  // A link that leads nowhere safe is shown as its text.
  const node = address ? { type: "link", address, children } : { type: "span", children };
  return { node, end: target.end };
}

/// The address and the title, up to the closing parenthesis.
function readTarget(text, start) {
  const match = /\s*(?:<([^<>\n]{0,2000})>|([^\s<][^\s]{0,2000})?)/y;
  match.lastIndex = start;
  const found = match.exec(text);
  if (found[1] !== undefined) return endOfTarget(text, match.lastIndex, found[1]);
  const word = found[2] ?? "";
  let level = 0;
  let length = 0;
  for (; length < word.length; length += 1) {
    if (word[length] === "(") level += 1;
    if (word[length] === ")" && (level -= 1) < 0) break;
  }
  return endOfTarget(text, match.lastIndex - word.length + length, word.slice(0, length));
}

function endOfTarget(text, start, address) {
  const rest = /\s*(?:"[^"]{0,500}"|'[^']{0,500}')?\s*\)/y;
  rest.lastIndex = start;
  return rest.test(text) ? { address, end: rest.lastIndex } : null;
}

function readAutolink(text, index) {
  const match = /<(https?:\/\/[^\s<>]{1,2000}|mailto:[^\s<>]{1,500})>/y;
  match.lastIndex = index;
  const found = match.exec(text);
  return found && { node: { type: "link", address: found[1], children: [found[1]] }, end: match.lastIndex };
}

function readBareLink(text, index) {
  if (index > 0 && /[\p{L}\p{N}]/u.test(text[index - 1])) return null;
  const match = /https?:\/\/[^\s<>"`]{1,2000}/y;
  match.lastIndex = index;
  const found = match.exec(text)?.[0];
  if (!found) return null;
  const address = found.replace(/[.,:;!?*_~'\])}]+$/, (tail) => (tail[0] === ")" && found.includes("(") ? ")" : ""));
  if (address.endsWith("//")) return null;
  return { node: { type: "link", address, children: [address] }, end: index + address.length };
}

const entities = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: "\u00A0" };

function readEntity(text, index) {
  const match = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,8}));/iy;
  match.lastIndex = index;
  const found = match.exec(text);
  if (!found) return null;
  if (found[3]) return entities[found[3]] && { node: { type: "text", text: entities[found[3]] }, end: match.lastIndex };
  const point = found[1] ? Number(found[1]) : parseInt(found[2], 16);
  const isValid = point > 0 && point <= 0x10FFFF && !(point >= 0xD800 && point < 0xE000);
  return { node: { type: "text", text: isValid ? String.fromCodePoint(point) : "\uFFFD" }, end: match.lastIndex };
}

function readBreak(text, index) {
  // Two spaces before the end of the line were kept by the block's parser.
  const isHard = text[index - 1] === " " && text[index - 2] === " ";
  return isHard ? { node: { type: "break" }, end: index + 1 } : null;
}

/// A run of marks that may open or close emphasis, by what stands around it.
function readRun(text, index) {
  const mark = text[index];
  let length = 1;
  while (text[index + length] === mark) length += 1;
  const end = index + length;
  if (mark === "~" && length !== 2) return { end };
  const before = text[index - 1] ?? " ";
  const after = text[end] ?? " ";
  const isLeft = !space.test(after) && (!punctuation.test(after) || space.test(before) || punctuation.test(before));
  const isRight = !space.test(before) && (!punctuation.test(before) || space.test(after) || punctuation.test(after));
  const isWord = mark === "_";
  const opens = isLeft && (!isWord || !isRight || punctuation.test(before));
  const closes = isRight && (!isWord || !isLeft || punctuation.test(after));
  return opens || closes ? { node: { type: "run", mark, length, opens, closes }, end } : { end };
}

/// Matches runs of marks with each other and makes emphasis of what lies between. What would lie too deep stays text.
function matchEmphasis(parts) {
  const openers = [];
  // The nodes before the first open run, then those after each.
  const frames = [[]];
  for (const part of parts) {
    if (part.type !== "run") {
      frames.at(-1).push(part);
      continue;
    }
    let left = part.length;
    while (part.closes && left > 0) {
      const at = openers.findLastIndex((run) => run.mark === part.mark && fits(run, part));
      if (at < 0) break;
      while (openers.length - 1 > at) unwind(frames, openers);
      const run = openers[at];
      const taken = Math.min(run.left, left, 2);
      const type = part.mark === "~" ? "deleted" : taken === 2 ? "strong" : "emphasis";
      const emphasis = { type, children: frames.pop() };
      run.left -= taken;
      left -= taken;
      if (run.left > 0) frames.push([emphasis]);
      else openers.pop();
      if (run.left === 0) frames.at(-1).push(emphasis);
    }
    if (left > 0 && part.opens && openers.length < deepest && part.length < 7) {
      openers.push({ ...part, left });
      frames.push([]);
    } else if (left > 0) {
      frames.at(-1).push(part.mark.repeat(left));
    }
  }
  while (openers.length > 0) unwind(frames, openers);
  return joined(frames[0]);
}

/// The rule of three: runs that could both open and close match unless their lengths add up to a multiple of three.
function fits(opener, closer) {
  const isBoth = opener.closes || closer.opens;
  const isThree = (opener.length + closer.length) % 3 === 0;
  return !isBoth || !isThree || opener.length % 3 === 0 && closer.length % 3 === 0;
}

/// Gives up the newest open run: its marks are text.
function unwind(frames, openers) {
  const run = openers.pop();
  const nodes = frames.pop();
  frames.at(-1).push(run.mark.repeat(run.left));
  for (const node of nodes) frames.at(-1).push(node);
}

function joined(nodes) {
  const result = [];
  for (const node of nodes) {
    const text = typeof node === "string" ? node : node.type === "text" ? node.text : null;
    if (text === null) {
      result.push(node.children ? { ...node, children: joined(node.children) } : node);
    } else if (typeof result.at(-1) === "string") {
      result[result.length - 1] += text;
    } else {
      result.push(text);
    }
  }
  return result;
}
