"""docs/ledger.md is true: its example runs, and its table lists the checks there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.ledger.log import UsageLedger
from models.ledger.verification import verify_ledger

PAGE = (Path(__file__).resolve().parents[2] / "docs/ledger.md").read_text(encoding="utf-8")


def test_the_example_runs_and_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, "docs/ledger.md", "exec"), names)
    ledger = names["ledger"]
    assert isinstance(ledger, UsageLedger)
    assert ledger.head().size == 1
    assert (tmp_path / "proof.json").exists()


def test_the_table_lists_every_check(tmp_path: Path) -> None:
    ledger = UsageLedger.open(tmp_path, "kiyome.test/docs")
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    table = PAGE.split("## Verifying")[1].split("A failed check")[0]
    listed = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall("`(.*?)`", row)
    }
    assert listed == {check.name for check in report.checks}
