"""Agents by OpenAI's library of them, over responses and over chat completions."""

import asyncio

import agents
import openai
from pydantic import BaseModel, ConfigDict, Field

from checks import IS_ABLE, URL, check


class City(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=20)
    people: int = Field(ge=0, le=40_000_000)


called = []


@agents.function_tool
def weather(place: str) -> str:
    """The weather of a place."""
    called.append(place)
    return "sunny, 21 degrees"


def converse():
    client = openai.AsyncOpenAI(api_key="none", base_url=URL + "/v1", max_retries=0)
    models = {
        "responses": agents.OpenAIResponsesModel("served", client),
        "chat": agents.OpenAIChatCompletionsModel("served", client),
    }
    # One loop for all: the client keeps its connections in it.
    asyncio.run(converse_by(models))


async def converse_by(models):
    for name, model in models.items():
        await talk(f"agents, {name}", model)
        if IS_ABLE:
            await calls(f"agents, {name}", model)


async def talk(name, model):
    settings = agents.ModelSettings(temperature=0, max_tokens=16)
    plain = agents.Agent(name="brief", instructions="Be brief.", model=model,
                         model_settings=settings)
    whole = await agents.Runner.run(plain, "Hello")
    check(f"{name}: run", isinstance(whole.final_output, str), str(whole.final_output))
    stream = agents.Runner.run_streamed(plain, "Hello")
    pieces = ""
    async for event in stream.stream_events():
        if event.type == "raw_response_event" \
                and event.data.type == "response.output_text.delta":
            pieces += event.data.delta
    check(f"{name}: stream", pieces == stream.final_output == whole.final_output,
          f"{pieces!r} against {whole.final_output!r}")
    following = await agents.Runner.run(
        plain, whole.to_input_list() + [{"role": "user", "content": "More"}])
    check(f"{name}: a second turn", isinstance(following.final_output, str))

    formed = agents.Agent(
        name="city", instructions="Describe a city.", model=model, output_type=City,
        model_settings=agents.ModelSettings(temperature=0, max_tokens=200))
    city = (await agents.Runner.run(formed, "Paris")).final_output
    check(f"{name}: a form", isinstance(city, City), str(city))


async def calls(name, model):
    called.clear()
    forced = agents.Agent(
        name="caller", instructions="Use the tool.", model=model, tools=[weather],
        model_settings=agents.ModelSettings(
            temperature=0, max_tokens=120, tool_choice="required"),
        tool_use_behavior="stop_on_first_tool")
    result = await agents.Runner.run(forced, "What is the weather in Paris?")
    check(f"{name}: a forced call", bool(called) and result.final_output == "sunny, 21 degrees",
          str(result.final_output))
    called.clear()
    stream = agents.Runner.run_streamed(forced, "What is the weather in Paris?")
    kinds = [event.name async for event in stream.stream_events()
             if event.type == "run_item_stream_event"]
    check(f"{name}: a forced call in a stream",
          bool(called) and "tool_called" in kinds and "tool_output" in kinds, str(kinds))
    called.clear()
    # The library forces the first turn alone: the second one answers.
    asking = forced.clone(tool_use_behavior="run_llm_again")
    result = await agents.Runner.run(asking, "What is the weather in Paris?", max_turns=3)
    check(f"{name}: a call, and an answer after it", bool(called)
          and isinstance(result.final_output, str), str(result.final_output))
