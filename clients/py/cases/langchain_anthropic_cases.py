"""langchain-anthropic: ChatAnthropic."""

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool

from harness import KEY, URL, case, each, same

from .shapes import CALL_ONE, CITY, City

NAME = "langchain-anthropic"


def chat(group, **options):
    options.setdefault("max_tokens", 500)
    return ChatAnthropic(model=group, base_url=URL, api_key=KEY, max_retries=0, **options)


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"12 degrees in {city}"


@case(NAME)
def whole(group):
    reply = chat(group).invoke([SystemMessage("Be brief."), HumanMessage("hello")])
    same(reply.content, "You said: hello")
    assert reply.usage_metadata["total_tokens"] > 0


@case(NAME)
def streamed(group):
    total = None
    for chunk in chat(group).stream("hello there"):
        total = chunk if total is None else total + chunk
    same(total.text, "You said: hello there")
    assert total.usage_metadata["output_tokens"] > 0


@case(NAME)
def tools(group):
    model = chat(group).bind_tools([get_weather])
    messages = [HumanMessage(CALL_ONE)]
    reply = model.invoke(messages)
    (call,) = reply.tool_calls
    same((call["name"], call["args"]), ("get_weather", {"city": "city"}))
    messages += [reply, ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])]
    same(model.invoke(messages).text, "The tool said: 12 degrees in city")


@case(NAME)
def streamed_tools(group):
    total = None
    for chunk in chat(group).bind_tools([get_weather]).stream(CALL_ONE):
        total = chunk if total is None else total + chunk
    same([call["args"] for call in total.tool_calls], [{"city": "city"}])


@case(NAME)
def structured(group):
    for method in ["json_schema", "function_calling"]:
        # Ollama has no tool choice, so nothing makes its model call the function.
        if method == "function_calling" and group.startswith("llama"):
            continue
        found = chat(group).with_structured_output(City, method=method).invoke("A city.")
        same(found, CITY)


@case(NAME, each("claude"))
def thinking(group):
    budget = {"type": "enabled", "budget_tokens": 1024}
    reply = chat(group, max_tokens=4000, thinking=budget).invoke("hello")
    same([block["type"] for block in reply.content], ["thinking", "text"])
