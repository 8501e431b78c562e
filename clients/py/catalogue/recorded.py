"""The usages of recorded exchanges, as calls that costs.py takes: reads *.jsonl of a folder."""

import base64
import collections
import json
import pathlib
import sys

# The folder's names of providers that LiteLLM calls otherwise.
NAMES = {"vertex": "vertex_ai", "together": "together_ai", "togetherai": "together_ai", "alibaba": "dashscope"}


def objects(exchange):
    """Every JSON object of a reply or of its stream."""
    body = exchange["response_body"] or ""
    if exchange["response_body_encoding"] == "base64":
        body = base64.b64decode(body).decode("utf-8", "ignore")
    framing = exchange["response_framing"]
    if framing in ("json", "json-array"):
        texts = [body]
    elif framing in ("sse", "ndjson"):
        texts = [line.removeprefix("data:").strip() for line in body.splitlines()]
    else:
        texts = []
    for text in texts:
        try:
            value = json.loads(text)
        except ValueError:
            continue
        yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict))


def of_openai(usage):
    details, out = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return dict(
        input=usage.get("prompt_tokens") or 0,
        cached=details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0,
        audio_in=details.get("audio_tokens") or 0,
        output=usage.get("completion_tokens") or 0,
        reasoning=out.get("reasoning_tokens") or 0,
        audio_out=out.get("audio_tokens") or 0,
    )


def of_responses(usage):
    details, out = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    return dict(
        input=usage["input_tokens"],
        cached=details.get("cached_tokens") or 0,
        output=usage.get("output_tokens") or 0,
        reasoning=out.get("reasoning_tokens") or 0,
    )


def of_anthropic(usage):
    read, write = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    kept = usage.get("cache_creation") or {}
    return dict(
        input=(usage.get("input_tokens") or 0) + read + write,
        cached=read,
        write=write,
        write_1h=kept.get("ephemeral_1h_input_tokens") or 0,
        output=usage.get("output_tokens") or 0,
    )


def of_gemini(usage):
    def audio(field):
        return sum(part.get("tokenCount", 0) for part in usage.get(field) or [] if part.get("modality") == "AUDIO")

    thoughts = usage.get("thoughtsTokenCount") or 0
    return dict(
        input=(usage.get("promptTokenCount") or 0) + (usage.get("toolUsePromptTokenCount") or 0),
        cached=usage.get("cachedContentTokenCount") or 0,
        audio_in=audio("promptTokensDetails"),
        output=(usage.get("candidatesTokenCount") or 0) + thoughts,
        reasoning=thoughts,
        audio_out=audio("candidatesTokensDetails"),
    )


def call_of(exchange):
    """The last usage of an exchange; Anthropic's streams say it in two parts."""
    model, service, anthropic, counts = exchange["model"], None, {}, None
    for value in objects(exchange):
        value = value.get("response") or value.get("message") or value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            continue
        model = value.get("model") or value.get("modelVersion") or model
        service = value.get("service_tier") or service
        usage = value.get("usage")
        if value.get("usageMetadata"):
            counts = of_gemini(value["usageMetadata"])
        elif not isinstance(usage, dict):
            continue
        elif "prompt_tokens" in usage:
            counts = of_openai(usage)
        elif "input_tokens_details" in usage or value.get("object") == "response":
            counts = of_responses(usage)
        elif "input_tokens" in usage or "output_tokens" in usage:
            anthropic.update({field: count for field, count in usage.items() if count is not None})
            counts = of_anthropic(anthropic)
    if not counts or not isinstance(model, str):
        return None
    zero = dict.fromkeys(("input", "cached", "write", "write_1h", "audio_in", "output", "reasoning", "audio_out"), 0)
    service = service if service in ("flex", "priority") else "standard"
    provider = NAMES.get(exchange["provider"], exchange["provider"])
    return {"provider": provider, "model": model, "service": service, **zero, **counts}


# Calls that are alike are counted once.
calls = collections.Counter()
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jsonl")):
    for line in path.open():
        exchange = json.loads(line)
        if exchange.get("status") == 200 and (call := call_of(exchange)):
            calls[json.dumps(call)] += 1
for call, count in calls.items():
    print(json.dumps({**json.loads(call), "count": count}))
