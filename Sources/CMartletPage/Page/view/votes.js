/// Chains while they solve: how many have ended, what they answered, how the votes stand.

import { el, fill } from "../dom.js";
import * as format from "../format.js";

export class Votes {
  node = el("section", { class: "part votes", hidden: true, "aria-label": "Chains and votes" });

  show(solve) {
    this.node.hidden = solve === null;
    if (!solve) return;
    const { chains, chainsEnded, votes, ended, tokens, planned } = solve;
    const most = Math.max(1, ...votes.map((vote) => vote.count));
    fill(
      this.node, el("h3", { text: "Chains and votes" }), planned && el("p", { class: "dim", text: planned }),
      chains && el(
        "p", { class: "readout" },
        `${format.whole(chainsEnded)} of ${format.counted(chains, "chain")} ended`,
        tokens === null ? "" : `, ${format.counted(tokens, "token")} written`),
      chains && chains <= 64 && el(
        "div", { class: "chains", "aria-hidden": "true" },
        Array.from({ length: chains }, (_, index) => chainNode(index, ended, chainsEnded, votes))),
      votes.length > 0 && el("ol", { class: "vote-list" }, votes.slice(0, 8).map((vote, index) => {
        const bar = el("span", { class: "vote-bar" });
        bar.style.width = `${(vote.count / most) * 100}%`;
        return el(
          "li", { class: index === 0 ? "leading" : null }, el("span", { class: "vote-answer", text: vote.answer }),
          el("span", { class: "vote-track" }, bar), el("span", { class: "vote-count", text: format.whole(vote.count) }));
      })));
  }
}

/// A chain: running, ended with the leading answer, or ended with another.
function chainNode(index, ended, chainsEnded, votes) {
  const chain = ended.find((one) => one.index === index);
  const isEnded = ended.length > 0 ? chain !== undefined : index < chainsEnded;
  const isLeading = chain?.answer !== undefined && chain?.answer !== null && chain.answer === votes[0]?.answer;
  const state = !isEnded ? "running" : isLeading || ended.length === 0 ? "leading" : "other";
  const title = chain ? `chain ${index}: ${chain.answer ?? "no answer"}, ${format.whole(chain.tokens)} tokens` : `chain ${index}`;
  return el("span", { class: `chain ${state}`, title });
}
