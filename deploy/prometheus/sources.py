"""What the rules, the dashboard and the programs' sources say, read with the standard library alone.

The rules are YAML; of it this reads the one form that they are written in, and says so when it meets
another.
"""

import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RULES = sorted((HERE / "rules").glob("*.yaml"))
TESTS = sorted((HERE / "tests").glob("*.yaml"))
DASHBOARDS = sorted((HERE.parent / "grafana" / "dashboards").glob("*.json"))
RUNBOOK = HERE.parent / "RUNBOOK.md"

METRIC = re.compile(r"\b(?:parlor|process)_[a-z0-9_]+\b")
HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")


class Rule:
    """One rule: its kind (`alert` or `record`), its name, its expression, its text in the file."""

    def __init__(self, kind, name, text):
        self.kind, self.name, self.text = kind, name, text
        self.expr = _expression(text)
        link = re.search(r"^\s+runbook_url: (\S+)$", text, re.M)
        self.runbook_url = link.group(1) if link else None


def rules():
    """All rules of all files, in their order."""
    found = []
    for path in RULES:
        parts = re.split(r"^ +- (alert|record): (\S+)\n", path.read_text(), flags=re.M)
        found += [Rule(*parts[at : at + 3]) for at in range(1, len(parts), 3)]
    return found


def _expression(text):
    """The value of `expr:`, on its line or as a block below it."""
    match = re.search(r"^( +)expr: (.*)\n((?:\1 +.*\n)*)", text, re.M)
    if not match:
        raise SystemExit(f"A rule has no expr:\n{text}")
    inline, block = match.group(2), match.group(3)
    if inline == "|":
        return " ".join(block.split())
    if inline[0] in "'\"|>" or block:
        raise SystemExit(f"Please write an expr on one line, or as a block after |:\n{text}")
    return inline


def panels():
    """All panels of all dashboards that ask for something, as (title, [expression])."""
    found = []
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            queries = [target["expr"] for target in panel.get("targets", [])]
            if panel["type"] != "row":
                found.append((panel["title"], queries))
    return found


def annotations():
    """The dashboards' own annotations, as (name, expression)."""
    listed = [json.loads(path.read_text())["annotations"]["list"] for path in DASHBOARDS]
    return [(it["name"], it["expr"]) for list_ in listed for it in list_]


def exported():
    """Names of all series that the programs' sources define."""
    names = set()
    for folder in ("shared/src/telemetry", "gateway/src", "history-worker/src", "presence-worker/src"):
        for path in (ROOT / folder).rglob("*.rs"):
            code = path.read_text().split("#[cfg(test)]")[0]
            names |= set(re.findall(r'"((?:parlor|process)_[a-z0-9_]+)"', code))
    histograms = [name for name in names if name.endswith("_seconds")]
    return names | {name + part for name in histograms for part in HISTOGRAM_PARTS}


def metrics_in(expression, recorded=()):
    """Names of Parlor's own metrics in an expression; names of recorded series are none."""
    for name in recorded:
        expression = expression.replace(name, "")
    return set(METRIC.findall(expression))
