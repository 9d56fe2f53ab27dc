"""docs/compensation.md is true: its files are read, and its example comes out as it says."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from models.ledger.compensation.accounts import load_accounts
from models.ledger.compensation.rules import load_rules
from models.ledger.compensation.sums import share_out, sum_weights
from models.ledger.records import LicenceRef, licence_id

PAGE = (Path(__file__).resolve().parents[2] / "docs/compensation.md").read_text(encoding="utf-8")
RULES, ACCOUNTS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_the_rule_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    rules = load_rules(tmp_path / "rules.toml")
    assert rules.pots["2026-Q3"] == 1_000_000
    assert rules.units_per_minor == 10**18
    by_address = LicenceRef(licence_id("https://example.com/licence"))
    assert rules.multiplier(by_address) == Fraction(3, 4)


def test_the_accounts_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text(ACCOUNTS, encoding="utf-8")
    (shares,) = load_accounts(tmp_path / "accounts.toml").values()
    assert sorted(shares.values()) == [1, 2]


def test_the_example_comes_out_as_it_says() -> None:
    lines = [("hanako", 4, Fraction(3, 2)), ("ken", 3, Fraction(1)), ("mio", 2, Fraction(1))]
    amounts = share_out(1_000_000, sum_weights(lines))
    assert amounts == {"hanako": 545_455, "ken": 272_727, "mio": 181_818}
    assert all(f"{amount:,}" in PAGE for amount in amounts.values())
