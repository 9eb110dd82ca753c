/// The budget of an answer: what its cache keeps, in how many bytes, until when, by how many chains.

import { byId, el, fill } from "../dom.js";
import { Combobox } from "./combobox.js";
import { choice, field, setOptions, textInput } from "./field.js";

export class BudgetView {
  constructor(chat, server, bus) {
    this.chat = chat;
    this.server = server;
    this.node = byId("budget");
    const change = (name) => (value) => {
      chat.settings.budget[name] = value;
      chat.settingsChanged();
    };
    this.policy = new Combobox({
      set: change("policy"), options: () => this.#policies(), placeholder: "server default",
    });
    this.codec = choice(change("codec"));
    this.bytes = textInput(change("bytes"), { placeholder: "no limit", size: "8" });
    this.deadline = textInput(change("deadline"), { placeholder: "none", size: "6" });
    this.chains = textInput(change("chains"), { placeholder: "planned", size: "6", inputmode: "numeric" });
    this.solve = el("input", {
      type: "checkbox", id: "solve", on: { change: () => change("solve")(this.solve.checked) },
    });
    this.policyHint = el("p", { class: "hint policy-hint" });
    fill(
      this.node,
      el(
        "div", { class: "budget-grid" },
        labelled("Policy of the cache", this.policy, this.policyHint),
        field("Codec", this.codec), field("Memory", this.bytes), field("Deadline", this.deadline),
        el(
          "div", { class: "field solve" },
          el("label", { class: "check", for: "solve" }, this.solve, "Several chains vote"), this.chains)));
    this.chains.setAttribute("aria-label", "Chains");
    bus.on("settings", () => this.show());
    bus.on("server", () => this.show());
    this.show();
  }

  #policies() {
    return (this.server.state?.policies ?? []).map(({ name, form, summary, lossy }) => ({
      name, value: form ?? name, note: summary ?? "", tag: lossy ? "lossy" : "exact",
    }));
  }

  show() {
    const { budget } = this.chat.settings;
    const set = (input, value) => {
      if (input.value !== value) input.value = value;
    };
    set(this.policy.input, budget.policy);
    set(this.bytes, budget.bytes);
    set(this.deadline, budget.deadline);
    set(this.chains, budget.chains);
    this.solve.checked = budget.solve;
    this.chains.disabled = !budget.solve;
    const codecs = this.server.state?.codecs ?? [];
    setOptions(this.codec, [["", "server default"], ...codecs.map((codec) => [codec, codec])], budget.codec);
    const name = budget.policy.split("(")[0].trim();
    const policy = this.server.state?.policies?.find((one) => one.name === name);
    this.policyHint.textContent = policy ? `${policy.summary}${policy.lossy ? " (lossy)" : ""}` : "";
  }

  get isShown() {
    return !this.node.hidden;
  }

  toggle(isShown = this.node.hidden) {
    this.node.hidden = !isShown;
    if (isShown) this.policy.input.focus();
  }
}

function labelled(label, combobox, hint) {
  const node = field(label, combobox.input, null, combobox.node);
  node.classList.add("policy");
  node.append(hint);
  return node;
}

/// A budget in a few words, for the button that opens it.
export function budgetWords({ policy, codec, bytes, deadline, solve, chains }) {
  const words = [policy.trim(), codec, bytes.trim(), deadline.trim()].filter((word) => word !== "");
  if (solve) words.push(chains === "" ? "chains vote" : `${chains} chains vote`);
  return words.length > 0 ? words.join(" · ") : "server default";
}
