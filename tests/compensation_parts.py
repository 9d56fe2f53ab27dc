"""Rules, runs and owners that several tests about compensation share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.ledger.compensation.rules import Rules, load_rules
from models.ledger.records import LicenceRef, RunRef, UsageRecord
from tests.ledger_parts import make_record

OWNERS = ("1" * 32, "2" * 32, "3" * 32)
ACCOUNTS = (
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
)
IN_Q3 = 1_785_000_000
AFTER_Q3 = 1_790_812_800
AFTER_Q4 = 1_798_761_600

RULES = """\
format = "kiyome.rules/1"
id = "atelier"
version = "1"
currency = "JPY"
digits = 0
purposes = ["generative_training"]
minimum_payout = 1000
unknown_owners = "reserve"
units_per_minor = 1_000_000_000_000_000_000
dispute_days = 60
contact = "rights@example.com"

[pots]
"2026-Q3" = 1_000_000
"2026-Q4" = 500_000

[multipliers]
default = 1
"CC-BY-4.0" = "3/2"
"LicenseRef-atelier" = "1/3"
"""


def write_rules(folder: Path, *changes: tuple[str, str]) -> Rules:
    """The rules, written to ``rules.toml`` with pieces of text replaced, and read."""
    text = RULES
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "rules.toml"
    path.write_text(text)
    return load_rules(path)


def make_use(
    number: int,
    owner: str,
    samples: int,
    licence: str = "",
    at: int = IN_Q3,
    run: str = "run-1",
) -> UsageRecord:
    """One asset's use by a run."""
    return replace(
        make_record(3 * number),
        owner_ref=owner,
        run=RunRef(run, "model-1", samples),
        license=LicenceRef(licence) if licence else None,
        decided_at=at,
    )


def make_uses(owners: Sequence[str], samples: Sequence[int]) -> list[UsageRecord]:
    """One use for each owner."""
    pairs = zip(owners, samples, strict=True)
    return [make_use(number, owner, count) for number, (owner, count) in enumerate(pairs)]
