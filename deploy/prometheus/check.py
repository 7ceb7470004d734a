"""Checks what promtool does not: tests both ways, sections in the runbook, names of metrics."""

import re
import sys

import sources


def main():
    rules = sources.rules()
    alerts = [rule for rule in rules if rule.kind == "alert"]
    problems = [
        *untested(alerts),
        *without_section(alerts),
        *unknown_metrics(rules),
        *unused(rules),
    ]
    for problem in problems:
        print(problem, file=sys.stderr)
    panels = sources.panels()
    queries = sum(len(expressions) for _, expressions in panels)
    print(f"{len(alerts)} alerts, {len(panels)} panels with {queries} queries: {len(problems)} problems")
    return 1 if problems or not alerts or not panels else 0


def untested(alerts):
    """Alerts that no test makes fire, or that none expects to be quiet."""
    text = "".join(path.read_text() for path in sources.TESTS)
    fires, quiet = set(), set()
    for name, expected in re.findall(r"alertname: (\w+)\n +exp_alerts:(.*)", text):
        (quiet if expected.strip() == "[]" else fires).add(name)
    for alert in alerts:
        if alert.name not in fires:
            yield f"{alert.name}: no test makes it fire"
        if alert.name not in quiet:
            yield f"{alert.name}: no test expects it to be quiet"


def without_section(alerts):
    """Alerts that do not lead to a section of the runbook, and sections without an alert."""
    sections = re.findall(r"^## (Parlor\w+)$", sources.RUNBOOK.read_text(), re.M)
    for alert in alerts:
        if not (alert.runbook_url or "").endswith(f"deploy/RUNBOOK.md#{alert.name.lower()}"):
            yield f"{alert.name}: its runbook_url does not lead to its own section"
        if alert.name not in sections:
            yield f"{alert.name}: the runbook has no section for it"
    for section in sorted(set(sections) - {alert.name for alert in alerts}):
        yield f"the runbook's section {section} is about no alert"


def unknown_metrics(rules):
    """Names in rules and dashboards that no program exports."""
    exported = sources.exported()
    recorded = [rule.name for rule in rules if rule.kind == "record"]
    asked = [(rule.name, rule.text) for rule in rules]
    asked += [(title, query) for title, queries in sources.panels() for query in queries]
    asked += sources.annotations()
    for where, expression in asked:
        for name in sorted(sources.metrics_in(expression, recorded) - exported):
            yield f"{where}: no program exports {name}"


def unused(rules):
    """Recorded series that nothing asks for."""
    asked = "".join(rule.expr for rule in rules)
    asked += "".join(query for _, queries in sources.panels() for query in queries)
    for rule in rules:
        if rule.kind == "record" and rule.name not in asked:
            yield f"{rule.name} is recorded and never asked for"


if __name__ == "__main__":
    sys.exit(main())
