"""Conversations by OpenAI's client: chats, completions, responses, files and batches."""

import json
import time

import openai

from checks import TOOL, URL, check


def batches(client):
    lines = [{"custom_id": f"r{i}", "method": "POST", "url": "/v1/chat/completions", "body": {
        "model": "served", "max_tokens": 4, "seed": i,
        "messages": [{"role": "user", "content": f"Count to {i}."}]}} for i in range(3)]
    lines[1]["body"]["temperature"] = "hot"
    content = "\n".join(json.dumps(line) for line in lines).encode()
    sent = client.files.create(
        file=("requests.jsonl", content), purpose="batch",
        expires_after={"anchor": "created_at", "seconds": 3600})
    check("openai: files", sent.bytes == len(content) and sent.filename == "requests.jsonl"
          and sent.expires_at == sent.created_at + 3600, str(sent))
    check("openai: a file's content", client.files.content(sent.id).content == content)
    check("openai: one file", client.files.retrieve(sent.id).id == sent.id)
    others = [client.files.create(file=("x", b"x"), purpose="user_data") for _ in range(2)]
    ids = [file.id for file in client.files.list(limit=1)]
    check("openai: lists of files", set(ids) >= {sent.id, *[file.id for file in others]}, str(ids))
    for file in others:
        client.files.delete(file.id)
    batch = client.batches.create(
        input_file_id=sent.id, endpoint="/v1/chat/completions", completion_window="24h",
        metadata={"k": "v"})
    check("openai: batches", batch.id.startswith("batch_") and batch.metadata == {"k": "v"})
    for _ in range(600):
        batch = client.batches.retrieve(batch.id)
        if batch.status not in ("validating", "in_progress", "finalizing"):
            break
        time.sleep(0.1)
    counts = batch.request_counts
    check("openai: a batch's counts", batch.status == "completed"
          and (counts.total, counts.completed, counts.failed) == (3, 2, 1), str(batch))
    results = [json.loads(line) for line in
               client.files.content(batch.output_file_id).text.splitlines()]
    check("openai: a batch's output", [line["custom_id"] for line in results] == ["r0", "r2"]
          and all(line["response"]["body"]["choices"] for line in results))
    wrong = [json.loads(line) for line in
             client.files.content(batch.error_file_id).text.splitlines()]
    check("openai: a batch's errors", [line["response"]["status_code"] for line in wrong] == [400])
    check("openai: lists of batches", batch.id in [b.id for b in client.batches.list(limit=1)])
    long = client.files.create(purpose="batch", file=("l", json.dumps({
        **lines[0], "body": {**lines[0]["body"], "max_tokens": 400, "ignore_eos": True}}).encode()))
    begun = client.batches.create(
        input_file_id=long.id, endpoint="/v1/chat/completions", completion_window="24h")
    check("openai: a batch is cancelled",
          client.batches.cancel(begun.id).status in ("cancelling", "cancelled"))
    try:
        client.batches.create(
            input_file_id="file-none", endpoint="/v1/chat/completions", completion_window="24h")
        check("openai: a batch without a file", False)
    except openai.BadRequestError as error:
        check("openai: a batch without a file", error.param == "input_file_id", str(error))
    client.files.delete(sent.id)
    try:
        client.files.retrieve(sent.id)
        check("openai: a deleted file", False)
    except openai.NotFoundError:
        check("openai: a deleted file", True)


def converse():
    client = openai.OpenAI(api_key="none", base_url=URL + "/v1", max_retries=0)
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    settings = dict(model="served", messages=messages, max_tokens=12, temperature=0)
    whole = client.chat.completions.create(**settings)
    text = whole.choices[0].message.content
    check("openai: chat", isinstance(text, str) and whole.usage.completion_tokens <= 12)
    pieces, usage = "", None
    for chunk in client.chat.completions.create(
            **settings, stream=True, stream_options={"include_usage": True}):
        if chunk.choices:
            pieces += chunk.choices[0].delta.content or ""
        usage = chunk.usage or usage
    check("openai: chat stream", pieces == text, pieces)
    check("openai: usage of a stream", usage is not None
          and usage.total_tokens == whole.usage.total_tokens)
    several = client.chat.completions.create(
        **{**settings, "temperature": 1.0}, n=3, seed=5, logprobs=True, top_logprobs=2)
    check("openai: n and logprobs", len(several.choices) == 3 and all(
        (len(choice.logprobs.content) > 0) >= (choice.message.content != "")
        for choice in several.choices))
    again = client.chat.completions.create(**{**settings, "temperature": 1.0}, n=3, seed=5)
    check("openai: seed", [c.message.content for c in again.choices]
          == [c.message.content for c in several.choices])
    answer = client.chat.completions.create(
        model="served", max_tokens=4, tools=[TOOL], messages=messages + [
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c1", "type": "function",
                 "function": {"name": "weather", "arguments": "{\"place\": \"here\"}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"}])
    check("openai: tools", answer.choices[0].finish_reason in ("stop", "length", "tool_calls"))
    # The helper takes an answer that its length ended for an error: it has then read all of it.
    try:
        with client.chat.completions.stream(
                model="served", messages=messages, max_tokens=6) as stream:
            for _ in stream:
                pass
            read = stream.get_final_completion()
    except openai.LengthFinishReasonError as error:
        read = error.completion
    check("openai: stream helper", read.choices[0].message.content is not None)
    try:
        client.chat.completions.create(model="served", messages=messages, temperature="hot")
        check("openai: a wrong field", False)
    except openai.BadRequestError as error:
        check("openai: a wrong field", error.param == "temperature", str(error))
    try:
        client.chat.completions.create(
            model="served", messages=[{"role": "user", "content": "long " * 5000}])
        check("openai: a long prompt", False)
    except openai.BadRequestError as error:
        check("openai: a long prompt", error.code == "context_length_exceeded", str(error))
    text = client.completions.create(
        model="served", prompt=["One", "Two"], max_tokens=4, echo=True, logprobs=1)
    check("openai: completions", [c.text[:3] for c in text.choices] == ["One", "Two"])
    check("openai: models", "served" in [model.id for model in client.models.list()])
    check("openai: one model", client.models.retrieve("served").id == "served")
    batches(client)
    response = client.responses.create(
        model="served", input="Hello", instructions="Be brief.", max_output_tokens=8, temperature=0)
    check("openai: responses", response.id.startswith("resp_")
          and isinstance(response.output_text, str))
    gathered, last = "", None
    for event in client.responses.create(
            model="served", input="Hello", instructions="Be brief.", max_output_tokens=8,
            temperature=0, stream=True):
        gathered += event.delta if event.type == "response.output_text.delta" else ""
        last = event
    check("openai: responses stream", gathered == response.output_text
          and last.type in ("response.completed", "response.incomplete"), last.type)
    with client.responses.stream(model="served", input="Hello", max_output_tokens=4) as stream:
        for _ in stream:
            pass
    stored = client.responses.retrieve(response.id)
    check("openai: stored responses", stored.output_text == response.output_text)
    following = client.responses.create(
        model="served", input="More", previous_response_id=response.id, max_output_tokens=2)
    check("openai: following responses",
          following.usage.input_tokens > response.usage.input_tokens)
    client.responses.delete(response.id)
    try:
        client.responses.retrieve(response.id)
        check("openai: deleted responses", False)
    except openai.NotFoundError:
        check("openai: deleted responses", True)
