"""Every value, away from its default: what it is set to, and where it has to have an effect.

Booleans and choices are walked by themselves; what has no finite set of values has a sample here. A
value without either, and one that changes nothing in the manifests, fails the test.
"""

import json
from typing import Any, Iterator

import chart
from chart import at, merged

DIGEST = "sha256:" + "0123456789abcdef" * 4
LABELS = {"example.org/team": "chat"}
ENVIRONMENT = [{"name": "RUST_BACKTRACE", "value": "1"}]
CONTAINER = [{"name": "side", "image": "side:1", "resources": {"limits": {"memory": "16Mi"}}}]
PEER = [{"ipBlock": {"cidr": "10.1.0.0/16"}}]
RESOURCES = {"requests": {"cpu": "1500m", "memory": "1.5Gi"}, "limits": {"memory": "3Gi", "cpu": 2}}
TOLERATION = [{"key": "chat", "operator": "Exists", "effect": "NoSchedule"}]
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "chat", "operator": "Exists"}]}]
        }
    }
}

_EXTERNAL = {"redis": {"bundled": {"enabled": False}, "external": {"url": "redis://redis.example.org:6379"}}}
_OWN_SECRET = merged(
    _EXTERNAL, {"redis": {"external": {"url": "", "existingSecret": {"name": "mine"}}}}
)
_TLS = merged(_EXTERNAL, at("redis.external.url", "rediss://redis.example.org:6379"))
_SENTINEL = merged(
    _EXTERNAL,
    at("redis.external", {"url": "redis+sentinel://r:26379/main", "sentinel": {"passwordSecret": {"name": "mine"}}}),
)

_BUCKET = {"photos": {"enabled": True, "store": "s3", "s3": {"url": "s3://pictures/chat"}}}

# What has to be on for the values below a key to matter, the longest key that fits first.
CONTEXTS: dict[str, dict] = {
    "redis.external.existingSecret.key": _OWN_SECRET,
    "redis.external.passwordSecret.key": merged(_EXTERNAL, at("redis.external.passwordSecret.name", "mine")),
    "redis.external.sentinel": _SENTINEL,
    "redis.external.tls": _TLS,
    "redis.external.tls.authorityKey": merged(_TLS, at("redis.external.tls.authoritySecret", "mine")),
    "redis.external": _EXTERNAL,
    "redis.bundled.auth.existingSecret.key": at(
        "redis.bundled.auth", {"password": "", "existingSecret": {"name": "mine"}}
    ),
    "photos.pvc": at("photos.enabled", True),
    "photos.s3": _BUCKET,
    "photos.store": at("photos.enabled", True),
    "networkPolicy.photosTo": merged(_BUCKET, {"networkPolicy": {"enabled": True}}),
    "networkPolicy.photosPorts": merged(_BUCKET, {"networkPolicy": {"enabled": True}}),
    "gateway.autoscaling": {"gateway": {"autoscaling": {"enabled": True}}},
    "service.nodePort": {"service": {"type": "NodePort"}},
    "service.externalTrafficPolicy": {"service": {"type": "LoadBalancer"}},
    "service.loadBalancerClass": {"service": {"type": "LoadBalancer"}},
    "service.loadBalancerSourceRanges": {"service": {"type": "LoadBalancer"}},
    "ingress": {"ingress": {"enabled": True, "hosts": [{"host": "a.example.org"}]}},
    "gatewayApi": {"gatewayApi": {"enabled": True, "parentRefs": [{"name": "public"}]}},
    "networkPolicy.redisTo": merged(_EXTERNAL, {"networkPolicy": {"enabled": True}}),
    "networkPolicy.redisPorts": merged(_EXTERNAL, {"networkPolicy": {"enabled": True}}),
    "networkPolicy": {"networkPolicy": {"enabled": True}},
    "metrics.interval": {"metrics": {"monitor": "pod"}},
    "metrics.labels": {"metrics": {"monitor": "service"}},
    "metrics.rules.labels": {"metrics": {"rules": {"enabled": True}}},
    "metrics.dashboards": {"metrics": {"dashboards": {"enabled": True}}},
}

_WORKLOAD: dict[str, Any] = {
    "image.repository": "other",
    "image.tag": "2.0.0",
    "image.digest": DIGEST,
    "replicas": 7,
    "resources": RESOURCES,
    "rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 1},
    "minReadySeconds": 42,
    "terminationGracePeriodSeconds": 900,
    "pdb.maxUnavailable": "20%",
    "pdb.minAvailable": 1,
    "affinity": AFFINITY,
    "nodeSelector": LABELS,
    "tolerations": TOLERATION,
    "priorityClassName": "high",
    "annotations": LABELS,
    "podLabels": LABELS,
    "podAnnotations": LABELS,
    "extraEnv": ENVIRONMENT,
    "extraEnvFrom": [{"secretRef": {"name": "mine"}}],
    "extraVolumes": [{"name": "scratch", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "settings", "mountPath": "/more"}],
    "extraContainers": CONTAINER,
    "initContainers": CONTAINER,
}

SAMPLES: dict[str, Any] = {
    "nameOverride": "talk",
    "fullnameOverride": "talk",
    "commonLabels": LABELS,
    "commonAnnotations": LABELS,
    "image.registry": "registry.example.org:5000/parlor",
    "image.tag": "2.0.0",
    "image.pullSecrets": ["mine"],
    "settings": {"connections_per_gateway": 5000000, "trusted_proxies": ["10.0.0.0/8"]},
    "redis.prefix": "team-a:",
    "redis.external.url": "redis://ann:secret-word@redis.example.org:6380/1",
    "redis.external.existingSecret.name": "mine",
    "redis.external.existingSecret.key": "url",
    "redis.external.passwordSecret.name": "mine",
    "redis.external.passwordSecret.key": "word",
    "redis.external.username": "ann",
    "redis.external.sentinel.username": "watcher",
    "redis.external.sentinel.passwordSecret.name": "own",
    "redis.external.sentinel.passwordSecret.key": "word",
    "redis.external.tls.authoritySecret": "mine",
    "redis.external.tls.authorityKey": "authority.pem",
    "redis.external.tls.clientSecret": "mine",
    "redis.bundled.image.repository": "valkey/valkey",
    "redis.bundled.image.tag": "8.1",
    "redis.bundled.image.digest": DIGEST,
    "redis.bundled.auth.password": "other",
    "redis.bundled.auth.existingSecret.name": "own",
    "redis.bundled.auth.existingSecret.key": "word",
    "redis.bundled.persistence.size": "20Gi",
    "redis.bundled.persistence.storageClass": "fast",
    "redis.bundled.persistence.accessModes": ["ReadWriteOncePod"],
    "redis.bundled.maxmemory": "2gb",
    "redis.bundled.extraConfig": "hz 20\nio-threads 2",
    "redis.bundled.resources": RESOURCES,
    "redis.bundled.podSecurityContext": {"runAsUser": 1001},
    "redis.bundled.podLabels": LABELS,
    "redis.bundled.podAnnotations": LABELS,
    "redis.bundled.nodeSelector": LABELS,
    "redis.bundled.tolerations": TOLERATION,
    "redis.bundled.affinity": AFFINITY,
    "redis.bundled.priorityClassName": "high",
    "photos.pvc.existingClaim": "mine",
    "photos.pvc.size": "100Gi",
    "photos.pvc.storageClass": "shared",
    "photos.pvc.accessModes": ["ReadWriteMany", "ReadWriteOnce"],
    "photos.s3.url": "s3://other",
    "photos.s3.region": "eu-central-1",
    "photos.s3.endpoint": "http://minio:9000",
    "photos.s3.existingSecret": "mine",
    "adminPort": 9999,
    "podSecurityContext": {"runAsUser": 1001},
    "containerSecurityContext": {"privileged": False},
    "probes.startup": {"failureThreshold": 99},
    "probes.liveness": {"failureThreshold": 99},
    "probes.readiness": {"failureThreshold": 99},
    "serviceAccount.name": "mine",
    "serviceAccount.annotations": LABELS,
    **{f"gateway.{key}": value for key, value in _WORKLOAD.items()},
    **{f"historyWorker.{key}": value for key, value in _WORKLOAD.items()},
    **{f"presenceWorker.{key}": value for key, value in _WORKLOAD.items()},
    "gateway.port": 8080,
    "gateway.preStopSleepSeconds": 15,
    "gateway.autoscaling.minReplicas": 5,
    "gateway.autoscaling.maxReplicas": 50,
    "gateway.autoscaling.targetCPU": 50,
    "gateway.autoscaling.targetMemory": 80,
    "gateway.autoscaling.targetConnections": 20000,
    "gateway.autoscaling.behavior": {"scaleDown": {"stabilizationWindowSeconds": 900}},
    "service.port": 8080,
    "service.nodePort": 30080,
    "service.appProtocol": "http",
    "service.loadBalancerClass": "example.org/nlb",
    "service.loadBalancerSourceRanges": ["192.0.2.0/24"],
    "service.annotations": LABELS,
    "ingress.className": "nginx",
    "ingress.hosts": [{"host": "b.example.org", "path": "/chat"}],
    "ingress.tls": [{"secretName": "tls", "hosts": ["a.example.org"]}],
    "ingress.annotations": LABELS,
    "gatewayApi.parentRefs": [{"name": "other", "namespace": "edge", "sectionName": "https"}],
    "gatewayApi.hostnames": ["a.example.org", "*.example.org"],
    "gatewayApi.timeouts": {"request": "30s", "backendRequest": "30s"},
    "gatewayApi.annotations": LABELS,
    "networkPolicy.publicFrom": PEER,
    "networkPolicy.metricsFrom": PEER,
    "networkPolicy.redisTo": PEER,
    "networkPolicy.redisPorts": [6380, 6381],
    "networkPolicy.photosTo": PEER,
    "networkPolicy.photosPorts": [9000],
    "networkPolicy.extraIngress": [{"from": PEER}],
    "networkPolicy.extraEgress": [{"to": PEER}],
    "metrics.interval": "1m",
    "metrics.labels": LABELS,
    "metrics.rules.labels": LABELS,
    "metrics.dashboards.labels": LABELS,
    "metrics.dashboards.annotations": LABELS,
    "gateway.autoscaling.connectionsMetric": "parlor_connections_average",
    "test.resources": RESOURCES,
    "extraObjects": [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{ .Release.Name }}-mine"}, "data": {"a": "b"}}
    ],
}

# What goes with a sample, where the sample alone would be refused or without effect.
TOGETHER: dict[str, dict] = {
    "redis.bundled.enabled": at("redis.external.url", "redis://redis.example.org:6379"),
    "gateway.autoscaling.connectionsMetric": at("gateway.autoscaling.targetConnections", 100),
    "redis.bundled.auth.existingSecret.name": at("redis.bundled.auth.password", ""),
    "redis.external.existingSecret.name": at("redis.external.url", ""),
    "photos.store": at("photos.s3.url", "s3://pictures"),
}


def leaves(schema: dict, values: Any, path: str = "") -> Iterator[tuple[str, dict, Any]]:
    """Each value that can be set: its path, its schema and its default."""
    definitions = schema["$defs"]

    def walk(node: dict, value: Any, path: str) -> Iterator[tuple[str, dict, Any]]:
        name = node.get("$ref", "").rpartition("/")[2]
        node = definitions[name] if name else node
        whole = path in SAMPLES or name in ("settings", "resources", "probe", "rollingUpdate")
        if "properties" not in node or whole:
            yield path, node, value
            return
        for key, below in node["properties"].items():
            if path or key != "global":
                assert key in value, f"{path}.{key} is in the schema and not in values.yaml"
                yield from walk(below, value[key], f"{path}.{key}".lstrip("."))

    yield from walk(schema, values, path)


def context_of(path: str) -> dict:
    fitting = [key for key in CONTEXTS if path == key or path.startswith(key + ".")]
    return CONTEXTS[max(fitting, key=len)] if fitting and path != f"{max(fitting, key=len)}.enabled" else {}


def walk(schema: dict, values: dict) -> Iterator[tuple[str, dict, dict]]:
    """For each value: a name, the values without it and with it."""
    for path, node, default in leaves(schema, values):
        if node.get("type") == "boolean":
            others = [not default]
        elif "enum" in node:
            others = [choice for choice in node["enum"] if choice != default]
        else:
            assert path in SAMPLES, f"{path} has no sample in switches.py"
            others = [SAMPLES[path]]
        without = merged(chart.FIXED, context_of(path))
        for other in others:
            needs = TOGETHER.get(path, {})
            if path.endswith(".enabled") and other is True:
                # What has to be there for it to be on at all.
                needs = merged(needs, CONTEXTS.get(path.removesuffix(".enabled"), {}))
            changed = merged(without, needs, at(path, other))
            yield f"{path}={json.dumps(other)}", without, changed
