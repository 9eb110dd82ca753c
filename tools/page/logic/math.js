import { mathNode } from "../../../Sources/CMartletPage/Page/markdown/math.js";
import { holds, same, test } from "./check.js";

/// The presentation without attributes and namespaces.
function shape(text) {
  const node = mathNode(text, false);
  if (node.localName !== "math") return null;
  return node.querySelector("mrow").innerHTML.replace(/ (?:xmlns|stretchy|fence|largeop|accent|width|class)="[^"]*"/g, "");
}

test("mathematics becomes MathML", () => {
  for (const [text, expected] of [
    ["a_1^2", "<msubsup><mi>a</mi><mn>1</mn><mn>2</mn></msubsup>"],
    ["\\frac{x}{2}", "<mfrac><mrow><mi>x</mi></mrow><mrow><mn>2</mn></mrow></mfrac>"],
    ["\\frac12 x^10", "<mfrac><mn>1</mn><mn>2</mn></mfrac><msup><mi>x</mi><mn>1</mn></msup><mn>0</mn>"],
    ["\\sqrt[3]{x}", "<mroot><mrow><mi>x</mi></mrow><mrow><mn>3</mn></mrow></mroot>"],
    ["\\sum_{i}^n i", "<munderover><mo>∑</mo><mrow><mi>i</mi></mrow><mi>n</mi></munderover><mi>i</mi>"],
    ["x'", "<msup><mi>x</mi><mo>′</mo></msup>"],
    ["\\left(\\alpha\\right]", "<mrow><mo>(</mo><mrow><mi>α</mi></mrow><mo>]</mo></mrow>"],
    ["\\text{if } x-1", "<mtext>if </mtext><mi>x</mi><mo>−</mo><mn>1</mn>"],
    ["\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}",
      "<mrow><mo>(</mo><mtable><mtr><mtd><mrow><mn>1</mn></mrow></mtd><mtd><mrow><mn>2</mn></mrow></mtd></mtr>"
      + "<mtr><mtd><mrow><mn>3</mn></mrow></mtd><mtd><mrow><mn>4</mn></mrow></mtd></mtr></mtable><mo>)</mo></mrow>"],
    ["\\mathbb{R} \\mathcal{L}", "<mrow><mi>ℝ</mi></mrow><mrow><mi>ℒ</mi></mrow>"],
  ]) same(shape(text), expected, text);
});

test("what cannot be read stays as it was written", () => {
  for (const text of ["\\unknown", "{", "}", "a & b", "\\frac{1}", "\\left(", "\\begin{evil}x\\end{evil}", "\\text", "\\sqrt".repeat(9000), "{".repeat(9000)]) {
    const node = mathNode(text, true);
    same([node.localName, node.textContent], ["code", text], text.slice(0, 40));
  }
  holds(mathNode("", false).localName === "math", "nothing is mathematics as well");
});
