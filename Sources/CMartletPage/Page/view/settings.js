/// The panel of settings: system prompt, sampling, tools, the server's key, what is kept here.

import { byId, el, fill, notify } from "../dom.js";
import { preference, setPreference } from "../preferences.js";
import { samplingFields, toolsOf } from "../wire/request.js";
import { field, textArea, textInput } from "./field.js";

export class SettingsView {
  #inputs = new Map();

  constructor(chat, server, bus, actions) {
    this.chat = chat;
    this.server = server;
    const change = (name) => (value) => {
      chat.settings[name] = value;
      chat.settingsChanged();
    };
    this.system = textArea(change("system"), { rows: "4", spellcheck: "true", placeholder: "none" });
    this.stop = textArea(change("stop"), { rows: "2", placeholder: "one a line" });
    this.tools = textArea(change("tools"), {
      rows: "4", class: "mono", placeholder: "[{\"type\": \"function\", \"function\": {\"name\": …}}]",
    });
    this.toolsNote = el("p", { class: "hint" });
    this.key = textInput((key) => {
      server.key = key.trim();
    }, { type: "password" });
    this.key.addEventListener("change", actions.reconnect);
    fill(
      byId("settings"), group("Conversation", field("System prompt", this.system)), this.#sampling(),
      group("Tools", field("Functions that the model may call (JSON)", this.tools), this.toolsNote),
      group(
        "Server", field("Key", this.key, "Kept in this browser, sent to this server alone."),
        field("Compute prompts while they are typed", ahead(bus), "The answer is the same, and sooner there.")),
      kept(actions));
    for (const topic of ["settings", "server"]) bus.on(topic, () => this.show());
    this.show();
  }

  #sampling() {
    const fields = samplingFields.map(({ name, label, min, max, step, hint }) => {
      const set = (value) => {
        this.chat.settings.sampling[name] = value;
        this.chat.settingsChanged();
      };
      const input = textInput(set, { type: "number", min, max, step, inputmode: "decimal" });
      this.#inputs.set(name, input);
      return field(label, input, hint);
    });
    return group(
      "Sampling", el("p", { class: "hint", text: "What is empty is left to the server; its own values are shown in grey." }),
      el("div", { class: "field-grid" }, fields), field("Stop at", this.stop));
  }

  show() {
    const { settings } = this.chat;
    for (const [name, input] of this.#inputs) {
      const value = settings.sampling[name] ?? "";
      if (input.value !== value) input.value = value;
      const own = this.server.defaults[name];
      input.placeholder = Number.isFinite(own) ? String(Number.isInteger(own) ? own : Number(own.toPrecision(4))) : "–";
    }
    for (const name of ["system", "stop", "tools"]) {
      if (this[name].value !== settings[name]) this[name].value = settings[name];
    }
    if (this.key.value !== this.server.key) this.key.value = this.server.key;
    const { tools, complaint } = toolsOf(settings);
    this.toolsNote.textContent = complaint ?? (tools ? `${tools.length} offered to the model; this page runs none.` : "");
    this.toolsNote.classList.toggle("bad", complaint !== null);
  }
}

/// Whether what is typed is told to the server before it is sent.
function ahead(bus) {
  const box = el("input", { type: "checkbox", id: "ahead" });
  box.checked = preference("ahead", true);
  box.addEventListener("change", () => {
    setPreference("ahead", box.checked);
    bus.emit("ahead");
  });
  return box;
}

function group(title, ...children) {
  return el("section", { class: "group" }, el("h2", { text: title }), children);
}

function kept({ exportAll, importFile, exportOne }) {
  const picker = el("input", {
    type: "file", accept: ".json,application/json", hidden: true, "aria-label": "File to import",
    on: {
      change: async () => {
        const [file] = picker.files;
        picker.value = "";
        try {
          notify(await importFile(await file.text()));
        } catch (error) {
          notify(error.message);
        }
      },
    },
  });
  const button = (text, action, id) => el("button", { type: "button", class: "small", id, text, on: { click: action } });
  return group(
    "Kept in this browser",
    el(
      "div", { class: "button-row" }, button("Export this conversation", exportOne, "export-one"),
      button("Export all", exportAll, "export-all"), button("Import", () => picker.click(), "import"), picker));
}
