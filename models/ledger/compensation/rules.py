"""The rule file: how a pot is shared out. Publish it; its SHA-256 stands in every payout record.

A file is one version of the rules. Whoever has it and the uses computes the same amounts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from models.consent.purposes import Purpose
from models.errors import LedgerError
from models.ledger.compensation.periods import Period
from models.ledger.compensation.toml_file import Fields, read_fraction, read_toml
from models.ledger.records import LicenceRef, licence_id

FORMAT = "kiyome.rules/1"
LARGEST_AMOUNT = (1 << 128) - 1
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}"


class UnknownOwners(StrEnum):
    """What happens to the part of assets whose owner is not known."""

    RESERVE = "reserve"
    LEAVE_OUT = "leave-out"


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the rules.

    Attributes:
        id, version: tokens.
        sha256: of the file, in hex.
        currency: its code, such as JPY.
        digits: how many digits a minor unit stands behind the point: 0 for JPY, 2 for EUR.
        pots: minor units by name of a period.
        purposes: which uses count.
        default_multiplier: for a licence without one of its own, and for no known licence.
        multipliers: by licence id.
        minimum_payout: minor units; less is carried over.
        unknown_owners: what happens to the part of assets without a known owner.
        units_per_minor: how many of a token's smallest units one minor unit is.
        dispute_days: how long after a statement an owner can dispute it.
        contact: where to, as the statement prints it.
    """

    id: str
    version: str
    sha256: str
    currency: str
    digits: int
    pots: dict[str, int]
    purposes: frozenset[Purpose]
    default_multiplier: Fraction
    multipliers: dict[str, Fraction]
    minimum_payout: int
    unknown_owners: UnknownOwners
    units_per_minor: int
    dispute_days: int
    contact: str

    def pot(self, period: Period) -> int:
        """The pot of a period, in minor units.

        Raises:
            LedgerError: the rules name none.
        """
        if period.name not in self.pots:
            raise LedgerError(
                f"The rules {self.id} name no pot for {period.name}.",
                f"Their periods: {', '.join(sorted(self.pots))}.",
            )
        return self.pots[period.name]

    def multiplier(self, licence: LicenceRef | None) -> Fraction:
        """What a sample under a licence counts."""
        if licence is None:
            return self.default_multiplier
        return self.multipliers.get(licence.id, self.default_multiplier)


def load_rules(path: Path) -> Rules:
    """Read a rule file.

    Raises:
        LedgerError: it cannot be read, or holds something unknown or impossible. The message names
            the field.
    """
    data, value = read_toml(path)
    fields = Fields(path, "", value)
    fields.text("format", FORMAT)
    default, multipliers = _read_multipliers(path, fields.table("multipliers", {"default": 1}))
    rules = Rules(
        id=fields.text("id", _NAME),
        version=fields.text("version", _NAME),
        sha256=hashlib.sha256(data).hexdigest(),
        currency=fields.text("currency", "[A-Z0-9]{3,12}"),
        digits=fields.whole("digits", 0, 18),
        pots=_read_pots(path, fields.table("pots")),
        purposes=_read_purposes(fields),
        default_multiplier=default,
        multipliers=multipliers,
        minimum_payout=fields.whole("minimum_payout", 0, LARGEST_AMOUNT, 0),
        unknown_owners=UnknownOwners(fields.text("unknown_owners", "reserve|leave-out", "reserve")),
        units_per_minor=fields.whole("units_per_minor", 1, 10**30, 1),
        dispute_days=fields.whole("dispute_days", 1, 3650, 90),
        contact=fields.text("contact", r"[^\x00-\x1f\x7f]{1,200}"),
    )
    fields.finish()
    return rules


def _read_purposes(fields: Fields) -> frozenset[Purpose]:
    names = fields.texts("purposes")
    unknown = sorted(set(names) - {purpose.value for purpose in Purpose})
    if unknown:
        fields.fail("purposes", f"names {unknown[0]!r}, which is no purpose")
    return frozenset(Purpose(name) for name in names)


def _read_pots(path: Path, table: Any) -> dict[str, int]:
    fields = Fields(path, "pots.", table)
    pots = {Period.parse(name).name: fields.whole(name, 0, LARGEST_AMOUNT) for name in table}
    if not pots:
        fields.fail("", "names no period")
    spans = sorted((Period.parse(name) for name in pots), key=lambda period: period.start)
    for one, other in pairwise(spans):
        if other.start < one.end:  # a use would be paid for twice
            fields.fail(other.name, f"overlaps with {one.name}")
    return pots


def _read_multipliers(path: Path, table: Any) -> tuple[Fraction, dict[str, Fraction]]:
    fields = Fields(path, "multipliers.", table)
    found: dict[str, Fraction] = {}
    for name, value in table.items():
        fraction = read_fraction(value)
        if fraction is None:
            fields.fail(name, 'is not an exact number such as 2, "1.5" or "3/2"')
        key = name if name == "default" else licence_id(name)
        if key in found:
            fields.fail(name, "stands there twice")
        found[key] = fraction
    return found.pop("default", Fraction(1)), found
