"""An audit of a release, from the auditor's draw to the auditor's report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from models.canonical import digest_bytes
from models.consent.purposes import Preference, Purpose
from models.errors import LedgerError
from models.ledger.auditing.request import check_block, read_request
from tests.audit_parts import (
    BLOCK,
    BODY,
    DAY,
    DECIDED,
    RELEASE,
    Audited,
    details,
    failures,
    grant,
    revocation_of,
)
from tests.audit_tampering import TAMPERED, VIOLATIONS, change_file, put, say_unkept, tampered
from tests.ledger_parts import owner_ref
from verifier.report import CheckError, Outcome
from verifier.requesting import request_audit

MANY = 500


@pytest.fixture
def audited(tmp_path: Path) -> Audited:
    """A release of forty uses, each granted."""
    return Audited.make(tmp_path, {number: (grant(),) for number in range(40)})


def _only(tmp_path: Path, *statements: object, **more: object) -> Audited:
    made = Audited.make(tmp_path, {0: tuple(statements)}, **more)  # type: ignore[arg-type]
    made.ask()
    return made


def test_a_release_whose_uses_were_all_granted_passes(tmp_path: Path) -> None:
    audited = Audited.make(tmp_path, {number: (grant(),) for number in range(MANY)})
    kept = audited.ask().read_bytes()
    examined = audited.check(audited.open(), kept)
    assert examined.checks.outcome is Outcome.HOLDS
    assert len(json.loads(kept)["positions"]) == 299
    assert "at most 0.997 % of the uses violate" in details(examined, "bound")[0]
    assert "299 of 299 drawn uses were consented to" in details(examined, "consent")[0]


def test_a_rate_of_one_in_a_thousand_draws_2995(tmp_path: Path) -> None:
    audited = Audited.make(tmp_path, {number: (grant(),) for number in range(3000)})
    assert len(json.loads(audited.ask("0.001").read_bytes())["positions"]) == 2995


def test_where_every_entry_is_drawn_nothing_is_left_to_chance(audited: Audited) -> None:
    audited.ask()
    bound = details(audited.check(audited.open()), "bound")
    assert bound == [
        "Every entry was drawn: 0 % of the uses violate (0 of 40 drawn count as violations)."
    ]


@pytest.mark.parametrize(("said", "why"), VIOLATIONS, ids=range(len(VIOLATIONS)))
def test_a_use_without_consent_is_a_violation(
    tmp_path: Path, said: tuple[object, ...], why: str
) -> None:
    audited = _only(tmp_path, *said)
    examined = audited.check(audited.open())
    assert examined.checks.outcome is Outcome.FAILS
    assert failures(examined) == ["violation"]
    assert why in details(examined, "violation")[0]


def test_the_later_word_of_the_same_speaker_counts(tmp_path: Path) -> None:
    no = grant(
        issued_at=DECIDED - 2 * DAY,
        preferences={Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED},
    )
    audited = _only(tmp_path, no, grant())
    assert audited.check(audited.open()).checks.outcome is Outcome.HOLDS


def test_a_use_after_a_revocation_is_a_violation(tmp_path: Path) -> None:
    audited = _only(tmp_path, grant(), earlier=[revocation_of(0)])
    examined = audited.check(audited.open())
    assert "had been revoked" in details(examined, "violation")[0]
    assert details(examined, "revocations") == [
        "All 1 revocations that stand before the release were opened."
    ]


def test_a_grant_after_a_revocation_allows_again(tmp_path: Path) -> None:
    audited = _only(tmp_path, grant(issued_at=DECIDED - 5), earlier=[revocation_of(0)])
    assert audited.check(audited.open()).checks.outcome is Outcome.HOLDS


def test_a_revocation_that_stays_closed_is_the_operators_word(tmp_path: Path) -> None:
    audited = _only(tmp_path, grant(), earlier=[revocation_of(0), revocation_of(1)])
    said = details(audited.check(audited.open(revocations=[])), "revocations")
    assert "0 of the 2 revocations" in said[0]
    assert "operator's word" in said[0]


def test_an_erased_owner_counts_as_a_violation_and_fails_nothing(audited: Audited) -> None:
    audited.ask()
    audited.ledger.erase_owner(owner_ref(1), DECIDED + 5)
    examined = audited.check(audited.open())
    assert failures(examined) == []
    assert details(examined, "erased") == [
        "10 drawn entries are of erased owners: nothing can be shown of them."
    ]
    assert "25 % of the uses violate" in details(examined, "bound")[0]
    assert examined.checks.outcome is Outcome.UNCHECKED


def test_consent_that_was_not_kept_is_unverifiable(audited: Audited) -> None:
    audited.ask()
    examined = audited.check(audited.open(consent={}))
    assert examined.checks.outcome is Outcome.UNCHECKED
    assert len(details(examined, "unverifiable")) == 40
    assert "100 % of the uses" in details(examined, "bound")[0]


def test_what_was_kept_when_a_use_was_recorded_cannot_be_said_not_to_have_been(
    opened: tuple[Audited, Path], tmp_path: Path
) -> None:
    audited, folder = opened
    examined = audited.check(tampered(folder, tmp_path / "audit", say_unkept))
    assert set(failures(examined)) == {"evidence"}
    assert "was kept when the use was recorded" in details(examined, "evidence")[0]


def test_what_was_never_kept_is_told_as_the_record_has_it(tmp_path: Path) -> None:
    audited = _only(tmp_path, grant(), kept=False)
    examined = audited.check(audited.open(evidence={}))
    assert examined.checks.outcome is Outcome.HOLDS
    assert "their uses' records say so" in details(examined, "evidence")[0]


def test_the_operator_is_told_of_evidence_that_was_lost_since(audited: Audited) -> None:
    audited.ask()
    assert audited.disclose().lost == frozenset()
    lost = audited.disclose(evidence={})
    assert lost.lost == {digest_bytes(BODY)}
    examined = audited.check(audited.open(evidence={}))
    assert set(failures(examined)) == {"evidence"}


def test_a_policy_that_was_not_kept_leaves_every_use_unverifiable(audited: Audited) -> None:
    audited.ask()
    examined = audited.check(audited.open(policy=None))
    assert examined.checks.outcome is Outcome.UNCHECKED


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Audited, Path]:
    """What was opened of a release of forty uses."""
    folder = tmp_path_factory.mktemp("opened")
    audited = Audited.make(folder, {number: (grant(),) for number in range(40)})
    audited.ask("0.2")
    return audited, audited.open()


@pytest.mark.parametrize(
    ("change", "check"),
    [case[1:] for case in TAMPERED],
    ids=[case[0] for case in TAMPERED],
)
def test_a_tampered_folder_fails(
    opened: tuple[Audited, Path],
    tmp_path: Path,
    change: Callable[[Path], None],
    check: str,
) -> None:
    audited, folder = opened
    examined = audited.check(tampered(folder, tmp_path / "audit", change))
    assert examined.checks.outcome is Outcome.FAILS
    assert check in failures(examined)


def test_an_entry_of_the_older_format_is_no_lie_and_is_not_checked(
    opened: tuple[Audited, Path], tmp_path: Path
) -> None:
    audited, folder = opened
    older = put("format", to="kiyome.audited-entry/1")
    examined = audited.check(tampered(folder, tmp_path / "audit", older))
    assert examined.checks.outcome is Outcome.UNCHECKED
    (said,) = details(examined, "unverifiable")
    assert "ask the operator to open it again" in said
    assert "(1 of " in details(examined, "bound")[0]


def test_a_folder_that_answers_another_request_fails(audited: Audited) -> None:
    kept = audited.ask().read_bytes()
    audited.ask(block=(101, BLOCK[1]))
    assert failures(audited.check(audited.open(), kept)) == ["request"]


def test_a_log_that_was_rewritten_since_does_not_fit_the_request(
    audited: Audited, tmp_path: Path
) -> None:
    audited.ask()
    other = Audited.make(tmp_path / "other", dict(audited.said))
    with pytest.raises(LedgerError, match="another log"):
        read_request(tmp_path / "request.json", other.ledger)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"positions": [0, 1]}, "not those that its block draws"),
        ({"violations_at_most": "0.5"}, "not those that its block draws"),
        ({"violations_at_most": "2"}, "damaged"),
        ({"revocations_before": 3}, "other revocations"),
        ({"vkey": "x"}, "another log"),
        ({"checkpoint": "kiyome.test/ledger\n99\n\n"}, "never signed"),
        ({"checkpoint": "x"}, "damaged"),
        ({"checkpoint": 1}, "damaged"),
        ({"format": "x"}, "damaged"),
        ({"batch": 1}, "damaged"),
        ({"beacon": {"block_hash": "0x", "block_number": 1, "by_hand": True, "chain_id": 0}},
         "damaged"),
        ({"beacon": {"block_hash": "0x" + "7" * 64, "block_number": 100, "by_hand": False,
                     "chain_id": 0}}, "anchored on no chain"),
    ],
    ids=range(12),
)  # fmt: skip
def test_the_operator_refuses_a_request_that_does_not_follow_from_its_block(
    audited: Audited, changes: dict[str, object], why: str
) -> None:
    path = audited.ask("0.2")
    change_file(path, **changes)
    with pytest.raises(LedgerError, match=why):
        read_request(path, audited.ledger)


def test_a_block_that_was_typed_in_is_opened_only_by_someone_who_says_so(audited: Audited) -> None:
    request = read_request(audited.ask(), audited.ledger)
    with pytest.raises(LedgerError, match="typed in"):
        check_block(request, None, by_hand=False)
    check_block(request, None, by_hand=True)


@pytest.mark.parametrize(
    ("answer", "why"), [(None, "not final"), ("0x" + "9" * 64, "another hash")], ids=[0, 1]
)
def test_the_operator_asks_the_chain_about_the_block(
    audited: Audited, answer: str | None, why: str
) -> None:
    request = read_request(audited.ask(), audited.ledger)
    honest = replace(request, beacon=replace(request.beacon, by_hand=False))
    with pytest.raises(LedgerError, match="name no chain"):
        check_block(honest, None, by_hand=False)
    with pytest.raises(LedgerError, match=why):
        check_block(honest, lambda _chain, _number: answer, by_hand=False)
    check_block(honest, lambda _chain, _number: BLOCK[1], by_hand=False)


def test_an_unknown_release_cannot_be_drawn_from(audited: Audited) -> None:
    public = audited.ledger.public_folder
    with pytest.raises(CheckError, match="No release"):
        request_audit(public, audited.trust, "0" * 8, BLOCK, Decimal("0.1"), Decimal("0.9"))
    found = request_audit(public, audited.trust, RELEASE[:8], BLOCK, Decimal("0.1"), Decimal("0.9"))
    assert found.batch.batch_id == RELEASE


def test_a_batch_that_is_no_release_cannot_be_drawn_from(tmp_path: Path) -> None:
    audited = _only(tmp_path, grant(), earlier=[revocation_of(0)])
    public = audited.ledger.public_folder
    with pytest.raises(CheckError, match="not of a release"):
        request_audit(public, audited.trust, "before", BLOCK, Decimal("0.1"), Decimal("0.9"))
