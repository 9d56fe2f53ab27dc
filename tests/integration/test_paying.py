"""Paying a period from a real ledger."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.compensation.accounts import Accounts
from models.ledger.compensation.paying import Payment, pay_period
from models.ledger.compensation.periods import Period
from models.ledger.compensation.rules import Rules
from models.ledger.compensation.uses import read_books
from models.ledger.log import UsageLedger
from models.ledger.records import RecordType, UsageRecord
from models.ledger.verification import verify_ledger
from tests.compensation_parts import (
    ACCOUNTS,
    AFTER_Q3,
    AFTER_Q4,
    IN_Q3,
    OWNERS,
    make_use,
    make_uses,
    write_rules,
)
from tests.ledger_parts import make_ledger, make_records

Q3, Q4 = Period.parse("2026-Q3"), Period.parse("2026-Q4")


@pytest.fixture
def ledger(tmp_path: Path) -> UsageLedger:
    return make_ledger(tmp_path / "ledger", 5)


def _pay(
    ledger: UsageLedger,
    rules: Rules,
    period: Period = Q3,
    accounts: Accounts | None = None,
    now: int | None = None,
    *,
    dry_run: bool = False,
) -> Payment:
    folder = ledger.public_folder.parent.parent / f"payouts-{period.name}"
    when = period.end if now is None else now
    return pay_period(ledger, rules, period, accounts or {}, folder, when, dry_run=dry_run)


def _net(payment: Payment) -> dict[str, int]:
    return {record.owner_ref: record.net for record in payment.records}


def _use(ledger: UsageLedger, records: list[UsageRecord], name: str = "run-1") -> None:
    ledger.append(name, records, records[0].decided_at)


def test_a_pot_is_paid_by_samples_and_licence(ledger: UsageLedger, tmp_path: Path) -> None:
    _use(
        ledger,
        [
            make_use(0, OWNERS[0], 4, "CC-BY-4.0"),  # 6
            make_use(1, OWNERS[1], 3),  # 3
            make_use(2, OWNERS[2], 3, "LicenseRef-atelier"),  # 1
        ],
    )
    payment = _pay(ledger, write_rules(tmp_path))
    assert _net(payment) == {OWNERS[0]: 600_000, OWNERS[1]: 300_000, OWNERS[2]: 100_000}
    assert [record.weight for record in payment.records] == ["6", "3", "1"]
    assert {record.total_weight for record in payment.records} == {"10"}


def test_only_uses_of_the_period_and_its_purposes_count(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    _use(
        ledger,
        [
            make_use(0, OWNERS[0], 1, at=Q3.start),
            make_use(1, OWNERS[1], 1, at=Q3.end - 1),
            make_use(2, OWNERS[2], 1, at=Q3.start - 1),
            make_use(3, OWNERS[2], 1, at=Q3.end),
        ],
    )
    rules = write_rules(tmp_path)
    assert _net(_pay(ledger, rules)) == {OWNERS[0]: 500_000, OWNERS[1]: 500_000}
    mining = write_rules(tmp_path, ("generative_training", "data_mining"), ("atelier", "other"))
    with pytest.raises(LedgerError, match="no use in 2026-Q3"):
        _pay(ledger, mining)


def test_a_release_alone_is_no_use_that_is_paid(ledger: UsageLedger, tmp_path: Path) -> None:
    releases = [replace(r, decided_at=IN_Q3, owner_ref=OWNERS[0]) for r in make_records(3)]
    _use(ledger, releases, "release")
    with pytest.raises(LedgerError, match="no use"):
        _pay(ledger, write_rules(tmp_path))


def test_a_correction_replaces_what_it_corrects(ledger: UsageLedger, tmp_path: Path) -> None:
    _use(ledger, make_uses(OWNERS[:2], [1, 1]))
    first = next(iter(read_books(ledger).uses))
    late = replace(make_use(0, OWNERS[0], 3, at=AFTER_Q3), type=RecordType.CORRECT, prev=first)
    _use(ledger, [late], "correction")
    assert _net(_pay(ledger, write_rules(tmp_path))) == {OWNERS[0]: 750_000, OWNERS[1]: 250_000}


def test_the_last_correction_stands_and_one_without_a_run_takes_a_use_away(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    _use(ledger, make_uses(OWNERS[:2], [1, 1]))
    first = next(iter(read_books(ledger).uses))
    changed = replace(make_use(0, OWNERS[0], 3), type=RecordType.CORRECT, prev=first)
    _use(ledger, [changed, replace(changed, run=None)], "corrections")
    assert _net(_pay(ledger, write_rules(tmp_path), dry_run=True)) == {OWNERS[1]: 1_000_000}
    again = replace(make_use(0, OWNERS[0], 1, at=AFTER_Q3), type=RecordType.CORRECT, prev=first)
    _use(ledger, [again], "again")
    assert _net(_pay(ledger, write_rules(tmp_path))) == {OWNERS[0]: 500_000, OWNERS[1]: 500_000}


def test_a_correction_of_something_that_is_no_use_weighs_nothing(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    _use(ledger, make_uses(OWNERS[:2], [1, 1]))
    stray = replace(make_use(0, OWNERS[0], 9), type=RecordType.CORRECT, prev=0)
    _use(ledger, [stray], "correction")
    assert _net(_pay(ledger, write_rules(tmp_path))) == {OWNERS[0]: 500_000, OWNERS[1]: 500_000}


def test_a_correction_about_somebody_else_is_refused(ledger: UsageLedger, tmp_path: Path) -> None:
    _use(ledger, make_uses(OWNERS[:2], [1, 1]))
    first = next(iter(read_books(ledger).uses))
    wrong = replace(make_use(0, OWNERS[1], 3), type=RecordType.CORRECT, prev=first)
    _use(ledger, [wrong], "correction")
    with pytest.raises(LedgerError, match=f"corrects entry {first}"):
        _pay(ledger, write_rules(tmp_path))


def test_a_use_after_a_takedown_is_paid_like_any_other(ledger: UsageLedger, tmp_path: Path) -> None:
    from models.consent.purposes import Preference
    from models.reasons import Reason
    from models.verdicts import Verdict

    violation = replace(
        make_use(0, OWNERS[0], 1),
        decision=Verdict.EXCLUDE,
        value=Preference.NOT_ALLOWED,
        reasons=(Reason.TAKEDOWN,),
    )
    _use(ledger, [violation, make_use(1, OWNERS[1], 1)])
    assert _net(_pay(ledger, write_rules(tmp_path))) == {OWNERS[0]: 500_000, OWNERS[1]: 500_000}


def test_the_part_of_unknown_owners_is_kept_in_reserve_or_left_out(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    _use(ledger, make_uses(["", OWNERS[0]], [1, 3]))
    left_out = write_rules(tmp_path, ('"reserve"', '"leave-out"'), ("atelier", "other"))
    assert _net(_pay(ledger, left_out)) == {OWNERS[0]: 1_000_000}
    payment = _pay(ledger, write_rules(tmp_path))
    assert _net(payment) == {"": 0, OWNERS[0]: 750_000}
    assert payment.records[0].carried_out == 250_000


def test_less_than_the_minimum_is_paid_together_with_the_next_period(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    rules = write_rules(tmp_path)
    _use(ledger, make_uses(OWNERS[:2], [1, 1999]))
    first = _pay(ledger, rules)
    assert _net(first) == {OWNERS[0]: 0, OWNERS[1]: 999_500}
    later = [
        make_use(number, owner, samples, at=AFTER_Q3, run="run-2")
        for number, (owner, samples) in enumerate(zip(OWNERS[:2], [1, 999], strict=True))
    ]
    _use(ledger, later, "run-2")
    second = _pay(ledger, rules, Q4)
    assert _net(second) == {OWNERS[0]: 1000, OWNERS[1]: 499_500}
    assert second.records[0].carried_in == 500


def test_what_is_carried_over_is_paid_without_a_new_use(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    _use(ledger, make_uses(OWNERS[:2], [1, 1999]))
    _pay(ledger, write_rules(tmp_path))
    _use(ledger, [make_use(1, OWNERS[1], 1, at=AFTER_Q3, run="run-2")], "run-2")
    rules = write_rules(tmp_path, ('version = "1"', 'version = "2"'), ("= 1000\n", "= 1\n"))
    assert _net(_pay(ledger, rules, Q4)) == {OWNERS[0]: 500, OWNERS[1]: 500_000}


def test_a_period_is_paid_once_whatever_happens_later(ledger: UsageLedger, tmp_path: Path) -> None:
    rules = write_rules(tmp_path)
    _use(ledger, make_uses(OWNERS[:2], [1, 1]))
    first = _pay(ledger, rules, accounts={OWNERS[0]: {ACCOUNTS[0]: 1}})
    size = ledger.head().size
    _use(ledger, [make_use(2, OWNERS[2], 9)], "run-late")
    again = _pay(ledger, rules, accounts={OWNERS[0]: {ACCOUNTS[2]: 1}})
    assert again == replace(first, tree=again.tree)
    assert again.tree is not None
    assert first.tree is not None
    assert again.tree.root == first.tree.root
    assert ledger.head().size == size + 1


def test_the_files_can_be_made_again_from_the_ledger(ledger: UsageLedger, tmp_path: Path) -> None:
    rules, accounts = write_rules(tmp_path), {OWNERS[0]: {ACCOUNTS[0]: 1}}
    _use(ledger, make_uses(OWNERS[:2], [1, 1]))
    _pay(ledger, rules, accounts=accounts)
    folder = tmp_path / "payouts-2026-Q3"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for path in folder.iterdir():
        path.unlink()
    _pay(ledger, rules)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert before.keys() == {"payouts.json", "claims.json"}


def test_the_batch_publishes_the_digests_of_rules_and_claims(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    rules = write_rules(tmp_path)
    _use(ledger, make_uses(OWNERS[:2], [1, 1]))
    _pay(ledger, rules, accounts={OWNERS[0]: {ACCOUNTS[0]: 1}})
    statement = ledger.statement("payout-atelier-2026-Q3")
    assert statement is not None
    claims = (tmp_path / "payouts-2026-Q3" / "claims.json").read_bytes()
    assert statement.policy_sha256 == rules.sha256
    assert statement.manifest_sha256 == hashlib.sha256(claims).hexdigest()


def test_the_number_of_owners_is_not_published(ledger: UsageLedger, tmp_path: Path) -> None:
    _use(ledger, make_uses(OWNERS, [1, 1, 1]))
    _pay(ledger, write_rules(tmp_path))
    statement = ledger.statement("payout-atelier-2026-Q3")
    assert statement is not None
    assert statement.counts["payout"] == 16


def test_a_ledger_with_payouts_verifies_with_its_openings(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    _use(ledger, make_uses(OWNERS, [1, 1, 1]))
    _pay(ledger, write_rules(tmp_path))
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert report.ok, report.failures


def test_splits_are_exact_and_become_claims_in_token_units(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    _use(ledger, make_uses(OWNERS[:1], [1]))
    rules = write_rules(tmp_path)
    payment = _pay(ledger, rules, accounts={OWNERS[0]: dict.fromkeys(ACCOUNTS, 1)})
    assert sorted(share.amount for share in payment.records[0].shares) == [333333, 333333, 333334]
    claims = json.loads((tmp_path / "payouts-2026-Q3" / "claims.json").read_bytes())
    assert claims["total"] == str(1_000_000 * 10**18)
    assert sum(int(claim["amount"]) for claim in claims["claims"]) == 1_000_000 * 10**18


def test_a_dry_run_leaves_no_trace(ledger: UsageLedger, tmp_path: Path) -> None:
    _use(ledger, make_uses(OWNERS, [1, 1, 1]))
    head = ledger.head()
    payment = _pay(ledger, write_rules(tmp_path), now=Q3.start, dry_run=True)
    assert sum(_net(payment).values()) == 1_000_000
    assert payment.batch is None
    assert ledger.head() == head
    assert not (tmp_path / "payouts-2026-Q3").exists()


def test_a_period_that_is_not_over_is_not_paid(ledger: UsageLedger, tmp_path: Path) -> None:
    _use(ledger, make_uses(OWNERS, [1, 1, 1]))
    with pytest.raises(LedgerError, match="not over"):
        _pay(ledger, write_rules(tmp_path), now=Q3.end - 1)


def test_periods_are_paid_in_their_order(ledger: UsageLedger, tmp_path: Path) -> None:
    rules = write_rules(tmp_path)
    _use(ledger, [make_use(0, OWNERS[0], 1), make_use(1, OWNERS[0], 1, at=AFTER_Q3)])
    with pytest.raises(LedgerError, match="Pay 2026-Q3 before"):
        _pay(ledger, rules, Q4)
    _pay(ledger, rules, Q3, now=AFTER_Q4)
    _pay(ledger, rules, Q4)
    year = write_rules(
        tmp_path, ('"2026-Q3" = 1_000_000\n"2026-Q4" = 500_000', '"2026" = 1'), ('"1"\n', '"3"\n')
    )
    with pytest.raises(LedgerError, match="paid already"):
        _pay(ledger, year, Period.parse("2026"))


def test_a_paid_period_keeps_its_rules(ledger: UsageLedger, tmp_path: Path) -> None:
    _use(ledger, make_uses(OWNERS, [1, 1, 1]))
    _pay(ledger, write_rules(tmp_path))
    with pytest.raises(LedgerError, match="another version of the rules"):
        _pay(ledger, write_rules(tmp_path, ("1_000_000\n", "2_000_000\n")))


def test_what_was_left_over_in_another_currency_is_not_mixed(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    _use(ledger, make_uses(OWNERS[:2], [1, 1999]))
    _pay(ledger, write_rules(tmp_path))
    _use(ledger, [make_use(0, OWNERS[0], 1, at=AFTER_Q3)], "run-2")
    with pytest.raises(LedgerError, match="in JPY"):
        _pay(ledger, write_rules(tmp_path, ('"JPY"', '"EUR"')), Q4)


def test_an_erased_owner_s_claims_stay_as_they_were_paid(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    rules = write_rules(tmp_path)
    _use(ledger, make_uses(OWNERS[:2], [1, 1]))
    _pay(ledger, rules, accounts={OWNERS[0]: {ACCOUNTS[0]: 1}, OWNERS[1]: {ACCOUNTS[1]: 1}})
    ledger.erase_owner(OWNERS[0])
    path = tmp_path / "payouts-2026-Q3" / "claims.json"
    before = path.read_bytes()
    assert _net(_pay(ledger, rules)) == {OWNERS[1]: 500_000}
    assert path.read_bytes() == before
    path.unlink()
    with pytest.raises(LedgerError, match="was erased"):
        _pay(ledger, rules)
