#!/usr/bin/env python3
"""Files of requests for `martlet batch`, the same ones each time.

    python3 batch_files.py documents >requests.jsonl      # 48 questions about 6 documents, the documents in turn
    python3 batch_files.py lengths >requests.jsonl        # 64 prompts whose lengths are spread as those of conversations are
    python3 batch_files.py lengths --padded >padded.jsonl # the same, each filled up to the longest, as engines do whose
                                                          # batches are rectangles

Words are drawn by a seed; what is answered means nothing, what is computed and how long it takes does.
"""

import argparse
import json
import random

SYLLABLES = "ba de fi go ku la me ni po ra se ti vo wu za".split()


def text(draw: random.Random, words: int) -> str:
    return " ".join("".join(draw.choices(SYLLABLES, k=draw.randint(1, 3))) for _ in range(words))


def documents(draw: random.Random, _: bool) -> list[str]:
    known = [text(draw, 260) for _ in range(6)]
    return [f"{document}\n\nQuestion {turn}: {text(draw, 8)}?" for turn in range(8) for document in known]


def lengths(draw: random.Random, padded: bool) -> list[str]:
    """Log-normal: a median of 60 words, at most 400."""
    counts = [min(400, max(4, round(draw.lognormvariate(4.1, 1)))) for _ in range(64)]
    prompts = [text(draw, count) for count in counts]
    if not padded:
        return prompts
    return [f"{prompt} {text(draw, max(counts) - count)}".rstrip() for prompt, count in zip(prompts, counts)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes requests for `martlet batch`.")
    kinds = {"documents": documents, "lengths": lengths}
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("--padded", action="store_true", help="fill prompts of `lengths` up to the longest")
    parser.add_argument("--tokens", type=int, default=8, help="tokens of each answer")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.padded and options.kind != "lengths":
        parser.error("--padded is for lengths")
    for number, prompt in enumerate(kinds[options.kind](random.Random(options.seed), options.padded)):
        body = {"model": "any", "prompt": prompt, "max_tokens": options.tokens, "temperature": 0}
        print(json.dumps({"custom_id": f"r{number}", "method": "POST", "url": "/v1/completions", "body": body}))


if __name__ == "__main__":
    main()
