/// LaTeX's mathematics as MathML, which browsers draw themselves: fractions, roots, scripts, sums, Greek letters,
/// matrices. What is not known stays as it was written.

const namespace = "http://www.w3.org/1998/Math/MathML";

function ml(tag, attributes, ...children) {
  const node = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const pairs = (text) => Object.fromEntries(text.split(" ").map((pair) => [pair.slice(0, -1), pair.slice(-1)]));

const letters = pairs("alphaα betaβ gammaγ deltaδ epsilonε varepsilonε zetaζ etaη thetaθ iotaι kappaκ lambdaλ muμ nuν xiξ piπ rhoρ sigmaσ tauτ upsilonυ phiφ varphiφ chiχ psiψ omegaω GammaΓ DeltaΔ ThetaΘ LambdaΛ XiΞ PiΠ SigmaΣ PhiΦ PsiΨ OmegaΩ infty∞ partial∂ nabla∇ hbarℏ ellℓ emptyset∅ varnothing∅ Reℜ Imℑ alephℵ");
const operators = { ...pairs("times× cdot· div÷ pm± mp∓ le≤ leq≤ ge≥ geq≥ ne≠ neq≠ approx≈ equiv≡ sim∼ simeq≃ cong≅ propto∝ in∈ notin∉ ni∋ subset⊂ subseteq⊆ supset⊃ supseteq⊇ cup∪ cap∩ setminus∖ to→ rightarrow→ leftarrow← Rightarrow⇒ Leftarrow⇐ Leftrightarrow⇔ leftrightarrow↔ mapsto↦ implies⟹ iff⟺ forall∀ exists∃ neg¬ lnot¬ land∧ wedge∧ lor∨ vee∨ oplus⊕ otimes⊗ circ∘ bullet∙ star⋆ ast∗ ldots… dots… cdots⋯ vdots⋮ ddots⋱ mid∣ parallel∥ perp⊥ angle∠ therefore∴ because∵ ll≪ gg≫ langle⟨ rangle⟩ lfloor⌊ rfloor⌋ lceil⌈ rceil⌉ prime′ colon: lbrace{ rbrace} vert| Vert‖ lvert| rvert| lVert‖ rVert‖"), "{": "{", "}": "}", "|": "‖", "%": "%", "&": "&", "#": "#", $: "$", _: "_" };
const large = pairs("sum∑ prod∏ coprod∐ int∫ iint∬ oint∮ bigcup⋃ bigcap⋂ bigoplus⨁ bigvee⋁ bigwedge⋀");
const named = new Set("sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln exp det dim ker gcd deg arg Pr".split(" "));
const namedLimits = new Set("lim max min sup inf argmax argmin limsup liminf".split(" "));
const accents = pairs("hat^ bar¯ vec→ dot˙ ddot¨ tilde~ overline¯ widehat^ underline_");
const spaces = { ",": "0.17em", ":": "0.22em", ";": "0.28em", " ": "0.25em", "!": "0", quad: "1em", qquad: "2em" };
const fences = { matrix: "", pmatrix: "()", bmatrix: "[]", vmatrix: "||", cases: "{", aligned: "", align: "", "align*": "", array: "", gathered: "" };
const deepest = 40;

/// Mathematics as a node; as code where it cannot be read.
export function mathNode(text, isDisplayed) {
  try {
    const row = new Reader(text).row(() => false);
    const annotation = ml("annotation", { encoding: "application/x-tex" }, text);
    return ml("math", { display: isDisplayed ? "block" : "inline" }, ml("semantics", {}, row, annotation));
  } catch {
    const code = document.createElement("code");
    code.textContent = text;
    return code;
  }
}

class Reader {
  #tokens;
  #at = 0;
  #depth = 0;

  constructor(text) {
    this.#tokens = text.match(/\\[a-zA-Z]+\*?|\\.|\d+(?:\.\d+)?|\s+|./gsu) ?? [];
  }

  #next() {
    while (/^\s+$/.test(this.#tokens[this.#at] ?? "")) this.#at += 1;
    return this.#tokens[this.#at];
  }

  #take() {
    const token = this.#next();
    if (token === undefined) throw new Error("unfinished");
    this.#at += 1;
    return token;
  }

  /// Reads atoms until a token that `ends` the row, which stays.
  row(ends) {
    this.#depth += 1;
    if (this.#depth > deepest) throw new Error("too deep");
    const row = ml("mrow", {});
    for (let token = this.#next(); token !== undefined && !ends(token); token = this.#next()) {
      row.append(this.#scripted());
    }
    this.#depth -= 1;
    return row;
  }

  #scripted() {
    const base = this.#next() === "^" || this.#next() === "_" ? ml("mrow", {}) : this.#atom();
    let sub = null;
    let sup = null;
    for (;;) {
      const token = this.#next();
      if (token === "_" && !sub) {
        this.#take();
        sub = this.#argument();
      } else if (token === "^" && !sup) {
        this.#take();
        sup = this.#argument();
      } else if (token === "'" && !sup) {
        this.#take();
        sup = ml("mo", {}, "′");
      } else {
        break;
      }
    }
    if (!sub && !sup) return base;
    const [below, above, both] = base.hasLimits ? ["munder", "mover", "munderover"] : ["msub", "msup", "msubsup"];
    if (sub && sup) return ml(both, {}, base, sub, sup);
    return sub ? ml(below, {}, base, sub) : ml(above, {}, base, sup);
  }

  /// A group in braces or one atom.
  #argument() {
    const token = this.#next();
    if (token === "{") return this.#group();
    if (/^\d./.test(token ?? "")) {
      // Without braces an argument is one digit: \frac12 is a half.
      this.#tokens[this.#at] = token.slice(1);
      return ml("mn", {}, token[0]);
    }
    return this.#atom();
  }

  #group() {
    this.#take();
    const row = this.row((token) => token === "}");
    this.#take();
    return row;
  }

  /// The text of a group, as it stands.
  #raw() {
    if (this.#take() !== "{") throw new Error("a group is expected");
    let text = "";
    for (let level = 1; ; this.#at += 1) {
      const token = this.#tokens[this.#at];
      if (token === undefined) throw new Error("unfinished");
      if (token === "{") level += 1;
      if (token === "}" && (level -= 1) === 0) break;
      text += token;
    }
    this.#at += 1;
    return text;
  }

  #atom() {
    this.#depth += 1;
    if (this.#depth > deepest) throw new Error("too deep");
    const node = this.#innerAtom();
    this.#depth -= 1;
    return node;
  }

  #innerAtom() {
    const token = this.#next();
    if (token === "{") return this.#group();
    if (token === "}" || token === "&") throw new Error("misplaced");
    this.#take();
    if (token.startsWith("\\")) return this.#command(token.slice(1));
    if (/^\d/.test(token)) return ml("mn", {}, token);
    if (/^\p{L}$/u.test(token)) return ml("mi", {}, token);
    return ml("mo", { stretchy: "false" }, token === "-" ? "−" : token === "*" ? "∗" : token);
  }

  #command(name) {
    if (Object.hasOwn(letters, name)) return ml("mi", {}, letters[name]);
    if (Object.hasOwn(large, name)) {
      const node = ml("mo", { largeop: "true" }, large[name]);
      node.hasLimits = !name.endsWith("int");
      return node;
    }
    if (Object.hasOwn(operators, name)) return ml("mo", { stretchy: "false" }, operators[name]);
    if (named.has(name)) return ml("mi", {}, name);
    if (namedLimits.has(name)) {
      const node = ml("mo", {}, name);
      node.hasLimits = true;
      return node;
    }
    if (Object.hasOwn(accents, name)) {
      const tag = name === "underline" ? "munder" : "mover";
      return ml(tag, { accent: "true" }, this.#argument(), ml("mo", {}, accents[name]));
    }
    if (Object.hasOwn(spaces, name)) return ml("mspace", { width: spaces[name] });
    switch (name) {
    case "frac": case "dfrac": case "tfrac": return ml("mfrac", {}, this.#argument(), this.#argument());
    case "binom": return ml(
      "mrow", {}, ml("mo", {}, "("),
      ml("mfrac", { linethickness: "0" }, this.#argument(), this.#argument()), ml("mo", {}, ")"));
    case "sqrt": return this.#root();
    case "text": case "textbf": case "textit": case "mbox": case "mathrm": case "operatorname":
      return ml("mtext", {}, this.#raw());
    case "mathbb": case "mathcal": case "mathbf": case "boldsymbol": case "mathsf": case "mathfrak":
      return styled(name, this.#argument());
    case "boxed": {
      const row = ml("mrow", {}, this.#argument());
      row.setAttribute("class", "boxed");
      return row;
    }
    case "left": return this.#fenced();
    case "begin": return this.#table();
    case "displaystyle": case "textstyle": case "limits": case "nolimits": case "big": case "Big": case "bigg":
    case "bigl": case "bigr": case "Bigl": case "Bigr": case "tag": return ml("mrow", {});
    default: throw new Error(`unknown: ${name}`);
    }
  }

  #root() {
    if (this.#next() !== "[") return ml("msqrt", {}, this.#argument());
    this.#take();
    const index = this.row((token) => token === "]");
    this.#take();
    return ml("mroot", {}, this.#argument(), index);
  }

  #fence() {
    const token = this.#take();
    if (token === ".") return null;
    const sign = token.startsWith("\\") ? operators[token.slice(1)] : token;
    return ml("mo", { stretchy: "true", fence: "true" }, sign ?? token);
  }

  #fenced() {
    const open = this.#fence();
    const row = this.row((token) => token === "\\right");
    this.#take();
    return ml("mrow", {}, ...[open, row, this.#fence()].filter(Boolean));
  }

  #table() {
    const name = this.#raw();
    if (!Object.hasOwn(fences, name)) throw new Error(`unknown: ${name}`);
    if (name === "array") this.#raw();
    const table = ml("mtable", name.startsWith("align") ? { class: "aligned" } : {}, ml("mtr", {}));
    const ends = (token) => token === "&" || token === "\\\\" || token === "\\end";
    for (;;) {
      table.lastChild.append(ml("mtd", {}, this.row(ends)));
      const token = this.#take();
      if (token === "\\end") break;
      if (token === "\\\\") table.append(ml("mtr", {}));
    }
    this.#raw();
    const [open, close] = fences[name];
    const sides = [open, close].map((sign) => (sign ? ml("mo", { stretchy: "true", fence: "true" }, sign) : null));
    return ml("mrow", {}, ...[sides[0], table, sides[1]].filter(Boolean));
  }
}

/// Letters in another alphabet of Unicode, where the styles of letters have code points of their own.
const alphabets = { mathbb: 0x1D538, mathcal: 0x1D49C, mathbf: 0x1D400, boldsymbol: 0x1D400, mathfrak: 0x1D504, mathsf: 0x1D5A0 };
const exceptions = { mathbb: pairs("Cℂ Hℍ Nℕ Pℙ Qℚ Rℝ Zℤ"), mathcal: pairs("Bℬ Eℰ Fℱ Hℋ Iℐ Lℒ Mℳ Rℛ eℯ gℊ oℴ"), mathfrak: pairs("Cℭ Hℌ Iℑ Rℜ Zℨ") };

function styled(style, node) {
  const isLetter = node.localName === "mi" || node.localName === "mrow";
  if (!isLetter) return node;
  for (const letter of node.localName === "mi" ? [node] : node.querySelectorAll("mi")) {
    const code = letter.textContent.charCodeAt(0);
    const isUpper = code >= 65 && code <= 90;
    if (letter.textContent.length !== 1 || !isUpper && !(code >= 97 && code <= 122)) continue;
    letter.textContent = exceptions[style]?.[letter.textContent]
      ?? String.fromCodePoint(alphabets[style] + (isUpper ? code - 65 : code - 97 + 26));
  }
  return node;
}
