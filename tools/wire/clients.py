#!/usr/bin/env python3
"""Conversations of `martlet serve` with the clients that people use.

    clients.py URL [CLIENT ...]

Each check says what it saw; the status is 1 where one failed. The model may say anything: shapes are checked, that a stream
holds what the whole answer does, and that forms and forced calls hold. WIRE_ABLE=1 says that the model has a
notation of calls, such as Qwen's: only then is it asked for them.
"""

import importlib
import os
import sys
import traceback

CLIENTS = ["openai", "anthropic", "ollama", "litellm", "agents", "instructor", "langchain"]

os.environ["WIRE_URL"] = sys.argv[1]
# Clients that would ask others than the server for something.
os.environ.update(OPENAI_API_KEY="none", LITELLM_LOCAL_MODEL_COST_MAP="True",
                  OPENAI_AGENTS_DISABLE_TRACING="1", LANGSMITH_TRACING="false")

import checks  # noqa: E402: it reads the address

checks.wait()
for name in sys.argv[2:] or CLIENTS:
    try:
        importlib.import_module(f"with_{name}").converse()
    except Exception as error:  # noqa: BLE001: the next client is to be tried as well
        where = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in where if "with_" in frame.filename][-1:]
        line = f"line {ours[0].lineno}" if ours else "its import"
        checks.check(f"{name} ended with {type(error).__name__} at {line}", False, str(error)[:500])
print(f"{checks.held} checks hold, {len(checks.failures)} do not")
sys.exit(1 if checks.failures else 0)
