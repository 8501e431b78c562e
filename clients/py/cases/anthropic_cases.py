"""anthropic for Python."""

import asyncio

import anthropic

from harness import BAD_KEY, DIRECT, FAMILIES, KEY, PNG, URL, case, each, raises, same

from .shapes import ARGUMENTS, CALL_BOTH, CALL_ONE, CITY, CITY_PARAMETERS, City

NAME = "anthropic-py"
client = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0)


def tool(name):
    return {"name": name, "description": name, "input_schema": CITY_PARAMETERS}


TOOLS = [tool("get_weather"), tool("get_time")]


def user(content):
    return {"role": "user", "content": content}


def ask(group, content, **options):
    options.setdefault("max_tokens", 500)
    return client.messages.create(model=group, messages=[user(content)], **options)


@case(NAME)
def whole(group):
    reply = ask(group, "hello there")
    same((reply.type, reply.role, reply.stop_reason), ("message", "assistant", "end_turn"))
    same([block.text for block in reply.content], ["You said: hello there"])
    assert reply.usage.input_tokens > 0 and reply.usage.output_tokens > 0


@case(NAME)
def streamed(group):
    with client.messages.stream(
        model=group, max_tokens=500, messages=[user("hello there")]
    ) as stream:
        same("".join(stream.text_stream), "You said: hello there")
        reply = stream.get_final_message()
    same(reply.stop_reason, "end_turn")
    assert reply.usage.output_tokens > 0 and reply.usage.input_tokens > 0


@case(NAME)
def event_order(group):
    events = list(ask(group, "hi", stream=True))
    kinds = [event.type for event in events]
    same((kinds[0], kinds[-2], kinds[-1]), ("message_start", "message_delta", "message_stop"))
    opened = [event.index for event in events if event.type == "content_block_start"]
    closed = [event.index for event in events if event.type == "content_block_stop"]
    same(opened, list(range(len(opened))))
    same(opened, closed)


@case(NAME)
def asynchronous(group):
    async def call():
        async with anthropic.AsyncAnthropic(base_url=URL, api_key=KEY) as client:
            return await client.messages.create(
                model=group, max_tokens=50, messages=[user("hi")]
            )

    same(asyncio.run(call()).content[0].text, "You said: hi")


@case(NAME)
def key_header(group):
    other = anthropic.Anthropic(
        base_url=URL, auth_token=None, api_key=KEY, default_headers={"x-api-key": KEY}
    )
    reply = other.messages.create(model=group, max_tokens=50, messages=[user("hi")])
    same(reply.content[0].text, "You said: hi")


@case(NAME)
def system_and_turns(group):
    reply = client.messages.create(
        model=group,
        max_tokens=500,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            user("first"),
            {"role": "assistant", "content": "You said: first"},
            user([{"type": "text", "text": "second"}]),
        ],
        metadata={"user_id": "u1"},
        extra_body={"temperature": 0.5},
    )
    same(reply.content[0].text, "You said: second")


@case(NAME)
def tools(group):
    reply = ask(group, CALL_ONE, tools=TOOLS)
    same(reply.stop_reason, "tool_use")
    (call,) = [block for block in reply.content if block.type == "tool_use"]
    same((call.name, call.input), ("get_weather", ARGUMENTS))
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "12 degrees"}
    reply = client.messages.create(
        model=group,
        max_tokens=500,
        tools=TOOLS,
        messages=[
            user(CALL_ONE),
            {"role": "assistant", "content": reply.content},
            user([result]),
        ],
    )
    same(reply.content[0].text, "The tool said: 12 degrees")


@case(NAME)
def parallel_tools(group):
    reply = ask(group, CALL_BOTH, tools=TOOLS)
    calls = [block for block in reply.content if block.type == "tool_use"]
    same([call.name for call in calls], ["get_weather", "get_time"])
    same(len({call.id for call in calls}), 2)


@case(NAME)
def streamed_tools(group):
    with client.messages.stream(
        model=group, max_tokens=500, messages=[user(CALL_BOTH)], tools=TOOLS
    ) as stream:
        for _event in stream:
            pass
        reply = stream.get_final_message()
    same(reply.stop_reason, "tool_use")
    calls = [block for block in reply.content if block.type == "tool_use"]
    same([(call.name, call.input) for call in calls], [("get_weather", ARGUMENTS), ("get_time", ARGUMENTS)])


@case(NAME, each("gpt", "claude", "gemini"))
def forced_tool(group):
    reply = ask(group, "hello", tools=TOOLS, tool_choice={"type": "tool", "name": "get_time"})
    same([block.name for block in reply.content if block.type == "tool_use"], ["get_time"])


@case(NAME)
def structured(group):
    reply = client.messages.parse(
        model=group,
        max_tokens=500,
        messages=[user("Describe a city.")],
        output_format=City,
    )
    same(reply.parsed_output, CITY)


@case(NAME)
def image(group):
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    blocks = [{"type": "text", "text": "What is it?"}, {"type": "image", "source": source}]
    text = ask(group, blocks).content[0].text
    assert text.startswith("You said: What is it? [image"), text


@case(NAME)
def limits(group):
    reply = ask(group, "one two three four", max_tokens=3)
    same((reply.content[0].text, reply.stop_reason), ("You said: one", "max_tokens"))
    reply = ask(group, "one two three", stop_sequences=["two"])
    same(reply.content[0].text.strip(), "You said: one")


@case(NAME, each("claude"))
def stop_sequence(group):
    reply = ask(group, "one two three", stop_sequences=["two"])
    same((reply.stop_reason, reply.stop_sequence), ("stop_sequence", "two"))


@case(NAME, each("claude"))
def thinking(group):
    thinking = {"type": "enabled", "budget_tokens": 1024}
    reply = ask(group, CALL_ONE, max_tokens=4000, thinking=thinking, tools=TOOLS)
    same([block.type for block in reply.content], ["thinking", "tool_use"])
    assert reply.content[0].signature
    # The upstream refuses a thinking block whose signature is not the one that it gave.
    result = {"type": "tool_result", "tool_use_id": reply.content[1].id, "content": "12"}
    with client.messages.stream(
        model=group,
        max_tokens=4000,
        thinking=thinking,
        tools=TOOLS,
        messages=[
            user(CALL_ONE),
            {"role": "assistant", "content": reply.content},
            user([result]),
        ],
    ) as stream:
        final = stream.get_final_message()
    same([block.type for block in final.content], ["thinking", "text"])
    same(final.content[0].signature, reply.content[0].signature)


@case(NAME, each("claude"))
def redacted_thinking(_group):
    for stream in [False, True]:
        options = {"model": "anthropic/redacted", "max_tokens": 500, "messages": [user("hi")]}
        if stream:
            with client.messages.stream(**options) as events:
                reply = events.get_final_message()
        else:
            reply = client.messages.create(**options)
        same(
            [block.type for block in reply.content], ["thinking", "redacted_thinking", "text"]
        )


@case(NAME, each("claude"))
def count_tokens(group):
    counted = client.messages.count_tokens(model=group, messages=[user("one two three")])
    assert counted.input_tokens > 0


@case(NAME, each("claude"))
def unknown_model(_group):
    with raises(anthropic.NotFoundError, anthropic.BadRequestError, status=(400, 404)):
        ask("missing", "hi")


@case(NAME, each("claude"))
def bad_key(group):
    with raises(anthropic.AuthenticationError, status=(401,)):
        other = client.with_options(api_key=BAD_KEY)
        other.messages.create(model=group, max_tokens=5, messages=[user("hi")])


@case(NAME, FAMILIES)
def upstream_faults(family):
    with raises(anthropic.RateLimitError, status=(429,)):
        ask(f"{family}/fail-429", "hi")
    with raises(anthropic.InternalServerError, status=(500, 502, 503)):
        ask(f"{family}/fail-500", "hi")
    with raises(anthropic.BadRequestError, status=(400,)):
        ask(f"{family}/context-window", "hi")


@case(NAME, FAMILIES)
def failing_stream(family):
    for model in ["error-in-stream", "cut-stream"]:
        stream = ask(f"{family}/{model}", "one two three four", stream=True)
        fails(stream, lambda event: event.type in ("message_delta", "message_stop"))


def fails(stream, ends):
    """A stream that breaks off says so in the dialect's own words, and never looks complete."""
    complete = False
    try:
        for event in stream:
            complete = complete or ends(event)
    except anthropic.APIError:
        assert not complete, "a broken stream looked complete"
        return
    except Exception:
        # Without a gateway in between, a cut connection is the transport's error.
        assert DIRECT and not complete
        return
    raise AssertionError("a broken stream ended without an error")
