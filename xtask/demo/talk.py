"""Talks to a small model through both dialects and prints the transcript as Markdown.

Reads IRONWARD_URL, IRONWARD_KEY and IRONWARD_DIALECTS (`openai,anthropic`).
"""

import json
import os
import time

import anthropic
import openai

URL = os.environ["IRONWARD_URL"]
KEY = os.environ["IRONWARD_KEY"]
DIALECTS = os.environ.get("IRONWARD_DIALECTS", "openai,anthropic").split(",")
MODEL = "small"

SYSTEM = "You are a helpful assistant. Answer in one or two sentences."
QUESTION = "Why is the sky blue?"
STORY = "Name three colours and say one thing about each."
CITY = "Describe the city of Paris as JSON: its name, its country, and whether it is a capital."
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "country": {"type": "string"},
        "capital": {"type": "boolean"},
    },
    "required": ["name", "country", "capital"],
    "additionalProperties": False,
}


def show(title, question, text, note):
    print(f"### {title}\n\n> {question}\n\n```text\n{text.strip()}\n```\n\n{note}\n")


def show_json(question, text, note):
    found = json.loads(text)
    assert sorted(found) == sorted(SCHEMA["required"]), found
    print(f"### JSON by a schema\n\n> {question}\n\n```json\n{json.dumps(found, indent=2)}\n```\n\n{note}\n")


def show_stream(question, pieces):
    """`pieces` are (seconds since the call, text); a bar stands where one ended."""
    pieces = list(pieces)
    assert len(pieces) > 3, "a stream arrived in one piece"
    note = (
        f"{len(pieces)} pieces, the first after {pieces[0][0]:.2f} s, the last after "
        f"{pieces[-1][0]:.2f} s."
    )
    show("A stream", question, "|".join(text for _, text in pieces), note)


def timed(texts):
    start = time.monotonic()
    for text in texts:
        if text:
            yield time.monotonic() - start, text


def over_openai():
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=120)

    def ask(question, **options):
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
        options = {"max_tokens": 80, "temperature": 0, **options}
        return client.chat.completions.create(model=MODEL, messages=messages, **options)

    print(f"## The OpenAI dialect (openai {openai.__version__} for Python)\n")
    reply = ask(QUESTION)
    usage = f"{reply.usage.prompt_tokens} tokens in, {reply.usage.completion_tokens} out."
    show("A whole answer", QUESTION, reply.choices[0].message.content, usage)
    stream = ask(STORY, stream=True)
    show_stream(STORY, timed(c.choices[0].delta.content for c in stream if c.choices))
    json_schema = {"name": "city", "strict": True, "schema": SCHEMA}
    reply = ask(CITY, response_format={"type": "json_schema", "json_schema": json_schema})
    usage = f"{reply.usage.prompt_tokens} tokens in, {reply.usage.completion_tokens} out."
    show_json(CITY, reply.choices[0].message.content, usage)


def over_anthropic():
    client = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0, timeout=120)

    def call(question, **options):
        message = {"role": "user", "content": question}
        return {"model": MODEL, "max_tokens": 80, "system": SYSTEM, "messages": [message], **options}

    print(f"## The Anthropic dialect (anthropic {anthropic.__version__} for Python)\n")
    reply = client.messages.create(**call(QUESTION))
    usage = f"{reply.usage.input_tokens} tokens in, {reply.usage.output_tokens} out."
    show("A whole answer", QUESTION, reply.content[0].text, usage)
    with client.messages.stream(**call(STORY)) as stream:
        show_stream(STORY, timed(stream.text_stream))
    output = {"format": {"type": "json_schema", "schema": SCHEMA}}
    reply = client.messages.create(**call(CITY, output_config=output))
    usage = f"{reply.usage.input_tokens} tokens in, {reply.usage.output_tokens} out."
    show_json(CITY, reply.content[0].text, usage)


if "openai" in DIALECTS:
    over_openai()
if "anthropic" in DIALECTS:
    over_anthropic()
