"""Whether the programs take the settings and variables that the chart gives them."""

import base64
import os
import subprocess
import tempfile
from pathlib import Path

from invariants import Release

PROGRAMS = {"gateway": "gateway", "historyWorker": "history-worker", "presenceWorker": "presence-worker"}


def folder() -> Path | None:
    """Where the built programs are, if they are."""
    project = Path(__file__).resolve().parents[3]
    path = Path(os.environ.get("PARLOR_BIN_DIR", project / "target/debug"))
    return path if all((path / name).is_file() for name in PROGRAMS.values()) else None


def environment(release: Release, container: dict, settings: Path) -> dict[str, str]:
    """The container's variables as the kubelet would set them; your Secrets are made up."""
    variables = {}
    for one in container["env"]:
        if one["name"] == "PARLOR_CONFIG":
            variables[one["name"]] = str(settings)
        elif "value" in one:
            variables[one["name"]] = one["value"]
        else:
            reference = one["valueFrom"]["secretKeyRef"]
            secrets = [s for s in release.of("Secret") if s["metadata"]["name"] == reference["name"]]
            text = "redis://yours:6379" if one["name"] == "REDIS_URL" else "a password"
            if secrets:
                text = base64.b64decode(secrets[0]["data"][reference["key"]]).decode()
            variables[one["name"]] = text
    return variables


def effective(release: Release, binaries: Path) -> dict[str, str]:
    """What each program says its settings are, by the Deployment's key; a refusal is raised."""
    (settings,) = [
        one["data"]["parlor.yaml"]
        for one in release.of("ConfigMap")
        if one["metadata"]["name"].endswith("-settings")
    ]
    told = {}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "parlor.yaml"
        path.write_text(settings)
        for key, name in PROGRAMS.items():
            container = release.program(key)["spec"]["template"]["spec"]["containers"][0]
            run = subprocess.run(
                [binaries / name, "--print-config"],
                env=environment(release, container, path),
                cwd=scratch,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert run.returncode == 0, f"{name} refuses the chart's settings: {run.stderr}"
            told[key] = run.stdout
    return told
