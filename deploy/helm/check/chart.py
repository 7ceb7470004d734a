"""Renders the chart with Helm's own engine, and holds what comes out to the schemas of Kubernetes."""

import copy
import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import yaml
from kubernetes_validate import utils as kubernetes_schemas

import custom_kinds

CHART = Path(__file__).resolve().parent.parent / "parlor"
RELEASE = "demo"
NAMESPACE = "chat"

# The oldest Kubernetes that Chart.yaml allows, and a new one.
OLD_KUBERNETES = "1.27"
NEW_KUBERNETES = "1.36"
# The first that knows a pod's sleep before SIGTERM; the chart refuses to use it on an older one.
SLEEP_KUBERNETES = "1.30"

# One password, so that two renderings of the same values are the same.
FIXED = {"redis": {"bundled": {"auth": {"password": "hunter2"}}}}

# The library reads megabytes of schema for each object otherwise.
kubernetes_schemas.schema_contents = functools.lru_cache(maxsize=None)(
    kubernetes_schemas.schema_contents
)

_chart = helm_python.Chart.load(CHART)
_valid: set[tuple[str, str]] = set()


class UniqueKeys(yaml.CSafeLoader):
    """YAML in which a key twice in one mapping is an error, as Kubernetes' strict decoding has it."""


def _mapping(loader: yaml.CSafeLoader, node: yaml.MappingNode) -> dict:
    keys = [loader.construct_object(key) for key, _ in node.value]
    doubles = {key for key in keys if keys.count(key) > 1}
    if doubles:
        raise ValueError(f"keys twice in one mapping: {sorted(doubles)}, {node.start_mark}")
    return loader.construct_mapping(node, deep=True)


UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def merged(*layers: dict) -> dict:
    """Values over values, as Helm lays several -f files over one another."""
    result: dict = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, dict) and isinstance(result.get(key), dict):
                result[key] = merged(result[key], value)
            else:
                result[key] = copy.deepcopy(value)
    return result


def at(path: str, value: Any) -> dict:
    """Values with one key set: at("a.b", 1) is {"a": {"b": 1}}."""
    for step in reversed(path.split(".")):
        value = {step: value}
    return value


def preset(*names: str) -> dict:
    """The values of the presets of these names, one over the other."""
    files = [CHART / "presets" / f"{name}.yaml" for name in names]
    return merged(*(yaml.load(file.read_text(), UniqueKeys) for file in files))


def defaults() -> dict:
    return yaml.load((CHART / "values.yaml").read_text(), UniqueKeys)


def files(values: dict) -> dict[str, str]:
    """The rendered text of each template, without the empty ones; refusals are raised."""
    rendered = _chart.render(values, name=RELEASE, namespace=NAMESPACE)
    return {path: text for path, text in rendered.items() if text.strip()}


def objects(values: dict) -> list[dict]:
    """What Kubernetes would be given; to be looked at and not changed, as it is shared."""
    texts = [text for path, text in files(values).items() if not path.endswith("NOTES.txt")]
    return [one for text in texts for one in _documents(text)]


@functools.lru_cache(maxsize=None)
def _documents(text: str) -> list[dict]:
    """Most templates come out the same whichever value is changed: they are read once."""
    return [document for document in yaml.load_all(text, UniqueKeys) if document]


def notes(values: dict) -> str:
    return files(values)["parlor/templates/NOTES.txt"]


def lint(values: dict, kubernetes: str) -> list[str]:
    """What the linter has to say, at any severity."""
    report = helm_python.lint(CHART, values, strict=True, kube_version=f"v{kubernetes}.0")
    return [message["error"] for message in report["messages"]] + report["errors"]


def lint_output(values: dict, kubernetes: str) -> str:
    """All that linting prints. What templates refuse is no finding of the linter: it only logs it."""
    program = (
        "import json, sys, helm_python\n"
        "values = json.loads(sys.argv[2])\n"
        "print(helm_python.lint(sys.argv[1], values, kube_version=sys.argv[3]))"
    )
    arguments = [str(CHART), json.dumps(values), f"v{kubernetes}.0"]
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60
    )
    return run.stdout + run.stderr


def validate(found: list[dict]) -> None:
    """Holds objects to the schemas; unknown fields are errors."""
    for one in found:
        text = json.dumps(one, sort_keys=True)
        old = SLEEP_KUBERNETES if '"preStop"' in text else OLD_KUBERNETES
        for version in (old, NEW_KUBERNETES):
            if (version, text) in _valid:
                continue
            label = f"{one['kind']} {one['metadata']['name']}, Kubernetes {version}"
            try:
                if not custom_kinds.validate(one):
                    kubernetes_validate.validate(one, version, strict=True)
            except Exception as error:
                raise AssertionError(f"{label}: {error}") from error
            _valid.add((version, text))
