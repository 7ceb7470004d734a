"""What must hold for every set of objects, whatever the values: a table of sentences and their tests."""

import math
import re
from typing import Callable

PROGRAMS = {"gateway": "gateway", "historyWorker": "history-worker", "presenceWorker": "presence-worker"}
DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Release:
    """Rendered objects and the values that they come from, with defaults filled in."""

    def __init__(self, objects: list[dict], values: dict):
        self.objects, self.values = objects, values

    def of(self, *kinds: str) -> list[dict]:
        return [one for one in self.objects if one["kind"] in kinds]

    def named(self, kind: str, name: str) -> dict:
        found = [one for one in self.of(kind) if one["metadata"]["name"] == name]
        assert len(found) == 1, f"{len(found)} of {kind} {name}"
        return found[0]

    def pods(self) -> list[tuple[str, dict, dict]]:
        """Name, metadata and spec of every pod that the chart brings."""
        pods = []
        for one in self.of("Deployment", "StatefulSet"):
            template = one["spec"]["template"]
            pods.append((one["metadata"]["name"], template["metadata"], template["spec"]))
        for one in self.of("Pod"):
            pods.append((one["metadata"]["name"], one["metadata"], one["spec"]))
        return pods

    def own_containers(self) -> list[tuple[str, dict, dict]]:
        """Each pod's name and spec with the chart's own container, which is the first."""
        return [(name, spec, spec["containers"][0]) for name, _, spec in self.pods()]

    def selected(self, selector: dict) -> list[tuple[str, dict]]:
        """Name and spec of the pods with these labels."""
        return [
            (name, spec)
            for name, metadata, spec in self.pods()
            if selector.items() <= metadata["labels"].items()
        ]

    def program(self, key: str) -> dict:
        """The Deployment of gateway, historyWorker or presenceWorker."""
        component = PROGRAMS[key]
        found = [
            one
            for one in self.of("Deployment")
            if one["metadata"]["labels"]["app.kubernetes.io/component"] == component
        ]
        assert len(found) == 1, f"{len(found)} Deployments of {component}"
        return found[0]

    def duration(self, key: str, default: str) -> float:
        """Seconds of a setting, read without the chart's help."""
        text = self.values["settings"].get(key) or default
        return sum(int(n) * SECONDS[unit] for n, unit in re.findall(r"(\d+) ?([a-z]+)", text))


def names_are_valid_and_unique(release: Release) -> None:
    seen = set()
    for one in release.objects:
        metadata = one["metadata"]
        name = metadata["name"]
        assert DNS_LABEL.fullmatch(name), name
        assert (one["kind"], name) not in seen, f"{one['kind']} {name} twice"
        seen.add((one["kind"], name))
        for key, value in metadata.get("labels", {}).items():
            assert LABEL_VALUE.fullmatch(value), f"{name}: label {key}={value}"


def pods_are_restricted(release: Release) -> None:
    """The restricted pod-security standard, and a root file system that nobody writes to."""
    for name, spec, container in release.own_containers():
        pod, own = spec["securityContext"], container["securityContext"]
        assert pod["runAsNonRoot"] is True and pod["runAsUser"] > 0, name
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert own["allowPrivilegeEscalation"] is False, name
        assert own["readOnlyRootFilesystem"] is True, name
        assert own["capabilities"] == {"drop": ["ALL"]}, name
        assert not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), name


def no_pod_has_a_token(release: Release) -> None:
    for name, _, spec in release.pods():
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
    for one in release.of("ServiceAccount"):
        assert one["automountServiceAccountToken"] is False


def programs_are_probed_on_the_admin_port(release: Release) -> None:
    for key in PROGRAMS:
        container = release.program(key)["spec"]["template"]["spec"]["containers"][0]
        for probe, path in [("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")]:
            assert container[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "admin"}, key
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        environment = {one["name"]: one.get("value") for one in container["env"]}
        # All interfaces: the kubelet does not come from inside the pod.
        assert environment["ADMIN_ADDRESS"] == f":{ports['admin']}", key
        if key == "gateway":
            assert environment["SERVER_ADDRESS"] == f":{ports['http']}"
            assert ports["http"] != ports["admin"]


def the_admin_port_is_in_no_public_service(release: Release) -> None:
    for one in release.of("Service"):
        name, spec = one["metadata"]["name"], one["spec"]
        for port in spec["ports"]:
            if port["targetPort"] in ("admin", release.values["adminPort"]):
                assert name.endswith("-metrics") and spec["clusterIP"] == "None", name
                assert spec.get("type", "ClusterIP") == "ClusterIP", name
    for one in release.of("Ingress", "HTTPRoute"):
        assert "metrics" not in str(one["spec"]), "a way from outside to the metrics"


def services_lead_to_pods(release: Release) -> None:
    for one in release.of("Service"):
        name, spec = one["metadata"]["name"], one["spec"]
        pods = release.selected(spec["selector"])
        assert len(pods) == 1, f"{name} selects {[pod for pod, _ in pods]}"
        ports = {port["name"] for port in pods[0][1]["containers"][0]["ports"]}
        for port in spec["ports"]:
            assert port["targetPort"] in ports, f"{name}: {port}"


def selectors_fit_their_pods(release: Release) -> None:
    for one in release.of("Deployment", "StatefulSet"):
        spec = one["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items(), one["metadata"]["name"]
        assert len(release.selected(spec["selector"]["matchLabels"])) == 1, "another's pods, too"
    for one in release.of("PodDisruptionBudget", "NetworkPolicy"):
        spec = one["spec"]
        selector = (spec.get("selector") or spec["podSelector"])["matchLabels"]
        assert len(release.selected(selector)) == 1, one["metadata"]["name"]


def routes_lead_to_the_public_service(release: Release) -> None:
    def check(name: str, port: object) -> None:
        ports = release.named("Service", name)["spec"]["ports"]
        assert any(port in (one["name"], one["port"]) for one in ports), f"{name}: no port {port}"

    for one in release.of("Ingress"):
        for rule in one["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                check(backend["name"], backend["port"]["name"])
    for one in release.of("HTTPRoute"):
        for rule in one["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                check(backend["name"], backend["port"])


def what_pods_refer_to_is_there(release: Release) -> None:
    """ConfigMaps, Secrets, ServiceAccounts and volumes, but for those that the values say are yours."""
    yours = str(release.values)
    for name, spec, container in release.own_containers():
        account = spec["serviceAccountName"]
        if release.values["serviceAccount"]["create"]:
            release.named("ServiceAccount", account)
        variables = [one["name"] for one in container.get("env", [])]
        assert len(variables) == len(set(variables)), f"{name}: variables twice: {variables}"
        for variable in container.get("env", []):
            secret = variable.get("valueFrom", {}).get("secretKeyRef")
            if secret and secret["name"] not in yours:
                assert secret["key"] in release.named("Secret", secret["name"])["data"], secret
        volumes = [volume["name"] for volume in spec.get("volumes", [])]
        for one in release.of("StatefulSet"):
            if one["metadata"]["name"] == name:
                claims = one["spec"].get("volumeClaimTemplates", [])
                volumes += [claim["metadata"]["name"] for claim in claims]
        assert len(volumes) == len(set(volumes)), f"{name}: volumes twice: {volumes}"
        for mount in container.get("volumeMounts", []):
            assert mount["name"] in volumes, f"{name}: no volume {mount['name']}"
        for volume in spec.get("volumes", []):
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and claim not in yours:
                release.named("PersistentVolumeClaim", claim)
            if "configMap" in volume and volume["configMap"]["name"] not in yours:
                release.named("ConfigMap", volume["configMap"]["name"])


def photos_are_where_all_gateways_find_them(release: Release) -> None:
    photos = release.values["photos"]
    for key in PROGRAMS:
        spec = release.program(key)["spec"]["template"]["spec"]
        environment = {one["name"]: one.get("value") for one in spec["containers"][0]["env"]}
        store = environment.get("PHOTO_STORE")
        mounts = {one["mountPath"]: one["name"] for one in spec["containers"][0]["volumeMounts"]}
        if key != "gateway":
            assert store is None and "photos" not in mounts.values(), key
        elif not photos["enabled"]:
            assert store == "off" and "photos" not in mounts.values()
        elif photos["store"] == "s3":
            assert store.startswith("s3://") and "photos" not in mounts.values()
        else:
            assert mounts[store] == "photos", "the folder is not on the volume"
    for one in release.of("PersistentVolumeClaim"):
        assert "ReadWriteMany" in one["spec"]["accessModes"], one["metadata"]["name"]


def the_grace_period_fits_the_drain(release: Release) -> None:
    """Waiting, farewells, two stuck writes, 5 s of margin and 2 s to drop the rest."""
    least = {key: 10.0 for key in PROGRAMS}
    least["gateway"] = release.values["gateway"]["preStopSleepSeconds"] + 7 + (
        math.ceil(release.duration("drain_wait", "5s"))
        + math.ceil(release.duration("drain_grace", "20s"))
        + 2 * math.ceil(release.duration("write_timeout", "5s"))
    )
    for key in PROGRAMS:
        spec = release.program(key)["spec"]["template"]["spec"]
        grace = spec["terminationGracePeriodSeconds"]
        assert grace >= least[key], f"{key}: {grace} s for {least[key]} s"
        assert grace <= least[key] + 3600, f"{key}: {grace} s is no sensible grace period"


def updates_add_before_they_take(release: Release) -> None:
    for key in PROGRAMS:
        strategy = release.program(key)["spec"]["strategy"]
        assert strategy["type"] == "RollingUpdate", key
        assert strategy["rollingUpdate"] == release.values[key]["rollingUpdate"], key


def nodes_can_be_drained(release: Release) -> None:
    for one in release.of("PodDisruptionBudget"):
        spec = one["spec"]
        (key,) = [
            key
            for key, component in PROGRAMS.items()
            if spec["selector"]["matchLabels"]["app.kubernetes.io/component"] == component
        ]
        values = release.values[key]
        automatic = values.get("autoscaling", {})
        replicas = automatic["minReplicas"] if automatic.get("enabled") else values["replicas"]
        assert ("minAvailable" in spec) != ("maxUnavailable" in spec), key
        if isinstance(spec.get("minAvailable"), int):
            assert spec["minAvailable"] < replicas, key
        assert spec.get("maxUnavailable") not in (0, "0%"), key
        assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow", key


def the_autoscaler_alone_counts_gateways(release: Release) -> None:
    gateways = release.program("gateway")
    automatic = release.values["gateway"]["autoscaling"]["enabled"]
    assert ("replicas" not in gateways["spec"]) == automatic
    scalers = release.of("HorizontalPodAutoscaler")
    assert len(scalers) == int(automatic)
    for one in scalers:
        assert one["spec"]["scaleTargetRef"]["name"] == gateways["metadata"]["name"]
        assert one["spec"]["metrics"], "nothing to scale by"


def closed_networks_let_through_what_is_needed(release: Release) -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in release.of("NetworkPolicy")}
    enabled = release.values["networkPolicy"]["enabled"]
    bundled = release.values["redis"]["bundled"]["enabled"]
    assert len(policies) == (3 + int(bundled) if enabled else 0), list(policies)
    for name, spec in policies.items():
        assert spec["policyTypes"] == ["Ingress", "Egress"], name
        pod = release.selected(spec["podSelector"]["matchLabels"])[0][1]
        open_ports = {port["name"] for port in pod["containers"][0]["ports"]}
        ports = {port["port"] for rule in spec["ingress"] for port in rule.get("ports", [])}
        assert {port for port in ports if isinstance(port, str)} <= open_ports, name
        if "http" in open_ports:
            assert "http" in ports, name
        for rule in spec["ingress"]:
            if any(port["port"] == "admin" for port in rule.get("ports", [])):
                assert rule["from"], f"{name}: everybody may read the metrics"
        out = [port["port"] for rule in spec["egress"] for port in rule.get("ports", [])]
        if "redis" not in open_ports:
            wanted = ["redis"] if bundled else release.values["networkPolicy"]["redisPorts"]
            assert set(wanted) <= set(out) and out.count(53) == 2, f"{name}: {out}"
        photos = release.values["photos"]
        bucket = set(release.values["networkPolicy"]["photosPorts"])
        if photos["enabled"] and photos["store"] == "s3" and "http" in open_ports:
            assert bucket <= set(out), f"{name}: no way to the bucket: {out}"


def passwords_are_in_secrets_only(release: Release) -> None:
    redis = release.values["redis"]
    secrets = [redis["bundled"]["auth"]["password"], redis["external"]["url"].rpartition("@")[0]]
    for secret in filter(None, secrets):
        for one in release.objects:
            assert one["kind"] == "Secret" or secret not in str(one), one["metadata"]["name"]


def redis_serves_other_pods(release: Release) -> None:
    """Redis without a password refuses everybody from another machine, unless told not to."""
    bundled = release.values["redis"]["bundled"]
    for one in release.of("ConfigMap"):
        if "redis.conf" in one["data"]:
            lines = one["data"]["redis.conf"].splitlines()
            assert ("protected-mode no" in lines) != bundled["auth"]["enabled"]
            assert "maxmemory-policy noeviction" in lines and "appendonly yes" in lines


def a_new_chart_alone_restarts_nothing(release: Release) -> None:
    """Pods carry no version but their image's: a restart cuts people off."""
    for one in release.of("Deployment", "StatefulSet"):
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert not {"helm.sh/chart", "app.kubernetes.io/version"} & set(labels), one["metadata"]["name"]


def numbers_of_settings_are_whole(release: Release) -> None:
    settings = [one for one in release.of("ConfigMap") if one["metadata"]["name"].endswith("-settings")]
    assert len(settings) == 1
    assert not re.search(r": \d[\d.]*e\+", settings[0]["data"]["parlor.yaml"])


ALL: list[Callable[[Release], None]] = [
    names_are_valid_and_unique,
    pods_are_restricted,
    no_pod_has_a_token,
    programs_are_probed_on_the_admin_port,
    the_admin_port_is_in_no_public_service,
    services_lead_to_pods,
    selectors_fit_their_pods,
    routes_lead_to_the_public_service,
    what_pods_refer_to_is_there,
    photos_are_where_all_gateways_find_them,
    the_grace_period_fits_the_drain,
    updates_add_before_they_take,
    nodes_can_be_drained,
    the_autoscaler_alone_counts_gateways,
    closed_networks_let_through_what_is_needed,
    passwords_are_in_secrets_only,
    redis_serves_other_pods,
    a_new_chart_alone_restarts_nothing,
    numbers_of_settings_are_whole,
]


def check(objects: list[dict], values: dict) -> None:
    """Holds all invariants; the first that doesn't is raised by its name."""
    release = Release(objects, values)
    for invariant in ALL:
        try:
            invariant(release)
        except AssertionError as error:
            raise AssertionError(f"{invariant.__name__}: {error}") from error
