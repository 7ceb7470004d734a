"""Starts the chart's pods with podman and chats through them; deploy/helm/test-pods runs it."""

import base64
import http.client
import sys
import threading
import time
from pathlib import Path
from typing import Callable

import chart
from chart import merged
from invariants import PROGRAMS, Release
from podman import SKIP, Podman, Unusable, as_the_kubelet
from programs import folder

# Far beyond what anything here takes on an idle machine.
PATIENCE_SECONDS = 90
NETWORK = "parlor"
NOT_DONE = """\
Not looked at, as podman has none of it: Services (their names are aliases of the pods here), probes by
the kubelet (asked from here instead), NetworkPolicy, Ingress, HTTPRoute, autoscaling, disruption budgets,
scheduling, the seccomp profile and fsGroup, the StatefulSet's claim beyond a volume for the pod."""

VALUES = {
    "image": {"registry": "localhost", "tag": "test", "pullPolicy": "Never"},
    "redis": {"bundled": {"image": {"repository": "localhost/redis", "tag": "test"}}},
    # Aliases can't lead from one port to another.
    "service": {"port": 5555, "headless": {"enabled": True}},
    "settings": {"drain_wait": "1s", "drain_grace": "2s"},
    "historyWorker": {"replicas": 2},
    "presenceWorker": {"replicas": 2},
}


def say(text: str) -> None:
    print(text, flush=True)


def until(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(0.1)


def status(address: str, port: int, path: str) -> int | None:
    """The status of a GET, or none where nobody answers."""
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


class Cluster:
    """The release's pods on podman."""

    def __init__(self, podman: Podman, release: Release):
        self.podman, self.release = podman, release
        self.port = release.values["adminPort"]

    def variables(self, container: dict) -> dict[str, str]:
        found = {}
        for one in container.get("env", []):
            found[one["name"]] = one.get("value", "")
            if "valueFrom" in one:
                reference = one["valueFrom"]["secretKeyRef"]
                data = self.release.named("Secret", reference["name"])["data"]
                found[one["name"]] = base64.b64decode(data[reference["key"]]).decode()
        return found

    def start(self, name: str, template: dict, restart: str, args: list[str] | None = None) -> None:
        """Starts one pod of a template, known by its own name and those of the Services it serves."""
        labels = template["metadata"]["labels"]
        aliases = [name] + [
            service["metadata"]["name"]
            for service in self.release.of("Service")
            if service["spec"]["selector"].items() <= labels.items()
        ]
        container = template["spec"]["containers"][0]
        spec = as_the_kubelet(template["spec"], self.variables(container))
        spec["restartPolicy"] = restart
        if args:
            spec["containers"][0]["args"] = args
        for volume in spec.get("volumes", []):
            assert "configMap" in volume or "persistentVolumeClaim" in volume, volume
        pod = {"apiVersion": "v1", "kind": "Pod", "spec": spec}
        pod["metadata"] = {"name": name, "labels": labels}
        self.podman.play(pod, self.release.of("ConfigMap"), NETWORK, aliases)

    def start_redis(self) -> str:
        (one,) = self.release.of("StatefulSet")
        name = f"{one['metadata']['name']}-0"
        template = one["spec"]["template"]
        for claim in one["spec"]["volumeClaimTemplates"]:
            volume = claim["metadata"]["name"]
            template["spec"]["volumes"].append(
                {"name": volume, "persistentVolumeClaim": {"claimName": f"{volume}-{name}"}}
            )
        self.start(name, template, "Never")
        return f"{name}-redis"

    def start_program(self, key: str, number: int) -> str:
        one = self.release.program(key)
        name = f"{one['metadata']['name']}-{number}"
        self.start(name, one["spec"]["template"], "Never")
        return name

    def is_ready(self, pod: str) -> bool:
        return status(self.podman.address(pod), self.port, "/readyz") == 200

    def chat(self, name: str, host: str | None = None) -> str:
        """Runs helm test's pod, through the public Service or one pod, and gives what it says."""
        (pod,) = self.release.of("Pod")
        container = f"{name}-{pod['spec']['containers'][0]['name']}"
        args = ["--chat-check", f"ws://{host}:5555/ws"] if host else None
        self.start(name, pod, "Never", args)
        code = self.podman.run("wait", container)
        said = self.podman.inspect(container)
        log = self.podman.run("logs", container)
        assert code == "0", f"{name} ended with {code}: {log} {said['State']}"
        self.podman.run("pod", "rm", "--force", name)
        return log


def build_images(podman: Podman) -> None:
    binaries = folder()
    assert binaries, "the programs are missing"
    for program in PROGRAMS.values():
        podman.build(f"localhost/parlor-{program}:test", [binaries / program], program)
    system = [Path("/usr/bin/redis-server"), Path("/usr/bin/redis-cli")]
    podman.build("localhost/redis:test", system, None)


def confined(podman: Podman, container: str, user: str) -> None:
    """What the security contexts ask for is in force."""
    found = podman.inspect(container)
    assert found["Config"]["User"].split(":")[0] == user, found["Config"]["User"]
    assert found["HostConfig"]["ReadonlyRootfs"] is True, container
    assert "no-new-privileges" in found["HostConfig"]["SecurityOpt"], container
    assert not found["EffectiveCaps"] and not found["BoundingCaps"], container


def check(podman: Podman) -> None:
    values = merged(chart.preset("trial"), VALUES)
    release = Release(chart.objects(values), merged(chart.defaults(), values))
    cluster = Cluster(podman, release)
    podman.run("network", "create", NETWORK)

    # The programs come first and wait: a chart has no order either.
    pods = [cluster.start_program(key, number) for key in PROGRAMS for number in range(2)]
    for pod in pods:
        until(f"{pod} is alive", lambda: status(podman.address(pod), cluster.port, "/healthz") == 200)
        assert not cluster.is_ready(pod), f"{pod} is ready without Redis"
    say(f"{len(pods)} pods of the programs are alive and, without Redis, not ready")
    redis = cluster.start_redis()
    for pod in pods:
        until(f"{pod} is ready", lambda: cluster.is_ready(pod))
    say("with Redis they are ready")
    for pod in pods:
        component = next(name for name in PROGRAMS.values() if name in pod)
        confined(podman, f"{pod}-{component}", "65532")
    confined(podman, redis, "999")
    say("they run without root, capabilities and a writable root")

    say(cluster.chat("test-service"))
    gateways = [pod for pod in pods if "gateway" in pod]
    for pod in gateways:
        say(cluster.chat(f"test-{pod}", pod))

    count = (
        "local stored, left = 0, 0 "
        "for _, key in ipairs(redis.call('KEYS', 'channelMessages:*')) do stored = stored + redis.call('LLEN', key) end "
        "for _, key in ipairs(redis.call('KEYS', 'messages:*')) do left = left + redis.call('XLEN', key) end "
        "return stored .. ' ' .. left"
    )
    until(
        "three messages are in the history and none in the streams",
        lambda: podman.run("exec", redis, "redis-cli", "eval", count, "0") == "3 0",
    )
    say("the history-workers have stored all three messages")

    replaced, other = gateways
    drain(cluster, replaced, other)


def drain(cluster: Cluster, replaced: str, other: str) -> None:
    """A rolling update in small: a third gateway, and the first ends while people chat on the second."""
    podman = cluster.podman
    new = cluster.start_program("gateway", 2)
    until(f"{new} is ready", lambda: cluster.is_ready(new))
    grace = cluster.release.program("gateway")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    container = f"{replaced}-gateway"
    began = time.monotonic()
    stopping = threading.Thread(target=podman.run, args=("stop", f"--time={grace}", container))
    stopping.start()
    until(f"{replaced} is not ready", lambda: not cluster.is_ready(replaced))
    chats = 0
    while stopping.is_alive() or not chats:
        cluster.chat(f"test-drain-{chats}", other)
        chats += 1
    stopping.join()
    code = podman.inspect(container)["State"]["ExitCode"]
    took = time.monotonic() - began
    # 137 would be the kill at the end of the grace period.
    assert code == 0, f"{container} ended with {code} after {took:.1f} s"
    podman.run("pod", "rm", "--force", replaced)
    say(f"{replaced} drained and ended with 0 in {took:.1f} of {grace} s, {chats} chats meanwhile")
    say(cluster.chat("test-after"))


def main() -> int:
    podman = Podman(Path(sys.argv[1]))
    try:
        build_images(podman)
        podman.choose_runtime("localhost/parlor-gateway:test")
        check(podman)
    except Unusable as error:
        say(f"Skipped: {error}")
        return SKIP
    except Exception:
        for container in podman.run("ps", "--all", "--quiet", check=False).split():
            say(podman.run("logs", container, check=False)[-2000:])
        raise
    finally:
        podman.end()
    say(NOT_DONE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
