"""What the clients' conversations share: the server's address, a tool, and checks that say what they saw."""

import os
import sys
import time
import urllib.request

URL = os.environ.get("WIRE_URL", "http://127.0.0.1:8080")
# Whether the model has a notation of calls: only then is it asked for them.
IS_ABLE = os.environ.get("WIRE_ABLE") == "1"
failures = []
held = 0

TOOL = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a place.",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}},
                   "required": ["place"]}}}

# What structured answers are asked to be.
CITY = {"type": "object", "additionalProperties": False, "required": ["name", "people"],
        "properties": {"name": {"type": "string", "maxLength": 20},
                       "people": {"type": "integer", "minimum": 0, "maximum": 40_000_000}}}


def check(name, holds, seen=""):
    global held
    print(("ok   " if holds else "FAIL ") + name + (f": {seen}" if seen and not holds else ""))
    if holds:
        held += 1
    else:
        failures.append(name)


def wait():
    for _ in range(600):
        try:
            urllib.request.urlopen(URL + "/health")
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("the server does not answer")
