#!/usr/bin/env python3
"""Masks of constrained answers beside llguidance: times, and every bit.

    pip install llguidance==1.9.1 numpy
    swift build -c release --package-path Benchmarks --product martlet-mask-bench
    python3 Benchmarks/Constraints/compare.py --tokenizer DIR

DIR holds a byte-level tokenizer's vocab.json and merges.txt (Qwen2's). Both follow the same texts with the same tokens, ours first; each
time is the best of three passes. Differences of bits are counted, and shown with -v; docs/lab.md says where they come from.
"""

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper

CASES = json.loads((Path(__file__).parent / "cases.json").read_text())


def letters_of_bytes():
    """The letters by which GPT-2 writes bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(byte): byte for byte in plain}
    for number, byte in enumerate(byte for byte in range(256) if byte not in plain):
        table[chr(256 + number)] = byte
    return table


class Vocabulary:
    """What llguidance asks of a tokenizer."""

    bos_token_id = None
    unk_token_id = None

    def __init__(self, folder):
        letters = letters_of_bytes()
        words = json.loads((folder / "vocab.json").read_text())
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        special = {int(key): value["content"] for key, value in settings["added_tokens_decoder"].items()}
        self.tokens = [b""] * (max([*words.values(), *special]) + 1)
        for word, number in words.items():
            self.tokens[number] = bytes(letters[letter] for letter in word)
        for number, text in special.items():
            self.tokens[number] = b"\xff" + text.encode()
        self.special_token_ids = sorted(special)
        self.eos_token_id = next(n for n, text in special.items() if text == settings["eos_token"])

    def __call__(self, text):
        return [0]


def grammar(case, spaces):
    """A case as llguidance takes it; `spaces` where ours allows white space."""
    if case["kind"] == "regex":
        return LLMatcher.grammar_from_regex(case["schema"])
    schema = json.loads(case["schema"])
    if spaces:
        schema["x-guidance"] = {"whitespace_pattern": "( |\\n[ \\t]{0,20})?"}
    return LLMatcher.grammar_from_json_schema(json.dumps(schema))


def best_times(tokenizer, text, tokens, masks):
    """Microseconds to the first mask, and of each."""
    best = None
    for _ in range(3):
        begin = time.perf_counter()
        matcher = LLMatcher(tokenizer, text)
        if matcher.is_error():
            return None
        matcher.compute_bitmask()
        first, times = (time.perf_counter() - begin) * 1e6, []
        for place in range(masks):
            begin = time.perf_counter()
            matcher.compute_bitmask()
            times.append((time.perf_counter() - begin) * 1e6)
            if place < len(tokens):
                matcher.consume_token(tokens[place])
        if best is None or sum(times) < sum(best[1]):
            best = first, times
    return best


def figures(first, times):
    ordered = sorted(times)
    return f"{first:,.0f} | {ordered[len(ordered) // 2]:.1f} | {sum(times) / len(times):.0f} | {ordered[-1]:,.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("-v", action="store_true", help="show some tokens that only one side allows")
    arguments = parser.parse_args()
    package = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        lines, bits = Path(folder, "cases.jsonl"), Path(folder, "bits")
        lines.write_text("".join(json.dumps(case) + "\n" for case in CASES))
        program = package / ".build/release/martlet-mask-bench"
        run = subprocess.run([program, arguments.tokenizer, lines, bits], capture_output=True, text=True, check=True)
        ours, raw = [json.loads(line) for line in run.stdout.splitlines()], np.fromfile(bits, dtype=np.uint8)
    vocabulary = Vocabulary(arguments.tokenizer)
    tokenizer, count = LLTokenizer(TokenizerWrapper(vocabulary)), len(vocabulary.tokens)
    width, place, total, same = (count + 63) // 64 * 8, 0, 0, 0
    print("| constraint | masks | llguidance first | median | mean | worst | ours first | median | mean | worst | only ours | only theirs |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for case, own in zip(CASES, ours):
        if own.get("error"):
            print(f"| {case['name']} | ours refuses: {own['error']}")
            continue
        masks = len(own["times"])
        own_bits = raw[place:place + masks * width].reshape(masks, width)
        place += masks * width
        row = f"| {case['name']} | {masks} |"
        theirs = None if case["kind"] == "gbnf" else best_times(tokenizer, grammar(case, False), own["tokens"], masks)
        if theirs is None:
            print(f"{row} – | – | – | – | {figures(own['first'], own['times'])} | – | – |")
            continue
        matcher, more, fewer, shown = LLMatcher(tokenizer, grammar(case, True)), 0, 0, []
        for number in range(masks):
            a = np.unpackbits(own_bits[number], bitorder="little")[:count]
            b = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")[:count]
            different = np.nonzero(a != b)[0]
            more, fewer = more + int(a[different].sum()), fewer + int(b[different].sum())
            total, same = total + count, same + count - len(different)
            if len(different) and len(shown) < 4:
                before = b"".join(vocabulary.tokens[t] for t in own["tokens"][:number])[-30:]
                shown.append((before, [vocabulary.tokens[t] for t in different[:6]]))
            if number < len(own["tokens"]):
                matcher.consume_token(own["tokens"][number])
        print(f"{row} {figures(*theirs)} | {figures(own['first'], own['times'])} | {more} | {fewer} |")
        if arguments.v:
            for before, tokens in shown:
                print("   after", before, tokens)
    print(f"{total} bits, {total - same} differ ({(total - same) / max(1, total):.2e})")


if __name__ == "__main__":
    main()
