"""Conversations by LiteLLM, which speaks all four APIs through one function."""

import json

import litellm

from checks import CITY, IS_ABLE, TOOL, URL, check

litellm.suppress_debug_info = True
litellm.telemetry = False

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]

# By which API, and how LiteLLM is told so.
ROUTES = {
    "openai": dict(model="openai/served", api_base=URL + "/v1", api_key="none"),
    "hosted_vllm": dict(model="hosted_vllm/served", api_base=URL + "/v1", api_key="none"),
    "anthropic": dict(model="anthropic/served", api_base=URL, api_key="none"),
    "ollama": dict(model="ollama_chat/served", api_base=URL, api_key="none"),
}


def converse():
    for name, route in ROUTES.items():
        chat(f"litellm, {name}", route)
    structured("litellm, openai", ROUTES["openai"])
    structured("litellm, ollama", ROUTES["ollama"])
    if IS_ABLE:
        tools("litellm, openai", ROUTES["openai"])
        tools("litellm, anthropic", ROUTES["anthropic"])
    others()
    refusals()


def chat(name, route):
    settings = dict(messages=MESSAGES, max_tokens=10, temperature=0)
    whole = litellm.completion(**route, **settings)
    text = whole.choices[0].message.content or ""
    check(f"{name}: chat", whole.usage.completion_tokens <= 10
          and whole.choices[0].finish_reason in ("stop", "length"), str(whole))
    parts = list(litellm.completion(
        **route, **settings, stream=True, stream_options={"include_usage": True}))
    pieces = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
    check(f"{name}: stream", pieces == text, f"{pieces!r} against {text!r}")
    ends = [p.choices[0].finish_reason for p in parts if p.choices and p.choices[0].finish_reason]
    check(f"{name}: end of a stream", ends == [whole.choices[0].finish_reason], str(ends))
    usage = [part.usage for part in parts if getattr(part, "usage", None)]
    check(f"{name}: usage of a stream", bool(usage)
          and usage[-1].completion_tokens == whole.usage.completion_tokens, str(usage))


def structured(name, route):
    answer = litellm.completion(
        **route, messages=MESSAGES, max_tokens=200, temperature=0,
        response_format={"type": "json_schema", "json_schema": {
            "name": "city", "strict": True, "schema": CITY}})
    city = json.loads(answer.choices[0].message.content)
    check(f"{name}: a schema", set(city) == {"name", "people"}, str(city))
    answer = litellm.completion(**route, messages=MESSAGES, max_tokens=200, temperature=0,
                                response_format={"type": "json_object"})
    text = answer.choices[0].message.content
    check(f"{name}: an object", answer.choices[0].finish_reason == "length"
          or isinstance(json.loads(text), dict), text)


def tools(name, route):
    question = [{"role": "user", "content": "What is the weather in Paris?"}]
    forced = litellm.completion(
        **route, messages=question, max_tokens=120, temperature=0, tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "weather"}})
    calls = forced.choices[0].message.tool_calls
    check(f"{name}: a forced call", calls and calls[0].function.name == "weather"
          and "place" in json.loads(calls[0].function.arguments), str(forced.choices[0]))
    parts = list(litellm.completion(
        **route, messages=question, max_tokens=120, temperature=0, tools=[TOOL], stream=True,
        tool_choice={"type": "function", "function": {"name": "weather"}}))
    rebuilt = litellm.stream_chunk_builder(parts, messages=question)
    streamed = rebuilt.choices[0].message.tool_calls
    check(f"{name}: a forced call in a stream", streamed and calls
          and json.loads(streamed[0].function.arguments)
          == json.loads(calls[0].function.arguments), str(streamed))
    following = litellm.completion(
        **route, max_tokens=30, temperature=0, tools=[TOOL], messages=question + [
            forced.choices[0].message.model_dump(),
            {"role": "tool", "tool_call_id": calls[0].id, "content": "sunny, 21 degrees"}])
    check(f"{name}: an answer after a call", following.choices[0].message is not None)


def others():
    route = ROUTES["openai"]
    text = litellm.text_completion(
        model="text-completion-openai/served", api_base=route["api_base"], api_key="none",
        prompt="Once", max_tokens=4)
    check("litellm: completions", text.choices[0].finish_reason in ("stop", "length"))
    answer = litellm.responses(**route, input="Hello", max_output_tokens=16)
    check("litellm: responses", answer.id.startswith("resp_") and answer.usage.output_tokens <= 16)
    events = [event.type for event in litellm.responses(
        **route, input="Hello", max_output_tokens=16, stream=True)]
    check("litellm: responses stream", events[0] == "response.created"
          and events[-1] in ("response.completed", "response.incomplete"), str(events))


def refusals():
    route = ROUTES["openai"]
    try:
        litellm.completion(**route, messages=[{"role": "user", "content": "long " * 20_000}])
        check("litellm: a long prompt", False)
    except litellm.ContextWindowExceededError:
        check("litellm: a long prompt", True)
    except litellm.BadRequestError as error:
        check("litellm: a long prompt", False, str(error))
    try:
        litellm.completion(**route, messages=MESSAGES, temperature="hot")
        check("litellm: a wrong field", False)
    except litellm.BadRequestError as error:
        check("litellm: a wrong field", "temperature" in str(error), str(error))
