"""Tries on Ironward and on LiteLLM's proxy what README's comparison says of them.

Both get the same configuration, environment, upstream and requests. Environment: IRONWARD, LITELLM and
UPSTREAM are the programs, LOAD is wrk's script.
"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

KEY = "sk-compare-5b1e8c2d9a7f4036"
CUSTOMARY = "sk-customary-1f6e0d3b7c2a9548"
# The usual environment of a shell, without what it says about vendors.
ENV = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
# LiteLLM fetches its prices from GitHub otherwise.
ENV |= {"OPENAI_API_KEY": CUSTOMARY, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1"}
PROGRAMS = {
    "Ironward": lambda port, config, home: [
        os.environ["IRONWARD"], "serve", "--port", port, "--admin-port", "0", "--threads", "1",
        "--config", config, "--data-dir", f"{home}/state", "--kek-file", f"{home}/kek",
    ],
    "LiteLLM": lambda port, config, home: [
        os.environ["LITELLM"], "--host", "127.0.0.1", "--port", port, "--num_workers", "1",
        "--config", config,
    ],
}


class Trap:
    """Listens, keeps what comes first on each connection, and answers nothing of use."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/v1"
        self.heard = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            connection, _ = self.socket.accept()
            connection.settimeout(2)
            self.heard.append(connection.recv(65536).decode(errors="replace"))
            connection.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            connection.close()


class Proxy:
    """One of the two, running with this configuration until it is stopped."""

    def __init__(self, name, config):
        self.home = tempfile.mkdtemp()
        path = Path(self.home, "config.yaml")
        path.write_text(config)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = Path(self.home, "log")
        command = PROGRAMS[name](str(self.port), str(path), self.home)
        started = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=self.home, env=ENV, stdout=log, stderr=log)
        self.started_in = None
        while time.monotonic() < started + 180 and self.process.poll() is None:
            try:
                if self.request("GET", "/health/liveliness")[0] == 200:
                    self.started_in = time.monotonic() - started
                    return
            except OSError:
                pass
            time.sleep(0.002)

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(errors="replace")

    def chat(self, body):
        return self.request("POST", "/v1/chat/completions", body)

    def megabytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.home, ignore_errors=True)


def entry(name, base, key="      api_key: sk-upstream-of-the-test-kit\n"):
    return (
        f"  - model_name: {name}\n    litellm_params:\n      model: openai/{name}\n"
        f"      api_base: {base}\n{key}"
    )


def config(entries, more=""):
    return (
        f"model_list:\n{entries}router_settings:\n  num_retries: 0\n"
        f"general_settings:\n  master_key: {KEY}\n{more}"
    )


def upstream(*args):
    process = subprocess.Popen([os.environ["UPSTREAM"], *args], stdout=subprocess.PIPE, text=True)
    return process, f"http://{json.loads(process.stdout.readline())['upstream']}/v1"


def message(model):
    return {"model": model, "messages": [{"role": "user", "content": "hello"}]}


def first_line(text):
    return " ".join(text.split())[:160]


def names_upstream(proxy, trap):
    status, text = proxy.chat(json.dumps({**message("one"), "api_base": trap.url}))
    went = "dialled" if trap.heard else "not dialled"
    return f"{status}, {went}" + (f": {first_line(text)}" if status != 200 else "")


def repeats_a_key(proxy):
    body = json.dumps(message("one")).replace("{", '{"model": "two", ', 1)
    status, text = proxy.chat(body)
    return f"200, answered by {json.loads(text)['model']}" if status == 200 else f"{status}: {first_line(text)}"


def unknown_key(proxy):
    lines = [line for line in proxy.log.read_text(errors="replace").splitlines() if "colour_of_the_logo" in line]
    return first_line(lines[0]) if lines else "not a word"


def customary_key(name):
    trap = Trap()
    proxy = Proxy(name, config(entry("elsewhere", trap.url, "")))
    try:
        if proxy.started_in is None:
            return f"no start: {first_line(proxy.log.read_text(errors='replace'))}"
        proxy.chat(json.dumps(message("elsewhere")))
        return "sent" if any(CUSTOMARY in heard for heard in trap.heard) else "not sent"
    finally:
        proxy.stop()


def load(proxy):
    body = Path(proxy.home, "body.json")
    body.write_text(json.dumps(message("load")))
    url = f"http://127.0.0.1:{proxy.port}/v1/chat/completions"
    command = ["wrk", "-t1", "-c8", "--timeout", "10s", "-s", os.environ["LOAD"], url]
    env = ENV | {"BENCH_BODY": str(body), "BENCH_KEY": KEY}
    # The first seconds warm up.
    for seconds in ("2s", "5s"):
        said = subprocess.run([*command, "-d", seconds], env=env, capture_output=True, text=True).stdout
    seen = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    bad = seen["failed"] + seen["broken"]
    rate = seen["requests"] / seen["duration_us"] * 1e6
    return f"{rate:,.0f}" + (f" ({bad} failed)" if bad else "")


def measure(name, scripted, preset):
    trap = Trap()
    entries = entry("one", scripted) + entry("two", scripted) + entry("load", preset)
    proxy = Proxy(name, config(entries, "litellm_settings:\n  colour_of_the_logo: red\n"))
    try:
        if proxy.started_in is None:
            sys.exit(f"{name} does not start:\n{proxy.log.read_text(errors='replace')}")
        rows = {
            "start, to the first answer": f"{proxy.started_in:.2f} s",
            "memory after the start": f"{proxy.megabytes():.0f} MB",
            "a client names the upstream (`api_base`)": names_upstream(proxy, trap),
            "duplicate JSON keys (`model` one after two)": repeats_a_key(proxy),
            "a key of the configuration without effect": unknown_key(proxy),
            "requests/s, one worker, 8 connections": load(proxy),
        }
    finally:
        proxy.stop()
    rows["the customary key with another `api_base`"] = customary_key(name)
    return rows


def main():
    processes = [upstream(), upstream("--preset")]
    try:
        urls = [url for _, url in processes]
        columns = {name: measure(name, *urls) for name in PROGRAMS}
    finally:
        for process, _ in processes:
            process.kill()
    print(f"| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for what in next(iter(columns.values())):
        cells = [column[what].replace("|", "\\|") for column in columns.values()]
        print(f"| {what} | {' | '.join(cells)} |")


main()
