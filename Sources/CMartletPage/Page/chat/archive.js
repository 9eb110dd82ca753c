/// Conversations as a JSON file and back. A file is read as something that anybody may have written.

import { emptyAnswer } from "../wire/answer.js";
import { readCache, readSolve } from "../wire/report.js";
import { emptySettings, samplingFields } from "../wire/request.js";
import { hasCircle } from "./tree.js";

const version = 1;

/// The file's content. Conversations are `{...conversation, messages}`. The course of a cache over an answer is left
/// out: it is larger than all the text.
export function archive(conversations) {
  const withoutTrace = (key, value) => (key === "trace" ? undefined : value);
  return JSON.stringify({ martlet: "conversations", version, conversations }, withoutTrace, 1);
}

/// Reads a file's content. Throws an error whose message says what is wrong and where.
export function readArchive(content) {
  let file;
  try {
    file = JSON.parse(content);
  } catch (error) {
    throw new Error(`The file is no JSON: ${error.message}`);
  }
  if (file?.martlet !== "conversations" || !Array.isArray(file.conversations)) {
    throw new Error("The file holds no conversations of this page (“martlet”: “conversations” is missing).");
  }
  if (file.version !== version) {
    throw new Error(`The file is of version ${file.version}; this page reads version ${version}.`);
  }
  return file.conversations.map((conversation, index) => readConversation(conversation, `conversations[${index}]`));
}

const asText = (value, otherwise = "") => (typeof value === "string" ? value : otherwise);
const asTime = (value) => (Number.isFinite(value) ? value : Date.now());

function readConversation(value, where) {
  if (typeof value?.id !== "string" || value.id === "") throw new Error(`${where}.id: a text is expected.`);
  if (!Array.isArray(value.messages)) throw new Error(`${where}.messages: an array is expected.`);
  const messages = value.messages.map((message, index) =>
    readMessage(message, value.id, `${where}.messages[${index}]`));
  if (new Set(messages.map((message) => message.id)).size < messages.length) {
    throw new Error(`${where}.messages: two messages have the same id.`);
  }
  if (hasCircle(messages)) throw new Error(`${where}.messages: a message is its own ancestor.`);
  return {
    id: value.id, title: asText(value.title, "Imported").slice(0, 200), created: asTime(value.created),
    updated: asTime(value.updated), settings: readSettings(value.settings), chosen: readChosen(value.chosen),
    messages,
  };
}

function readChosen(value) {
  const entries = Object.entries(value ?? {}).filter(([, child]) => typeof child === "string");
  return Object.fromEntries(entries);
}

/// Settings out of anything: what does not fit is as if it were not there.
export function readSettings(value) {
  const settings = emptySettings();
  for (const name of ["model", "system", "stop", "tools"]) settings[name] = asText(value?.[name]);
  for (const { name } of samplingFields) {
    const number = value?.sampling?.[name];
    if (["string", "number"].includes(typeof number)) settings.sampling[name] = String(number);
  }
  for (const [name, otherwise] of Object.entries(settings.budget)) {
    const given = value?.budget?.[name];
    if (typeof given === typeof otherwise) settings.budget[name] = given;
  }
  return settings;
}

function readMessage(value, conversation, where) {
  if (typeof value?.id !== "string" || value.id === "") throw new Error(`${where}.id: a text is expected.`);
  if (!["user", "assistant", "tool"].includes(value.role)) {
    throw new Error(`${where}.role: “user”, “assistant” or “tool” is expected.`);
  }
  const message = {
    id: value.id, conversation, parent: asText(value.parent, null), role: value.role,
    created: asTime(value.created),
  };
  if (value.role === "assistant") {
    message.state = ["done", "stopped", "cut", "failed"].includes(value.state) ? value.state : "done";
    message.error = asText(value.error, null);
    message.budget = readSettings({ budget: value.budget }).budget;
    message.answer = readAnswer(value.answer, `${where}.answer`);
  } else {
    message.content = asText(value.content);
    if (value.role === "tool") message.callId = asText(value.callId);
    const files = Array.isArray(value.files) ? value.files : [];
    message.files = files
      .filter((file) => typeof file?.name === "string" && typeof file?.text === "string")
      .map((file) => ({ name: file.name, text: file.text }));
  }
  return message;
}

function readAnswer(value, where) {
  if (typeof value !== "object" || value === null) throw new Error(`${where}: an object is expected.`);
  const answer = emptyAnswer();
  for (const [name, otherwise] of Object.entries(answer)) {
    if (typeof otherwise === "string") answer[name] = asText(value[name]);
  }
  for (const name of ["reasoningSeconds", "firstSeconds", "seconds", "pieces"]) {
    if (Number.isFinite(value[name])) answer[name] = value[name];
  }
  for (const name of ["finish", "model"]) answer[name] = asText(value[name], null);
  for (const name of ["usage", "timings"]) answer[name] = readNumbers(value[name]);
  const calls = Array.isArray(value.toolCalls) ? value.toolCalls : [];
  answer.toolCalls = calls.map((call) => ({
    id: asText(call?.id, null), name: asText(call?.name), arguments: asText(call?.arguments),
  }));
  answer.cache = readCache(value.cache);
  answer.solve = readSolve(value.solve);
  return answer;
}

function readNumbers(value) {
  if (typeof value !== "object" || value === null) return null;
  return Object.fromEntries(Object.entries(value).filter(([, number]) => Number.isFinite(number)));
}
