"""The built wheel works by itself, far from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pipeline import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the wheel installs, without its dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("kiyome-*.whl")
    site = folder / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel]
    subprocess.run(install, check=True, capture_output=True)
    return site


def _run(site: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys, flows; "
        f"assert flows.__file__.startswith({str(site)!r}), flows.__file__; "
        "from flows.cli import main; sys.argv[0] = 'kiyome'; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_it_brings_its_templates_policy_and_migrations(installed: Path, tmp_path: Path) -> None:
    assert _run(installed, tmp_path, "init").returncode == 0
    assert (tmp_path / "policy.toml").exists()
    done = _run(installed, tmp_path, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.prefect
def test_the_demo_runs_from_it(installed: Path, tmp_path: Path) -> None:
    done = _run(installed, tmp_path, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "33  clear" in done.stdout
    assert (tmp_path / "demo" / "workspace" / "reports" / "sample" / "report.html").exists()


def test_it_brings_its_contracts_encoder_and_verifiers(installed: Path, tmp_path: Path) -> None:
    code = (
        "from models.ledger.chain.contract import load_artifact; "
        "from models.motifs.encoders import load_encoder; "
        "print(len(load_artifact().bytecode) > 1000, load_encoder('builtin:art').name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stdout == "True builtin:art\n", done.stderr
    assert _run(installed, tmp_path, "verify", "--help").returncode == 0
    assert (installed / "verifier" / "js" / "verify.mjs").exists()
    assert not (installed / "verifier" / "js" / "node_modules").exists()


def test_the_review_page_finds_its_templates(installed: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from fastapi.testclient import TestClient; "
        "from models.settings import load_settings; from review_ui.app import create_app; "
        "app = create_app(load_settings(workspace=Path('ws'))); "
        "client = TestClient(app, base_url='http://127.0.0.1:8620'); "
        "print(client.get('/').status_code, client.get('/static/kiyome.css').status_code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["200", "200"], done.stdout + done.stderr
