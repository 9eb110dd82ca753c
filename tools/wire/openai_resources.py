"""A plugin of pytest: openai-python's own resource tests against a server that remembers things.

The tests were written for a mock that knows every id and has every endpoint. Before each of them the things that their example
ids stand for are made anew, and the ids are replaced in what the client sends. A test of what a server does not have is in
NOT_APPLICABLE with the reason, and is expected to fail: one that passes after all is told as a failure.
"""

import json
import os
import re
import urllib.request

import pytest

URL = os.environ.get("TEST_API_BASE_URL", "http://127.0.0.1:4010")
MODEL = os.environ.get("WIRE_MODEL", "served")

# A pattern of the test's name, and why its request has no answer here.
NOT_APPLICABLE = [
    (r"chat/.*::test_(method|raw_response|streaming_response)_(retrieve|update|list|delete)",
     "chat completions are not stored"),
    (r"test_models.*::test_\w*delete", "models are not removed by requests"),
    (r"test_responses.*::test_(method|raw_response|streaming_response)_create_overload",
     "asks without an input"),
    (r"test_responses.*::test_method_create_with_all_params", "asks for an answer in the background"),
    (r"test_responses.*::test_\w*compact", "responses are not compacted"),
    (r"test_responses.*::test_(method|raw_response|streaming_response)_cancel",
     "no response runs in the background"),
    (r"test_responses.*::test_\w+_retrieve\w*_overload_2",
     "no response runs in the background, so that its events could be read again"),
    (r"test_input_tokens.*::test_(method|raw_response|streaming_response)_count\[",
     "asks without an input"),
    (r"api_resources/test_completions.py::\w+::test_method_create_with_all_params",
     "asks for a suffix, which the endpoint refuses by name"),
    (r"test_(files|batches|input_items).*::test_method_list_with_all_params", "a page of no elements"),
    (r"test_embeddings.*::test_(method|raw_response|streaming_response)_create\[(strict|aiohttp)\]",
     "the client asks for base64, and checks that it is a list before it decodes it"),
]


def ask(method, path, body=None, kind="application/json"):
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, {"Content-Type": kind}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def file():
    line = {"custom_id": "r0", "method": "POST", "url": "/v1/completions",
            "body": {"prompt": "One", "max_tokens": 300, "ignore_eos": True}}
    form = ("--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\n"
            "Content-Disposition: form-data; name=\"file\"; filename=\"r.jsonl\"\r\n\r\n"
            + json.dumps(line) + "\r\n--b--\r\n")
    return ask("POST", "/files", form.encode(), "multipart/form-data; boundary=b")["id"]


def batch():
    return ask("POST", "/batches", {"input_file_id": file(), "endpoint": "/v1/completions",
                                    "completion_window": "24h"})["id"]


def response():
    return ask("POST", "/responses", {"model": MODEL, "input": "One", "max_output_tokens": 1})["id"]


# What the tests' example ids stand for.
EXAMPLES = {
    "file_id": file, "input_file_id": file, "batch_id": batch, "response_id": response,
    "resp_677efb5139a88190b512bc3fef8e535d": response, "previous_response_id": response,
    "resp_123": response, "gpt-6-astra": lambda: MODEL,
}
made = {}


def real(value):
    """The value with real ids in the place of the examples."""
    if isinstance(value, dict):
        return {key: real(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [real(inner) for inner in value]
    if isinstance(value, str) and value in EXAMPLES:
        if value not in made:
            made[value] = EXAMPLES[value]()
        return made[value]
    return value


@pytest.fixture(autouse=True)
def real_ids(request, monkeypatch):
    from openai._base_client import BaseClient
    made.clear()
    build = BaseClient._build_request

    def replacing(self, options, **rest):
        options = options.model_copy() if hasattr(options, "model_copy") else options
        if "respx2_mock" not in request.fixturenames:
            options.url = "/".join(real(part) for part in options.url.split("/"))
            options.json_data = real(options.json_data)
        return build(self, options, **rest)

    monkeypatch.setattr(BaseClient, "_build_request", replacing)


def pytest_collection_modifyitems(items):
    for item in items:
        if "path_params" in item.nodeid:
            continue
        for pattern, reason in NOT_APPLICABLE:
            if re.search(pattern, item.nodeid):
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
                break
