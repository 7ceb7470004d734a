"""Mistakes that people make in values, and what the refusal has to name for them to find it."""

from chart import at, merged

_EXTERNAL = {"redis": {"bundled": {"enabled": False}, "external": {"url": "redis://r:6379"}}}

# (values, the key that the message names, a word of what is wrong)
TABLE: list[tuple[dict, str, str]] = [
    # Unknown and misspelt.
    (at("gateways", {}), "gateways", "not allowed"),
    (at("gateway.replica", 3), "replica", "not allowed"),
    (at("settings.drain_grce", "10s"), "drain_grce", "not allowed"),
    (at("settings.redis_url", "redis://r:6379"), "redis_url", "not allowed"),
    (at("ingress.host", "chat.example.org"), "host", "not allowed"),
    (at("photos.bucket", "pictures"), "bucket", "not allowed"),
    (at("settings.photo_store", "/data"), "photo_store", "not allowed"),
    # Of the wrong type or form.
    (at("gateway.replicas", "three"), "/gateway/replicas", "integer"),
    (at("gateway.replicas", 0), "/gateway/replicas", "minimum"),
    (at("settings.drain_grace", "10 minutes"), "/settings/drain_grace", "pattern"),
    (at("settings.frame_bytes", "64KB"), "/settings/frame_bytes", "pattern"),
    (at("settings.message_rate", "20 per 10s"), "/settings/message_rate", "pattern"),
    (at("settings.guests", "yes"), "/settings/guests", "boolean"),
    (at("gateway.port", 70000), "/gateway/port", "maximum"),
    (at("gateway.resources.limits.memory", "1 GB"), "/gateway/resources/limits/memory", "pattern"),
    (at("gateway.image.digest", "sha256:abc"), "/gateway/image/digest", "pattern"),
    (at("gateway.spreadZones", "yes"), "/gateway/spreadZones", "one of"),
    (at("gateway.extraEnv", "A=b"), "/gateway/extraEnv", "array"),
    (at("image.pullPolicy", "always"), "/image/pullPolicy", "one of"),
    (at("service.type", "Loadbalancer"), "/service/type", "one of"),
    (at("ingress.controller", "ngnix"), "/ingress/controller", "one of"),
    (at("metrics.monitor", True), "/metrics/monitor", "string"),
    (at("redis.bundled.persistence.size", "big"), "/redis/bundled/persistence/size", "pattern"),
    (at("redis.bundled.appendfsync", "always "), "/redis/bundled/appendfsync", "one of"),
    (at("redis.prefix", "team a:"), "/redis/prefix", "pattern"),
    (at("photos.store", "nfs"), "/photos/store", "one of"),
    (at("photos.s3.url", "s3://key:secret@bucket"), "/photos/s3/url", "pattern"),
    # Each right and wrong together.
    (at("photos", {"enabled": True, "store": "s3"}), "photos.s3.url", "needed"),
    (at("photos", {"enabled": True, "s3": {"url": "s3://bucket"}}), "photos.store", "must be s3"),
    (at("photos", {"enabled": True, "pvc": {"accessModes": ["ReadWriteOnce"]}}), "photos.pvc.accessModes", "ReadWriteMany"),
    (at("redis.bundled.enabled", False), "redis.external.url", "needed"),
    (at("redis.external.url", "redis://r:6379"), "redis.bundled.enabled", "must be false"),
    (merged(_EXTERNAL, at("redis.external.tls.clientSecret", "mine")), "redis.external.tls.clientSecret", "rediss://"),
    (
        merged(_EXTERNAL, at("redis.external", {"url": "redis://ann@r", "username": "bob"})),
        "redis.external.username",
        "one of the two",
    ),
    (
        merged(_EXTERNAL, at("redis.external.sentinel.passwordSecret.name", "mine")),
        "redis.external.sentinel.passwordSecret.name",
        "redis+sentinel://",
    ),
    (
        merged(_EXTERNAL, at("redis.external", {"url": "redis+sentinel://r:26379/main", "sentinel": {"username": "bob"}})),
        "redis.external.sentinel.username",
        "passwordSecret",
    ),
    (merged(_EXTERNAL, at("redis.external.url", "r:6379")), "redis.external.url", "redis://host"),
    (merged(_EXTERNAL, at("redis.external.existingSecret.name", "mine")), "redis.external.existingSecret.name", "one of the two"),
    (
        merged(_EXTERNAL, at("redis.external", {"url": "redis://ann:word@r", "passwordSecret": {"name": "mine"}})),
        "redis.external.passwordSecret.name",
        "existingSecret",
    ),
    (at("redis.external.passwordSecret.name", "mine"), "redis.external.passwordSecret.name", "redis.bundled.auth"),
    (at("redis.bundled.auth", {"password": "a", "existingSecret": {"name": "mine"}}), "redis.bundled.auth.password", "one of the two"),
    (at("settings.ack_replicas", 1), "settings.ack_replicas", "no replica"),
    (at("settings.refresh_interval", "40s"), "settings.status_ttl", "twice"),
    (at("gateway.terminationGracePeriodSeconds", 30), "gateway.terminationGracePeriodSeconds", "87 s"),
    (
        merged(at("settings.drain_grace", "10m"), at("gateway.terminationGracePeriodSeconds", 600)),
        "gateway.terminationGracePeriodSeconds",
        "627 s",
    ),
    (at("historyWorker.terminationGracePeriodSeconds", 5), "historyWorker.terminationGracePeriodSeconds", "too short"),
    (at("gateway.autoscaling", {"enabled": True, "minReplicas": 20}), "gateway.autoscaling.minReplicas", "maxReplicas"),
    (at("gateway.autoscaling", {"enabled": True, "targetCPU": 0}), "gateway.autoscaling.targetCPU", "needs one"),
    (
        merged(at("gateway.autoscaling", {"enabled": True}), at("gateway.resources.requests", None)),
        "gateway.autoscaling.targetCPU",
        "requests.cpu",
    ),
    (
        merged(at("settings.connections_per_gateway", 1000), at("gateway.autoscaling", {"enabled": True, "targetConnections": 2000})),
        "gateway.autoscaling.targetConnections",
        "1000",
    ),
    (at("gateway.rollingUpdate", {"maxSurge": 0}), "gateway.rollingUpdate.maxSurge", "above 0"),
    (at("gateway.pdb.minAvailable", 2), "gateway.pdb.minAvailable", "drained"),
    (at("presenceWorker.pdb.minAvailable", "100%"), "presenceWorker.pdb.minAvailable", "drained"),
    (at("gateway.pdb.maxUnavailable", 0), "gateway.pdb.maxUnavailable", "drained"),
    (at("gateway.extraEnv", [{"name": "REDIS_URL", "value": "redis://r"}]), "gateway.extraEnv", "REDIS_URL"),
    (at("gateway.extraEnv", [{"name": "PHOTO_STORE", "value": "off"}]), "gateway.extraEnv", "PHOTO_STORE"),
    (at("gateway.extraVolumes", [{"name": "settings", "emptyDir": {}}]), "gateway.extraVolumes", "settings"),
    (at("adminPort", 5555), "adminPort", "public"),
    (at("ingress.enabled", True), "ingress.hosts", "needs a host"),
    (at("gatewayApi.enabled", True), "gatewayApi.parentRefs", "needs the Gateway"),
    (at("service.nodePort", 30080), "service.nodePort", "service.type"),
    (at("service.externalTrafficPolicy", "Local"), "service.externalTrafficPolicy", "service.type"),
    (at("service.loadBalancerClass", "nlb"), "service.loadBalancerClass", "service.type"),
]

# What is wrong on an old Kubernetes only: (values, its version, key, word).
ON_OLD: list[tuple[dict, str, str, str]] = [
    (at("gateway.preStopSleepSeconds", 5), "1.29", "gateway.preStopSleepSeconds", "1.30"),
]
