"""instructor: structured answers over both dialects."""

import json

import anthropic
import instructor
import openai

from harness import KEY, URL, case, each, same

from .shapes import ARGUMENTS, CALL_ONE, CITY, CITY_PARAMETERS, City

NAME = "instructor"
MESSAGES = [{"role": "user", "content": "Describe a city."}]


def over_openai(mode):
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
    return instructor.from_openai(client, mode=mode)


def over_anthropic():
    return instructor.from_anthropic(
        anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0),
        mode=instructor.Mode.ANTHROPIC_TOOLS,
    )


# Without a response model it hands the call and the reply through.
@case(NAME)
def whole(group):
    messages = [{"role": "user", "content": "hello"}]
    reply = over_openai(instructor.Mode.TOOLS).chat.completions.create(
        model=group, messages=messages, response_model=None
    )
    same(reply.choices[0].message.content, "You said: hello")
    reply = over_anthropic().messages.create(
        model=group, max_tokens=500, messages=messages, response_model=None
    )
    same(reply.content[0].text, "You said: hello")


@case(NAME)
def tools(group):
    messages = [{"role": "user", "content": CALL_ONE}]
    about = {"name": "get_weather", "description": "The weather in a city"}
    reply = over_openai(instructor.Mode.TOOLS).chat.completions.create(
        model=group,
        messages=messages,
        tools=[{"type": "function", "function": {**about, "parameters": CITY_PARAMETERS}}],
        response_model=None,
    )
    [call] = reply.choices[0].message.tool_calls
    same((call.function.name, json.loads(call.function.arguments)), ("get_weather", ARGUMENTS))
    reply = over_anthropic().messages.create(
        model=group,
        max_tokens=500,
        messages=messages,
        tools=[{**about, "input_schema": CITY_PARAMETERS}],
        response_model=None,
    )
    [call] = [block for block in reply.content if block.type == "tool_use"]
    same((call.name, call.input), ("get_weather", ARGUMENTS))


@case(NAME)
def structured_by_schema(group):
    client = over_openai(instructor.Mode.JSON_SCHEMA)
    found = client.chat.completions.create(
        model=group, messages=MESSAGES, response_model=City, max_retries=0
    )
    # instructor answers with a subclass of the model.
    same(found.model_dump(), CITY.model_dump())


# Ollama has no tool choice, so nothing makes its model call the function.
@case(NAME, each("gpt", "claude", "gemini"))
def structured_by_tool(group):
    found = over_openai(instructor.Mode.TOOLS).chat.completions.create(
        model=group, messages=MESSAGES, response_model=City, max_retries=0
    )
    same(found.model_dump(), CITY.model_dump())
    found = over_anthropic().messages.create(
        model=group, max_tokens=500, messages=MESSAGES, response_model=City, max_retries=0
    )
    same(found.model_dump(), CITY.model_dump())


@case(NAME, each("gpt", "claude", "gemini"))
def streamed_partial(group):
    stream = over_openai(instructor.Mode.TOOLS).chat.completions.create_partial(
        model=group, messages=MESSAGES, response_model=City, max_retries=0
    )
    same(last_of(stream).model_dump(), CITY.model_dump())
    stream = over_anthropic().messages.create_partial(
        model=group, max_tokens=500, messages=MESSAGES, response_model=City, max_retries=0
    )
    same(last_of(stream).model_dump(), CITY.model_dump())


def last_of(stream):
    last = None
    for last in stream:
        pass
    return last
