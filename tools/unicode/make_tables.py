#!/usr/bin/env python3
"""Writes Sources/MartletTokenizers/UnicodeRanges.swift: the character classes of the pre-tokenizers.

The classes are read out of the reference implementation itself (PyPI `tokenizers`), so that letters,
numbers and white space mean here exactly what they mean there, Unicode version included.
Run: pip install tokenizers==0.23.3 && python3 tools/unicode/make_tables.py
"""

import pathlib

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def matching(pattern):
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    found = set()
    for start in range(0, len(SCALARS), 4096):
        text = "".join(map(chr, SCALARS[start : start + 4096]))
        for piece, _ in split.pre_tokenize_str(text):
            found.update(map(ord, piece))
    return found


def composing():
    """Scalars that may change under NFC beside others: NFC_QC is No or Maybe, or ccc is not 0."""
    nfc, nfd = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str
    found = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3)) | {0x345}
    for c in SCALARS:
        text = chr(c)
        if nfc(text) != text:
            found.add(c)
        elif nfd(text) != text:
            found.add(ord(nfd(text)[-1]))
        # U+0345 has the highest combining class, so everything with a class moves before it.
        if c != 0x345 and nfd("\u0345" + text)[-1] == "\u0345" and text != "\u0345":
            found.add(c)
    # The last part of a Hangul syllable's decomposition is a jamo: already in the set.
    return found


def toggles(members):
    """[gap, length, gap, length, ...] from scalar 0."""
    out, position = [], 0
    ordered = sorted(members)
    index = 0
    while index < len(ordered):
        end = index
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        out += [ordered[index] - position, end - index + 1]
        position = ordered[end] + 1
        index = end + 1
    return out


def literal(name, comment, members):
    lines, line = [], "       "
    for value in toggles(members):
        item = f" {value},"
        if len(line) + len(item) > 100:
            lines.append(line)
            line = "       "
        line += item
    lines.append(line)
    body = "\n".join(lines)
    return f"    /// {comment}\n    static let {name}: [UInt32] = [\n{body}\n    ]\n"


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    header = (
        "// Character classes as run lengths, written by tools/unicode/make_tables.py; do not edit.\n\n"
        "/// Alternating gaps and lengths of the runs of scalars in a class, from U+0000 up, as in\n"
        f"/// `tokenizers` {tokenizers.__version__}.\n"
        "enum UnicodeRanges {\n"
    )
    parts = [
        literal("letters", r"`\\p{L}`.".replace("\\\\", "\\"), matching(r"\p{L}")),
        literal("numbers", r"`\p{N}`.", matching(r"\p{N}")),
        literal("whitespace", r"`\s`.", matching(r"\s")),
        literal("composing", "Scalars that are not inert under NFC.", composing()),
    ]
    path = root / "Sources/MartletTokenizers/UnicodeRanges.swift"
    path.write_text(header + "\n".join(parts) + "}\n")


if __name__ == "__main__":
    main()
