"""`kiyome ledger correct`: a record of a run gets another number of samples, or is taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli.ledger import ledger as ledger_group
from models.errors import KiyomeError, LedgerError
from models.ledger.compensation.uses import read_books
from models.ledger.correcting import append_correction, plan_correction
from models.ledger.log import UsageLedger
from models.ledger.verification import verify_ledger
from models.settings import load_settings
from tests.compensation_parts import AFTER_Q3, IN_Q3, OWNERS, make_use
from tests.ledger_parts import make_record


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UsageLedger:
    """Entry 0 belongs to a release, 1 and 2 to a run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w").mkdir()
    settings = load_settings(workspace=tmp_path / "w")
    ledger = UsageLedger.open(tmp_path / "w/ledger", settings.ledger_origin)
    ledger.append("b0", [make_record(0, OWNERS[0])], IN_Q3)
    ledger.append("run-1", [make_use(n, OWNERS[n], 5) for n in range(2)], IN_Q3)
    return ledger


def _say(*words: str) -> str:
    done = CliRunner().invoke(
        ledger_group, ["correct", *words, "--workspace", "w"], standalone_mode=False
    )
    if done.exception is not None:
        raise done.exception
    return done.output


def _samples(ledger: UsageLedger) -> list[int]:
    return sorted(use.samples for use in read_books(ledger).uses.values())


def test_without_a_yes_it_only_says_what_it_would_append(ledger: UsageLedger) -> None:
    said = _say("1", "--samples", "3")
    assert "now      5 samples, entry 1" in said
    assert "then     3 samples" in said
    assert "Nothing was appended" in said
    assert ledger.head().size == 3


def test_samples_are_corrected_in_their_own_period(ledger: UsageLedger) -> None:
    assert "appended entry 3" in _say("1", "--samples", "3", "--yes")
    books = read_books(ledger)
    assert _samples(ledger) == [3, 5]
    assert books.uses[3].counted_at == IN_Q3
    assert verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder).ok


def test_a_use_is_taken_away(ledger: UsageLedger) -> None:
    _say("1", "--take-away", "--yes")
    assert _samples(ledger) == [5]
    with pytest.raises(KiyomeError, match="taken away by entry 3"):
        _say("1", "--samples", "2")


def test_a_correction_of_a_corrected_record_supersedes_the_last_one(ledger: UsageLedger) -> None:
    _say("1", "--samples", "3", "--yes")
    assert "entry 3" in _say("1", "--samples", "2", "--yes")
    assert _samples(ledger) == [2, 5]
    assert ledger.opening(4).record["prev"] == 3


def test_the_name_of_its_batch_does_not_tell_what_is_corrected(ledger: UsageLedger) -> None:
    _say("1", "--samples", "3", "--yes")
    name = ledger.batches()[-1].batch_id
    assert name == f"correct-{ledger.reference('correction', '1')}"


def test_of_two_corrections_of_one_record_only_the_first_counts(ledger: UsageLedger) -> None:
    one, other = (plan_correction(ledger, 1, samples, AFTER_Q3) for samples in (3, 4))
    append_correction(ledger, one)
    append_correction(ledger, one)
    with pytest.raises(LedgerError, match="somebody else"):
        append_correction(ledger, other)
    assert _samples(ledger) == [3, 5]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("0", "--samples", "3"), "no use by a training run"),
        (("9", "--samples", "3"), "no opening for leaf 9"),
        (("1", "--samples", "5"), "nothing to correct"),
        (("1", "--samples", str(1 << 53)), "not a number of samples"),
    ],
    ids=range(4),
)
def test_what_the_records_rules_refuse_is_refused(
    ledger: UsageLedger, words: tuple[str, ...], why: str
) -> None:
    with pytest.raises(KiyomeError, match=why):
        _say(*words, "--yes")
    assert ledger.head().size == 3


def test_the_record_of_an_erased_owner_cannot_be_corrected(ledger: UsageLedger) -> None:
    ledger.erase_owner(OWNERS[0])
    with pytest.raises(KiyomeError, match="was erased"):
        _say("1", "--samples", "3", "--yes")


def test_either_samples_or_nothing_is_said(ledger: UsageLedger) -> None:
    for words in (("1",), ("1", "--samples", "3", "--take-away")):
        assert CliRunner().invoke(ledger_group, ["correct", *words]).exit_code == 2
    assert ledger.head().size == 3
