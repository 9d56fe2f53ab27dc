"""An audit of a training run: each use rests on a release whose consent stood until then."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.auditing.request import read_request
from models.verdicts import Verdict
from tests.audit_parts import (
    BLOCK,
    DAY,
    DECIDED,
    RELEASE,
    Audited,
    details,
    failures,
    grant,
    refusal,
    revocation_of,
)
from tests.audit_tampering import RUN_TAMPERED, change_file, tampered
from verifier.report import CheckError, Outcome
from verifier.requesting import request_audit


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Audited, Path]:
    """What was opened of a run that drew all forty assets of a release."""
    folder = tmp_path_factory.mktemp("run")
    audited = Audited.make(folder, {number: (grant(),) for number in range(40)}).train()
    audited.ask("0.2")
    return audited, audited.open()


def _one(folder: Path, *statements: object) -> Audited:
    return Audited.make(folder, {0: tuple(statements)})  # type: ignore[arg-type]


def test_a_run_whose_uses_rest_on_granted_ones_passes(opened: tuple[Audited, Path]) -> None:
    audited, folder = opened
    kept = (audited.folder / "request.json").read_bytes()
    examined = audited.check(folder, kept)
    assert examined.checks.outcome is Outcome.HOLDS
    assert details(examined, "run") == [
        f"run-run-1-{RELEASE[:16]} is a training run's: it used {RELEASE}."
    ]
    assert "14 of 14 drawn uses were consented to" in details(examined, "consent")[0]


@pytest.mark.parametrize(
    ("change", "check"),
    [case[1:] for case in RUN_TAMPERED],
    ids=[case[0] for case in RUN_TAMPERED],
)
def test_a_tampered_folder_of_a_run_does_not_hold(
    opened: tuple[Audited, Path], tmp_path: Path, change: Callable[[Path], None], check: str
) -> None:
    audited, folder = opened
    examined = audited.check(tampered(folder, tmp_path / "audit", change))
    assert examined.checks.outcome is not Outcome.HOLDS
    assert check in {made.name for made in examined.checks.made if made.status != "ok"}


def test_a_use_whose_release_had_no_consent_is_a_violation(tmp_path: Path) -> None:
    audited = _one(tmp_path, grant(), refusal()).cheat()
    audited.ask()
    assert "it was refused (c2pa)" in details(audited.check(audited.open()), "violation")[0]


def test_a_use_that_was_revoked_between_release_and_run_is_a_violation(tmp_path: Path) -> None:
    audited = _one(tmp_path, grant())
    audited.ledger.append("revocations", [revocation_of(0)], DECIDED + 30)
    audited.cheat().ask()
    examined = audited.check(audited.open())
    assert "revoked in the log before the run was entered" in details(examined, "violation")[0]
    assert details(examined, "revocations") == [
        "All 1 revocations that stand before the run were opened."
    ]


def test_a_use_that_was_revoked_after_the_run_is_none(tmp_path: Path) -> None:
    audited = _one(tmp_path, grant()).train()
    audited.ledger.append("revocations", [revocation_of(0)], DECIDED + 90)
    audited.ask()
    assert audited.check(audited.open()).checks.outcome is Outcome.HOLDS


def test_a_use_that_the_operator_owned_up_to_is_a_violation(tmp_path: Path) -> None:
    audited = _one(tmp_path, grant()).cheat(decision=Verdict.EXCLUDE)
    audited.ask()
    examined = audited.check(audited.open())
    assert "says itself that the run should not have used it" in details(examined, "violation")[0]


def test_a_run_that_was_entered_after_the_grant_had_ended_cannot_be_verified(
    tmp_path: Path,
) -> None:
    audited = _one(tmp_path, grant()).train(DECIDED + DAY)
    audited.ask()
    examined = audited.check(audited.open())
    assert failures(examined) == []
    assert "had ended when the run was entered" in details(examined, "unverifiable")[0]
    assert examined.checks.outcome is Outcome.UNCHECKED


def test_how_fresh_the_statements_were_is_the_releases_matter(tmp_path: Path) -> None:
    lasting = grant(observed_at=DECIDED - DAY, expires_at=DECIDED + 90 * DAY)
    audited = _one(tmp_path, lasting).train(DECIDED + 60 * DAY)
    audited.ask()
    assert audited.check(audited.open()).checks.outcome is Outcome.HOLDS


def test_a_record_of_another_run_is_a_violation(tmp_path: Path) -> None:
    audited = _one(tmp_path, grant()).cheat(run=None)
    audited.ask()
    assert "none of a log" in details(audited.check(audited.open()), "violation")[0]


def test_an_unknown_run_cannot_be_drawn_from(opened: tuple[Audited, Path]) -> None:
    audited, _ = opened
    public, shares = audited.ledger.public_folder, (Decimal("0.1"), Decimal("0.9"))
    with pytest.raises(CheckError, match="There is no run of the name 'sd'"):
        request_audit(public, audited.trust, None, BLOCK, *shares, "sd")
    with pytest.raises(CheckError, match="give --release, or --run"):
        request_audit(public, audited.trust, None, BLOCK, *shares)
    with pytest.raises(CheckError, match="not of a release"):
        request_audit(public, audited.trust, f"run-run-1-{RELEASE[:16]}", BLOCK, *shares)


@pytest.mark.parametrize(
    ("name", "why"),
    [("run", "not of a run that used"), ("nothing", "damaged")],
)
def test_the_operator_refuses_a_request_whose_release_is_none(
    opened: tuple[Audited, Path], tmp_path: Path, name: str, why: str
) -> None:
    audited, _ = opened
    data = (audited.folder / "request.json").read_bytes()
    path = tmp_path / "request.json"
    path.write_bytes(data)
    change_file(path, release=json.loads(data)["batch"] if name == "run" else None)
    with pytest.raises(LedgerError, match=why):
        read_request(path, audited.ledger)
