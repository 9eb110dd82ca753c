import { EventReader } from "../../../Sources/CMartletPage/Page/wire/sse.js";
import { emptyAnswer, fold, speed } from "../../../Sources/CMartletPage/Page/wire/answer.js";
import { emptyTrace, figures, readCache, readPrompt, readSolve, record, tracePoints } from "../../../Sources/CMartletPage/Page/wire/report.js";
import { complaint, emptySettings, fileAsText, requestBody } from "../../../Sources/CMartletPage/Page/wire/request.js";
import { difference } from "../../../Sources/CMartletPage/Page/wire/session.js";
import { holds, random, same, test } from "./check.js";

const stream = "\uFEFF: ping\n\nevent: a\ndata: one\r\ndata:two\r\n\r\ndata: three\r\rid: 7\nretry\ndata\n\nevent: b\n\ndata: €😀\n\n";
const expected = [
  { event: "a", data: "one\ntwo" }, { event: "message", data: "three" }, { event: "message", data: "" },
  { event: "message", data: "€😀" },
];

test("events are read however their stream is cut", () => {
  same(new EventReader().push(stream), expected);
  const next = random(3);
  for (let round = 0; round < 300; round += 1) {
    const reader = new EventReader();
    const events = [];
    for (let at = 0; at < stream.length;) {
      const end = at + 1 + next(9);
      events.push(...reader.push(stream.slice(at, end)));
      at = end;
    }
    same(events, expected, `round ${round}`);
  }
});

const chunk = (delta, rest = {}) => ({ choices: [{ index: 0, delta, finish_reason: null }], ...rest });

test("an answer is folded out of its chunks", () => {
  const answer = emptyAnswer();
  fold(answer, chunk({ role: "assistant", content: "" }, { model: "m" }), 0.1);
  same([answer.pieces, answer.firstSeconds], [0, null]);
  fold(answer, chunk({ reasoning_content: "hm", reasoning: "hm" }), 1);
  fold(answer, chunk({ reasoning: ", so" }), 2);
  same([answer.reasoning, answer.reasoningSeconds, answer.firstSeconds], ["hm, so", 1, 1]);
  fold(answer, chunk({ content: "Yes" }), 3.5);
  fold(answer, chunk({ content: "." }), 4);
  same([answer.content, answer.reasoningSeconds], ["Yes.", 2.5]);
  fold(answer, { choices: [{ index: 1, delta: { content: "other" } }] }, 4);
  fold(answer, { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }, 4);
  fold(answer, { choices: [], usage: { completion_tokens: 7, total_tokens: 9 } }, 4);
  same([answer.content, answer.finish, answer.model, answer.usage.total_tokens], ["Yes.", "stop", "m", 9]);
  same(speed(answer), { tokens: 7, perSecond: 2 });
});

test("calls are folded piece by piece, and no index makes a hole", () => {
  const answer = emptyAnswer();
  const call = (index, id, name, text) => chunk({ tool_calls: [{ index, id, function: { name, arguments: text } }] });
  fold(answer, call(0, "x", "f", ""), 1);
  fold(answer, call(0, undefined, undefined, "{\"a\":"), 1);
  fold(answer, call(0, undefined, undefined, "1}"), 1);
  fold(answer, call(1e9, "y", "g", "{}"), 1);
  same(answer.toolCalls, [{ id: "x", name: "f", arguments: "{\"a\":1}" }, { id: "y", name: "g", arguments: "{}" }]);
});

test("chunks of any shape are survived", () => {
  for (const bad of [{}, { choices: null }, { choices: [{}] }, { choices: [{ delta: null }] }, chunk({ content: 7, tool_calls: 3 })]) {
    fold(emptyAnswer(), { ...bad, martlet: { report: { cache: 3, solve: "x" } } }, 1);
  }
});

test("reports are checked", () => {
  same(readCache(null), null);
  const cache = readCache({ bytesHeld: 10, peakBytes: -1, liveTokens: [[4, "x", 2], 7], logicalTokens: 8, policy: {} });
  same([cache.bytesHeld, cache.peakBytes, cache.policy, cache.liveTokens], [10, null, null, [[4, 0, 2], []]]);
  same(figures({ liveTokens: [[4, 2], [2]], logicalTokens: 8, bytesHeld: 10 }), {
    heads: 3, mean: 8 / 3, share: 1 / 3, ratio: 3, fullBytes: 30,
  });
  same(readSolve({ votes: [{ answer: "4", count: 2 }, { answer: 4 }], chains: 8, ended: [{ index: 0, answer: "4" }, null] }), {
    planned: null, chains: 8, chainsEnded: 1, tokens: null, votes: [{ answer: "4", count: 2 }],
    ended: [{ index: 0, tokens: null, answer: "4" }],
  });
  same(readPrompt({ total: 90, computed: 120, cached: "x" }), { total: 90, computed: 90, cached: 0 });
  for (const bad of [null, 3, {}, { total: 9 }, { total: -1, computed: 2 }]) same(readPrompt(bad), null);
});

test("an answer keeps how far its prompt was until the next report of it", () => {
  const answer = emptyAnswer();
  fold(answer, chunk({}, { martlet: { report: { prompt: { total: 900, cached: 100, computed: 400, seconds: 1 } } } }), 1);
  same(answer.prompt, { total: 900, computed: 400, cached: 100 });
  fold(answer, chunk({ content: "a" }), 2);
  same([answer.prompt.computed, answer.pieces], [400, 1]);
});

test("a trace stays small, and its ends stay", () => {
  const trace = emptyTrace();
  for (let at = 1; at <= 10_000; at += 1) {
    record(trace, { logicalTokens: at, bytesHeld: at, readsPerToken: at, liveTokens: [] });
    holds(trace.points.length <= tracePoints, `${trace.points.length} points at ${at}`);
    same(trace.points.at(-1).at, at);
  }
  same(trace.points[0].at, 1);
  holds(trace.points.length > tracePoints / 4, "too few are left");
  for (let index = 1; index < trace.points.length; index += 1) {
    holds(trace.points[index].at > trace.points[index - 1].at, "out of order");
  }
});

const path = () => [
  { role: "user", content: "Hello", files: [] },
  { role: "assistant", answer: { content: "Hi", reasoning: "old", toolCalls: [] } },
  { role: "user", content: "Read", files: [{ name: "a.txt", text: "x ``` y\n" }] },
  { role: "assistant", answer: { content: "", reasoning: "new", toolCalls: [{ id: "c", name: "f", arguments: "{}" }] } },
  { role: "tool", callId: "c", content: "42", files: [] },
];

test("a request says what the settings say and leaves out the rest", () => {
  const body = requestBody(path(), emptySettings());
  same(body.messages, [
    { role: "user", content: "Hello" }, { role: "assistant", content: "Hi" },
    { role: "user", content: "a.txt\n````\nx ``` y\n````\n\nRead" },
    {
      role: "assistant", content: "",
      tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }], reasoning_content: "new",
    },
    { role: "tool", tool_call_id: "c", content: "42" },
  ]);
  same(Object.keys(body), ["messages", "stream", "stream_options", "martlet"]);
  same(body.martlet, { report: true });
});

test("a request has sampling, tools and a budget where they are set", () => {
  const settings = emptySettings();
  Object.assign(settings, { model: "m", system: "Be short.", stop: "END\n\n", tools: "[{\"type\": \"function\"}]" });
  Object.assign(settings.sampling, { temperature: "0", seed: "7", top_p: "" });
  settings.budget = { policy: " h2o(budget=64) ", codec: "q8", bytes: "32MB", deadline: "800ms", solve: true, chains: "8" };
  const body = requestBody(path().slice(0, 1), settings, { continues: true });
  same(body.messages[0], { role: "system", content: "Be short." });
  same([body.model, body.temperature, body.seed, body.stop, body.tools.length], ["m", 0, 7, ["END"], 1]);
  same("top_p" in body, false);
  same([body.continue_final_message, body.add_generation_prompt], [true, false]);
  same(body.martlet, {
    report: true, cache: "h2o(budget=64)", kv: "q8", deadline: 0.8, solve: { width: 8, memory: 32e6 },
  });
  settings.budget = { ...settings.budget, solve: false };
  same(requestBody([], settings).martlet.bytes, 32e6);
  same("martlet" in requestBody([], settings, { speaksMartlet: false }), false);
});

test("what cannot be sent is said", () => {
  const check = (change) => {
    const settings = emptySettings();
    change(settings);
    return complaint(settings) ?? "";
  };
  same(check(() => {}), "");
  holds(check((all) => { all.budget.bytes = "much"; }).startsWith("Memory: “much”"), "memory");
  holds(check((all) => { all.budget.deadline = "soon"; }).startsWith("Deadline: “soon”"), "deadline");
  holds(check((all) => { all.sampling.top_p = "2"; }).startsWith("Top p: “2” is not between 0 and 1"), "top p");
  holds(check((all) => { all.tools = "{}"; }).startsWith("Tools: a JSON array"), "tools");
  holds(check((all) => { all.tools = "[1"; }).startsWith("Tools: no JSON"), "tools' JSON");
  holds(check((all) => { Object.assign(all.budget, { solve: true, chains: "0" }); }).startsWith("Chains"), "chains");
  same(check((all) => { all.budget.chains = "0"; }), "");
});

test("a file's fence is longer than any in it", () => {
  same(fileAsText({ name: "a\n`b", text: "plain" }), "a  b\n```\nplain\n```");
  same(fileAsText({ name: "a", text: "`````" }), "a\n``````\n`````\n``````");
});

test("an edit turns one text into another, and cuts no character", () => {
  const next = random(11);
  const letters = ["a", "b", "é", "🐚", "🦀", "🐙"];
  const text = () => Array.from({ length: next(9) }, () => letters[next(letters.length)]).join("");
  for (let round = 0; round < 2000; round += 1) {
    const [before, after] = [text(), text()];
    const { start, delete: count, insert } = difference(before, after);
    same(before.slice(0, start) + insert + before.slice(start + count), after, `${before} to ${after}`);
    holds(insert.isWellFormed() && before.slice(start, start + count).isWellFormed(), `${before} to ${after} cuts a character`);
  }
  same(difference("one two", "one three"), { start: 5, delete: 2, insert: "hree" });
  same(difference("a", "a"), { start: 1, delete: 0, insert: "" });
});
