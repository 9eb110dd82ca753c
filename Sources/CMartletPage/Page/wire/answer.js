/// An answer, folded out of the chunks of a stream.

import { emptyTrace, readCache, readPrompt, readSolve, record } from "./report.js";

/// What an answer has before its first chunk.
export const emptyAnswer = () => ({
  content: "", reasoning: "", reasoningStart: null, reasoningSeconds: null, reasoningEnded: false,
  toolCalls: [], finish: null, usage: null, timings: null, model: null, pieces: 0,
  firstSeconds: null, seconds: 0, cache: null, trace: emptyTrace(), solve: null, prompt: null,
});

/// Adds a chunk of `/v1/chat/completions` to an answer. `elapsed` are the seconds since the request was sent.
export function fold(answer, chunk, elapsed) {
  if (typeof chunk.model === "string") answer.model = chunk.model;
  if (chunk.usage) answer.usage = chunk.usage;
  if (chunk.timings) answer.timings = chunk.timings;
  answer.seconds = elapsed;
  foldReport(answer, chunk.martlet?.report);
  const choice = Array.isArray(chunk.choices) ? chunk.choices.find((one) => (one.index ?? 0) === 0) : null;
  if (!choice) return;
  const delta = choice.delta ?? {};
  // Servers name the field either way, and some send both.
  const reasoning = delta.reasoning_content ?? delta.reasoning;
  const content = delta.content;
  let isPiece = false;
  if (typeof reasoning === "string" && reasoning !== "") {
    answer.reasoningStart ??= elapsed;
    answer.reasoning += reasoning;
    answer.reasoningSeconds = elapsed - answer.reasoningStart;
    isPiece = true;
  }
  if (typeof content === "string" && content !== "") {
    endReasoning(answer, elapsed);
    answer.content += content;
    isPiece = true;
  }
  for (const call of Array.isArray(delta.tool_calls) ? delta.tool_calls : []) {
    endReasoning(answer, elapsed);
    foldCall(answer.toolCalls, call);
    isPiece = true;
  }
  if (isPiece) {
    answer.pieces += 1;
    answer.firstSeconds ??= elapsed;
  }
  if (choice.finish_reason) answer.finish = choice.finish_reason;
}

function endReasoning(answer, elapsed) {
  if (answer.reasoningStart === null || answer.reasoningEnded) return;
  answer.reasoningSeconds = elapsed - answer.reasoningStart;
  answer.reasoningEnded = true;
}

function foldCall(calls, delta) {
  const index = Number.isInteger(delta.index) && delta.index >= 0 ? delta.index : calls.length;
  // A gap would leave holes; the next free place is as good.
  const place = Math.min(index, calls.length);
  calls[place] ??= { id: null, name: "", arguments: "" };
  const call = calls[place];
  if (delta.id) call.id = delta.id;
  if (delta.function?.name) call.name = delta.function.name;
  if (typeof delta.function?.arguments === "string") call.arguments += delta.function.arguments;
}

function foldReport(answer, report) {
  const cache = readCache(report?.cache);
  if (cache) {
    answer.cache = cache;
    record(answer.trace, cache);
  }
  answer.solve = readSolve(report?.solve) ?? answer.solve;
  answer.prompt = readPrompt(report?.prompt) ?? answer.prompt;
}

/// Tokens that an answer has and how many came in a second; what the server counted, else what came here.
export function speed(answer) {
  const tokens = answer.usage?.completion_tokens ?? answer.timings?.predicted_n ?? answer.pieces;
  if (answer.timings?.predicted_per_second) return { tokens, perSecond: answer.timings.predicted_per_second };
  const span = answer.seconds - (answer.firstSeconds ?? answer.seconds);
  // The first token is there when the clock starts; a moment says nothing.
  return { tokens, perSecond: tokens > 1 && span > 0.05 ? (tokens - 1) / span : null };
}
