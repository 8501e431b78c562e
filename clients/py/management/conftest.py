"""A running gateway, asked as LiteLLM's users ask theirs.

What LiteLLM 1.106 answers is what is expected; where Ironward differs on purpose
(docs/admin-api.md), the line that expects it says so with "Differs:".
"""

import itertools
import os
import re

import pytest
import requests

# Over which database the gateway runs, for the names of the tests in a report.
DATABASE = os.environ.get("IRONWARD_DATABASE", "unknown")


class Client:
    """LiteLLM's management API with one key."""

    def __init__(self, key, admin, data):
        self.key, self.admin, self.data = key, admin, data
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {key}"

    def ask(self, method, path, json=None, params=None, url=None):
        return self.session.request(
            method, (url or self.admin) + path, json=json, params=params, timeout=20
        )

    def get(self, path, status=200, **params):
        return self._expect(self.ask("GET", path, params=params), status)

    def post(self, path, body=None, status=200):
        return self._expect(self.ask("POST", path, body if body is not None else {}), status)

    def patch(self, path, body, status=200):
        return self._expect(self.ask("PATCH", path, body), status)

    def put(self, path, body, status=200):
        return self._expect(self.ask("PUT", path, body), status)

    def delete(self, path, body=None, status=200):
        return self._expect(self.ask("DELETE", path, body), status)

    def chat(self, model="mock"):
        """The status of a chat on the data port."""
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
        return self.ask("POST", "/v1/chat/completions", body, url=self.data).status_code

    def with_key(self, key):
        return Client(key, self.admin, self.data)

    def _expect(self, reply, status):
        assert reply.status_code == status, f"{reply.status_code}, not {status}: {reply.text}"
        return reply.json()


@pytest.fixture(scope="session")
def admin():
    """The gateway, with the administrator's key."""
    return Client(
        os.environ["IRONWARD_KEY"], os.environ["IRONWARD_ADMIN_URL"], os.environ["IRONWARD_URL"]
    )


_numbers = itertools.count(1)


@pytest.fixture
def name():
    """Makes names that no other test uses."""
    return lambda what: f"{what}-{next(_numbers)}"


def error(reply, kind=None, param=None, says=""):
    """Checks LiteLLM's error envelope."""
    assert set(reply) == {"error"}, reply
    body = reply["error"]
    assert set(body) == {"message", "type", "param", "code"}, body
    assert re.fullmatch(r"[45]\d\d", body["code"]), body
    assert kind is None or body["type"] == kind, body
    assert param is None or body["param"] == param, body
    assert says.lower() in body["message"].lower(), body


def unprocessable(reply, *where):
    """Checks FastAPI's 422, whose one or first detail is about this place."""
    detail = reply["detail"][0]
    assert {"type", "loc", "msg"} <= set(detail), detail
    assert tuple(detail["loc"]) == where, detail
    assert "input" not in detail


def holds(found, **expected):
    """That the answer has these fields with these values."""
    for field, value in expected.items():
        assert field in found, f"no {field} in {sorted(found)}"
        assert found[field] == value, f"{field}: {found[field]!r}, not {value!r}"
