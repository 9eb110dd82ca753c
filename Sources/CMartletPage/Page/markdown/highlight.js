/// Colours for code: comments, strings, numbers and words of a language. No grammar, only tokens, and one pass.

const words = (text) => new Set(text.split(" "));

const c = {
  line: "//", block: ["/*", "*/"], quotes: "\"'",
  words: words("auto break case catch class const continue default delete do double else enum extern false final float for friend goto if inline int long namespace new nullptr operator private protected public return short signed sizeof static struct switch template this throw true try typedef union unsigned using virtual void volatile while bool char NULL"),
};
const python = {
  line: "#", quotes: "\"'", triple: true,
  words: words("and as assert async await break case class continue def del elif else except False finally for from global if import in is lambda match None nonlocal not or pass raise return self True try while with yield"),
};
const script = {
  line: "//", block: ["/*", "*/"], quotes: "\"'`",
  words: words("abstract as async await break case catch class const continue debugger default delete do else enum export extends false finally for from function get if implements import in instanceof interface let new null of private protected public readonly return set static super switch this throw true try type typeof undefined var void while with yield"),
};
const swift = {
  line: "//", block: ["/*", "*/"], quotes: "\"", triple: true,
  words: words("actor any as associatedtype async await borrowing break case catch class consuming continue default defer deinit do else enum extension fallthrough false fileprivate for func guard if import in indirect init inout internal is isolated let mutating nil nonisolated open operator override package private protocol public repeat rethrows return self Self sending some static struct subscript super switch throw throws true try typealias var weak where while"),
};
const rust = {
  line: "//", block: ["/*", "*/"], quotes: "\"",
  words: words("as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while"),
};
const go = {
  line: "//", block: ["/*", "*/"], quotes: "\"'`",
  words: words("break case chan const continue default defer else fallthrough false for func go goto if import interface map nil package range return select struct switch true type var"),
};
const java = { ...c, words: words("abstract assert boolean break byte case catch char class const continue data default do double else enum extends false final finally float for fun if implements import instanceof int interface long native new null object override package private protected public record return sealed short static super switch synchronized this throw throws true try val var void volatile when while") };
const shell = {
  line: "#", quotes: "\"'",
  words: words("case do done elif else esac export fi for function if in local return select set then until while cd echo exit sudo"),
};
const sql = {
  line: "--", block: ["/*", "*/"], quotes: "'\"", ignoresCase: true,
  words: words("add all alter and as asc between by case create delete desc distinct drop else end exists from full group having in index inner insert into is join key left like limit not null offset on or order outer primary references right select set table then union unique update values view when where with"),
};
const data = { quotes: "\"'", line: "#", words: words("true false null yes no on off") };
const json = { quotes: "\"", words: words("true false null") };
const style = { block: ["/*", "*/"], quotes: "\"'", words: words("important inherit initial none auto") };
const markup = { block: ["<!--", "-->"], quotes: "\"'", words: words("") };

const languages = {
  c, h: c, cpp: c, "c++": c, cc: c, hpp: c, objc: c, cuda: c, python, py: python, javascript: script, js: script,
  mjs: script, jsx: script, typescript: script, ts: script, tsx: script, swift, rust, rs: rust, go, golang: go,
  java, kotlin: java, kt: java, csharp: java, cs: java, scala: java, dart: java, bash: shell, sh: shell, shell, zsh: shell,
  sql, yaml: data, yml: data, toml: data, ini: data, json, jsonc: script, css: style, scss: style, html: markup,
  xml: markup, svg: markup,
};

/// Divides code into pieces `[kind, text]`, whose texts joined are the code. Kinds are "comment", "string", "number",
/// "word", "added", "removed" and "".
export function highlight(code, name) {
  if (name === "diff" || name === "patch") return diffPieces(code);
  const language = Object.hasOwn(languages, name) ? languages[name] : null;
  if (!language) return [["", code]];
  const pieces = [];
  const push = (kind, text) => {
    if (kind === "" && pieces.at(-1)?.[0] === "") pieces.at(-1)[1] += text;
    else pieces.push([kind, text]);
  };
  const word = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
  const number = /(?:0x[\da-f_]+|0b[01_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:e[+-]?\d+)?)/iy;
  let index = 0;
  while (index < code.length) {
    const end = commentEnd(code, index, language);
    if (end) {
      push("comment", code.slice(index, end));
      index = end;
    } else if (language.quotes.includes(code[index])) {
      const close = stringEnd(code, index, language);
      push("string", code.slice(index, close));
      index = close;
    } else if (matches(word, code, index)) {
      const text = code.slice(index, word.lastIndex);
      push(language.words.has(language.ignoresCase ? text.toLowerCase() : text) ? "word" : "", text);
      index = word.lastIndex;
    } else if (matches(number, code, index)) {
      push("number", code.slice(index, number.lastIndex));
      index = number.lastIndex;
    } else {
      push("", code[index]);
      index += 1;
    }
  }
  return pieces;
}

function matches(expression, code, index) {
  expression.lastIndex = index;
  return expression.test(code);
}

function commentEnd(code, index, { line, block }) {
  if (line && code.startsWith(line, index)) {
    // A number sign inside of a word is no comment: `$#`, `a#b`.
    if (line === "#" && index > 0 && !/\s/.test(code[index - 1])) return 0;
    const end = code.indexOf("\n", index);
    return end < 0 ? code.length : end;
  }
  if (!block || !code.startsWith(block[0], index)) return 0;
  const end = code.indexOf(block[1], index + block[0].length);
  return end < 0 ? code.length : end + block[1].length;
}

function stringEnd(code, index, { triple }) {
  const quote = code[index];
  if (triple && code.startsWith(quote.repeat(3), index)) {
    const end = code.indexOf(quote.repeat(3), index + 3);
    return end < 0 ? code.length : end + 3;
  }
  for (let at = index + 1; at < code.length; at += 1) {
    if (code[at] === "\\") at += 1;
    else if (code[at] === quote) return at + 1;
    // Only back quotes go over lines; another string has just not been closed.
    else if (code[at] === "\n" && quote !== "`") return at;
  }
  return code.length;
}

function diffPieces(code) {
  return code.split(/(?<=\n)/).map((line) => {
    const kind = /^(\+\+\+|---|@@|diff |index )/.test(line) ? "comment" : line[0] === "+" ? "added" : line[0] === "-" ? "removed" : "";
    return [kind, line];
  });
}
