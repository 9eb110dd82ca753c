"""Conversations by Anthropic's client."""

import anthropic

from checks import URL, check


def converse():
    client = anthropic.Anthropic(api_key="none", base_url=URL, max_retries=0)
    settings = dict(model="served", max_tokens=10, system="Be brief.",
                    extra_body={"temperature": 0},
                    messages=[{"role": "user", "content": "Hello"}])
    whole = client.messages.create(**settings)
    check("anthropic: messages", whole.content[0].type == "text"
          and whole.usage.output_tokens <= 10)
    with client.messages.stream(**settings) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    check("anthropic: stream", text == whole.content[0].text, text)
    check("anthropic: stop reason", final.stop_reason == whole.stop_reason)
    counted = client.messages.count_tokens(
        model="served", system="Be brief.", messages=settings["messages"])
    # What the server still had of an earlier prompt is counted apart.
    asked = whole.usage.input_tokens + whole.usage.cache_read_input_tokens
    check("anthropic: count_tokens", counted.input_tokens == asked)
    answer = client.beta.messages.create(
        model="served", max_tokens=4,
        tools=[{"name": "weather", "input_schema": {"type": "object", "properties": {}}}],
        messages=[
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}]}])
    check("anthropic: tools", answer.type == "message")
    try:
        client.messages.create(model="served", max_tokens=4, messages=[
            {"role": "user", "content": "long " * 5000}])
        check("anthropic: a long prompt", False)
    except anthropic.BadRequestError as error:
        check("anthropic: a long prompt", error.body["error"]["type"] == "invalid_request_error")
