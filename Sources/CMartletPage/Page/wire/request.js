/// The body of a request out of a conversation and its settings.

import { readBytes, readSeconds } from "../format.js";

/// The numbers that a user may set for sampling: name in the request, label, range and what it does. Views and requests
/// derive from this list.
export const samplingFields = [
  { name: "temperature", label: "Temperature", min: 0, max: 5, step: 0.05, hint: "0 is greedy" },
  { name: "top_p", label: "Top p", min: 0, max: 1, step: 0.01, hint: "share kept" },
  { name: "top_k", label: "Top k", min: 0, max: 1000, step: 1, hint: "tokens kept; 0 is all" },
  { name: "min_p", label: "Min p", min: 0, max: 1, step: 0.01, hint: "share of the best" },
  { name: "max_tokens", label: "Max tokens", min: 1, max: 1e6, step: 1, hint: "of an answer" },
  { name: "seed", label: "Seed", min: 0, max: 2 ** 53 - 1, step: 1, hint: "same, same text" },
  { name: "repeat_penalty", label: "Repetition", min: 0, max: 10, step: 0.05, hint: "penalty; 1 is none" },
  { name: "presence_penalty", label: "Presence", min: -2, max: 2, step: 0.1, hint: "penalty; 0 is none" },
  { name: "frequency_penalty", label: "Frequency", min: -2, max: 2, step: 0.1, hint: "penalty; 0 is none" },
];

/// What a conversation begins with: everything left to the server.
export const emptySettings = () => ({
  model: "", system: "", sampling: {}, stop: "", tools: "",
  budget: { policy: "", codec: "", bytes: "", deadline: "", solve: false, chains: "" },
});

/// Says what is wrong with settings, or `null`: what cannot be sent is said before it is sent.
export function complaint(settings) {
  const { bytes, deadline, solve, chains } = settings.budget;
  if (Number.isNaN(readBytes(bytes))) return `Memory: “${bytes}” is no size. Write it as 64MB.`;
  if (Number.isNaN(readSeconds(deadline))) return `Deadline: “${deadline}” is no time. Write it as 5s.`;
  if (solve && chains !== "" && !/^[1-9]\d{0,3}$/.test(chains)) {
    return `Chains: “${chains}” is no number from 1 to 9999.`;
  }
  for (const field of samplingFields) {
    const value = settings.sampling[field.name] ?? "";
    if (value !== "" && !(Number(value) >= field.min && Number(value) <= field.max)) {
      return `${field.label}: “${value}” is not between ${field.min} and ${field.max}.`;
    }
  }
  return toolsOf(settings).complaint;
}

/// The tools of settings, or what is wrong with their text.
export function toolsOf(settings) {
  if (settings.tools.trim() === "") return { tools: null, complaint: null };
  try {
    const tools = JSON.parse(settings.tools);
    if (Array.isArray(tools)) return { tools: tools.length > 0 ? tools : null, complaint: null };
    return { tools: null, complaint: "Tools: a JSON array is expected, as in [{\"type\": \"function\", …}]." };
  } catch (error) {
    return { tools: null, complaint: `Tools: no JSON (${error.message}).` };
  }
}

/// Puts a file into a prompt, between fences longer than any in it.
export function fileAsText(file) {
  let fence = "```";
  for (const run of file.text.match(/`{3,}/g) ?? []) {
    if (run.length >= fence.length) fence = "`".repeat(run.length + 1);
  }
  const name = file.name.replace(/[\r\n`]/g, " ");
  return `${name}\n${fence}\n${file.text.replace(/\n$/, "")}\n${fence}`;
}

/// The text of a message of the user, with its files before it.
export function promptText(message) {
  return [...(message.files ?? []).map(fileAsText), message.content].filter((part) => part !== "").join("\n\n");
}

/// Messages as the wire has them. Reasoning goes back only inside the turn that the model is still in: between calls
/// of tools it is needed, and templates drop that of earlier turns.
function wireMessages(path, settings) {
  const messages = [];
  if (settings.system.trim() !== "") messages.push({ role: "system", content: settings.system });
  const lastPrompt = path.findLastIndex((message) => message.role === "user");
  path.forEach((message, index) => {
    if (message.role === "user") {
      messages.push({ role: "user", content: promptText(message) });
    } else if (message.role === "tool") {
      messages.push({ role: "tool", tool_call_id: message.callId, content: message.content });
    } else {
      const { content, reasoning, toolCalls } = message.answer;
      if (content === "" && toolCalls.length === 0 && reasoning === "") return;
      const wire = { role: "assistant", content };
      if (toolCalls.length > 0) {
        wire.tool_calls = toolCalls.map((call) => ({
          id: call.id, type: "function",
          function: { name: call.name, arguments: call.arguments },
        }));
      }
      if (index > lastPrompt && reasoning !== "") wire.reasoning_content = reasoning;
      messages.push(wire);
    }
  });
  return messages;
}

/// The body for `/v1/chat/completions`. `path` ends with the message that is answered, or with the answer that goes on
/// when `continues`. The `martlet` field is left out for a server that does not know it.
export function requestBody(path, settings, { continues = false, speaksMartlet = true } = {}) {
  const body = {
    messages: wireMessages(path, settings), stream: true, stream_options: { include_usage: true },
  };
  if (settings.model) body.model = settings.model;
  for (const { name } of samplingFields) {
    const value = settings.sampling[name] ?? "";
    if (value !== "") body[name] = Number(value);
  }
  const stops = settings.stop.split("\n").filter((stop) => stop !== "");
  if (stops.length > 0) body.stop = stops;
  const { tools } = toolsOf(settings);
  if (tools) body.tools = tools;
  if (continues) Object.assign(body, { continue_final_message: true, add_generation_prompt: false });
  if (speaksMartlet) body.martlet = budgetFields(settings.budget);
  return body;
}

function budgetFields({ policy, codec, bytes, deadline, solve, chains }) {
  const fields = { report: true };
  const memory = readBytes(bytes);
  if (policy.trim() !== "") fields.cache = policy.trim();
  if (codec !== "") fields.kv = codec;
  if (readSeconds(deadline) !== null) fields.deadline = readSeconds(deadline);
  if (memory !== null && !solve) fields.bytes = memory;
  if (solve) fields.solve = { ...(chains !== "" && { width: Number(chains) }), ...(memory !== null && { memory }) };
  return fields;
}
