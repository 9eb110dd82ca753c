#!/usr/bin/env python3
"""MaskBench's corpus through our compiler of JSON schemas and llguidance's: which schemas are enforced, which refused, and which
instances judged wrongly.

    git clone https://github.com/guidance-ai/jsonschemabench
    python3 Benchmarks/Constraints/corpus.py prepare jsonschemabench/maskbench/data corpus.jsonl --count 300 --seed 1
    MARTLET_SCHEMA_CORPUS=$PWD/corpus.jsonl swift test --disable-xctest --filter CorpusTests
    pip install llguidance==1.9.1 numpy
    python3 Benchmarks/Constraints/corpus.py report corpus.jsonl

Instances are spelled as MaskBench spells them, keys in the order of the file. The verdict on one is that on its bytes, for both.
Times of masks: `--bench TOKENIZER` runs martlet-mask-bench (compare.py says how it is built) over the valid instances that both
accept, and llguidance over the same tokens.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Words of a schema that say nothing about which values are valid, so that they are no coverage.
ANNOTATIONS = {"title", "description", "default", "examples", "example", "$comment", "$schema", "$id", "$defs", "definitions", "type",
               "properties", "required", "readOnly", "writeOnly", "deprecated", "id", "$anchor"}


def prepare(arguments: argparse.Namespace) -> None:
    """Writes a seeded sample of schemas with their instances, an object a line."""
    names = sorted(path.name for path in arguments.data.glob("*.json"))
    if arguments.count:
        names = sorted(random.Random(arguments.seed).sample(names, min(arguments.count, len(names))))
    schemas = instances = 0
    with open(arguments.file, "w") as out:
        for name in names:
            each = json.loads((arguments.data / name).read_text())
            tests = [{"valid": test["valid"], "text": json.dumps(test["data"], ensure_ascii=False)} for test in each["tests"]]
            line = {"name": name[:-5], "schema": json.dumps(each["schema"], ensure_ascii=False), "tests": tests}
            out.write(json.dumps(line) + "\n")
            schemas, instances = schemas + 1, instances + len(tests)
    print(f"{schemas} schemas, {instances} instances")


def keywords(schema: object) -> set[str]:
    """Keywords with a meaning that stand anywhere in a schema; formats by name."""
    found: set[str] = set()

    def walk(value: object, is_schema: bool) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each, is_schema)
        elif isinstance(value, dict):
            for key, each in value.items():
                if not is_schema:
                    walk(each, True)
                elif key in ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"):
                    if key not in ANNOTATIONS:
                        found.add(key)
                    walk(each, False)
                elif key not in ("enum", "const", "default", "examples", "example"):
                    if key == "format" and isinstance(each, str):
                        found.add(f"format: {each}")
                    elif key not in ANNOTATIONS:
                        found.add(key)
                    walk(each, True)
                elif key in ("enum", "const"):
                    found.add(key)

    walk(schema, True)
    return found


class Bytes:
    """A vocabulary of 256 bytes, an end and nothing else: verdicts on it are verdicts on texts."""

    eos_token_id, bos_token_id, unk_token_id, special_token_ids = 256, None, None, [256]
    tokens = [bytes([byte]) for byte in range(256)] + [b"\xff<|end|>"]

    def __call__(self, text: str | bytes) -> list[int]:
        return list(text.encode() if isinstance(text, str) else text)


def theirs(case: dict, tokenizer: object) -> dict:
    """llguidance's verdicts on a schema."""
    from llguidance import LLMatcher

    begin = time.perf_counter()
    matcher = LLMatcher(tokenizer, json.dumps({"grammars": [{"json_schema": json.loads(case["schema"])}]}))
    if matcher.is_error():
        return {"error": matcher.get_error()}
    seconds, accepts = time.perf_counter() - begin, []
    for test in case["tests"]:
        matcher.reset()
        tokens = list(test["text"].encode())
        accepts.append(matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting())
    return {"accepts": accepts, "seconds": seconds}


def outcome(case: dict, verdicts: dict) -> str:
    """What became of a schema, the worst first."""
    if "error" in verdicts:
        return "refused"
    pairs = list(zip((test["valid"] for test in case["tests"]), verdicts["accepts"]))
    if (False, True) in pairs:
        return "invalid accepted"
    if (True, False) in pairs:
        return "valid refused"
    return "passing"


def reason(error: str) -> str:
    """An error without what is the schema's own."""
    error = re.sub(r"^.*?: ", "", error.splitlines()[0], count=1) if error.startswith("#") else error.splitlines()[0]
    return re.sub(r"#/[^ ,;]*|\d+", "…", re.sub(r'"[^"]{25,}"', '"…"', error))[:110]


def report(arguments: argparse.Namespace) -> None:
    from llguidance import LLTokenizer, TokenizerWrapper

    cases = [json.loads(line) for line in open(arguments.file)]
    ours = [json.loads(line) for line in open(f"{arguments.file}.ours")]
    if [case["name"] for case in cases] != [each["name"] for each in ours]:
        sys.exit("the verdicts are those of another file: run CorpusTests")
    tokenizer = LLTokenizer(TokenizerWrapper(Bytes()))
    others = [theirs(case, tokenizer) for case in cases]
    sides = {"ours": ours, "llguidance": others}
    order = ["passing", "refused", "valid refused", "invalid accepted"]
    tests = [test["valid"] for case in cases for test in case["tests"]]
    print(f"{len(cases)} schemas; {sum(tests)} valid instances and {len(tests) - sum(tests)} invalid ones\n")
    print("| | " + " | ".join(order) + " | wrong verdicts on instances |\n| --- |" + " ---: |" * 5)
    results = {name: [outcome(*pair) for pair in zip(cases, side)] for name, side in sides.items()}
    for name, side in sides.items():
        wrong = sum(verdict != test["valid"] for case, each in zip(cases, side)
                    for test, verdict in zip(case["tests"], each.get("accepts", [])))
        print(f"| {name} | " + " | ".join(str(results[name].count(each)) for each in order) + f" | {wrong} |")
    known = [keywords(json.loads(case["schema"])) for case in cases]
    counts = collections.Counter(word for each in known for word in each)
    print("\n| keyword | schemas | ours compiles | llguidance compiles |\n| --- | ---: | ---: | ---: |")
    for word, count in counts.most_common(arguments.keywords):
        own, other = (sum("error" not in each for each, words in zip(side, known) if word in words) for side in sides.values())
        print(f"| `{word}` | {count} | {own} | {other} |")
    for name, side in sides.items():
        print(f"\nrefused by {name}:")
        for text, count in collections.Counter(reason(each["error"]) for each in side if "error" in each).most_common(25):
            print(f"{count:5}  {text}")
    for name in sides:
        for kind in ("valid refused", "invalid accepted"):
            found = [case["name"] for case, result in zip(cases, results[name]) if result == kind]
            print(f"\n{kind} by {name}: {len(found)}: {' '.join(found[:arguments.names])}")
    if arguments.bench:
        bench(arguments, [(case, own) for case, own, other in zip(cases, ours, others) if "error" not in own and "error" not in other])


def bench(arguments: argparse.Namespace, pairs: list[tuple[dict, dict]]) -> None:
    """Times of first masks and of masks along valid instances, ours and llguidance's, by the same tokens."""
    from compare import Vocabulary, best_times
    from llguidance import LLTokenizer, TokenizerWrapper

    lines = []
    for case, own in pairs:
        text = next((test["text"] for test, accepts in zip(case["tests"], own["accepts"]) if test["valid"] and accepts), None)
        if text is not None:
            lines.append({"name": case["name"], "kind": "json", "schema": case["schema"], "instance": text})
    program = Path(__file__).resolve().parents[1] / ".build/release/martlet-mask-bench"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "cases.jsonl")
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        run = subprocess.run([program, arguments.bench, file, Path(folder, "bits")], capture_output=True, text=True, check=True)
    own = [json.loads(line) for line in run.stdout.splitlines()]
    vocabulary = Vocabulary(Path(arguments.bench))
    tokenizer = LLTokenizer(TokenizerWrapper(vocabulary))
    first, times = {"ours": [], "llguidance": []}, {"ours": [], "llguidance": []}
    for line, each in zip(lines, own):
        if each.get("error"):
            continue
        grammar = json.dumps({"grammars": [{"json_schema": json.loads(line["schema"])}]})
        other = best_times(tokenizer, grammar, each["tokens"], len(each["times"]))
        if other:
            first["ours"].append(each["first"]), first["llguidance"].append(other[0])
            times["ours"] += each["times"]
            times["llguidance"] += other[1]
    print(f"\n{len(first['ours'])} schemas, {len(times['ours'])} masks; microseconds, each schema the best of three passes")
    print("\n| | first mask, median | p99 | worst | mask, median | mean | p99 | worst |\n| --- |" + " ---: |" * 7)
    for name in first:
        a, b = sorted(first[name]), sorted(times[name])
        print(f"| {name} | {a[len(a) // 2]:,.0f} | {a[len(a) * 99 // 100]:,.0f} | {a[-1]:,.0f} | {b[len(b) // 2]:.1f} | "
              f"{sum(b) / len(b):.1f} | {b[len(b) * 99 // 100]:,.0f} | {b[-1]:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("prepare", help="draw a sample and write it in one file")
    verb.add_argument("data", type=Path)
    verb.add_argument("file")
    verb.add_argument("--count", type=int, default=300, help="schemas; 0 for all")
    verb.add_argument("--seed", type=int, default=1)
    verb.set_defaults(run=prepare)
    verb = verbs.add_parser("report", help="count verdicts, ours and llguidance's")
    verb.add_argument("file")
    verb.add_argument("--keywords", type=int, default=40, help="rows of the table by keyword")
    verb.add_argument("--names", type=int, default=10, help="names of schemas that were judged wrongly")
    verb.add_argument("--bench", metavar="TOKENIZER", help="a folder with a tokenizer: time masks too")
    verb.set_defaults(run=report)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
