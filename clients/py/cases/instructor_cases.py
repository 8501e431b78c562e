"""instructor: structured answers over both dialects."""

import anthropic
import instructor
import openai

from harness import KEY, URL, case, each, same

from .shapes import CITY, City

NAME = "instructor"
MESSAGES = [{"role": "user", "content": "Describe a city."}]


def over_openai(mode):
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
    return instructor.from_openai(client, mode=mode)


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
    client = instructor.from_anthropic(
        anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0),
        mode=instructor.Mode.ANTHROPIC_TOOLS,
    )
    found = client.messages.create(
        model=group, max_tokens=500, messages=MESSAGES, response_model=City, max_retries=0
    )
    same(found.model_dump(), CITY.model_dump())


@case(NAME, each("gpt", "claude", "gemini"))
def streamed_partial(group):
    stream = over_openai(instructor.Mode.TOOLS).chat.completions.create_partial(
        model=group, messages=MESSAGES, response_model=City, max_retries=0
    )
    last = None
    for last in stream:
        pass
    same(last.model_dump(), CITY.model_dump())
