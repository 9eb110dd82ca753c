import { parseMarkdown } from "../../../Sources/CMartletPage/Page/markdown/blocks.js";
import { parseInline, safeAddress } from "../../../Sources/CMartletPage/Page/markdown/inline.js";
import { highlight } from "../../../Sources/CMartletPage/Page/markdown/highlight.js";
import { MarkdownView } from "../../../Sources/CMartletPage/Page/markdown/render.js";
import { holds, random, same, test } from "./check.js";

/// Inline nodes in short: text, and `name(…)` for the rest.
function inline(nodes) {
  return nodes.map((node) => {
    if (typeof node === "string") return node;
    if (node.type === "break") return "⏎";
    const inner = node.children ? inline(node.children) : node.text;
    return `${node.type}(${inner}${node.address ? `→${node.address}` : ""})`;
  }).join("");
}

/// Blocks in short.
function blocks(list) {
  return list.map((block) => {
    switch (block.type) {
    case "list": return `${block.isOrdered ? `ol${block.start}` : "ul"}[${block.items.map((item) =>
      (item.isDone === null ? "" : item.isDone ? "☑" : "☐") + blocks(item.children)).join("|")}]`;
    case "table": return `table[${[block.head, ...block.rows].map((row) => row.map(inline).join(",")).join("|")}]`;
    case "code": return `code:${block.language}[${block.text}]`;
    case "math": return `math[${block.text}]`;
    case "rule": return "rule";
    default: return `${block.type}${block.level ?? ""}[${block.type === "quotation" ? blocks(block.children) : inline(block.children)}]`;
    }
  }).join(" ");
}

const markdown = (text) => blocks(parseMarkdown(text));

test("inline marks", () => {
  for (const [text, expected] of [
    ["a *b* **c** ***d***", "a emphasis(b) strong(c) emphasis(strong(d))"],
    ["*a **b** c*", "emphasis(a strong(b) c)"],
    ["**a *b* c**", "strong(a emphasis(b) c)"],
    ["snake_case_name and __init__", "snake_case_name and strong(init)"],
    ["2 * 3 * 4, a*b*c", "2 * 3 * 4, aemphasis(b)c"],
    ["*open, **both", "*open, **both"],
    ["**a*", "*emphasis(a)"],
    ["~~gone~~ ~no~", "deleted(gone) ~no~"],
    ["`a *b*` ``c ` d`` `open", "code(a *b*) code(c ` d) `open"],
    ["\\*a\\* \\` \\a", "*a* ` \\a"],
    ["[a *b*](https://x.org/a_(b)) [c](<http://y.org> 'title')", "link(a emphasis(b)→https://x.org/a_(b)) link(c→http://y.org)"],
    ["[a](javascript:alert(1)) [b]( data:text/html,x )", "span(a) span(b)"],
    ["![alt](https://x.org/p.png)", "link(alt→https://x.org/p.png)"],
    ["[a] (b) [c][d] [", "[a] (b) [c][d] ["],
    ["<https://x.org> see https://x.org/a. <b>no</b>", "link(https://x.org→https://x.org) see link(https://x.org/a→https://x.org/a). <b>no</b>"],
    ["(https://x.org/a_(b))", "(link(https://x.org/a_(b)→https://x.org/a_(b)))"],
    ["a &amp; b &#233; &#x1F600; &nope; &#0;", "a & b é 😀 &nope; \uFFFD"],
    ["one  \ntwo\nthree\\\nfour", "one  ⏎two\nthree⏎four"],
    ["$a_1^2$ costs $5 or $6, \\(x\\) $$y$$", "math(a_1^2) costs $5 or $6, math(x) math(y)"],
  ]) same(inline(parseInline(text)), expected, text);
});

test("blocks", () => {
  for (const [text, expected] of [
    ["# A\n## B ##\n#no", "heading1[A] heading2[B] paragraph[#no]"],
    ["A\n===\nB\n---\nc", "heading1[A] heading2[B] paragraph[c]"],
    ["a\n-", "paragraph[a\n-]"],
    ["a\n\n---\n\nb", "paragraph[a] rule paragraph[b]"],
    ["```swift\nlet a = 1\n\n  b\n```\nc", "code:swift[let a = 1\n\n  b] paragraph[c]"],
    ["````\n```\n````", "code:[```]"],
    ["~~~ py\nx", "code:py[x]"],
    ["- a\n- b\n  - c\n  - d\n- e", "ul[paragraph[a]|paragraph[b] ul[paragraph[c]|paragraph[d]]|paragraph[e]]"],
    ["1. a\n2. b\n\n3. c\n\nd", "ol1[paragraph[a]|paragraph[b]|paragraph[c]] paragraph[d]"],
    ["1. a\n   ```js\n   x\n   ```\n2. b", "ol1[paragraph[a] code:js[x]|paragraph[b]]"],
    ["3) a\n4) b", "ol3[paragraph[a]|paragraph[b]]"],
    ["* a\n\n  more\n* b", "ul[paragraph[a] paragraph[more]|paragraph[b]]"],
    ["1. a\n  - b", "ol1[paragraph[a] ul[paragraph[b]]]"],
    ["- [ ] a\n- [x] b", "ul[☐paragraph[a]|☑paragraph[b]]"],
    ["It was\n1986. A year.\n1. one", "paragraph[It was\n1986. A year.] ol1[paragraph[one]]"],
    ["> a\n> > b\n\nc", "quotation[paragraph[a] quotation[paragraph[b]]] paragraph[c]"],
    ["> - a\n> - b\nlazy", "quotation[ul[paragraph[a]|paragraph[b\nlazy]]]"],
    ["| a | b |\n|---|:-:|\n| 1 | `x|y` |\n| 2 |\n\nz", "table[a,b|1,code(x|y)|2,] paragraph[z]"],
    ["a | b\n--|--\n1 | 2", "table[a,b|1,2]"],
    ["a | b\nc | d", "paragraph[a | b\nc | d]"],
    ["text\n| a |\n|---|\n| 1 |", "paragraph[text] table[a|1]"],
    ["    code\n      more\n\ntext", "code:[code\n  more] paragraph[text]"],
    ["$$\na = b\n$$\n\\[ c \\]\n\n$$ open", "math[a = b] math[c] paragraph[$$ open]"],
    ["<script>alert(1)</script>", "paragraph[<script>alert(1)</script>]"],
    ["", ""],
  ]) same(markdown(text), expected, text);
});

test("only addresses of the web and of mail are followed", () => {
  same(["https://a", "HTTP://a", "mailto:a@b"].map((one) => safeAddress(one) !== null), [true, true, true]);
  same(["javascript:x", "data:x", "//a", "file:///x", "https://a b", "\u0001https://a", "vbscript:x"].map(safeAddress), Array(7).fill(null));
});

test("nothing in a text becomes an element that Markdown does not have", () => {
  const view = new MarkdownView();
  view.show("<img src=x onerror=alert(1)> <b>x</b>\n\n```html\n<script>y</script>\n```\n\n![p](https://x.org/p.png) [j](javascript:z)");
  same(view.node.querySelectorAll("img, script, b, iframe, [onerror], [style]").length, 0);
  same([...view.node.querySelectorAll("a")].map((link) => [link.protocol, link.rel]), [["https:", "noopener noreferrer nofollow"]]);
  holds(view.node.textContent.includes("<script>y</script>"), "the text is there as it stands");
});

test("a text that grows ends as the same nodes, and what is finished keeps them", () => {
  const text = "# A\n\nb **c**\n\n- d\n- e\n\n```js\nlet x = 1\n```\n\n| a |\n|---|\n| 1 |\n\n> q\n\nend $x^2$";
  const [view, whole] = [new MarkdownView(), new MarkdownView()];
  view.show(text.slice(0, 8));
  const [heading] = view.node.children;
  for (let end = 9; end <= text.length; end += 1) view.show(text.slice(0, end));
  whole.show(text);
  same(view.node.outerHTML, whole.node.outerHTML);
  holds(view.node.firstChild === heading, "the heading was made anew");
});

test("colours of code change no character", () => {
  const code = "func f(_ x: Int) -> String { // a \"b\"\n  return \"\\\"c\\\" \\(x)\" + '𝔘' /* d\n */ + 0x1F }\n\"open";
  for (const language of ["swift", "python", "js", "sql", "html", "diff", "json", "bash", "unknown", "constructor"]) {
    same(highlight(code, language).map(([, text]) => text).join(""), code, language);
  }
  same(highlight("let a = \"b\" // c", "swift").map(([kind]) => kind), ["word", "", "string", "", "comment"]);
});

test("no text takes long or is nested too deep", () => {
  const size = 20_000;
  const hard = [
    "*", "**a", "_a_", "[", "](", "[a](", "`", "``a`", "$", "$$", "\\(", "<", "<https://", "&#", "> ", "- ", "  - a\n", "1. ",
    "|", "|-", "a|\n", "#", "\n", "```\n", "~~", "![", "*a_b", "https://", "((((", "\\", "- a\n\n", "***a** ",
  ];
  for (const piece of hard) {
    const text = piece.repeat(size / piece.length);
    const started = performance.now();
    const view = new MarkdownView();
    view.show(text);
    const took = performance.now() - started;
    holds(took < 3000, `“${piece}” repeated took ${Math.round(took)} ms`);
  }
});

test("random texts are shown with all their letters", () => {
  const next = random(11);
  const marks = ["*", "**", "_", "`", "```", "\n", "\n\n", "- ", "1. ", "> ", "# ", "|", "---", "[", "](", ")", "a", "b ", "  ", "$", "\\", "<", "&", "~~"];
  for (let round = 0; round < 400; round += 1) {
    let text = "";
    for (let length = next(60); length > 0; length -= 1) text += marks[next(marks.length)];
    const view = new MarkdownView();
    view.show(text);
    for (const source of view.node.querySelectorAll("annotation")) source.remove();
    const letters = (all) => all.replace(/[^ab]/g, "").length;
    // The first word behind a fence is the code's language; that alone may be missing.
    if (!/`{3}|\]\(|\|/.test(text)) same(letters(view.node.textContent), letters(text), text);
  }
});
