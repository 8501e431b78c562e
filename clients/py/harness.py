"""Cases, groups, and the one way to report them."""

import os
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

URL = os.environ.get("IRONWARD_URL", "http://127.0.0.1:4000").rstrip("/")
KEY = os.environ.get("IRONWARD_KEY", "")
GROUPS = os.environ.get(
    "IRONWARD_GROUPS", "gpt-test,claude-test,gemini-test,llama-test"
).split(",")
# The wildcard groups through which a case asks its provider for trouble.
FAMILIES = ["openai", "anthropic", "gemini", "ollama"]
BAD_KEY = "bad-key"
# The clients call the scripted upstream itself.
DIRECT = bool(os.environ.get("IRONWARD_DIRECT"))

# A red dot of 1 x 1.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQ"
    "AAAABJRU5ErkJggg=="
)

_cases = []
_print = threading.Lock()


def case(client, groups=None):
    """Registers a function of one group; its name is the case's."""

    def register(function):
        for group in GROUPS if groups is None else groups:
            _cases.append((client, function.__name__, group, function))
        return function

    return register


def each(*kinds):
    """Those of the groups whose name starts with one of these words."""
    return [group for group in GROUPS if group.startswith(kinds)]


@contextmanager
def raises(*kinds, status=None):
    """Expects one of these exceptions, of that status."""
    try:
        yield
    except kinds as error:
        found = getattr(error, "status_code", None)
        if status is not None and found not in status:
            raise AssertionError(f"status {found}, not {status}: {error}") from error
        return
    raise AssertionError(f"no {' or '.join(kind.__name__ for kind in kinds)}")


def same(found, wanted):
    assert found == wanted, f"{found!r}, not {wanted!r}"


def run(clients):
    chosen = [row for row in _cases if not clients or row[0] in clients]
    with ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(_run, chosen))
    failed = results.count(False)
    print(f"total: {len(results) - failed} ok, {failed} failed", flush=True)
    sys.exit(1 if failed or not results else 0)


def _run(row):
    client, name, group, function = row
    try:
        function(group)
    except BaseException as error:
        with _print:
            print(f"FAIL {client} {name} {group}: {_short(error)}", flush=True)
            if os.environ.get("IRONWARD_TRACE"):
                traceback.print_exception(error)
        return False
    with _print:
        print(f"ok {client} {name} {group}", flush=True)
    return True


def _short(error):
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) < 300 else text[:297] + "..."
