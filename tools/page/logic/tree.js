import { Tree, hasCircle } from "../../../Sources/CMartletPage/Page/chat/tree.js";
import { withNewIds } from "../../../Sources/CMartletPage/Page/chat/library.js";
import { holds, same, test } from "./check.js";

const message = (id, parent, created) => ({ id, parent, created });
const ids = (messages) => messages.map((one) => one.id).join(" ");
/// a ─ b ─ c, and beside b: d ─ e.
const sample = () => [
  message("c", "b", 3), message("a", null, 1), message("e", "d", 5), message("b", "a", 2), message("d", "a", 4),
];

test("a tree shows the newest branch, or the chosen one", () => {
  same(ids(new Tree(sample()).path()), "a d e");
  same(ids(new Tree(sample(), { a: "b" }).path()), "a b c");
  same(ids(new Tree(sample(), { a: "gone" }).path()), "a d e");
  same(ids(new Tree(sample()).pathTo("c")), "a b c");
});

test("showing a message chooses its branch at every fork", () => {
  const tree = new Tree(sample());
  tree.show("c");
  same(ids(tree.path()), "a b c");
  same(tree.siblings("b").index, 0);
  same(ids(tree.siblings("d").list), "b d");
});

test("a message that is added is shown", () => {
  const tree = new Tree(sample());
  tree.add(message("f", "b", 6));
  same(ids(tree.path()), "a b f");
  tree.add(message("g", null, 7));
  same(ids(tree.path()), "g");
  same(ids(tree.siblings("g").list), "a g");
});

test("removing a message takes what follows it and shows a sibling", () => {
  const tree = new Tree(sample(), { a: "d" });
  same(ids(tree.remove("d")), "d e");
  same(ids(tree.path()), "a b c");
  same(ids(tree.all), "c a b");
  same(Object.keys(tree.chosen), []);
  tree.remove("a");
  same(tree.path(), []);
});

test("a message without its parent begins a branch", () => {
  same(ids(new Tree([message("x", "missing", 1), message("y", "x", 2)]).path()), "x y");
});

test("circles are found", () => {
  holds(!hasCircle(sample()), "a tree is none");
  holds(hasCircle([message("a", "b", 1), message("b", "a", 2)]), "two messages");
  holds(hasCircle([message("a", "a", 1)]), "one message");
});

test("copies of a conversation share no id with it", () => {
  const { conversation, messages } = withNewIds({ id: "k", chosen: { a: "b", "": "a", b: "gone" } }, sample());
  const names = new Set(messages.map((one) => one.id));
  holds(!["a", "b", "c", "d", "e"].some((id) => names.has(id)), "an id was kept");
  holds(messages.every((one) => one.conversation === conversation.id && conversation.id !== "k"), "another conversation");
  same(messages.filter((one) => one.parent === null).length, 1);
  same(new Tree(messages, conversation.chosen).path().map((one) => one.created), [1, 2, 3]);
});
