"""The files in deploy/: they name commands, files, settings and figures that are there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from flows.cli import kiyome
from models.settings import SECRETS, Settings
from models.watching.conditions import Alert, Kind
from models.watching.figures import DatasetFigures, Figures, LedgerFigures, RunFigures
from models.watching.metrics import render_metrics
from models.watching.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def parses(arguments: list[str]) -> bool:
    """Whether the command line knows a command with these arguments."""
    command: click.Command = kiyome
    context = click.Context(kiyome)
    rest = list(arguments)
    while isinstance(command, click.Group):
        found = command.get_command(context, rest.pop(0))
        assert found is not None, arguments
        command = found
    command.make_context("kiyome", rest)
    return True


class TestCompose:
    """deploy/compose.yaml"""

    @pytest.mark.parametrize("name", ["schedule", "review"])
    def test_a_service_runs_a_command_that_there_is(self, name: str) -> None:
        assert parses(SERVICES[name]["command"])

    def test_the_first_account_is_made_with_a_command_that_there_is(self) -> None:
        text = (DEPLOY / "compose.yaml").read_text("utf-8")
        said = re.search(r"run --rm review (accounts create .*?)\s+#", text)
        assert said is not None
        assert parses(said[1].split())

    @pytest.mark.parametrize("name", sorted(SERVICES))
    def test_what_is_mounted_is_a_volume_or_a_file_beside_it(self, name: str) -> None:
        made_by_the_reader = {"./kiyome.toml", "./policy.toml"}
        for mount in SERVICES[name].get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./") and source not in made_by_the_reader:
                assert (DEPLOY / source).exists(), mount
            elif not source.startswith((".", "$")):
                assert source in COMPOSE["volumes"], mount

    def test_every_secret_is_declared_and_known_to_the_settings(self) -> None:
        for name, service in SERVICES.items():
            assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"]), name
        for name in ("schedule", "review"):
            for variable, path in SERVICES[name]["environment"].items():
                if variable.endswith("_FILE"):
                    setting = variable.removeprefix("KIYOME_").removesuffix("_FILE").lower()
                    assert setting in SECRETS
                    assert path.removeprefix("/run/secrets/") in COMPOSE["secrets"]

    def test_nothing_is_published_beyond_the_loopback(self) -> None:
        for service in SERVICES.values():
            assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))

    def test_the_settings_in_it_can_be_used(self) -> None:
        values = tomllib.loads((DEPLOY / "kiyome.example.toml").read_text("utf-8"))
        assert Settings(**values).review_origin.startswith("https://")

    def test_kiyome_runs_without_privileges(self) -> None:
        for name in ("schedule", "review"):
            assert SERVICES[name]["cap_drop"] == ["ALL"]
            assert SERVICES[name]["read_only"] is True


class TestContainerfile:
    """deploy/Containerfile"""

    TEXT = (DEPLOY / "Containerfile").read_text("utf-8")

    def test_what_is_copied_is_there(self) -> None:
        for line in re.findall(r"^COPY (?!--from)(.+)$", self.TEXT, re.MULTILINE):
            for source in line.split()[:-1]:
                assert (ROOT / source).exists(), line

    def test_every_package_of_the_wheel_is_copied(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
        for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
            assert f"COPY {package} {package}\n" in self.TEXT

    def test_it_does_not_run_as_root(self) -> None:
        assert re.search(r"^USER kiyome$", self.TEXT, re.MULTILINE)


class TestUnits:
    """deploy/systemd/"""

    @pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
    def test_a_unit_runs_a_command_that_there_is(self, path: Path) -> None:
        (line,) = re.findall(r"^ExecStart=(.+)$", path.read_text("utf-8"), re.MULTILINE)
        program, *arguments = line.replace("${DATASET}", "/data").split()
        assert Path(program).name in ("kiyome", "prefect")
        assert Path(program).name == "prefect" or parses(arguments)

    @pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
    def test_a_secret_that_is_loaded_is_the_one_that_is_named(self, path: Path) -> None:
        text = path.read_text("utf-8")
        loaded = re.findall(r"^LoadCredential=([\w-]+):", text, re.MULTILINE)
        named = re.findall(r"KIYOME_(\w+)_FILE=%d/([\w-]+)", text)
        assert sorted(loaded) == sorted(file for _, file in named)
        assert all(setting.lower() in SECRETS for setting, _ in named)

    @pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
    def test_systemd_takes_them(self, tmp_path: Path) -> None:
        for path in (DEPLOY / "systemd").iterdir():
            # systemd looks whether a program is there; ours is where the reader puts it.
            text = re.sub(r"/opt/kiyome/bin/\w+", "/bin/true", path.read_text("utf-8"))
            (tmp_path / path.name).write_text(text, "utf-8")
        said = subprocess.run(
            ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],
            check=False,
            capture_output=True,
            text=True,
        )
        complaints = [line for line in said.stderr.splitlines() if str(tmp_path) in line]
        assert complaints == []


def test_every_figure_on_the_dashboard_is_one_that_there_is() -> None:
    run = RunFigures(
        "r", "running", "", 0, 1, 1.0, {"opt_in": 1, "opt_out": 1}, Progress("r", 1, 2, 0, 1)
    )
    dataset = DatasetFigures("d", run, (run,), 1, 1, 1, 1, 1, 1, 1)
    figures = Figures(2, (dataset,), 1, 1, 1, 1, 1, LedgerFigures(1, 1, "rpc", 1), 1)
    text = render_metrics(figures, [Alert(Kind.DISK_FILLS, "disk", "", "")]).decode()
    known = set(re.findall(r"^(kiyome_[a-z_]+)", text, re.MULTILINE))
    dashboard = json.loads((DEPLOY / "grafana" / "kiyome.json").read_text("utf-8"))
    queries = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    used = {name for query in queries for name in re.findall(r"kiyome_[a-z_]+", query)}
    assert used <= known
    assert len(used) > 12
