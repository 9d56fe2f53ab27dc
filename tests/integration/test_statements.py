"""Owners' statements from a real ledger."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.errors import LedgerError
from models.ledger.chain.receipts import Receipt
from models.ledger.commitments import encode_canonical
from models.ledger.compensation.payouts import Payout, verify_payout
from models.ledger.compensation.rules import Rules
from models.ledger.log import UsageLedger
from models.ledger.note import Signer, Verifier, read_key_file
from models.ledger.proofs import verify_proof_file
from models.ledger.records import RecordType
from models.ledger.statements.amounts import write_amount
from models.ledger.statements.page import SHOWN_LINES
from models.ledger.statements.signing import open_statement
from models.ledger.statements.statement import ProofKind
from models.ledger.statements.words import WORDS
from models.ledger.statements.writing import write_statement
from tests.compensation_parts import ACCOUNTS, AFTER_Q3, IN_Q3, OWNERS, make_use, write_rules
from tests.ledger_parts import asset_id, make_record
from tests.statement_parts import OWNER, Q3, make_used_ledger, pay_q3, payouts_of, state


@pytest.fixture
def ledger(tmp_path: Path) -> UsageLedger:
    return make_used_ledger(tmp_path)


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    return write_rules(tmp_path)


def test_a_statement_says_what_was_used_kept_out_and_held(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    statement = state(ledger, rules, tmp_path / "to")
    release, run = statement.summaries
    assert (release.considered, release.used, release.excluded) == (6, 4, 2)
    assert release.excluded_by == {"consent_refused": 2}
    assert (run.run, run.used, run.samples, run.violations) == ("run-1", 4, 52, 1)
    assert statement.held == 6


def test_a_line_tells_samples_multiplier_and_weight(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    statement = state(ledger, rules, tmp_path / "to")
    lines = {line.asset: line for line in statement.lines if line.run}
    licensed, violated = lines[asset_id(0)], lines[asset_id(6)]
    assert (licensed.samples, licensed.multiplier, licensed.weight) == (10, "3/2", "15")
    assert licensed.evidence == ("d" * 64,)
    assert violated.is_violation
    assert not licensed.is_violation


def test_until_it_is_paid_only_pot_and_own_weight_are_stated(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    money = state(ledger, rules, tmp_path / "to").money
    assert not money.is_settled
    assert (money.pot, money.weight, money.net) == ("1000000", "63", "")


def test_a_paid_period_states_the_amounts_and_the_claims(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    payment = pay_q3(ledger, rules)
    money = state(ledger, rules, tmp_path / "to").money
    assert (money.weight, money.total_weight, money.gross) == ("63", "131", "480916")
    assert {share["account"]: share["amount"] for share in money.shares} == {
        ACCOUNTS[0]: "320611",
        ACCOUNTS[1]: "160305",
    }
    assert payment.tree is not None
    for claim in money.claims:
        payout = Payout(claim.index, claim.account, int(claim.amount))
        proof = [bytes.fromhex(digest[2:]) for digest in claim.proof]
        assert verify_payout(payout, proof, payment.tree.root)


def test_every_batch_of_the_log_is_proven(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    pay_q3(ledger, rules)
    statement = state(ledger, rules, tmp_path / "to")
    assert [(proof.batch_id, proof.kind, proof.records) for proof in statement.proofs] == [
        ("b" * 64, ProofKind.COMPLETENESS, 6),
        ("run-1-bbbb", ProofKind.COMPLETENESS, 4),
        ("other", ProofKind.ABSENCE, 0),
        ("payout-atelier-2026-Q3", ProofKind.COMPLETENESS, 1),
    ]
    for proof in statement.proofs:
        report = verify_proof_file(tmp_path / "to" / proof.file, ledger.vkey)
        assert report.ok, report.failures


def test_the_statement_is_signed_and_its_sums_can_be_recomputed(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    pay_q3(ledger, rules)
    statement = state(ledger, rules, tmp_path / "to")
    report = verify_proof_file(tmp_path / "to" / "statement.json", ledger.vkey)
    assert report.ok, report.failures
    data = (tmp_path / "to" / "statement.json").read_bytes()
    value = open_statement(data, Verifier.parse(ledger.vkey))
    assert value == json.loads(encode_canonical(statement.as_dict()))


def _resign(path: Path, signer: Signer, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a statement, and sign it again as a dishonest operator could."""
    import base64

    value = json.loads(path.read_bytes())["statement"]
    change(value)
    text = f"{signer.name}\nkiyome.statement/1\n".encode() + encode_canonical(value) + b"\n"
    signature = base64.b64encode(signer.sign(text)).decode()
    path.write_bytes(encode_canonical({"signature": signature, "statement": value}) + b"\n")


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda v: v["money"].update(weight="62"), "sums"),
        (lambda v: v["money"].update(gross="480915"), "sums"),
        (lambda v: v["money"].update(total_weight="132"), "sums"),
        (lambda v: v["money"].update(net="480915"), "sums"),
        (lambda v: v["lines"][6].update(weight="16"), "sums"),
        (lambda v: v["lines"].pop(), "sums"),
        (lambda v: v["money"]["shares"].pop(), "sums"),
        (lambda v: v["money"]["claims"][0].update(amount="1"), "claims"),
        (lambda v: v["money"]["claims"][0].update(proof=[]), "claims"),
        (lambda v: v["money"].pop("pot"), "signature"),
    ],
)
def test_sums_that_do_not_hold_are_found_also_if_they_are_signed(
    ledger: UsageLedger,
    rules: Rules,
    tmp_path: Path,
    change: Callable[[dict[str, Any]], None],
    check: str,
) -> None:
    pay_q3(ledger, rules)
    state(ledger, rules, tmp_path / "to")
    path = tmp_path / "to" / "statement.json"
    _resign(path, read_key_file(ledger.private_folder / "signing.key"), change)
    report = verify_proof_file(path, ledger.vkey)
    assert [failure.name for failure in report.failures] == [check]


def test_no_byte_of_a_statement_can_change_unseen(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    state(ledger, rules, tmp_path / "to")
    data = (tmp_path / "to" / "statement.json").read_bytes()
    verifier = Verifier.parse(ledger.vkey)
    for at in range(0, len(data), 97):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(LedgerError):
            open_statement(changed, verifier)
    with pytest.raises(LedgerError, match="does not hold"):
        open_statement(data, Signer.generate(verifier.name).verifier)


def test_the_table_has_every_line(ledger: UsageLedger, rules: Rules, tmp_path: Path) -> None:
    statement = state(ledger, rules, tmp_path / "to")
    with (tmp_path / "to" / "statement.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["asset"] for row in rows] == [line.asset for line in statement.lines]
    used = next(row for row in rows if row["run"])
    assert (used["samples"], used["weight"], used["is_violation"]) == ("10", "15", "false")
    assert used["decided_at"] == "2026-07-25T17:21:00+00:00"


@pytest.mark.parametrize(("language", "title"), [("en", "Statement of use"), ("ja", "利用明細書")])
def test_the_page_speaks_the_owner_s_language_and_loads_nothing(
    ledger: UsageLedger, rules: Rules, tmp_path: Path, language: Any, title: str
) -> None:
    pay_q3(ledger, rules)
    state(ledger, rules, tmp_path / "to", language)
    page = (tmp_path / "to" / "statement.html").read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in page
    assert title in page
    assert "480,916 JPY" in page
    assert "http" not in page
    assert "<script" not in page
    assert "2026-12-01" in page  # 60 days from the day it was made


def test_every_word_is_there_in_both_languages_with_the_same_places() -> None:
    import re

    for english, japanese in WORDS.values():
        assert english
        assert japanese
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", japanese))


def test_a_correction_after_the_payment_shows(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    pay_q3(ledger, rules)
    index = next(o.index for o in ledger.openings("run-1-bbbb"))
    more = replace(
        make_use(0, OWNER, 20, "CC-BY-4.0", at=AFTER_Q3), type=RecordType.CORRECT, prev=index
    )
    ledger.append("correction", [more], AFTER_Q3)
    statement = state(ledger, rules, tmp_path / "to")
    old, new = (line for line in statement.lines if line.asset == asset_id(0) and line.run)
    assert (old.superseded_by, old.weight) == (new.index, "0")
    assert new.weight == "30"
    assert (statement.weight_of_lines, statement.money.weight) == ("78", "63")
    page = (tmp_path / "to" / "statement.html").read_text(encoding="utf-8")
    assert "weight of 78" in page
    report = verify_proof_file(tmp_path / "to" / "statement.json", ledger.vkey)
    assert "entered after the payout" in report.failures[0].detail


def test_an_owner_without_a_record_in_the_period_is_told_so(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    ledger.append("late", [replace(make_record(50 * 3), owner_ref="9" * 32)], AFTER_Q3)
    statement = state(ledger, rules, tmp_path / "to", owner="9" * 32)
    assert statement.lines == ()
    assert statement.held == 1
    assert "no record" in (tmp_path / "to" / "statement.html").read_text(encoding="utf-8")


def test_an_owner_without_a_use_is_due_nothing_once_the_period_is_paid(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    pay_q3(ledger, rules)
    money = state(ledger, rules, tmp_path / "to", owner=OWNERS[2]).money
    assert money.is_settled
    assert (money.weight, money.net, money.total_weight) == ("0", "0", "")
    report = verify_proof_file(tmp_path / "to" / "statement.json", ledger.vkey)
    assert report.ok, report.failures


def test_a_page_lists_the_first_records_and_names_the_table(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    uses = [make_use(n, OWNERS[1], 1) for n in range(SHOWN_LINES + 1)]
    ledger.append("many", uses, IN_Q3)
    state(ledger, rules, tmp_path / "to", owner=OWNERS[1])
    page = (tmp_path / "to" / "statement.html").read_text(encoding="utf-8")
    assert f"{SHOWN_LINES} of" in page
    assert "statement.csv" in page


def test_an_erased_owner_who_comes_back_is_shown_what_came_later(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    ledger.erase_owner(OWNER)
    ledger.append("later", [make_use(20, OWNER, 5)], IN_Q3)
    statement = state(ledger, rules, tmp_path / "to")
    assert [proof.kind for proof in statement.proofs] == [
        *[ProofKind.NONE] * 3,
        ProofKind.COMPLETENESS,
    ]
    assert [line.samples for line in statement.lines] == [5]


def test_the_newest_receipt_lies_beside_the_statement(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    receipt = Receipt(
        size=19,
        root="a" * 64,
        manifest="b" * 64,
        sequence=1,
        chain_id=31337,
        contract="0x" + "1" * 40,
        tx_hash="0x" + "2" * 64,
        block_hash="0x" + "3" * 64,
        block_number=12,
        log_index=0,
    )
    signer = read_key_file(ledger.private_folder / "signing.key")
    to = tmp_path / "to"
    write_statement(
        ledger, signer, OWNER, Q3, rules, payouts_of(ledger), receipt, to, AFTER_Q3, "en"
    )
    assert Receipt.decode((to / "receipt.json").read_bytes()) == receipt
    assert "chain 31337" in (to / "statement.html").read_text(encoding="utf-8")


def test_a_folder_is_whole_or_absent(ledger: UsageLedger, rules: Rules, tmp_path: Path) -> None:
    pay_q3(ledger, rules)
    claims = payouts_of(ledger) / "claims.json"
    kept = claims.read_bytes()
    claims.write_bytes(kept + b" ")
    with pytest.raises(LedgerError, match="not the file that 2026-Q3 was paid from"):
        state(ledger, rules, tmp_path / "out" / "to")
    assert list((tmp_path / "out").iterdir()) == []
    claims.write_bytes(kept)
    state(ledger, rules, tmp_path / "out" / "to")
    assert (tmp_path / "out" / "to").stat().st_mode & 0o077 == 0
    with pytest.raises(LedgerError, match="not empty"):
        state(ledger, rules, tmp_path / "out" / "to")


def test_other_rules_than_those_it_was_paid_under_are_refused(
    ledger: UsageLedger, rules: Rules, tmp_path: Path
) -> None:
    pay_q3(ledger, rules)
    other = write_rules(tmp_path, ('version = "1"', 'version = "2"'))
    with pytest.raises(LedgerError, match="another version of the rules"):
        state(ledger, other, tmp_path / "to")


@pytest.mark.parametrize(
    ("amount", "digits", "text"),
    [
        (0, 0, "0"),
        (1_234_567, 0, "1,234,567"),
        (1_234_567, 2, "12,345.67"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (10**30 + 1, 18, "1,000,000,000,000.000000000000000001"),
    ],
)
def test_amounts_are_written_without_losing_a_unit(amount: int, digits: int, text: str) -> None:
    assert write_amount(amount, digits) == text
