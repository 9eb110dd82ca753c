#!/usr/bin/env python3
"""Writes the tables of Sources/MartletTokenizers/Text: character classes and decompositions.

Both are read out of the reference implementation itself (PyPI `tokenizers`), so that letters, white space,
punctuation and normal forms mean here exactly what they mean there, Unicode version included.
Run: pip install tokenizers==0.23.3 && python3 tools/unicode/make_tables.py
"""

import pathlib

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "Sources/MartletTokenizers/Text"
nfc, nfd = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str
nfkd = normalizers.NFKD().normalize_str


def members(split):
    """Scalars that a pre-tokenizer keeps."""
    found = set()
    for start in range(0, len(SCALARS), 4096):
        text = "".join(map(chr, SCALARS[start : start + 4096]))
        for piece, _ in split.pre_tokenize_str(text):
            found.update(map(ord, piece))
    return found


def matching(pattern):
    return members(pre_tokenizers.Split(Regex(pattern), "removed", invert=True))


def composing():
    """Scalars that may change under NFC beside others: NFC_QC is No or Maybe, or ccc is not 0."""
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


def bert(**steps):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **steps})


def removed(normalizer):
    return {c for c in SCALARS if normalizer.normalize_str(chr(c)) == ""}


def cleaned():
    return removed(bert(clean_text=True))


def identifiers():
    whitespace = pre_tokenizers.Whitespace()
    return {c for c in SCALARS if len(whitespace.pre_tokenize_str("a" + chr(c) + "a")) == 1}


def numeric():
    digits = pre_tokenizers.Digits(True)
    return {c for c in SCALARS if len(digits.pre_tokenize_str("a" + chr(c))) == 2}


def combining_classes():
    """Classes of scalars as ordinals: only their order matters. Found by how NFD orders two marks."""
    marks = [c for c in SCALARS if nfd(chr(c)) == chr(c) and c != 0x345 and nfd("\u0345" + chr(c))[-1] == "\u0345"]
    marks.append(0x345)
    groups = []  # lists of marks of one class, in ascending order

    def less(a, b):
        return nfd(chr(b) + chr(a)) == chr(a) + chr(b)

    for mark in marks:
        low, high = 0, len(groups)
        while low < high:
            middle = (low + high) // 2
            if less(groups[middle][0], mark):
                low = middle + 1
            elif less(mark, groups[middle][0]):
                high = middle
            else:
                groups[middle].append(mark)
                break
        else:
            groups.insert(low, [mark])
    return {mark: index + 1 for index, group in enumerate(groups) for mark in group}


def decompositions():
    """[scalar, length, parts...] of canonical and of further compatibility decompositions; a canonical one
    that NFC makes again has 100 added to its length. Hangul syllables follow from arithmetic."""
    canonical, compatibility = [], []
    for c in SCALARS:
        if 0xAC00 <= c < 0xAC00 + 11172:
            continue
        text = chr(c)
        full, wide = nfd(text), nfkd(text)
        if full != text:
            made = len(full) > 1 and nfc(full) == text
            canonical += [c, len(full) + (100 if made else 0)] + list(map(ord, full))
        if wide != full:
            compatibility += [c, len(wide)] + list(map(ord, wide))
    return canonical, compatibility


def lowercase():
    lower = normalizers.Lowercase().normalize_str
    found = []
    for c in SCALARS:
        text = lower(chr(c))
        if text != chr(c):
            found += [c, len(text)] + list(map(ord, text))
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


def base36(value):
    digits = ""
    while True:
        value, rest = divmod(value, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
        if not value:
            return digits


def literal(name, comment, values):
    lines, line = [], ""
    for value in values:
        item = base36(value) + " "
        if len(line) + len(item) > 180:
            lines.append(line)
            line = ""
        line += item
    lines.append(line)
    body = "\n".join(f"        {line}\\" for line in lines[:-1]) + f"\n        {lines[-1].rstrip()}"
    return f'    /// {comment}\n    static let {name}: StaticString = """\n{body.lstrip(chr(10))}\n        """\n'


def write(name, head, parts):
    (FOLDER / name).write_text(head + "\n".join(parts) + "}\n")


def main():
    made = "written by tools/unicode/make_tables.py; do not edit.\n\n"
    classes = [
        ("upper", r"`[\p{Lu}\p{Lt}]`.", matching(r"[\p{Lu}\p{Lt}]")),
        ("lower", r"`\p{Ll}`.", matching(r"\p{Ll}")),
        ("otherLetters", r"`[\p{Lm}\p{Lo}]`.", matching(r"[\p{Lm}\p{Lo}]")),
        ("marks", r"`\p{M}`.", matching(r"\p{M}")),
        ("digits", r"`\d`.", matching(r"\d")),
        ("numbers", r"`\p{N}`.", matching(r"\p{N}")),
        ("punctuation", r"`\p{P}`.", matching(r"\p{P}")),
        ("symbols", r"`\p{S}`.", matching(r"\p{S}")),
        ("whitespace", r"`\s`.", matching(r"\s")),
        ("words", r"`\w`.", matching(r"\w")),
        ("identifiers", r"`\w` of the pre-tokenizer `Whitespace` and of single words.", identifiers()),
        ("han", r"`\p{Han}`.", matching(r"\p{Han}")),
        ("isolated", "What the pre-tokenizer `Punctuation` finds.", isolated()),
        ("numeric", "What the pre-tokenizer `Digits` finds.", numeric()),
        ("cleaned", "What `clean_text` of `BertNormalizer` takes out.", cleaned()),
        ("accents", "What `StripAccents` takes out.", removed(normalizers.StripAccents())),
        ("bertAccents", "What `strip_accents` of `BertNormalizer` takes out.", removed(bert(strip_accents=True))),
        ("composing", "Scalars that are not inert under NFC.", composing()),
    ]
    write(
        "UnicodeRanges.swift",
        f"// Character classes as run lengths, {made}"
        "/// Alternating gaps and lengths of the runs of scalars in a class, from U+0000 up, in base 36, as in\n"
        f"/// `tokenizers` {tokenizers.__version__}.\nenum UnicodeRanges {{\n",
        [literal(name, comment, toggles(found)) for name, comment, found in classes],
    )
    canonical, compatibility = decompositions()
    marks = [part for mark, order in sorted(combining_classes().items()) for part in (mark, order)]
    write(
        "UnicodeDecompositions.swift",
        f"// Decompositions and the order of marks, {made}"
        f"/// Numbers in base 36, as in `tokenizers` {tokenizers.__version__}.\nenum UnicodeDecompositions {{\n",
        [
            literal(
                "canonical", "Scalar, number of parts (100 more where NFC makes it again), parts.", canonical
            ),
            literal("compatibility", "Scalar, number of parts, parts, where they differ from the canonical ones.", compatibility),
            literal("lowercase", "Scalar, number of parts, parts of its small letters.", lowercase()),
            literal("marks", "Scalar and rank of its combining class.", marks),
        ],
    )


def isolated():
    kept = members(pre_tokenizers.Punctuation("removed"))
    return set(SCALARS) - kept


if __name__ == "__main__":
    main()
