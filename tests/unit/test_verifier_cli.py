"""`kiyome verify` and `python -m verifier`: the same words and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import kiyome
from tests.verifier_files import make_log, write
from tests.verifiers import ROOT
from verifier.cli import main

LOG = make_log(3, 2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    LOG.publish(tmp_path / "public")
    (tmp_path / "good.json").write_bytes(write(LOG.inclusion(3)))
    (tmp_path / "bad.json").write_bytes(write(LOG.inclusion(3) | {"index": 2}))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "last"),
    [
        (("good.json", "public"), 0, "Everything holds."),
        (("good.json", "bad.json", "missing"), 1, "Something does not hold."),
        (("good.json", "missing"), 2, "Something could not be checked."),
    ],
)
def test_the_exit_code_and_the_last_line_say_how_it_ended(
    folder: Path,
    words: tuple[str, ...],
    code: int,
    last: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [*words, "--key", LOG.vkey]
    assert main(given) == code
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == last
    done = CliRunner().invoke(kiyome, ["verify", *given])
    assert (done.exit_code, done.output) == (code, said)


def test_the_report_as_json_names_every_check(folder: Path) -> None:
    done = CliRunner().invoke(kiyome, ["verify", "bad.json", "--key", LOG.vkey, "--json"])
    report = json.loads(done.output)
    assert (report["format"], report["outcome"]) == ("kiyome.verification/1", "fails")
    (file,) = report["files"]
    assert file["size"] == 5
    assert file["checks"][-1]["name"] == "inclusion"
    assert "does not stand there" in file["checks"][-1]["detail"]


@pytest.mark.parametrize("words", [("--key", "x"), ("--rpc", "ftp://x"), ("--contract", "0x1")])
def test_an_option_that_cannot_be_understood_ends_with_2(
    folder: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["good.json", *words]) == 2
    assert capsys.readouterr().err.startswith("verifier: ")
    assert CliRunner().invoke(kiyome, ["verify", "good.json", *words]).exit_code == 2


def test_it_starts_without_the_rest_of_kiyome() -> None:
    code = (
        "import sys\nfrom flows.cli import kiyome\n"
        "kiyome(['verify', 'missing'], standalone_mode=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import atexit\n{_LIST}\n{code}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == "LOADED []", done.stdout + done.stderr


_LIST = (
    "atexit.register(lambda: print('LOADED', sorted("
    "{'pydantic', 'web3', 'models.ledger'} & set(sys.modules))))"
)


def test_a_terminal_that_knows_only_ascii_does_not_stop_it(folder: Path) -> None:
    (folder / "清め.json").write_bytes(write(LOG.inclusion(3)))
    done = subprocess.run(
        [sys.executable, "-m", "verifier", "清め.json"],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"},
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("\\u6e05\\u3081.json (inclusion)")
