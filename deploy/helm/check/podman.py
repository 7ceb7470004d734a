"""Podman with a storage of its own, and what the kubelet does that podman doesn't."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

SKIP = 77


class Unusable(Exception):
    """Podman is there and can't run a container here; the text says why."""


class Podman:
    def __init__(self, scratch: Path):
        self.scratch = scratch
        # By default podman raises limits, which not every machine lets it.
        config = scratch / "containers.conf"
        config.write_text(
            '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n'
            '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        )
        self.environment = {**os.environ, "CONTAINERS_CONF": str(config)}
        self.command = [
            "podman",
            f"--root={scratch / 'storage'}",
            f"--runroot={scratch / 'run'}",
            f"--network-config-dir={scratch / 'networks'}",
        ]

    def run(self, *arguments: str, check: bool = True, stdin: str | None = None) -> str:
        """What podman prints; an error of it is raised with its words."""
        done = subprocess.run(
            [*self.command, *arguments],
            input=stdin, capture_output=True, text=True, timeout=180, env=self.environment,
        )  # fmt: skip
        if check and done.returncode:
            raise RuntimeError(f"podman {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def build(self, name: str, programs: list[Path], entrypoint: str | None) -> None:
        """An image of programs and the libraries that they load, and nothing else: no shell."""
        root = self.scratch / "image"
        for program in programs:
            told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
            for library in re.findall(r"(/\S+)(?= \(0x)", told.stdout):
                target = root / library.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(library, target)
                target.chmod(0o755)
            target = root / "usr/local/bin" / program.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(program, target)
            target.chmod(0o755)
        (root / "tmp").mkdir()
        archive = self.scratch / "image.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        changes = ["--change=ENV PATH=/usr/local/bin"]
        if entrypoint:
            changes.append(f'--change=ENTRYPOINT ["/usr/local/bin/{entrypoint}"]')
        self.run("import", *changes, str(archive), name)
        shutil.rmtree(root)
        archive.unlink()

    def choose_runtime(self, image: str) -> None:
        """The first runtime that can run a container on this kernel."""
        reasons = []
        for runtime in filter(shutil.which, ("crun", "runc")):
            try:
                self.run(f"--runtime={runtime}", "run", "--rm", "--network=none", image, "--version")
            except RuntimeError as error:
                reasons.append(str(error))
                continue
            self.command.append(f"--runtime={runtime}")
            return
        raise Unusable("no runtime can run a container here: " + "; ".join(reasons or ["none found"]))

    def play(self, pod: dict, configs: list[dict], network: str, aliases: list[str]) -> None:
        text = yaml.safe_dump_all([*configs, pod])
        options = ":" + ",".join(f"alias={alias}" for alias in aliases)
        self.run("play", "kube", f"--network={network}{options}", "-", stdin=text)

    def address(self, pod: str) -> str:
        """The pod's own IP address."""
        infra = self.run("pod", "inspect", "--format", "{{.InfraContainerID}}", pod)
        networks = json.loads(self.run("inspect", infra))[0]["NetworkSettings"]["Networks"]
        (network,) = networks.values()
        return network["IPAddress"]

    def inspect(self, container: str) -> dict[str, Any]:
        return json.loads(self.run("inspect", container))[0]

    def end(self) -> None:
        """Ends what was started and leaves neither a network nor a mount behind."""
        self.run("pod", "rm", "--all", "--force", "--time=0", check=False)
        self.run("volume", "rm", "--all", "--force", check=False)
        self.run("network", "prune", "--force", check=False)
        self.run("rmi", "--all", "--force", check=False)
        # Storage of the overlay kind stays mounted on itself.
        for mount in [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]:
            if mount.startswith(str(self.scratch)):
                subprocess.run(["umount", mount], check=False)


def as_the_kubelet(spec: dict, variables: dict[str, str]) -> dict:
    """A pod's spec with what podman leaves to the kubelet done, and what it can't do left out.

    Values from Secrets are filled in and $(VARIABLES) in arguments expanded. Probes go, as podman would
    run curl within the container, which has none; and ports, which it would open on this machine.
    """
    spec = json.loads(json.dumps(spec))
    for key in ("affinity", "topologySpreadConstraints", "serviceAccountName"):
        spec.pop(key, None)
    container = spec["containers"][0]
    for key in ("startupProbe", "livenessProbe", "readinessProbe", "ports"):
        container.pop(key, None)
    if "env" in container:
        container["env"] = [{"name": name, "value": value} for name, value in variables.items()]
    if "args" in container:
        container["args"] = [
            re.sub(r"\$\((\w+)\)", lambda match: variables[match[1]], argument)
            for argument in container["args"]
        ]
    return spec
