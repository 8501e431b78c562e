"""What LiteLLM's calculator says that calls cost: reads one JSON object a line, prints one a line.

    {"model", "provider", "service", "input", "cached", "write", "write_1h", "audio_in",
     "output", "reasoning", "audio_out"}  ->  {"input", "output"} in dollars, or {"error"}
"""

import json
import logging
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402
from litellm.cost_calculator import batch_cost_calculator  # noqa: E402
from litellm.types.utils import (  # noqa: E402
    CacheCreationTokenDetails,
    CompletionTokensDetailsWrapper,
    PromptTokensDetailsWrapper,
    Usage,
)

logging.disable(logging.CRITICAL)
litellm.suppress_debug_info = True


def usage_of(call):
    prompt, completion, beside = {}, {}, {}
    if call["cached"]:
        prompt["cached_tokens"] = call["cached"]
        beside["cache_read_input_tokens"] = call["cached"]
    if call["write"]:
        prompt["cache_creation_tokens"] = call["write"]
        prompt["cache_creation_token_details"] = CacheCreationTokenDetails(
            ephemeral_5m_input_tokens=call["write"] - call["write_1h"],
            ephemeral_1h_input_tokens=call["write_1h"],
        )
        beside["cache_creation_input_tokens"] = call["write"]
    if call["audio_in"]:
        prompt["audio_tokens"] = call["audio_in"]
    if call["reasoning"]:
        completion["reasoning_tokens"] = call["reasoning"]
    if call["audio_out"]:
        completion["audio_tokens"] = call["audio_out"]
    return Usage(
        prompt_tokens=call["input"],
        completion_tokens=call["output"],
        total_tokens=call["input"] + call["output"],
        prompt_tokens_details=PromptTokensDetailsWrapper(**prompt) if prompt else None,
        completion_tokens_details=CompletionTokensDetailsWrapper(**completion) if completion else None,
        **beside,
    )


def cost_of(call):
    usage = usage_of(call)
    if call["service"] == "batch":
        return batch_cost_calculator(usage, call["model"], call["provider"])
    return litellm.cost_per_token(
        model=call["model"],
        custom_llm_provider=call["provider"],
        prompt_tokens=call["input"],
        completion_tokens=call["output"],
        usage_object=usage,
        service_tier=None if call["service"] == "standard" else call["service"],
    )


for line in open(sys.argv[1]):
    try:
        cost = cost_of(json.loads(line))
        answer = {"input": repr(cost[0]), "output": repr(cost[1])}
    except Exception as error:  # noqa: BLE001: whatever it is, it is the answer
        answer = {"error": f"{type(error).__name__}: {error}"[:100]}
    print(json.dumps(answer))
