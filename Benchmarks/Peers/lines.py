"""The argument lists and JSON lines that every runner here shares with `martlet bench --json`."""

from __future__ import annotations

import json
import statistics


def integers(text: str) -> list[int]:
    """`512,2048` as a list; an empty string is an empty list, which skips a kind of case."""
    return [int(part) for part in text.split(",") if part]


def report(kind: str, seconds: list[float], tokens: int, **case) -> None:
    """Prints one case: `seconds` per run of `tokens` tokens, as the median rate and the extremes."""
    rates = [tokens / s for s in seconds]
    line = {
        "kind": kind, **case, "tokensPerSecond": round(statistics.median(rates), 3),
        "minimum": round(min(rates), 3), "maximum": round(max(rates), 3), "runs": len(rates),
    }
    print(json.dumps(line), flush=True)
