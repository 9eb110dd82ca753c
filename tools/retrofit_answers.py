#!/usr/bin/env python3
"""What a model says, as data that its retrofit is distilled on (tools/retrofit-qwen.sh).

    python3 tools/retrofit_answers.py prompts LIBRARY PROMPTS.jsonl TEXT.txt
    python3 tools/retrofit_answers.py code PROMPTS.jsonl RESULTS.jsonl ANSWERS.jsonl
    python3 tools/retrofit_answers.py chat SAMPLES.jsonl INSTRUCTION MESSAGES.jsonl

prompts: heads of the functions of a Python library (LIBRARY is its folder) up to the end of their docstrings, as requests of
'martlet batch', and 2.5 MB of the library's text. code: those requests with what was answered. chat: the samples of 'martlet
evaluate --chat' that came to an end, as conversations.
"""

from __future__ import annotations

import ast
import json
import pathlib
import random
import sys
import textwrap


def heads(source: str) -> list[str]:
    """The functions of a file that say in 60 to 900 characters what they do, without their bodies."""
    lines, found = source.splitlines(), []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef) or len(node.body) < 2:
            continue
        described = ast.get_docstring(node) or ""
        first = node.args.args[0].arg if node.args.args else ""
        if 60 <= len(described) <= 900 and first not in ("self", "cls"):
            found.append(textwrap.dedent("\n".join(lines[node.lineno - 1:node.body[0].end_lineno])) + "\n")
    return found


def prompts(library: pathlib.Path, requests: pathlib.Path, text: pathlib.Path, count: int = 200) -> None:
    random.seed(1)
    found, texts = [], []
    for path in sorted(library.rglob("*.py")):
        if "test" in str(path.relative_to(library)):
            continue
        try:
            source = path.read_text()
            found += heads(source)
        except (SyntaxError, UnicodeDecodeError):
            continue
        if len(source) >= 4000 and "encodings" not in path.parts:
            texts.append(source)
    random.shuffle(found)
    random.shuffle(texts)
    with requests.open("w") as file:
        for number, prompt in enumerate(found[:count]):
            body = {"model": "any", "prompt": prompt, "max_tokens": 160, "temperature": 0.6, "seed": number}
            file.write(json.dumps({"custom_id": str(number), "method": "POST", "url": "/v1/completions", "body": body}) + "\n")
    text.write_text("\n\n".join(texts)[:2_500_000])


def code(requests: pathlib.Path, results: pathlib.Path, answers: pathlib.Path) -> None:
    asked = {line["custom_id"]: line["body"]["prompt"] for line in map(json.loads, requests.open())}
    with answers.open("w") as file:
        for line in map(json.loads, results.open()):
            choice = line["response"]["body"]["choices"][0]
            file.write(json.dumps({"prompt": asked[line["custom_id"]], "completion": choice["text"]}) + "\n")


def chat(samples: pathlib.Path, instruction: str, messages: pathlib.Path) -> None:
    with samples.open() as lines, messages.open("w") as file:
        for line in map(json.loads, lines):
            # A message is the question alone; a text has words around it.
            question = line.get("prompt", "").removeprefix("Question: ").removesuffix("\nAnswer:")
            for chain in line.get("chains", []):
                if chain["finishReason"] == "stop":
                    turns = [("user", question + "\n" + instruction), ("assistant", chain["text"])]
                    file.write(json.dumps({"messages": [{"role": role, "content": said} for role, said in turns]}) + "\n")


def main() -> None:
    what, *given = sys.argv[1:] or [""]
    if (what, len(given)) not in {("prompts", 3), ("code", 3), ("chat", 3)}:
        sys.exit(__doc__)
    if what == "chat":
        chat(pathlib.Path(given[0]), given[1], pathlib.Path(given[2]))
    else:
        {"prompts": prompts, "code": code}[what](*map(pathlib.Path, given))


if __name__ == "__main__":
    main()
