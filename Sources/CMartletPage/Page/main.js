/// Puts the page together.

import { Bus } from "./bus.js";
import { archive, readArchive } from "./chat/archive.js";
import { Chat } from "./chat/chat.js";
import { saveFile } from "./chat/files.js";
import { Library } from "./chat/library.js";
import { openStore } from "./chat/store.js";
import { announce, byId, fill, iconButton, notify } from "./dom.js";
import { counted } from "./format.js";
import { Keyboard } from "./keys.js";
import { preference } from "./preferences.js";
import { BudgetView } from "./view/budget.js";
import { Composer } from "./view/composer.js";
import { Dashboard } from "./view/dashboard.js";
import { Frame } from "./view/frame.js";
import { MessagesView } from "./view/messages.js";
import { Microscope } from "./view/microscope.js";
import { setOptions } from "./view/field.js";
import { SettingsView } from "./view/settings.js";
import { Sidebar } from "./view/sidebar.js";
import { Server } from "./wire/server.js";

/// Milliseconds after which a server that did not answer is asked again.
const retryInterval = 3000;

const bus = new Bus();
const server = new Server();
const store = await openStore();
const library = new Library(store, bus);
const chat = new Chat(library, server, bus);

const dashboard = new Dashboard(server);
const microscope = new Microscope(chat, server, bus);
const frame = new Frame({
  panelChanged: () => microscope.show(),
  viewChanged: (view) => dashboard.toggle(view === "dashboard"),
});
const messages = new MessagesView(chat, bus, {
  showCache: (id) => {
    microscope.choose(id);
    frame.showTab("cache");
    frame.toggle("panel", true);
  },
  examples: () => (server.state?.examples ?? []).filter((one) => typeof one === "string").slice(0, 4),
});
const budget = new BudgetView(chat, server, bus);
const composer = new Composer(chat, server, bus, budget);
const sidebar = new Sidebar(chat, library, bus, {
  opened: () => {
    frame.closeCovers();
    frame.setView("chat");
    composer.prompt.focus();
  },
});
new SettingsView(chat, server, bus, { reconnect: connect, exportOne, exportAll, importFile });

const say = (theme) => notify(`Theme: ${theme}.`);

/// Closes, stops or leaves: whatever Escape may mean here.
function escape() {
  if (chat.isBusy) chat.stop();
  else if (budget.isShown) composer.toggleBudget(false);
  else if (frame.closeCovers()) composer.prompt.focus();
  else if (frame.view === "dashboard") frame.setView("chat");
  else document.activeElement?.blur();
}

const isPrompt = (message) => message.role === "user";
const isAnswer = (message) => message.role === "assistant";

const keyboard = new Keyboard([
  { key: "/", says: "write a prompt", run: () => composer.prompt.focus() },
  { key: "Enter", says: "send the prompt" },
  { key: "Shift+Enter", name: "⇧ Enter", says: "a new line in the prompt" },
  { key: "Escape", name: "Esc", says: "stop the answer; close; leave a field", inFields: true, run: escape },
  { key: "n", says: "new conversation", run: () => sidebar.startNew() },
  { key: "f", says: "find a conversation", run: () => find() },
  { key: "j", says: "next message", run: () => messages.move(1) },
  { key: "k", says: "message before", run: () => messages.move(-1) },
  { key: "e", says: "edit the prompt and send it as a branch", run: () => messages.target(isPrompt)?.edit() },
  { key: "r", says: "try again", run: () => retry() },
  { key: "[", says: "branch before", run: () => turn(-1) },
  { key: "]", says: "branch after", run: () => turn(1) },
  { key: "b", says: "budget", run: () => composer.toggleBudget() },
  { key: "c", says: "cache microscope", run: () => frame.togglePanel("cache") },
  { key: "s", says: "settings", run: () => frame.togglePanel("settings") },
  { key: "d", says: "dashboard", run: () => frame.setView(frame.view === "chat" ? "dashboard" : "chat") },
  { key: "l", says: "list of conversations", run: () => frame.toggle("sidebar") },
  { key: "t", says: "theme: system, light, dark", run: () => say(frame.nextTheme()) },
  { key: "?", says: "this list", run: () => keyboard.show() },
]);

function find() {
  frame.toggle("sidebar", true);
  sidebar.find.focus();
}

function retry() {
  const view = messages.target(isAnswer);
  if (view) chat.retry(view.message.id);
}

/// Turns to a branch at the message with the focus, or at the last one that has any.
function turn(by) {
  const view = messages.target((message) => chat.tree.siblings(message.id).list.length > 1);
  if (view) chat.turn(view.message.id, by);
}

function buildBars() {
  fill(byId("sidebar-actions"), iconButton("left", "Close the list (l)", () => frame.toggle("sidebar", false)));
  fill(byId("bar-start"), iconButton("menu", "Conversations (l)", () => frame.toggle("sidebar"), { id: "toggle-sidebar" }));
  fill(
    byId("bar-end"),
    iconButton(
      "gauge", "Dashboard (d)", () => frame.setView(frame.view === "chat" ? "dashboard" : "chat"), { id: "toggle-dashboard" }),
    iconButton("cache", "Cache (c)", () => frame.togglePanel("cache"), { id: "toggle-cache" }),
    iconButton("tune", "Settings (s)", () => frame.togglePanel("settings"), { id: "toggle-settings" }));
  fill(byId("panel-actions"), iconButton("close", "Close the panel", () => frame.toggle("panel", false)));
  fill(
    byId("sidebar-foot"), iconButton("theme", "Theme (t)", () => say(frame.nextTheme()), { id: "theme" }),
    iconButton("help", "Keyboard (?)", () => keyboard.show(), { id: "help" }));
}

function showTitle() {
  const title = chat.current?.title ?? "New conversation";
  byId("title").textContent = title;
  document.title = chat.current ? `${title} – Martlet` : "Martlet";
}

const modelChoice = byId("model");
modelChoice.addEventListener("change", () => {
  chat.settings.model = modelChoice.value;
  chat.settingsChanged();
  server.model = modelChoice.value;
  connect();
});

/// The models of the server. Where there is one there is nothing to choose, but its name is shown.
function showModels() {
  const options = server.models.map(({ id }) => [id, id.split("/").at(-1)]);
  if (options.length === 0) {
    setOptions(modelChoice, [["", "no model"]], "");
    return;
  }
  const { model } = chat.settings;
  // A conversation may name a model that this server does not have: the server's first answers instead.
  if (!options.some(([id]) => id === model)) chat.settings.model = options[0][0];
  server.model = chat.settings.model;
  setOptions(modelChoice, options, chat.settings.model);
  modelChoice.disabled = options.length === 1;
}

let retryTimer = null;

async function connect() {
  clearTimeout(retryTimer);
  try {
    await server.refresh();
    showBanner(null);
  } catch (error) {
    showBanner(error.message);
    clearTimeout(retryTimer);
    if (error.kind === "key") askForKey();
    else retryTimer = setTimeout(connect, retryInterval);
  }
  bus.emit("server");
}

function askForKey() {
  frame.showTab("settings");
  frame.toggle("panel", true);
}

/// A mark on the button says that settings are in force which the panel alone shows.
function markSettings() {
  const { system, stop, tools, sampling } = chat.settings;
  const isSet = [system, stop, tools, ...Object.values(sampling)].some((text) => text.trim() !== "");
  byId("toggle-settings").classList.toggle("marked", isSet);
}

function showBanner(sentence) {
  const banner = byId("banner");
  banner.hidden = !sentence;
  banner.textContent = sentence ?? "";
}

const today = () => new Date().toISOString().slice(0, 10);

async function exportAll() {
  saveFile(`martlet-${today()}.json`, archive(await library.everything()));
}

async function exportOne() {
  if (!chat.current) {
    notify("There is no conversation yet.");
    return;
  }
  saveFile(`martlet-${today()}.json`, archive([{ ...chat.current, messages: chat.tree.all }]));
}

/// Adds the conversations of a file. Returns a sentence that says how many.
async function importFile(content) {
  const conversations = readArchive(content);
  await library.add(conversations);
  return `Imported ${counted(conversations.length, "conversation")}.`;
}

buildBars();
bus.on("list", showTitle);
bus.on("path", showTitle);
bus.on("server", showModels);
bus.on("settings", showModels);
bus.on("settings", markSettings);
bus.on("server", () => {
  if (!chat.current) messages.show();
});
bus.on("busy", () => {
  if (chat.isBusy) microscope.follow();
});
bus.on("failure", (error) => {
  announce(error.message);
  if (error.kind === "key") askForKey();
  if (error.kind === "unreachable") connect();
});

if (!store.isKept) notify("This browser keeps nothing: conversations end with the page.");
store.onFailure = (error) => notify(`This browser could not keep the conversation: ${error.message}`);
connect();
await library.load();
await chat.open(preference("open", null));
