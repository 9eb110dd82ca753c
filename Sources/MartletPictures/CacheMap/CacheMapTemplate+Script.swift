// What the page of a cache does: draws maps and curves from its data, at the slider's time.

extension CacheMapTemplate {
    // swift-format-ignore
    static let script = #"""
(() => {
"use strict";
const $ = id => document.getElementById(id);
const root = document.documentElement;
const NEVER = 0x7fffffff, MAX_SPANS = 4000;
const DASHES = ["", "7 3", "2 3", "9 3 2 3"];

function el(tag, cls = "", text = "") {
	return Object.assign(document.createElement(tag), { className: cls, textContent: text });
}
function svg(tag, attrs, text = "") {
	const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
	set(e, attrs);
	e.textContent = text;
	return e;
}
function set(e, attrs) { for (const k in attrs) e.setAttribute(k, attrs[k]); }
const on = (e, type, f) => e.addEventListener(type, f);
const clamp = (v, lo, hi) => Math.max(lo, Math.min(hi, v));
const isNum = v => typeof v === "number" && Number.isFinite(v);
const int = v => Math.round(v).toLocaleString("en-US");
const fixed = (v, d) => v.toLocaleString("en-US", { minimumFractionDigits: d, maximumFractionDigits: d });
const plural = (n, word) => int(n) + " " + word + (n === 1 ? "" : "s");
const DASH = "\u2013", UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];
const unitOf = b => b > 0 ? clamp(Math.floor(Math.log2(b) / 10), 0, 4) : 0;
function bytes(b) {
	if (!isNum(b)) return "";
	const u = unitOf(b);
	return fixed(b / 1024 ** u, u ? 2 : 0) + " " + UNITS[u];
}
// About `want` round values from lo to hi.
function ticks(lo, hi, want, whole) {
	const span = Math.max((hi - lo) / Math.max(1, want), 1e-9), mag = 10 ** Math.floor(Math.log10(span));
	let step = mag * [1, 2, 5, 10].find(m => mag * m >= span * .999);
	if (whole) step = Math.max(1, Math.round(step));
	const out = [];
	for (let i = Math.ceil(lo / step - 1e-9) + 0; i * step <= hi + step * 1e-6; i++) out.push(i * step);
	return out;
}
// A token as readable text: line breaks and invisible characters get a stand-in.
function visible(t, max, breaks) {
	if (t === "") return "[empty]";
	const all = Array.from(t.slice(0, max * 2 + 2));
	let s = all.slice(0, max).join("");
	if (/^ +$/.test(s)) s = s.replace(/ /g, "\u00b7");
	s = s.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
		c => "[U+" + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0") + "]").replace(/\n/g, breaks ? "\u21b5\n" : "\u21b5");
	return all.length > max ? s + "\u2026" : s;
}

// -- data
let raw = null;
try { raw = JSON.parse($("data").textContent); } catch { /* said below */ }
const D = prepare(raw || {});

function prepare(d) {
	const L = Math.max(1, d.layers | 0), H = Math.max(1, d.heads | 0), rows = L * H;
	const tokens = (Array.isArray(d.tokens) ? d.tokens : []).map(t => t == null ? "" : String(t));
	const given = Array.isArray(d.policies) ? d.policies.filter(Boolean) : [];
	let n = Math.max(1, tokens.length);
	for (const p of given) for (const s of p.steps || []) n = Math.max(n, s.count || 0);
	// A short name for every policy: the word before its parameters, with a number where that is not enough.
	const titles = given.map(p => String(p.policy || "policy")), names = titles.map(t => t.split(/[(:\s]/)[0].slice(0, 13));
	const policies = given.map((p, i) => {
		let last = 0;
		const steps = (p.steps || []).map(s => ({ count: last = Math.max(last, s.count || 0), held: s.bytes, moved: s.bytesMoved, kv: s.kvReads }));
		const S = steps.length, gone = new Int32Array(rows * n).fill(NEVER);
		for (let h = 0; h < rows; h++) {
			const g = (p.gone || [])[h] || [];
			for (let q = 0; q < n; q++) if (isNum(g[q]) && g[q] >= 0) gone[h * n + q] = g[q];
		}
		// Mean live tokens after every step, from when positions come and go.
		const change = new Float64Array(S + 1);
		for (let q = 0, b = 0; q < n; q++) {
			while (b < S && steps[b].count <= q) b++;
			for (let h = 0; h < rows; h++) {
				const e = Math.min(S, gone[h * n + q]);
				if (b < e) { change[b]++; change[e]--; }
			}
		}
		for (let s = 0, sum = 0; s < S; s++) { sum += change[s]; steps[s].live = sum / rows; }
		const alone = names.indexOf(names[i]) === names.lastIndexOf(names[i]);
		return { title: titles[i], short: names[i] + (alone ? "" : " " + (i + 1)), lossy: !!p.lossy, steps, gone,
			colour: "var(--p" + i % 6 + ")", dash: DASHES[i % DASHES.length] };
	});
	const stops = [...new Set(policies.flatMap(p => p.steps.map(s => s.count)))].sort((a, b) => a - b);
	return { L, H, rows, n, tokens, policies, stops, prompt: clamp(d.promptTokens | 0, 0, n), model: d.model || "Model", command: d.command || "" };
}
const token = p => D.tokens[p] || "";
// Index of the policy's last step with count <= time, or -1.
function stepAt(P, time) {
	return P.steps.findLastIndex(st => st.count <= time);
}
function holders(P, p, s) { // heads holding position p after step s; -1: not yet computed
	if (s < 0 || p >= P.steps[s].count) return -1;
	let k = 0;
	for (let h = 0, at = p; h < D.rows; h++, at += D.n) if (P.gone[at] > s) k++;
	return k;
}

// -- state and page skeleton
const first = D.stops[0] || 0, end = D.stops.at(-1) || 0;
let clock = end, marked = -1, shade = 0, textStart = -1, playing = false;
const [t0, m0] = (location.hash.match(/\d+/g) || []).map(Number); // #430,12: at 430 tokens, position 12 marked
if (t0 >= 0) clock = clamp(t0, first, end);
$("model").textContent = D.model;
document.title = D.model + ": KV cache over time";
$("shape").textContent = [plural(D.L, "layer") + " of " + plural(D.H, "KV head"), "prompt of " + plural(D.prompt, "token"),
	plural(D.n - D.prompt, "position") + " after it"].join("  \u00b7  ");
$("command").textContent = D.command;

function key(P) {
	const s = svg("svg", { class: "key", viewBox: "0 0 26 10" });
	s.append(svg("line", { x1: 0, x2: 26, y1: 6, y2: 6, "stroke-width": 3, "stroke-dasharray": P.dash, style: "stroke:" + P.colour }));
	return s;
}
const maps = [], charts = [], pen = document.createElement("canvas").getContext("2d");
if (!raw || !D.stops.length) {
	$("none").textContent = raw ? "This page has no cache policies with steps: there is nothing to show." : "The data in this page could not be read.";
	$("none").hidden = false;
	$("all").hidden = $("bar").hidden = true;
}

function build() {
	const slider = Object.assign($("time"), { min: first, max: end, disabled: first === end });
	$("play").disabled = first === end;
	on(slider, "input", () => { stop(); go(+slider.value); });
	on($("play"), "click", toggle);

	D.policies.forEach((P, i) => {
		const tr = el("tr");
		tr.appendChild(el("td")).append(key(P), P.title);
		P.cells = Array.from({ length: 6 }, () => tr.appendChild(el("td")));
		$("rows").append(tr);
		maps.push(makeMap(P));
		$("policy").append(new Option(P.title, i));
		$("keys").appendChild(el("span")).append(key(P), P.title.startsWith(P.short) ? P.title : P.short + ": " + P.title);
	});
	shade = $("policy").selectedIndex = Math.max(0, D.policies.findIndex(P => P.lossy)); // lossless ones shade all alike
	on($("policy"), "change", e => { shade = +e.target.value; shadeText(); });

	on($("text"), "click", e => { if (e.target.dataset.p) mark(+e.target.dataset.p); });

	chart("Bytes held", "held", true);
	chart("KV reads per step", "kv", false);
	chart("Bytes moved per step", "moved", true);

	on(document, "keydown", keys);
	on(matchMedia("(prefers-color-scheme: dark)"), "change", resize);
	on(window, "resize", () => requestAnimationFrame(resize));
	resize();
	mark(m0 < D.n ? m0 : -1);
}

function resize() {
	for (const m of maps) m.layout();
	for (const c of charts) c.draw();
	refresh();
}
let queued = false, shown = -1;
function go(time) {
	clock = clamp(time, first, end);
	if (queued) return;
	queued = true;
	requestAnimationFrame(() => { queued = false; refresh(); });
}
function refresh() {
	const t = clock;
	$("time").value = t;
	$("now").replaceChildren(el("b", "", int(t)), " of " + int(D.n) + " tokens computed \u00b7 "
		+ (t <= D.prompt ? "prompt" : "generated, token " + int(t - D.prompt) + " of " + int(D.n - D.prompt)));
	D.policies.forEach((P, i) => {
		const s = stepAt(P, t), st = P.steps[s];
		const out = !st ? [] : [fixed(st.live, 1), st.count && fixed(100 * st.live / st.count, 1) + "%",
			st.live && fixed(st.count / st.live, 2) + "\u00d7", bytes(st.held), st.moved && bytes(st.moved), st.kv && fixed(st.kv, 1)];
		P.cells.forEach((cell, c) => { cell.textContent = out[c] || DASH; });
		maps[i].sub.textContent = !st ? "no step yet at this time" : fixed(st.live, 1) + " of " + int(st.count) + " held, step " + int(s + 1) + " of " + int(P.steps.length);
		maps[i].draw(s);
	});
	if (shown !== t) buildText(shown = t);
	shadeText();
	for (const c of charts) c.cursor();
	sayMark();
}

// -- maps
function makeMap(P) {
	const card = el("div", "card"), title = el("div", "title"), box = el("div", "map"), canvas = el("canvas");
	const m = { sub: el("div", "soft"), line: el("div", "mark"), cell: el("div", "cell"), row: 0, pos: 0 };
	title.append(key(P), el("h3", "", P.title));
	if (P.lossy) title.append(el("span", "badge", "lossy"));
	set(canvas, { role: "img", "aria-label": "Positions held, " + P.title, tabindex: 0 });
	box.append(canvas, m.line, m.cell);
	$("maps").appendChild(card).append(title, m.sub, box);
	const ctx = canvas.getContext("2d");
	const GUT = 34, TOP = 22, FOOT = 22;
	let dpr, W, Hpx, rowH, gap, tops, from; // in device pixels
	const px = v => Math.round(v * dpr), countAt = s => s < 0 ? 0 : P.steps[s].count;

	m.layout = () => {
		dpr = window.devicePixelRatio || 1;
		const css = box.clientWidth;
		const rh = D.rows <= 4 ? 24 : clamp(Math.floor(340 / D.rows), D.rows > 400 ? 1 : 2, 14);
		gap = rh * D.H >= 16 ? px(4) : px(1);
		rowH = px(rh);
		tops = [];
		for (let r = 0, y = 0; r < D.rows; r++) {
			tops.push(y);
			y += rowH + ((r + 1) % D.H ? 0 : gap);
		}
		Hpx = tops[D.rows - 1] + rowH;
		W = Math.max(1, Math.min(px(css - GUT - 2), px(24) * D.n)); // a few positions: cells no wider than 24 px
		// Pixel column x averages positions from[x] up to from[x + 1]: none is left out.
		from = Int32Array.from({ length: W + 1 }, (_, x) => Math.floor(x * D.n / W));
		canvas.width = px(css);
		canvas.height = px(TOP) + Hpx + px(FOOT);
		canvas.style.height = canvas.height / dpr + "px";
		m.place();
	};
	m.draw = s => {
		const style = getComputedStyle(root), css = name => style.getPropertyValue(name).trim();
		const [held, gone] = ["--held", "--gone"].map(c => [1, 3, 5].map(i => parseInt(css(c).slice(i, i + 2), 16)));
		const count = countAt(s), n = D.n, X = px(GUT), Y = px(TOP);
		ctx.clearRect(0, 0, canvas.width, canvas.height);
		const split = W / n >= 5 * dpr; // wide cells get a gap between them
		const img = ctx.createImageData(W, Hpx), px8 = img.data, stride = W * 4, solid = rowH >= px(6) ? rowH - 1 : rowH;
		for (let r = 0; r < D.rows; r++) {
			const base = r * n, start = tops[r] * stride;
			for (let x = 0, o = start; x < W; x++, o += 4) {
				const a = from[x], z = Math.max(a + 1, from[x + 1]), b = Math.min(z, count);
				if (b <= a || split && z === from[x + 1]) continue;
				let k = 0;
				for (let p = a; p < b; p++) if (P.gone[base + p] > s) k++;
				for (let i = 0; i < 3; i++) px8[o + i] = gone[i] + (held[i] - gone[i]) * k / (b - a);
				px8[o + 3] = 255 * (b - a) / (z - a);
			}
			for (let y = 1; y < solid; y++) px8.copyWithin(start + y * stride, start, start + stride);
		}
		ctx.putImageData(img, X, Y);
		ctx.font = px(11) + "px system-ui, sans-serif";
		ctx.textBaseline = "middle";
		const group = tops[D.H - 1] + rowH + gap, every = Math.ceil(px(13) / group);
		for (let l = 0; l < D.L; l++) {
			const y = Y + tops[l * D.H];
			ctx.textAlign = "right";
			ctx.fillStyle = css("--soft");
			if (l % every === 0) ctx.fillText("L" + l, X - px(7), y + (every > 1 ? rowH / 2 : (group - gap) / 2));
			if (l && gap >= px(4)) { ctx.fillStyle = css("--line"); ctx.fillRect(X, y - Math.round(gap / 2) - 1, W, 1); }
		}
		ctx.fillStyle = css("--soft");
		ctx.textAlign = "center";
		for (const p of ticks(0, n - 1, W / px(76), true)) {
			const x = X + (p + .5) * W / n, half = ctx.measureText(int(p)).width / 2;
			ctx.fillRect(Math.round(x), Y + Hpx + px(1), px(1), px(4));
			ctx.fillText(int(p), clamp(x, X + (p ? half : 0), canvas.width - half), Y + Hpx + px(13));
		}
		ctx.textAlign = "left";
		const wall = X + D.prompt * W / n, at = wall + (wall + px(66) < canvas.width ? px(5) : px(-5) - ctx.measureText("generated").width);
		if (D.prompt < n) {
			ctx.fillText("generated", at, px(7));
			for (let y = px(2); y < Y + Hpx; y += px(5)) ctx.fillRect(Math.round(wall), y, px(1), px(2));
		}
		if (D.prompt === n || at - X > px(50)) ctx.fillText("prompt", X, px(7));
	};
	// Overlays: the marked column and the cell under the pointer or keyboard.
	const lay = (e, x, y, w, h) => Object.assign(e.style, { left: x + "px", top: y + "px", width: w + "px", height: h + "px" });
	m.place = () => {
		const x = p => GUT + p * W / D.n / dpr, w = Math.max(2, W / D.n / dpr);
		m.line.style.display = marked < 0 ? "none" : "block";
		lay(m.line, x(marked + .5) - 1, TOP - 3, 2, Hpx / dpr + 6);
		lay(m.cell, x(m.pos) - 2, TOP + tops[m.row] / dpr - 2, w + 4, rowH / dpr + 4);
	};
	const point = (show, x, y) => {
		m.cell.style.display = show ? "block" : "none";
		if (!show) return hideTip();
		m.place();
		const box = m.cell.getBoundingClientRect();
		showTip(x || box.right, y || box.bottom, tell());
	};
	function tell() {
		const s = stepAt(P, clock), p = m.pos, g = P.gone[m.row * D.n + p];
		const at = g !== NEVER && "after step " + int(g + 1) + (P.steps[g] ? ", at " + int(P.steps[g].count) + " tokens computed" : "");
		const fate = p >= countAt(s) ? "Not yet computed" : !at ? "Held to the end" : g <= s ? "Evicted " + at : "Held now; evicted " + at;
		const x = Math.floor(p * W / D.n), a = from[x], b = from[x + 1];
		return "Layer " + Math.floor(m.row / D.H) + ", KV head " + m.row % D.H + "\n" + about(p) + "\n" + fate
			+ (b - a > 1 ? "\n(drawn as the average of positions " + int(a) + " to " + int(b - 1) + ")" : "");
	}
	function aim(e) { // pointer to row and position; false outside the plot
		const x = (e.offsetX - GUT) * dpr, y = (e.offsetY - TOP) * dpr;
		if (x < 0 || x >= W || y < 0 || y >= Hpx) return false;
		m.pos = clamp(Math.floor(x * D.n / W), 0, D.n - 1);
		m.row = tops.filter(top => top <= y).length - 1;
		return true;
	}
	for (const type of ["pointermove", "pointerdown"]) on(canvas, type, e => point(aim(e), e.clientX, e.clientY));
	on(canvas, "pointerleave", () => point(false));
	on(canvas, "click", () => { if (m.cell.style.display === "block") mark(m.pos); });
	on(canvas, "focus", () => canvas.matches(":focus-visible") && point(true));
	on(canvas, "blur", () => point(false));
	on(canvas, "keydown", e => {
		const jump = Math.max(1, Math.round(D.n / W)) * (e.shiftKey ? 10 : 1);
		const by = { ArrowLeft: [0, -jump], ArrowRight: [0, jump], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -D.n], End: [0, D.n] }[e.key];
		if (by) {
			m.row = clamp(m.row + by[0], 0, D.rows - 1);
			m.pos = clamp(m.pos + by[1], 0, D.n - 1);
			point(true);
		} else if (e.key === "Enter") mark(m.pos);
		else return;
		e.preventDefault();
		e.stopPropagation();
	});
	return m;
}

// -- tooltip and the marked position
const about = p => "Position " + int(p) + (p < D.prompt ? " (prompt)" : " (generated)") + ": \u201c" + visible(token(p), 80) + "\u201d";
function heldBy(P, p) {
	const k = holders(P, p, stepAt(P, clock));
	return k < 0 ? "not yet computed" : "held by " + k + " of " + plural(D.rows, "head");
}
function showTip(x, y, text) {
	const tip = $("tip");
	tip.textContent = text;
	tip.style.display = "block";
	const b = tip.getBoundingClientRect();
	tip.style.left = Math.max(8, Math.min(x + 14, innerWidth - b.width - 8)) + "px"; // below the pointer, or above where there is no room
	tip.style.top = Math.max(8, y + 16 + b.height > innerHeight - 8 ? y - 12 - b.height : y + 16) + "px";
}
function hideTip() { $("tip").style.display = "none"; }
function mark(p) { // marking the same position again clears it
	if (p === marked) p = -1;
	const old = spans.get(marked);
	if (old) old.classList.remove("on");
	marked = p;
	for (const m of maps) m.place();
	if (p >= 0 && !spans.has(p)) { buildText(p); shadeText(); }
	if (p >= 0) {
		spans.get(p).classList.add("on");
		reveal(p);
	}
	sayMark();
}
function reveal(p) { // scrolls the text, not the page
	const a = spans.get(p).getBoundingClientRect(), b = $("text").getBoundingClientRect();
	if (a.top < b.top || a.bottom > b.bottom) $("text").scrollTop += a.top - b.top - b.height / 2;
}
function sayMark() {
	$("marked").textContent = marked < 0 ? "Click a token, or a place in a map, to mark its column in every map."
		: about(marked) + " \u2014 " + D.policies.map(P => P.short + " " + heldBy(P, marked)).join("; ") + ".";
}

// -- the text, at most MAX_SPANS spans of it
const spans = new Map();
function buildText(around) {
	const start = clamp(Math.round((around - MAX_SPANS / 2) / 500) * 500, 0, Math.max(0, D.n - MAX_SPANS));
	if (start === textStart) return;
	textStart = start;
	spans.clear();
	const all = [], last = Math.min(D.n, start + MAX_SPANS);
	for (let p = start; p < last; p++) {
		if (p === D.prompt && p > 0) all.push(el("span", "turn", "generated"));
		const s = el("span", "t", visible(token(p), 240, true));
		s.dataset.p = p;
		s.classList.toggle("on", p === marked);
		spans.set(p, s);
		all.push(s);
	}
	$("text").replaceChildren(...all);
	if (D.n <= MAX_SPANS) return;
	$("range").textContent = "Only positions " + int(start) + " to " + int(last - 1) + ", around the slider or the last mark";
	reveal(clamp(around, start, last - 1));
}
function shadeText() {
	const P = D.policies[shade], s = stepAt(P, clock);
	for (const [p, span] of spans) {
		const k = holders(P, p, s), level = k < 0 ? -1 : Math.round(100 * k / D.rows);
		if (span.level === level) continue;
		span.level = level;
		span.classList.toggle("later", level < 0);
		span.classList.toggle("zero", k === 0);
		span.style.setProperty("--s", Math.max(0, level));
	}
}

// -- curves
function chart(name, field, isBytes) {
	const card = el("div", "card"), title = el("h3"), g = svg("svg", { role: "img", "aria-label": name });
	const value = st => isNum(st[field]) && (field === "held" || st[field] > 0) ? st[field] : null;
	let top = 0;
	for (const P of D.policies) for (const st of P.steps) top = Math.max(top, value(st) || 0);
	if (!top) return; // nothing to draw
	$("charts").appendChild(card).append(title, g);
	const unit = isBytes ? unitOf(top) : 0, scale = isBytes ? 1024 ** unit : 1;
	title.textContent = name + (isBytes ? ", " + UNITS[unit] : ", tokens per head");
	const c = {}, HEIGHT = 226, T = 10, plotH = HEIGHT - T - 42;
	let left, right, X, Y, hair, dots;
	// The axis starts at the first value: only generation has reads.
	const begin = Math.min(end, ...D.policies.flatMap(P => P.steps.filter(st => value(st) !== null).slice(0, 1)).map(st => st.count));
	const lo = begin === end ? end - 1 : begin;
	const line = (x1, y1, x2, y2, colour, dash = "") => g.appendChild(svg("line", { x1, y1, x2, y2, "stroke-dasharray": dash, style: "stroke:var(--" + colour + ")" }));
	const label = (x, y, anchor, text, style = "") => g.appendChild(svg("text", { x, y, "text-anchor": anchor, style }, text));
	const wide = (words, font) => { pen.font = font + " 11.5px system-ui, sans-serif"; return Math.max(...words.map(w => pen.measureText(w).width)); };
	c.draw = () => {
		const width = card.clientWidth - 36;
		g.replaceChildren();
		set(g, { viewBox: "0 0 " + width + " " + HEIGHT, height: HEIGHT });
		const yt = ticks(0, top / scale, 4), ymax = top / scale * 1.04;
		const labels = yt.map(v => fixed(v, clamp(-Math.floor(Math.log10(yt[1]) + 1e-9), 0, 3)));
		left = 12 + wide(labels, 400);
		right = width - 12 - wide(D.policies.map(P => P.short), 600);
		X = v => left + (v - lo) / (end - lo) * (right - left);
		Y = v => T + plotH * (1 - v / scale / ymax);
		c.time = x => lo + (x - left) / (right - left) * (end - lo);
		yt.forEach((v, i) => {
			const y = Math.round(Y(v * scale)) + .5;
			line(left, y, right, y, i ? "grid" : "soft");
			label(left - 7, y + 4, "end", labels[i]);
		});
		for (const v of ticks(lo, end, (right - left) / 70, true)) {
			const x = Math.round(X(v)) + .5;
			line(x, T + plotH, x, T + plotH + 4, "soft");
			label(x, T + plotH + 17, "middle", int(v));
		}
		label((left + right) / 2, HEIGHT - 4, "middle", "tokens computed");
		if (D.prompt > lo && D.prompt < end) line(X(D.prompt), T, X(D.prompt), T + plotH, "soft", "2 3");
		// Lines run level until the next step.
		const ends = [];
		for (const P of D.policies) {
			let d = "", open = false, at = null;
			for (const st of P.steps) {
				const v = value(st);
				if (v === null) { open = false; continue; }
				const x = X(st.count).toFixed(1), y = Y(v).toFixed(1);
				d += open ? "H" + x + "V" + y : "M" + x + " " + y + "h.1";
				open = true;
				at = { P, y: +y };
			}
			if (!at) continue;
			g.append(svg("path", { d, fill: "none", "stroke-width": 2, "stroke-dasharray": P.dash, style: "stroke:" + P.colour }));
			ends.push(at);
		}
		// names at the line ends, pushed apart
		ends.sort((a, b) => a.y - b.y);
		ends.forEach((e, i) => { e.ly = Math.max(e.y, i ? ends[i - 1].ly + 14 : T + 2); });
		for (let i = ends.length - 1, max = T + plotH; i >= 0; max = ends[i--].ly - 14) ends[i].ly = Math.min(ends[i].ly, max);
		for (const e of ends) label(right + 9, e.ly + 4, "start", e.P.short, "font-weight:600;fill:" + e.P.colour);
		hair = line(0, T - 4, 0, T + plotH, "ink");
		dots = D.policies.map(P => svg("circle", { "stroke-width": 1.5, style: "stroke:var(--card);fill:" + P.colour }));
		g.append(...dots);
	};
	c.cursor = () => {
		const x = X(clock);
		set(hair, { x1: x, x2: x, visibility: x < left - .01 ? "hidden" : "visible" });
		D.policies.forEach((P, i) => {
			const st = P.steps[stepAt(P, clock)], v = st ? value(st) : null;
			set(dots[i], v === null ? { r: 0 } : { r: 4, cx: X(st.count), cy: Y(v) });
		});
	};
	const seek = e => { stop(); go(Math.round(c.time(e.clientX - g.getBoundingClientRect().left))); };
	on(g, "pointerdown", seek);
	on(g, "pointermove", e => { if (e.buttons & 1) seek(e); });
	charts.push(c);
}

// -- time: keys and playing
function move(by) { // by whole stops, from wherever the slider is
	const i = by > 0 ? D.stops.findLastIndex(c => c <= clock) : D.stops.findIndex(c => c >= clock);
	go(D.stops[clamp(i + by, 0, D.stops.length - 1)]);
}
function keys(e) {
	if (e.ctrlKey || e.metaKey || e.altKey || e.target.matches("select")) return;
	const by = e.shiftKey ? 10 : 1, inText = e.target === $("text"); // which scrolls with these keys
	if (e.key === "Escape") { hideTip(); return mark(-1); }
	if (e.key === " " && !e.target.matches("button") && !inText) toggle();
	else {
		const jump = { ArrowRight: by, ArrowLeft: -by, Home: inText ? 0 : -NEVER, End: inText ? 0 : NEVER }[e.key];
		if (!jump) return;
		stop();
		move(jump);
	}
	e.preventDefault();
}
let due = 0;
function toggle() {
	if (playing) return stop();
	if (clock >= end) go(first);
	playing = true;
	$("play").textContent = "Pause";
	due = performance.now();
	requestAnimationFrame(tick);
}
function stop() { playing = false; $("play").textContent = "Play"; }
function tick(now) { // about 12 seconds in all, a quarter of one per stop at most
	if (!playing) return;
	const each = Math.min(250, 12000 / D.stops.length), by = Math.floor((now - due) / each);
	if (by > 0) { due += by * each; move(by); if (clock >= end) return stop(); }
	requestAnimationFrame(tick);
}

if (raw && D.stops.length) build();
window.__ready = true;
root.dataset.rendered = "true";
})();
"""#
}
