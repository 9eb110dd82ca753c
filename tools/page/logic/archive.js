import { archive, readArchive } from "../../../Sources/CMartletPage/Page/chat/archive.js";
import { emptyAnswer, fold } from "../../../Sources/CMartletPage/Page/wire/answer.js";
import { emptySettings } from "../../../Sources/CMartletPage/Page/wire/request.js";
import { fails, holds, same, test } from "./check.js";

function sample() {
  const answer = emptyAnswer();
  fold(answer, {
    model: "m", choices: [{ index: 0, delta: { content: "four" }, finish_reason: "stop" }], usage: { total_tokens: 9 },
    martlet: { report: { cache: { policy: "dense", bytesHeld: 5, logicalTokens: 3, liveTokens: [[3]] } } },
  }, 1);
  const settings = emptySettings();
  settings.sampling.temperature = "0.5";
  settings.budget.solve = true;
  return {
    id: "k", title: "Sum", created: 1, updated: 2, settings, chosen: { "": "a", a: "b" },
    messages: [
      { id: "a", conversation: "k", parent: null, role: "user", created: 1, content: "2+2?", files: [{ name: "f", text: "t" }] },
      { id: "b", conversation: "k", parent: "a", role: "assistant", created: 2, state: "done", error: null, budget: settings.budget, answer },
    ],
  };
}

test("conversations survive a file, but for the course of the cache", () => {
  const [read] = readArchive(archive([sample()]));
  const expected = sample();
  expected.messages[1].answer.trace = emptyAnswer().trace;
  for (const message of [...read.messages, ...expected.messages]) {
    if (message.answer) delete message.answer.reasoningEnded;
  }
  const sorted = (value) => JSON.parse(JSON.stringify(value, (_, inner) =>
    (inner && typeof inner === "object" && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort()) : inner)));
  same(sorted(read), sorted(expected));
});

test("files of others are refused in a sentence", () => {
  fails(() => readArchive("{"), "no JSON");
  fails(() => readArchive("[]"), "no conversations of this page");
  fails(() => readArchive("{\"martlet\": \"conversations\", \"version\": 9, \"conversations\": []}"), "version 9");
  const damaged = (change) => {
    const conversation = sample();
    change(conversation);
    return () => readArchive(archive([conversation]));
  };
  fails(damaged((one) => { one.id = 7; }), "conversations[0].id");
  fails(damaged((one) => { one.messages = {}; }), "conversations[0].messages");
  fails(damaged((one) => { one.messages[1].role = "boss"; }), "conversations[0].messages[1].role");
  fails(damaged((one) => { one.messages[1].answer = null; }), "conversations[0].messages[1].answer");
  fails(damaged((one) => { one.messages[0].parent = "b"; }), "its own ancestor");
  fails(damaged((one) => { one.messages[0].id = "b"; }), "the same id");
});

test("what does not fit in a file is as if it were not there", () => {
  const conversation = sample();
  Object.assign(conversation, { title: 7, settings: { sampling: { temperature: {} }, budget: { solve: "yes" } }, chosen: { a: 1 } });
  conversation.messages[1].state = "streaming";
  conversation.messages[1].answer = { content: 3, toolCalls: [null, { name: "f" }], usage: { total_tokens: "x" }, cache: 4 };
  const [read] = readArchive(archive([conversation]));
  same([read.title, read.settings.budget.solve, read.chosen], ["Imported", false, {}]);
  const { answer, state } = read.messages[1];
  same([state, answer.content, answer.toolCalls.length, answer.cache], ["done", "", 2, null]);
  holds(Number.isNaN(answer.usage.total_tokens) || answer.usage.total_tokens === undefined, "a text is no number");
});
