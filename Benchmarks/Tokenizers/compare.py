#!/usr/bin/env python3
"""Encoding and decoding speed against PyPI `tokenizers` on one thread, in one run, with equal tokens required.

    swift build -c release --package-path Benchmarks --product martlet-tokenizer-bench
    python3 Benchmarks/Tokenizers/compare.py --data DIR

Needs `pip install tokenizers`. Both sides read the same tokenizer.json. For each file the two sides run in turn; the
table gives medians in MB/s of text and their ratio. The peer is timed by its quickest call (no offsets).
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

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers  # noqa: E402

WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
KINDS = ("gpt2", "llama3", "qwen2", "t5", "wordpiece")
PACKAGE = pathlib.Path(__file__).resolve().parents[1]


def byte_level(data, kind):
    """GPT-2's and Qwen2's vocabulary; Llama 3's rules on the latter, whose own vocabulary is not free to fetch."""
    source = data / "tokenizers" / ("gpt2" if kind == "gpt2" else "qwen2")
    prefix = "gpt2-" if kind == "gpt2" else ""
    files = str(source / (prefix + "vocab.json")), str(source / (prefix + "merges.txt"))
    tokenizer = Tokenizer(models.BPE.from_file(*files, ignore_merges=kind == "llama3"))
    if kind == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.add_special_tokens(["<|endoftext|>"])
    else:
        if kind == "qwen2":
            tokenizer.normalizer = normalizers.NFC()
        expression = WORDS % (r"\p{N}" if kind == "qwen2" else r"\p{N}{1,3}")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(expression), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def word_pieces(names):
    """BERT's rules with a vocabulary of 16,000 pieces learned from the texts."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=16_000, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train([name for name in names if not name.startswith("generated:")][:8], trainer)
    return tokenizer


def prepare(kind, data, names, scratch):
    """A folder with the tokenizer.json that both sides read."""
    directory = scratch / kind
    directory.mkdir()
    path = directory / "tokenizer.json"
    if kind == "t5":
        shutil.copyfile(data / "tokenizers/t5/tokenizer.json", path)
    else:
        tokenizer = word_pieces(names) if kind == "wordpiece" else byte_level(data, kind)
        tokenizer.save(str(path))
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


def theirs(tokenizer, text, runs):
    encode, decode, ids = [], [], None
    for _ in range(runs):
        start = time.perf_counter()
        ids = tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids
        middle = time.perf_counter()
        tokenizer.decode(ids, skip_special_tokens=False)
        encode.append(middle - start)
        decode.append(time.perf_counter() - middle)
    return statistics.median(encode), statistics.median(decode), ids


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with tokenizers/ and corpora/")
    parser.add_argument("--binary", default=str(PACKAGE / ".build/release/martlet-tokenizer-bench"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="part of a file name")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which tokenizers, with commas between them")
    arguments = parser.parse_args()

    names = []
    for path in sorted((arguments.data / "corpora").rglob("*")):
        if path.suffix in (".txt", ".raw", ".json") and path.name != "SOURCE.txt":
            try:
                path.read_bytes().decode("utf-8")
                names.append(str(path))
            except UnicodeDecodeError:
                print(f"skipping {path.name}: not UTF-8", file=sys.stderr)
    every = names + ["generated:a", "generated:random"]
    names = [name for name in every if arguments.only in name]

    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for kind in arguments.kinds.split(","):
            directory = prepare(kind, arguments.data, every, pathlib.Path(scratch))
            tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
            print(
                f"{kind:10} {'file':24} {'MB':>6} | {'encode: peer':>12} {'ours':>7} {'ratio':>6} |"
                f" {'decode: peer':>12} {'ours':>7} {'ratio':>6}"
            )
            ratios = [], []
            for name in names:
                text = text_of(name)
                size = len(text.encode()) / 1e6
                # The first run of each side is its cold one; both are in the medians.
                encode, decode, ids = theirs(tokenizer, text, arguments.runs)
                report = ours(arguments.binary, directory, arguments.runs, name)
                mine = statistics.median(report["seconds"]), statistics.median(report["decodeSeconds"])
                same = len(ids) == report["tokens"] and checksum(ids) == report["checksum"]
                wrong += not same
                ratios[0].append(encode / mine[0])
                ratios[1].append(decode / mine[1])
                print(
                    f"{'':10} {os.path.basename(name):24} {size:6.2f} | {size / encode:12.1f} {size / mine[0]:7.1f}"
                    f" {encode / mine[0]:6.1f} | {size / decode:12.1f} {size / mine[1]:7.1f} {decode / mine[1]:6.1f}"
                    f"  {'equal' if same else 'DIFFERENT'} (cold {size / report['seconds'][0]:.0f},"
                    f" load {report['loadSeconds']:.2f} s)",
                    flush=True,
                )
            for what, values in zip(("encoding", "decoding"), ratios):
                print(f"{kind} {what}: median ratio {statistics.median(values):.1f}, least {min(values):.1f}")
    print(f"different tokens: {wrong}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
