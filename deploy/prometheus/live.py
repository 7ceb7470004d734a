"""Runs Parlor under some load with a Prometheus beside it, and asks every query and every rule.

Reports queries of the dashboard that give no data, rules that Prometheus can't evaluate, series that
no program has, and alerts that a healthy installation should not raise. The programs are those in
PARLOR_BIN_DIR; everything listens on loopback, keeps its data in a temporary folder, and is ended
when the answers are there.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import sources

PROGRAMS = Path(os.environ["PARLOR_BIN_DIR"]).resolve()
START_SECONDS = 60
# Generous: queries are asked again until they give data, and most do within ten seconds.
DATA_SECONDS = 120
STOP_SECONDS = 15
# An alert that is pending for less is none: at the first scrapes, what goes in is seen before what
# comes out.
PENDING_SECONDS = 30
# What Grafana puts in their places.
VARIABLES = {
    "$namespace": ".*",
    "$job": ".*",
    "$instance": ".*",
    "$__rate_interval": "10s",
}
# Whether these are raised is a matter of the machine's load, not of Parlor's health.
ABOUT_SPEED = {"ParlorDeliveriesSlow", "ParlorPublishesSlow", "ParlorRedisBusy", "ParlorBacklogOld"}
SELECTOR = re.compile(r"\b((?:parlor|process)_[a-z0-9_]+|up)\b(\{[^}]*\})?")

PROMETHEUS = """
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [{rules}]
scrape_configs:
  - job_name: parlor
    static_configs:
      - targets: [{targets}]
"""


class Failure(Exception):
    """A sentence for whoever runs this."""


def main():
    with tempfile.TemporaryDirectory(prefix="parlor-live-") as folder, contextlib.ExitStack() as stack:
        try:
            problems = run(Path(folder), stack)
        except Failure as failure:
            problems = [str(failure)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def run(folder, stack):
    """Starts everything and gives the problems that were found."""
    prometheus = start_all(folder, stack)
    load = stack.enter_context(contextlib.closing(Load(folder)))
    panels = [(f"panel {title}", query) for title, queries in sources.panels() for query in queries]
    panels += [(f"annotation {name}", f"({query}) or vector(0)") for name, query in sources.annotations()]
    asked = [(where, filled(query)) for where, query in panels]
    rules = sources.rules()
    asked += [(rule.name, rule.name) for rule in rules if rule.kind == "record"]
    asked += sorted({(rule.name, selector) for rule in rules for selector in selectors(rule, rules)})
    empty = ask_until_answered(prometheus, asked, load)
    problems = [f"{where} has no data: {query}" for where, query in empty]
    problems += raised_for_good(prometheus, load)
    print(f"{len(asked)} queries asked, {len(asked) - len(empty)} gave data; {len(problems)} problems")
    return problems


def start_all(folder, stack):
    """Redis, three workers, two gateways, Prometheus; gives the latter's address."""

    def start(name, *command):
        return stack.enter_context(contextlib.closing(Part(folder, name, command)))

    for program in ("gateway", "history-worker", "presence-worker", "parlor-bench"):
        if not (PROGRAMS / program).is_file():
            raise Failure(f"{PROGRAMS / program} is not there: build it, or set PARLOR_BIN_DIR.")
    redis = free_port()
    server = start(
        "redis", "redis-server", "--port", redis, "--bind", "127.0.0.1", "--dir", folder,
        "--appendonly", "yes", "--save", "", "--maxmemory", "256mb",
    )  # fmt: skip
    server.wait_for_port(redis)
    admins = []

    def program(name, binary, *settings):
        admin = free_port()
        part = start(
            name, PROGRAMS / binary, "--redis-url", f"redis://127.0.0.1:{redis}",
            "--admin-address", f"127.0.0.1:{admin}", *settings,
        )  # fmt: skip
        part.wait_for(f"http://127.0.0.1:{admin}/readyz")
        admins.append(f"127.0.0.1:{admin}")

    program("history-1", "history-worker")
    program("history-2", "history-worker")
    program("presence", "presence-worker", "--refresh-interval", "1s")
    Load.urls = []
    for number in (1, 2):
        port = free_port()
        address = ["--server-address", f"127.0.0.1:{port}"]
        program(f"gateway-{number}", "gateway", *address, "--probe-interval", "500ms")
        Load.urls.append(f"ws://127.0.0.1:{port}/ws")

    config = folder / "prometheus.yaml"
    rules = ", ".join(json.dumps(str(path)) for path in sources.RULES)
    targets = ", ".join(json.dumps(admin) for admin in admins)
    config.write_text(PROMETHEUS.format(rules=rules, targets=targets))
    address = f"127.0.0.1:{free_port()}"
    part = start(
        "prometheus", "prometheus", f"--config.file={config}", f"--web.listen-address={address}",
        f"--storage.tsdb.path={folder / 'data'}", "--log.level=warn",
    )  # fmt: skip
    part.wait_for(f"http://{address}/-/ready")
    return address


class Part:
    """A process of this run, ended when it is closed."""

    def __init__(self, folder, name, command):
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait_for(self, url):
        self._await(lambda: is_ok(url))

    def wait_for_port(self, port):
        self._await(lambda: answers(port))

    def _await(self, is_ready):
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} was not ready in {START_SECONDS} s:\n{self.tail()}")
            time.sleep(0.05)

    def check(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.name} ended early:\n{self.tail()}")

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Load(Part):
    """People in one room on both gateways, for as long as queries are asked."""

    urls = ()

    def __init__(self, folder):
        urls = [word for url in self.urls for word in ("--url", url)]
        size = ["--members", 10, "--rate", 20, "--seconds", DATA_SECONDS]
        super().__init__(folder, "load", [PROGRAMS / "parlor-bench", "two-gateways", *size, *urls])


def ask_until_answered(prometheus, asked, load):
    """Asks all, those without data again and again, and gives those that never had any."""
    deadline = time.monotonic() + DATA_SECONDS
    while True:
        asked = [(where, query) for where, query in asked if not has_data(prometheus, where, query)]
        if not asked or time.monotonic() > deadline:
            return asked
        load.check()
        time.sleep(1)


def has_data(prometheus, where, query):
    """Whether the answer has at least one value that is a number."""
    url = f"http://{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        answer = json.loads(get(url))
    except urllib.error.HTTPError as error:
        raise Failure(f"{where} can't be asked: {query}\n{error.read().decode()}") from None
    return any(series["value"][1] != "NaN" for series in answer["data"]["result"])


def raised_for_good(prometheus, load):
    """What `raised` finds and goes on finding."""
    deadline = time.monotonic() + PENDING_SECONDS
    while True:
        problems = list(raised(prometheus))
        if not problems or time.monotonic() > deadline:
            return problems
        load.check()
        time.sleep(1)


def raised(prometheus):
    """Rules that can't be evaluated, and alerts that are raised though nothing is wrong."""
    for group in json.loads(get(f"http://{prometheus}/api/v1/rules"))["data"]["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                yield f"{rule['name']} can't be evaluated: {rule.get('lastError')}"
            elif rule.get("alerts") and rule["name"] not in ABOUT_SPEED:
                yield f"{rule['name']} is raised though nothing is wrong: {rule['alerts']}"


def selectors(rule, rules):
    """The series that a rule asks for, with what has to be true of their labels."""
    expression = rule.expr
    for recorded in (it.name for it in rules if it.kind == "record"):
        expression = expression.replace(recorded, "")
    return {name + (labels or "") for name, labels in SELECTOR.findall(expression)}


def filled(query):
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    return query


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def is_ok(url):
    try:
        get(url)
        return True
    except OSError:
        return False


def get(url):
    # Never through a proxy of the environment's: everything is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as response:
        return response.read()


if __name__ == "__main__":
    sys.exit(main())
