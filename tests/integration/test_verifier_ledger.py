"""What the product writes, both verifiers accept; what was tampered with, all of them refuse."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.ledger.consistency import verify_consistency_file
from models.ledger.inclusion import verify_inclusion_file
from models.ledger.log import UsageLedger
from models.ledger.owners.absence import verify_absence_file
from models.ledger.owners.completeness import verify_completeness_file
from models.ledger.payout_record import PayoutRecord
from models.ledger.report import VerificationReport
from models.ledger.verification import verify_ledger
from tests.ledger_parts import ORIGIN, make_records
from tests.verifier_files import write
from tests.verifiers import (
    VERIFY_MJS,
    Question,
    ask_javascript,
    ask_python,
    change_fields,
    find_node,
)
from verifier.cli import main

OWNERS = ("aoi@example.com", "ren@example.com", "")
SIZES = (3, 2, 280, 40)
Verify = Callable[[Path, str | None], VerificationReport]
VERIFIERS: dict[str, Verify] = {
    "inclusion": verify_inclusion_file,
    "consistency": verify_consistency_file,
    "completeness": verify_completeness_file,
    "absence": verify_absence_file,
}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> UsageLedger:
    made = UsageLedger.open(tmp_path_factory.mktemp("ledger"), ORIGIN)
    start = 0
    for number, size in enumerate(SIZES):
        records = [
            replace(record, owner_ref=made.reference("owner", owner) if owner else "")
            for record, owner in zip(make_records(size, start), OWNERS * size, strict=False)
        ]
        made.append(f"b{number}", records, 1_800_000_000 + number)
        start += size
    payout = PayoutRecord(
        made.reference("owner", OWNERS[0]),
        *("2026-Q3", "atelier", "1", "f" * 64, "JPY", 0),
        *(1000, "10", "1", 100, 0, 100, 0, 1_800_000_000),
    )
    made.append("payouts", [payout], 1_800_000_005)
    return made


@pytest.fixture(scope="module")
def files(ledger: UsageLedger, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    made = {name: folder / f"{name}.json" for name in VERIFIERS}
    ledger.prove_inclusion(100, made["inclusion"])
    ledger.prove_consistency(5, made["consistency"])
    known = ledger.reference("owner", OWNERS[0])
    ledger.prove_owner("b0", known, made["completeness"])
    ledger.append("late", list(make_records(1, 900)), 1_800_000_009)
    # "late" holds nothing of an owner who has a key by now.
    ledger.prove_owner("late", known, made["absence"])
    return made


def test_the_products_own_files_and_folder_hold_in_both_languages(
    ledger: UsageLedger, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_ledger(ledger.public_folder, ledger.vkey).ok
    words = [*map(str, files.values()), "--key", ledger.vkey, "--json"]
    folder = [str(ledger.public_folder), "--key", ledger.vkey, "--json"]
    for given in (words, folder):
        assert main(given) == 0
        report = json.loads(capsys.readouterr().out)
        done = subprocess.run(
            [find_node(), str(VERIFY_MJS), *given], capture_output=True, text=True, timeout=280
        )
        assert (done.returncode, json.loads(done.stdout)) == (0, report)


@pytest.mark.parametrize("name", VERIFIERS)
def test_the_product_and_both_verifiers_refuse_the_same_changes(
    ledger: UsageLedger, files: dict[str, Path], tmp_path: Path, name: str
) -> None:
    value = json.loads(files[name].read_bytes())
    questions, said = [], []
    path = tmp_path / "file.json"
    for changed in [value, *change_fields(value)]:
        data = write(changed)
        path.write_bytes(data)
        questions.append(Question(data, key=ledger.vkey))
        said.append(VERIFIERS[name](path, ledger.vkey).ok)
    answers: list[dict[str, Any]] = ask_javascript([question.as_line() for question in questions])
    for question, answer, ok in zip(questions, answers, said, strict=True):
        assert ask_python(question) == answer
        assert (answer["outcome"] == "holds") == ok, question.data[:2000]
    assert said[0]
