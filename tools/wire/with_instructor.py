"""Structured answers by Instructor, in each of its modes that our APIs have."""

from typing import List

import anthropic
import instructor
import openai
from pydantic import BaseModel, ConfigDict, Field

from checks import IS_ABLE, URL, check


class City(BaseModel):
    """A city."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=20)
    people: int = Field(ge=0, le=40_000_000)


class Cities(BaseModel):
    """Cities."""

    model_config = ConfigDict(extra="forbid")
    cities: List[City] = Field(min_length=1, max_length=2)


QUESTION = [{"role": "user", "content": "Describe Paris."}]


def converse():
    plain = openai.OpenAI(api_key="none", base_url=URL + "/v1", max_retries=0)
    modes = [instructor.Mode.JSON_SCHEMA]
    if IS_ABLE:
        modes += [instructor.Mode.TOOLS, instructor.Mode.TOOLS_STRICT,
                  instructor.Mode.RESPONSES_TOOLS]
    for mode in modes:
        client = instructor.from_openai(plain, mode=mode)
        settings = dict(model="served", max_retries=0, temperature=0)
        limit = "max_output_tokens" if mode == instructor.Mode.RESPONSES_TOOLS else "max_tokens"
        settings[limit] = 300
        ask(f"instructor, {mode.value}", client, settings)
    client = instructor.from_openai(plain, mode=instructor.Mode.JSON_SCHEMA)
    last = None
    for part in client.create_partial(model="served", messages=QUESTION, response_model=City,
                                      max_tokens=300, temperature=0, max_retries=0):
        last = part
    check("instructor: a form in a stream", last is not None and last.name is not None
          and last.people is not None, str(last))
    if not IS_ABLE:
        return
    client = instructor.from_anthropic(
        anthropic.Anthropic(api_key="none", base_url=URL, max_retries=0),
        mode=instructor.Mode.ANTHROPIC_TOOLS)
    ask("instructor, anthropic tools", client,
        dict(model="served", max_tokens=300, max_retries=0))


def ask(name, client, settings):
    city = client.create(messages=QUESTION, response_model=City, **settings)
    check(f"{name}: a form", isinstance(city, City), str(city))
    cities = client.create(messages=QUESTION, response_model=Cities, **settings)
    check(f"{name}: a list of forms", 1 <= len(cities.cities) <= 2, str(cities))
