"""pydantic-ai: agents over both dialects."""

import asyncio

from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from harness import KEY, URL, case, same

from .shapes import CALL_ONE, CITY, City

NAME = "pydantic-ai"


def models(group):
    """One model a dialect. Providers hold connections of one event loop, hence new each time."""
    # It knows models by their vendors' names, and ours are not among them.
    profile = ModelProfile(supports_json_schema_output=True)
    over_openai = OpenAIProvider(base_url=f"{URL}/v1", api_key=KEY)
    over_anthropic = AnthropicProvider(base_url=URL, api_key=KEY)
    return [
        OpenAIChatModel(group, provider=over_openai),
        AnthropicModel(group, provider=over_anthropic, profile=profile),
    ]


def over_both(group, call):
    for at in range(2):
        asyncio.run(call(models(group)[at]))


@case(NAME)
def whole(group):
    async def call(model):
        reply = await Agent(model, instructions="Be brief.").run("hello")
        same(reply.output, "You said: hello")

    over_both(group, call)


@case(NAME)
def streamed(group):
    async def call(model):
        async with Agent(model).run_stream("hello there") as stream:
            pieces = [piece async for piece in stream.stream_text(delta=True)]
        same("".join(pieces), "You said: hello there")

    over_both(group, call)


@case(NAME)
def tools(group):
    async def call(model):
        agent = Agent(model)

        @agent.tool_plain
        def get_weather(city: str) -> str:
            """The weather in a city."""
            return f"12 degrees in {city}"

        reply = await agent.run(CALL_ONE)
        same(reply.output, "The tool said: 12 degrees in city")

    over_both(group, call)


@case(NAME)
def streamed_tools(group):
    async def call(model):
        agent = Agent(model)
        asked = []

        @agent.tool_plain
        def get_weather(city: str) -> str:
            """The weather in a city."""
            asked.append(city)
            return f"12 degrees in {city}"

        async with agent.run_stream(CALL_ONE) as stream:
            pieces = [piece async for piece in stream.stream_text(delta=True)]
        same("".join(pieces), "The tool said: 12 degrees in city")
        same(asked, ["city"])

    over_both(group, call)


@case(NAME)
def structured(group):
    async def call(model):
        # Ollama has no tool choice: only its own format makes its model answer in JSON.
        kinds = [NativeOutput(City)] if group.startswith("llama") else [City, NativeOutput(City)]
        for kind in kinds:
            reply = await Agent(model, output_type=kind).run("Describe a city.")
            same(reply.output, CITY)

    over_both(group, call)
