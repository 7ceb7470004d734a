"""Schemas of the kinds that are not Kubernetes' own: the fields that the chart uses, and no others."""

import jsonschema

NAME = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"}
DURATION = {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
SELECTOR = {
    "type": "object",
    "additionalProperties": False,
    "required": ["matchLabels"],
    "properties": {"matchLabels": LABELS, "matchExpressions": {"type": "array"}},
}


def _exact(required: list[str], **properties: dict) -> dict:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


def _list(items: dict) -> dict:
    return {"type": "array", "minItems": 1, "items": items}


ENDPOINT = _exact(
    ["port"], port=NAME, path={"type": "string", "pattern": "^/"}, interval=DURATION
)
RULE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["expr"],
    "oneOf": [{"required": ["alert"]}, {"required": ["record"]}],
    "properties": {
        "alert": {"type": "string"},
        "record": {"type": "string"},
        "expr": {"type": ["string", "integer"]},
        "for": DURATION,
        "keep_firing_for": DURATION,
        "labels": LABELS,
        "annotations": LABELS,
    },
}
ROUTE_RULE = _exact(
    ["backendRefs"],
    matches=_list({"type": "object"}),
    timeouts=_exact([], request=DURATION, backendRequest=DURATION),
    backendRefs=_list(_exact(["name", "port"], name=NAME, port={"type": "integer"})),
)

SPECS = {
    ("monitoring.coreos.com/v1", "PodMonitor"): _exact(
        ["selector", "podMetricsEndpoints"],
        jobLabel={"type": "string"},
        selector=SELECTOR,
        podMetricsEndpoints=_list(ENDPOINT),
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): _exact(
        ["selector", "endpoints"],
        jobLabel={"type": "string"},
        selector=SELECTOR,
        endpoints=_list(ENDPOINT),
    ),
    ("monitoring.coreos.com/v1", "PrometheusRule"): _exact(
        ["groups"],
        groups=_list(
            _exact(["name", "rules"], name={"type": "string"}, interval=DURATION, rules=_list(RULE))
        ),
    ),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): _exact(
        ["parentRefs", "rules"],
        parentRefs=_list({"type": "object", "required": ["name"]}),
        hostnames=_list({"type": "string"}),
        rules=_list(ROUTE_RULE),
    ),
}


def validate(one: dict) -> bool:
    """Whether the object is of a kind known here; one that is wrong raises."""
    spec = SPECS.get((one["apiVersion"], one["kind"]))
    if spec is None:
        return False
    jsonschema.validate(one["spec"], spec)
    return True
