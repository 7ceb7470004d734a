"""Checks the chart without a cluster; deploy/helm/test runs it. Closes with what passed and failed."""

import json
import re
import subprocess
import sys
import time
import traceback
from typing import Callable

import yaml

import chart
import invariants
import mistakes
import programs
import switches
from chart import at, merged

PRESETS = [
    (), ("trial",), ("production",), ("production", "large"), ("large",),
    ("production", "sentinel"), ("production", "large", "cluster"),
]  # fmt: skip
SCHEMA = json.loads((chart.CHART / "values.schema.json").read_text())
DEFAULTS = chart.defaults()


def hold(values: dict) -> list[dict]:
    """Renders values and holds the objects to the schemas and to what must always be true."""
    found = chart.objects(values)
    chart.validate(found)
    invariants.check(found, merged(DEFAULTS, values))
    return found


def lints_without_a_word() -> str:
    for kubernetes in (chart.OLD_KUBERNETES, chart.NEW_KUBERNETES):
        for names in PRESETS:
            said = chart.lint(chart.preset(*names), kubernetes)
            assert not said, f"{names}, Kubernetes {kubernetes}: {said}"
    return f"{len(PRESETS)} presets"


def every_preset_is_valid() -> str:
    for names in PRESETS:
        hold(merged(chart.FIXED, chart.preset(*names)))
    return f"{len(PRESETS)} presets, Kubernetes {chart.OLD_KUBERNETES} and {chart.NEW_KUBERNETES}"


def every_value_is_valid_and_has_an_effect() -> str:
    count = 0
    for name, without, changed in switches.walk(SCHEMA, DEFAULTS):
        try:
            before, after = chart.objects(without), hold(changed)
        except Exception as error:
            raise AssertionError(f"{name}: {error}") from error
        assert before != after, f"{name} changes nothing"
        count += 1
    return f"{count} switches"


def no_value_is_undocumented() -> str:
    """The schema and values.yaml have the same keys, so that neither knows what the other doesn't."""

    def walk(node: dict, values: object, path: str) -> None:
        node = SCHEMA["$defs"].get(node.get("$ref", "").rpartition("/")[2], node)
        if not isinstance(values, dict) or "properties" not in node:
            return
        extra = set(values) - set(node["properties"])
        assert not extra, f"values.yaml has {path}{extra}, which the schema refuses"
        for key in values:
            walk(node["properties"][key], values[key], f"{path}{key}.")

    walk(SCHEMA, DEFAULTS, "")
    keys = [path for path, _, _ in switches.leaves(SCHEMA, DEFAULTS)]
    return f"{len(keys)} values"


def planted_mistakes_are_refused() -> str:
    for values, key, word in mistakes.TABLE:
        shown = json.dumps(values)
        try:
            chart.objects(values)
        except Exception as error:
            text = str(error)
            assert key in text and word in text, f"{shown}: not {key} and {word!r} in: {text}"
        else:
            raise AssertionError(f"{shown} was taken")
    for values, kubernetes, key, word in mistakes.ON_OLD:
        text = chart.lint_output(values, kubernetes)
        assert key in text and word in text, f"{values}: not {key} and {word!r} in: {text}"
    return f"{len(mistakes.TABLE) + len(mistakes.ON_OLD)} mistakes"


def programs_take_what_the_chart_gives() -> str:
    binaries = programs.folder()
    if binaries is None:
        return "SKIPPED: the programs are not built"
    # Each setting as it is by default, so that each is known by this name.
    properties = SCHEMA["$defs"]["settings"]["properties"]
    text = (chart.CHART.parents[2] / "README.md").read_text()
    table = dict(re.findall(r"^\| `([A-Z_0-9]+)` \| `?(.*?)`? \|", text, re.M))
    every = {}
    for key, schema in properties.items():
        default = table[key.upper()]
        if default:
            kind = schema["type"]
            every[key] = json.loads(default) if kind in ("integer", "boolean") else default
    every |= {"backlog_high_water": 1000000, "trusted_proxies": ["10.0.0.0/8", "::1"]}
    cases = [merged(chart.FIXED, chart.preset(*names)) for names in PRESETS]
    cases.append(merged(chart.FIXED, {"settings": every}))
    cases.append(merged(chart.FIXED, at("redis.bundled.auth.enabled", False)))
    for values in cases:
        release = invariants.Release(chart.objects(values), merged(DEFAULTS, values))
        told = programs.effective(release, binaries)
        for key, text in told.items():
            assert 'admin_address: ":9100" # environment variable' in text, f"{key}: {text}"
        assert 'server_address: ":5555" # environment variable' in told["gateway"]
        for key, value in merged(DEFAULTS, values)["settings"].items():
            # Which program a setting is of, is the programs' business; one of them must know it.
            if key not in ("client_location",):
                assert any(re.search(f"^{key}: .* # file", text, re.M) for text in told.values()), key
    return f"{len(cases)} releases, {len(every)} settings"


def the_drain_defaults_are_the_programs() -> str:
    """The chart computes the grace period with these where the values don't say."""
    text = (chart.CHART.parents[2] / "README.md").read_text()
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| `(\w+)` \|", text, re.M))
    source = "".join(path.read_text() for path in (chart.CHART / "templates").glob("_*.tpl"))
    pairs = re.findall(r'\(list [$.] "(\w+)" "(\w+)"\)', source)
    pairs += re.findall(r'"(status_ttl)" "(\w+)"', source) + re.findall(r'"(session_ttl)" "(\w+)"', source)
    assert len(pairs) == 6, pairs
    for key, default in pairs:
        assert told[key.upper()] == default, f"{key}: {default} here, {told[key.upper()]} there"
    return f"{len(pairs)} durations"


def a_user_who_adds_labels_cannot_break_selectors() -> str:
    taken = {"app.kubernetes.io/name": "other", "app.kubernetes.io/component": "other"}
    for path in ("commonLabels", "gateway.podLabels", "redis.bundled.podLabels"):
        hold(merged(chart.FIXED, at(path, taken)))
    return "3 places"


def what_programs_do_not_read_does_not_restart_them() -> str:
    def deployments(values: dict) -> list[dict]:
        found = chart.objects(merged(chart.FIXED, values))
        return [one for one in found if one["kind"] == "Deployment"]

    for path, value in [
        ("redis.bundled.resources", switches.RESOURCES),
        ("redis.bundled.maxmemory", "1gb"),
        ("service.type", "NodePort"),
        ("metrics.monitor", "pod"),
    ]:
        assert deployments({}) == deployments(at(path, value)), path
    assert deployments({}) != deployments(at("settings.history_page", 50))
    return "4 values"


def long_names_are_cut() -> str:
    hold(merged(chart.FIXED, {"fullnameOverride": "a" * 70, "metrics": {"monitor": "service"}}))
    return "1 name"


def the_password_is_made_once() -> str:
    """Without a cluster to look in, each rendering makes another; a given one is kept as it is."""
    secrets = [
        one["data"]["redis-password"]
        for _ in range(2)
        for one in chart.objects({})
        if one["kind"] == "Secret"
    ]
    assert len(secrets) == 2 and secrets[0] != secrets[1], "a password that is not random"
    assert chart.objects(chart.FIXED) == chart.objects(chart.FIXED)
    return "1 password"


def notes_tell_the_next_command() -> str:
    host = {"ingress": {"enabled": True, "hosts": [{"host": "a.example.org"}]}}
    table = [
        ({}, ["rollout status deployment/demo-parlor-gateway", "helm test demo", "port-forward", "bundled Redis"]),
        (host, ["http://a.example.org/", "settings.trusted_proxies"]),
        (merged(host, at("ingress.tls", [{"secretName": "t"}])), ["https://a.example.org/"]),
        (at("service.type", "LoadBalancer"), ["get service demo-parlor --watch", "externalTrafficPolicy"]),
        (at("service.type", "NodePort"), ["get service demo-parlor"]),
        ({"gatewayApi": {"enabled": True, "parentRefs": [{"name": "p"}]}}, ["get httproute demo-parlor"]),
        (at("gateway.replicas", 1), ["One gateway"]),
        (at("redis.bundled.persistence.enabled", False), ["It keeps nothing"]),
    ]
    for values, words in table:
        text = chart.notes(values)
        for word in words:
            assert word in text, f"{values}: no {word!r} in {text}"
    assert "helm test" not in chart.notes(at("settings.guests", False))
    assert "!" not in chart.notes(chart.preset("production")), "a warning for the production preset"
    return f"{len(table) + 2} cases"


def examples_of_the_readme_work() -> str:
    """Values in it are rendered over a release that could have them; the adapter's rule fits the chart."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", (chart.CHART / "README.md").read_text(), re.M | re.S)
    count = 0
    for block in blocks:
        found = yaml.load(block, chart.UniqueKeys)
        if set(found) == {"rules"}:
            (rule,) = found["rules"]["custom"]
            assert rule["name"]["as"] == DEFAULTS["gateway"]["autoscaling"]["connectionsMetric"]
            continue
        hold(merged(chart.FIXED, found))
        count += 1
    assert count >= 8, f"{count} examples were found"
    return f"{count} examples"


def what_is_repeated_is_up_to_date() -> str:
    run = subprocess.run([chart.CHART.parent / "sync", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return "alert rules, dashboard, settings, table of values"


CHECKS: list[Callable[[], str]] = [
    what_is_repeated_is_up_to_date,
    lints_without_a_word,
    every_preset_is_valid,
    no_value_is_undocumented,
    every_value_is_valid_and_has_an_effect,
    planted_mistakes_are_refused,
    programs_take_what_the_chart_gives,
    the_drain_defaults_are_the_programs,
    a_user_who_adds_labels_cannot_break_selectors,
    what_programs_do_not_read_does_not_restart_them,
    long_names_are_cut,
    the_password_is_made_once,
    notes_tell_the_next_command,
    examples_of_the_readme_work,
]


def main() -> int:
    failed = skipped = 0
    for check in CHECKS:
        began = time.monotonic()
        name = check.__name__.replace("_", " ")
        try:
            said = check()
        except Exception:
            failed += 1
            print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
            continue
        skipped += said.startswith("SKIPPED")
        print(f"{time.monotonic() - began:6.1f} s  {name} ({said})", flush=True)
    print(f"{len(CHECKS) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
