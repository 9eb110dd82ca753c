#!/usr/bin/env python3
"""Encoding speed against PyPI `tokenizers` on one thread, in one run, with equal tokens required.

    swift build -c release --package-path Benchmarks --product martlet-tokenizer-bench
    python3 Benchmarks/Tokenizers/compare.py --data DIR

Needs `pip install tokenizers`. For each file the two sides run in turn; the table gives medians in
MB/s and their ratio. The peer is timed by its quickest call (no offsets).
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers  # noqa: E402

QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PACKAGE = pathlib.Path(__file__).resolve().parents[1]


def peer(kind, directory):
    files = str(directory / "vocab.json"), str(directory / "merges.txt")
    tokenizer = Tokenizer(models.BPE.from_file(*files))
    if kind == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.add_special_tokens(["<|endoftext|>"])
    else:
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(QWEN2), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def prepare(kind, data, scratch):
    """A model directory with the file names that Hugging Face uses."""
    directory = scratch / kind
    directory.mkdir()
    source = data / "tokenizers" / kind
    prefix = "gpt2-" if kind == "gpt2" else ""
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(source / (prefix + name), directory / name)
    config = {"tokenizer_class": "GPT2Tokenizer" if kind == "gpt2" else "Qwen2Tokenizer"}
    (directory / "tokenizer_config.json").write_text(json.dumps(config))
    return directory


def text_of(name):
    if name == "generated:a":
        return "a" * 1_000_000
    if name == "generated:random":
        state, letters = 1, []
        for _ in range(1_000_000):
            state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
            letters.append(chr(97 + (state >> 16) % 26))
        return "".join(letters)
    return pathlib.Path(name).read_bytes().decode("utf-8")


def checksum(ids):
    total = 0
    for value in ids:
        total = (total * 31 + value) & 0xFFFFFFFF
    return total


def ours(binary, directory, runs, name):
    output = subprocess.run(
        [binary, str(directory), str(runs), name], check=True, capture_output=True, text=True
    ).stdout
    return json.loads(output.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with tokenizers/ and corpora/")
    parser.add_argument("--binary", default=str(PACKAGE / ".build/release/martlet-tokenizer-bench"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="part of a file name")
    arguments = parser.parse_args()

    names = []
    for path in sorted((arguments.data / "corpora").rglob("*")):
        if path.suffix in (".txt", ".raw", ".json") and path.name != "SOURCE.txt":
            try:
                path.read_bytes().decode("utf-8")
                names.append(str(path))
            except UnicodeDecodeError:
                print(f"skipping {path.name}: not UTF-8", file=sys.stderr)
    names = [name for name in names + ["generated:a", "generated:random"] if arguments.only in name]

    ratios, wrong = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        for kind in ("gpt2", "qwen2"):
            directory = prepare(kind, arguments.data, pathlib.Path(scratch))
            tokenizer = peer(kind, directory)
            print(f"{kind:7} {'file':28} {'MB':>6} {'peer MB/s':>10} {'ours MB/s':>10} {'ratio':>7}  tokens")
            for name in names:
                text = text_of(name)
                size = len(text.encode()) / 1e6
                # The first run of each side is its cold one; both are in the medians.
                times, ids = [], None
                for _ in range(arguments.runs):
                    start = time.perf_counter()
                    encoding = tokenizer.encode_batch_fast([text], add_special_tokens=False)[0]
                    times.append(time.perf_counter() - start)
                    ids = encoding.ids
                report = ours(arguments.binary, directory, arguments.runs, name)
                theirs, mine = statistics.median(times), statistics.median(report["seconds"])
                same = len(ids) == report["tokens"] and checksum(ids) == report["checksum"]
                wrong += not same
                ratios.append(theirs / mine)
                print(
                    f"{'':7} {os.path.basename(name):28} {size:6.2f} {size / theirs:10.1f} "
                    f"{size / mine:10.1f} {theirs / mine:7.1f}  {'equal' if same else 'DIFFERENT'}"
                    f" (cold {size / report['seconds'][0]:.0f}, load {report['loadSeconds']:.2f} s)",
                    flush=True,
                )
    print(f"ratio: median {statistics.median(ratios):.1f}, least {min(ratios):.1f}; different tokens: {wrong}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
