"""Rule files, accounts and periods: what they say, and what is refused."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import pytest

from models.consent.purposes import Purpose
from models.errors import LedgerError
from models.ledger.compensation.accounts import check_address, load_accounts
from models.ledger.compensation.payouts import Payout, PayoutTree
from models.ledger.compensation.periods import Period
from models.ledger.compensation.rules import Rules, UnknownOwners, load_rules
from models.ledger.records import LicenceRef, licence_id
from tests.compensation_parts import ACCOUNTS, RULES, write_rules


def test_a_rule_file_says_how_a_pot_is_shared_out(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)
    assert rules == Rules(
        id="atelier",
        version="1",
        sha256=hashlib.sha256(RULES.encode()).hexdigest(),
        currency="JPY",
        digits=0,
        pots={"2026-Q3": 1_000_000, "2026-Q4": 500_000},
        purposes=frozenset({Purpose.GENERATIVE_TRAINING}),
        default_multiplier=Fraction(1),
        multipliers={"CC-BY-4.0": Fraction(3, 2), "LicenseRef-atelier": Fraction(1, 3)},
        minimum_payout=1000,
        unknown_owners=UnknownOwners.RESERVE,
        units_per_minor=10**18,
        dispute_days=60,
        contact="rights@example.com",
    )


def test_a_licence_without_a_multiplier_counts_by_default(tmp_path: Path) -> None:
    rules = write_rules(tmp_path)
    assert rules.multiplier(LicenceRef("CC-BY-4.0")) == Fraction(3, 2)
    assert rules.multiplier(LicenceRef("MIT")) == rules.multiplier(None) == 1


def test_a_licence_can_be_named_by_its_address(tmp_path: Path) -> None:
    address = "https://example.com/licence"
    rules = write_rules(tmp_path, ('"CC-BY-4.0" = "3/2"', f'"{address}" = "0.25"'))
    assert rules.multiplier(LicenceRef(licence_id(address))) == Fraction(1, 4)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"3/2"', "1.5", "floating-point"),
        ('"3/2"', '"1.5e3"', "exact number"),
        ('"3/2"', '"-1"', "exact number"),
        ('"3/2"', '"1/0"', "exact number"),
        ('"3/2"', "true", "exact number"),
        ('Q3" = 1_000_000', 'Q3" = 1.0', "floating-point"),
        ('Q3" = 1_000_000', 'Q3" = -1', "whole number"),
        ('Q3" = 1_000_000', 'Q3" = true', "whole number"),
        ("minimum_payout", "minimum_payuot", "minimum_payuot is not known"),
        ("generative_training", "training", "no purpose"),
        ('"2026-Q4"', '"2026-08"', "overlaps"),
        ('"2026-Q4"', '"2026-Q5"', "not a period"),
        ('"JPY"', '"yen"', "currency"),
        ('"reserve"', '"keep"', "unknown_owners"),
        ('id = "atelier"\n', "", "id is missing"),
        ("kiyome.rules/1", "kiyome.rules/2", "format"),
        ("digits = 0", "digits", "not right"),
    ],
)
def test_a_rule_file_that_is_not_right_is_refused(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    with pytest.raises(LedgerError, match=problem):
        write_rules(tmp_path, (old, new))


def test_a_missing_rule_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"rules\.toml cannot be read"):
        load_rules(tmp_path / "rules.toml")


def test_a_period_without_a_pot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no pot for 2027"):
        write_rules(tmp_path).pot(Period.parse("2027"))


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("2026", 1_767_225_600, 1_798_761_600),
        ("2026-Q3", 1_782_864_000, 1_790_812_800),
        ("2026-Q4", 1_790_812_800, 1_798_761_600),
        ("2026-12", 1_796_083_200, 1_798_761_600),
    ],
)
def test_a_period_holds_its_seconds_and_no_others(name: str, start: int, end: int) -> None:
    period = Period.parse(name)
    assert (period.start, period.end) == (start, end)
    assert period.holds(start)
    assert period.holds(end - 1)
    assert not period.holds(start - 1)
    assert not period.holds(end)


@pytest.mark.parametrize("name", ["", "26", "2026-Q0", "2026-13", "2026-7", "2026-Q3 ", "0000"])
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(LedgerError, match="not a period"):
        Period.parse(name)


def _load_accounts(folder: Path, text: str) -> dict[str, dict[str, int]]:
    path = folder / "accounts.toml"
    path.write_text('format = "kiyome.accounts/1"\n' + text)
    return load_accounts(path)


def test_an_owner_has_one_account_or_several_with_shares(tmp_path: Path) -> None:
    text = f'[owners."{"1" * 32}"]\n"{ACCOUNTS[0]}" = 2\n"{ACCOUNTS[1]}" = 1\n'
    assert _load_accounts(tmp_path, text) == {"1" * 32: {ACCOUNTS[0]: 2, ACCOUNTS[1]: 1}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'[owners."{"1" * 32}"]\n"{ACCOUNTS[0].lower()}" = 1\n', "checksum"),
        (f'[owners."{"1" * 32}"]\n"{ACCOUNTS[0]}" = 0\n', "whole number"),
        (f'[owners."{"1" * 32}"]\n', "names no account"),
        (f'[owners."Hanako"]\n"{ACCOUNTS[0]}" = 1\n', "32 hex digits"),
        ("", "owners is missing"),
        (f'[owners."{"1" * 32}"]\n"{ACCOUNTS[0]}" = 1\n[other]\n', "other is not known"),
    ],
)
def test_accounts_that_are_not_right_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(LedgerError, match=problem):
        _load_accounts(tmp_path, text)


# From EIP-55.
@pytest.mark.parametrize(
    "address",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
    ],
)
def test_addresses_need_their_checksum(address: str) -> None:
    assert check_address(address) == address
    swapped = "0x" + address[2:].swapcase()
    for other in (swapped, address[:-1], address + "0", address[2:], "0x" + "00" * 20):
        with pytest.raises(LedgerError, match="address"):
            check_address(other)


# Made with OpenZeppelin's merkle-tree 1.0.8: StandardMerkleTree of [index, account, 10**18 *
# (index + 1)] over three accounts in turn.
@pytest.mark.parametrize(
    ("count", "root"),
    [
        (1, "4c2e7ff7a21b5d1e2bc92832be763dfbce40ece3b4588ffea0e128c7116d5b9d"),
        (2, "194872c4b5d33b5bb9cbce87b7994b344ec5d3de9c24e95aea0e509ce2f01fcc"),
        (3, "4e330a4b64b20ff0908429b8455f65fc5889f910934984aa3638042af927d2f7"),
        (5, "0f23bf4a1cd0f9e081f367a84326afafe3eb708d87c4f0902f264315c8cccc06"),
        (7, "523d1fb1b85790389202b1dccd63104e6c815bb4afbe7d777f506155751de686"),
    ],
)
def test_a_root_is_the_one_that_openzeppelin_makes(count: int, root: str) -> None:
    payouts = [Payout(i, ACCOUNTS[i % 3], 10**18 * (i + 1)) for i in range(count)]
    assert PayoutTree(payouts).root.hex() == root


def test_payouts_are_numbered_without_gaps_and_above_zero() -> None:
    with pytest.raises(LedgerError, match="not numbered"):
        PayoutTree([Payout(1, ACCOUNTS[0], 1)])
    with pytest.raises(LedgerError, match="not numbered"):
        PayoutTree([])
    with pytest.raises(LedgerError, match="out of range"):
        Payout(0, ACCOUNTS[0], 0)
    with pytest.raises(LedgerError, match="no payout 1"):
        PayoutTree([Payout(0, ACCOUNTS[0], 1)]).prove(1)
