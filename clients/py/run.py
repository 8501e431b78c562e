"""Runs the cases of the clients named on the command line, or of all that are installed."""

import importlib.util
import sys

import harness

# Client -> the package it needs and the module with its cases.
CLIENTS = {
    "openai-py": ("openai", "cases.openai_cases"),
    "anthropic-py": ("anthropic", "cases.anthropic_cases"),
    "langchain-openai": ("langchain_openai", "cases.langchain_openai_cases"),
    "langchain-anthropic": ("langchain_anthropic", "cases.langchain_anthropic_cases"),
    "pydantic-ai": ("pydantic_ai", "cases.pydantic_ai_cases"),
    "instructor": ("instructor", "cases.instructor_cases"),
}

named = sys.argv[1:]
for name in named:
    if name not in CLIENTS:
        sys.exit(f"unknown client {name}; there are {', '.join(CLIENTS)}")
for client, (package, module) in CLIENTS.items():
    if client in named or (not named and importlib.util.find_spec(package)):
        importlib.import_module(module)
harness.run(named)
