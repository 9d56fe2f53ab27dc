"""The verifier stands alone: whoever distrusts the pipeline can read it and run it without it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.verifier_files import make_log, write
from tests.verifiers import ROOT

MODULES = sorted((ROOT / "verifier").glob("*.py"))
SCRIPTS = sorted((ROOT / "verifier" / "js").glob("*.mjs"))
ALLOWED = {"verifier", "cryptography", *sys.stdlib_module_names}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_imports_only_the_standard_library_and_cryptography(path: Path) -> None:
    assert imported(path) <= ALLOWED


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_imports_only_node_and_loads_viem_late(path: Path) -> None:
    text = path.read_text()
    for name in re.findall(r'^(?:import|export)\b[^;]*?from "([^"]+)";', text, re.MULTILINE):
        assert name.startswith(("node:", "./")), name
    assert re.findall(r'import\("([^"]+)"\)', text) in ([], ["viem"])


def test_it_runs_where_there_is_nothing_else(tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns("js", "__pycache__")
    shutil.copytree(ROOT / "verifier", tmp_path / "verifier", ignore=ignore)
    log = make_log(3, 2)
    (tmp_path / "proof.json").write_bytes(write(log.inclusion(3)))
    done = subprocess.run(
        [sys.executable, "-m", "verifier", "proof.json", "--key", log.vkey],
        cwd=tmp_path,
        env={"PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Everything holds.\n")
