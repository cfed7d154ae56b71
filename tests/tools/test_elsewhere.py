"""The repository opens elsewhere: in a development container, in Codespaces and on Binder."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tomllib
import yaml
from jsonschema import validate
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / ".binder"
CONTAINER = ROOT / ".devcontainer" / "devcontainer.json"
# What containers.dev says of the properties in use; a name that it does not know does nothing.
TEXT, COMMAND = {"type": "string"}, {"type": ["string", "array", "object"]}
SCHEMA = {
    "type": "object",
    "required": ["image"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "image": TEXT,
        "hostRequirements": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "cpus": {"type": "integer", "minimum": 1},
                "memory": {"type": "string", "pattern": "^[0-9]+([tgmk]b)?$"},
                "storage": {"type": "string", "pattern": "^[0-9]+([tgmk]b)?$"},
            },
        },
        "onCreateCommand": COMMAND,
        "updateContentCommand": COMMAND,
        "postCreateCommand": COMMAND,
        "forwardPorts": {"type": "array", "items": {"type": "integer", "maximum": 65535}},
        "portsAttributes": {
            "type": "object",
            "patternProperties": {"^[0-9]+$": {"type": "object"}},
        },
        "customizations": {"type": "object"},
    },
}


@pytest.fixture(scope="module")
def container() -> dict[str, object]:
    settings: dict[str, object] = json.loads(CONTAINER.read_text(encoding="utf8"))
    return settings


def test_the_container_is_described_as_its_schema_says(container: dict[str, object]) -> None:
    validate(container, SCHEMA)


def test_the_container_runs_targets_that_exist(container: dict[str, object]) -> None:
    commands = " && ".join(str(container[name]) for name in container if name.endswith("Command"))
    targets = re.findall(r"\bmake ([\w-]+)", commands)
    assert targets
    for target in targets:
        done = subprocess.run(
            ["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_the_container_has_a_python_that_the_book_takes_and_what_its_tests_need(
    container: dict[str, object],
) -> None:
    version = re.fullmatch(r"python:(3)\.(\d+)-\w+", str(container["image"]))
    assert version
    assert tuple(map(int, version.groups())) >= (3, 11)
    needed = set(re.findall(r"packages\+=\(([\w-]+)\)", (ROOT / ".ci" / "run").read_text()))
    assert {"nodejs", "chromium"} <= needed
    there = {"make", "python3-venv"}  # in the image
    assert needed - there <= set(str(container["onCreateCommand"]).split())


def test_the_container_forwards_the_port_of_make_serve(container: dict[str, object]) -> None:
    (port,) = re.findall(
        r'"--port", type=int, default=(\d+)', (ROOT / "tools/serve.py").read_text()
    )
    assert container["forwardPorts"] == [int(port)]
    assert port in container["portsAttributes"]  # type: ignore[operator]


def test_binder_has_the_files_that_repo2docker_reads() -> None:
    assert {path.name for path in BINDER.iterdir()} == {"apt.txt", "environment.yml", "postBuild"}
    assert all(
        re.fullmatch(r"[a-z0-9.+-]+", name) for name in (BINDER / "apt.txt").read_text().split()
    )


def test_binder_has_the_torch_that_the_package_asks_for() -> None:
    settings = yaml.safe_load((BINDER / "environment.yml").read_text(encoding="utf8"))
    assert settings.keys() == {"channels", "dependencies"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    (torch,) = (text for text in project["dependencies"] if text.startswith("torch"))
    conda = {
        Requirement(text.replace("3.11", "=3.11")).name: text for text in settings["dependencies"]
    }
    assert conda["pytorch-cpu"] == f"pytorch-cpu{Requirement(torch).specifier}"


def test_binder_installs_an_extra_that_exists() -> None:
    script = BINDER / "postBuild"
    assert os.access(script, os.X_OK)
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-n", script], check=True)
    extras = re.findall(r'"\.\[(\w+)\]"', script.read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    assert extras == ["notebooks"]
    assert set(extras) <= project["optional-dependencies"].keys()
