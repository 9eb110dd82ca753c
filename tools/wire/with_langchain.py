"""Conversations by LangChain's package for OpenAI's API, over chat completions and responses."""

import asyncio

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import BaseModel, ConfigDict, Field

from checks import IS_ABLE, URL, check


class City(BaseModel):
    """A city."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=20)
    people: int = Field(ge=0, le=40_000_000)


@tool
def weather(place: str) -> str:
    """The weather of a place."""
    return "sunny, 21 degrees"


MESSAGES = [SystemMessage("Be brief."), HumanMessage("Hello")]
QUESTION = [HumanMessage("What is the weather in Paris?")]


def model(limit, **options):
    return ChatOpenAI(model="served", base_url=URL + "/v1", api_key="none", temperature=0,
                      max_tokens=limit, max_retries=0, **options)


def converse():
    for name, options in {"chat": {}, "responses": {"use_responses_api": True}}.items():
        talk(f"langchain, {name}", options)
        if IS_ABLE:
            calls(f"langchain, {name}", options)
    text = OpenAI(model="served", base_url=URL + "/v1", api_key="none", max_tokens=4,
                  max_retries=0).invoke("Once")
    check("langchain: completions", isinstance(text, str))
    embeddings(OpenAIEmbeddings(model="served", base_url=URL + "/v1", api_key="none",
                                check_embedding_ctx_length=False, max_retries=0))


def embeddings(client):
    import openai
    try:
        vectors = client.embed_documents(["one", "two"])
        check("langchain: embeddings", len(vectors) == 2 and len(vectors[0]) > 1)
    except openai.APIStatusError as error:
        # A server that was started without a model of vectors says so.
        check("langchain: embeddings", "makes no vectors" in str(error), str(error))


# One loop for all: the client keeps its connections in it.
loop = asyncio.new_event_loop()


def talk(name, options):
    whole = model(12, **options).invoke(MESSAGES)
    check(f"{name}: invoke", whole.usage_metadata["output_tokens"] <= 12, str(whole))
    gathered = None
    for part in model(12, **options, stream_usage=True).stream(MESSAGES):
        gathered = part if gathered is None else gathered + part
    check(f"{name}: stream", gathered.text == whole.text, f"{gathered.text!r}, {whole.text!r}")
    check(f"{name}: usage of a stream", gathered.usage_metadata is not None
          and gathered.usage_metadata["output_tokens"] == whole.usage_metadata["output_tokens"],
          str(gathered.usage_metadata))
    several = loop.run_until_complete(
        model(6, **options).abatch([MESSAGES, QUESTION]))
    check(f"{name}: several at once", len(several) == 2)

    for method in ["json_schema"] + ["function_calling"] * IS_ABLE:
        city = model(300, **options).with_structured_output(City, method=method).invoke("Paris")
        check(f"{name}: a form by {method}", isinstance(city, City), str(city))
    last = None
    for last in model(300, **options).with_structured_output(City).stream("Paris"):
        pass
    check(f"{name}: a form in a stream", isinstance(last, City), str(last))


def calls(name, options):
    forced = model(120, **options).bind_tools([weather], tool_choice="weather")
    called = forced.invoke(QUESTION)
    check(f"{name}: a forced call", len(called.tool_calls) > 0
          and called.tool_calls[0]["name"] == "weather"
          and "place" in called.tool_calls[0]["args"], str(called))
    gathered = None
    for part in forced.stream(QUESTION):
        gathered = part if gathered is None else gathered + part
    check(f"{name}: a forced call in a stream",
          [call["args"] for call in gathered.tool_calls]
          == [call["args"] for call in called.tool_calls], str(gathered))
    given = [ToolMessage("sunny, 21 degrees", tool_call_id=call["id"])
             for call in called.tool_calls]
    following = model(12, **options).bind_tools([weather]).invoke(QUESTION + [called] + given)
    check(f"{name}: an answer after a call", isinstance(following, AIMessage))
