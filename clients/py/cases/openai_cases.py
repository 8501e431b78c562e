"""openai for Python."""

import asyncio
import json

import openai

from harness import BAD_KEY, DIRECT, FAMILIES, KEY, PNG, URL, case, each, raises, same

from .shapes import ARGUMENTS, CALL_BOTH, CALL_ONE, CITY, CITY_PARAMETERS, City

NAME = "openai-py"
client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)


def tool(name):
    return {
        "type": "function",
        "function": {"name": name, "description": name, "parameters": CITY_PARAMETERS},
    }


TOOLS = [tool("get_weather"), tool("get_time")]


def user(content):
    return {"role": "user", "content": content}


def ask(group, content, **options):
    return client.chat.completions.create(model=group, messages=[user(content)], **options)


@case(NAME)
def whole(group):
    reply = ask(group, "hello there")
    same(reply.object, "chat.completion")
    same(reply.choices[0].message.role, "assistant")
    same(reply.choices[0].message.content, "You said: hello there")
    same(reply.choices[0].finish_reason, "stop")
    same(reply.usage.prompt_tokens + reply.usage.completion_tokens, reply.usage.total_tokens)
    assert reply.usage.prompt_tokens > 0 and reply.usage.completion_tokens > 0


@case(NAME)
def streamed(group):
    chunks = list(ask(group, "hello there", stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    same(text, "You said: hello there")
    same(chunks[0].choices[0].delta.role, "assistant")
    same(chunks[-1].choices[0].finish_reason, "stop")
    assert all(chunk.usage is None for chunk in chunks), "usage that nobody asked for"
    same(len({chunk.id for chunk in chunks}), 1)


@case(NAME)
def streamed_usage(group):
    chunks = list(ask(group, "hello", stream=True, stream_options={"include_usage": True}))
    same(chunks[-1].choices, [])
    assert chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1]), "usage before the last chunk"


@case(NAME)
def stream_helper(group):
    messages = [user("hello there")]
    with client.chat.completions.stream(model=group, messages=messages) as stream:
        for _event in stream:
            pass
        same(stream.get_final_completion().choices[0].message.content, "You said: hello there")


@case(NAME)
def asynchronous(group):
    async def call():
        async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY) as client:
            stream = await client.chat.completions.create(
                model=group, messages=[user("hi")], stream=True
            )
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    same(asyncio.run(call()), "You said: hi")


@case(NAME)
def system_and_turns(group):
    reply = client.chat.completions.create(
        model=group,
        messages=[
            {"role": "system", "content": "Be brief."},
            user("first"),
            {"role": "assistant", "content": "You said: first"},
            user([{"type": "text", "text": "second"}]),
        ],
        temperature=0.5,
        top_p=0.9,
        max_completion_tokens=100,
    )
    same(reply.choices[0].message.content, "You said: second")


@case(NAME)
def tools(group):
    reply = ask(group, CALL_ONE, tools=TOOLS)
    same(reply.choices[0].finish_reason, "tool_calls")
    message = reply.choices[0].message
    (call,) = message.tool_calls
    same(call.function.name, "get_weather")
    same(json.loads(call.function.arguments), ARGUMENTS)
    result = {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"}
    reply = client.chat.completions.create(
        model=group, messages=[user(CALL_ONE), message, result], tools=TOOLS
    )
    same(reply.choices[0].message.content, "The tool said: 12 degrees")


@case(NAME)
def parallel_tools(group):
    reply = ask(group, CALL_BOTH, tools=TOOLS)
    message = reply.choices[0].message
    same([call.function.name for call in message.tool_calls], ["get_weather", "get_time"])
    same(len({call.id for call in message.tool_calls}), 2)
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": call.function.name}
        for call in message.tool_calls
    ]
    reply = client.chat.completions.create(
        model=group, messages=[user(CALL_BOTH), message, *results], tools=TOOLS
    )
    same(reply.choices[0].message.content, "The tool said: get_time")


@case(NAME)
def streamed_tools(group):
    calls = {}
    for chunk in ask(group, CALL_BOTH, tools=TOOLS, stream=True):
        for part in chunk.choices[0].delta.tool_calls or []:
            call = calls.setdefault(part.index, {"name": "", "arguments": "", "id": ""})
            call["id"] += part.id or ""
            call["name"] += part.function.name or ""
            call["arguments"] += part.function.arguments or ""
        finish = chunk.choices[0].finish_reason or ""
    same(finish, "tool_calls")
    same([calls[index]["name"] for index in sorted(calls)], ["get_weather", "get_time"])
    for call in calls.values():
        same(json.loads(call["arguments"]), ARGUMENTS)
        assert call["id"]


@case(NAME, each("gpt", "claude", "gemini"))
def forced_tool(group):
    choice = {"type": "function", "function": {"name": "get_time"}}
    reply = ask(group, "hello", tools=TOOLS, tool_choice=choice)
    same([call.function.name for call in reply.choices[0].message.tool_calls], ["get_time"])


@case(NAME)
def structured(group):
    reply = client.chat.completions.parse(
        model=group, messages=[user("Describe a city.")], response_format=City
    )
    same(reply.choices[0].message.parsed, CITY)


@case(NAME)
def streamed_structured(group):
    messages = [user("Describe a city.")]
    with client.chat.completions.stream(
        model=group, messages=messages, response_format=City
    ) as stream:
        for _event in stream:
            pass
        same(stream.get_final_completion().choices[0].message.parsed, CITY)


@case(NAME)
def image(group):
    url = {"url": f"data:image/png;base64,{PNG}"}
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": url}]
    text = ask(group, parts).choices[0].message.content
    assert text.startswith("You said: What is it? [image"), text


@case(NAME)
def limits(group):
    reply = ask(group, "one two three four", max_tokens=3)
    same(reply.choices[0].message.content, "You said: one")
    same(reply.choices[0].finish_reason, "length")
    reply = ask(group, "one two three", stop=["two"])
    same(reply.choices[0].message.content.strip(), "You said: one")
    same(reply.choices[0].finish_reason, "stop")


@case(NAME, each("gpt"))
def several_with_logprobs(group):
    reply = ask(group, "hi", n=2, logprobs=True, top_logprobs=2, seed=7)
    same([choice.index for choice in reply.choices], [0, 1])
    same(len(reply.choices[1].logprobs.content[0].top_logprobs), 2)


@case(NAME, each("gpt"))
def legacy_completions(group):
    reply = client.completions.create(model=group, prompt="hi")
    same(reply.choices[0].text, "You said: hi")
    chunks = client.completions.create(model=group, prompt="hi", stream=True)
    same("".join(chunk.choices[0].text for chunk in chunks if chunk.choices), "You said: hi")


@case(NAME, each("gpt", "gemini", "llama"))
def embeddings(group):
    # The client asks for base64 by itself, and decodes it.
    reply = client.embeddings.create(model=group, input=["a", "b", "a"])
    vectors = [row.embedding for row in reply.data]
    same(vectors[0], vectors[2])
    assert vectors[0] != vectors[1] and len(vectors[0]) > 1
    floats = client.embeddings.create(model=group, input="a", encoding_format="float")
    for one, other in zip(floats.data[0].embedding, vectors[0], strict=True):
        assert abs(one - other) < 1e-6


@case(NAME, each("gpt"))
def models(group):
    assert group in [model.id for model in client.models.list()]


@case(NAME, each("gpt"))
def unknown_model(_group):
    with raises(openai.NotFoundError, openai.BadRequestError, status=(400, 404)):
        ask("missing", "hi")


@case(NAME, each("gpt"))
def bad_key(group):
    with raises(openai.AuthenticationError, status=(401,)):
        openai.OpenAI(base_url=f"{URL}/v1", api_key=BAD_KEY, max_retries=0).models.list()
    with raises(openai.AuthenticationError, status=(401,)):
        other = client.with_options(api_key=BAD_KEY)
        other.chat.completions.create(model=group, messages=[user("hi")])


@case(NAME, FAMILIES)
def upstream_faults(family):
    with raises(openai.RateLimitError, status=(429,)):
        ask(f"{family}/fail-429", "hi")
    with raises(openai.InternalServerError, status=(500, 502, 503)):
        ask(f"{family}/fail-500", "hi")
    with raises(openai.BadRequestError, status=(400,)):
        ask(f"{family}/context-window", "hi")


@case(NAME, FAMILIES)
def failing_stream(family):
    for model in ["error-in-stream", "cut-stream"]:
        try:
            stream = ask(f"{family}/{model}", "one two three four", stream=True)
        except openai.InternalServerError:
            # It failed before its first piece: an ordinary error, not a broken stream.
            continue
        fails(stream, lambda chunk: any(choice.finish_reason for choice in chunk.choices))


def fails(stream, ends):
    """A stream that breaks off says so in the dialect's own words, and never looks complete."""
    complete = False
    try:
        for event in stream:
            complete = complete or ends(event)
    except openai.APIError:
        assert not complete, "a broken stream looked complete"
        return
    except Exception:
        # Without a gateway in between, a cut connection is the transport's error.
        assert DIRECT and not complete
        return
    raise AssertionError("a broken stream ended without an error")


@case(NAME, each("gpt", "claude", "gemini"))
def cancelled_stream(group):
    stream = ask(group, "one two three", stream=True)
    next(iter(stream))
    stream.close()
    same(ask(group, "still here").choices[0].message.content, "You said: still here")
