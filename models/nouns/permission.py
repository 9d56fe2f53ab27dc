"""Which names an owner's licence lets pass, for which assets, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.assets.asset import Asset
from models.findings import Finding
from models.nouns.conditions import NameLicense
from models.nouns.register.storage import name_id
from models.store.tables import NameRow


@dataclass(frozen=True, slots=True)
class LicensedNames:
    """A licence, with the ids of the names of the register that it covers."""

    terms: NameLicense
    entries: frozenset[str]


@dataclass(frozen=True, slots=True)
class Permitted:
    """Findings of one asset, parted by what licences say.

    Attributes:
        open: those that no licence in force covers.
        licensed: those that one covers, with its id.
        valid_until: UTC seconds at which a licence begins or ends that this rests on, or None.
    """

    open: tuple[Finding, ...]
    licensed: tuple[tuple[Finding, str], ...] = ()
    valid_until: int | None = None


def find_licensed(session: Session, licences: Sequence[NameLicense]) -> tuple[LicensedNames, ...]:
    """The names that each licence covers, as the register stands."""
    found = []
    for terms in licences:
        entries = set()
        for name in terms.names:
            category, _, spelling = name.partition(":")
            entries.add(name_id(spelling.strip(), category))
        if owner := terms.owner.strip():
            entries |= set(session.scalars(select(NameRow.id).where(NameRow.owner == owner)))
        found.append(LicensedNames(terms, frozenset(entries)))
    return tuple(found)


def find_unregistered(session: Session, licences: Sequence[NameLicense]) -> list[tuple[str, str]]:
    """(licence, name) of what licences name and the register does not hold: a slip, most likely."""
    named = {
        name_id(name.partition(":")[2].strip(), name.partition(":")[0]): (terms.id, name)
        for terms in licences
        for name in terms.names
    }
    known = set(session.scalars(select(NameRow.id).where(NameRow.id.in_(named))))
    return sorted(told for entry, told in named.items() if entry not in known)


def permit(
    asset: Asset, findings: Sequence[Finding], licences: Sequence[LicensedNames], as_of: int
) -> Permitted:
    """Part an asset's findings into those that a licence lets pass and the others.

    A licence with a folder covers an asset only where every place of the asset lies in it: a copy
    elsewhere in the dataset was not licensed.

    Args:
        as_of: UTC seconds at which the licences are looked at.
    """
    covering = [
        each
        for each in licences
        if each.terms.expires_at > as_of
        and all(each.terms.covers_name(location.name) for location in asset.locations)
    ]
    if not covering:
        return Permitted(tuple(findings))
    remaining: list[Finding] = []
    licensed: list[tuple[Finding, str]] = []
    deadlines: list[int] = []
    for finding in findings:
        about = [
            each.terms
            for each in covering
            if finding.reference in each.entries and finding.kind.startswith("name_")
        ]
        now = [terms for terms in about if terms.issued_at <= as_of]
        if now:
            longest = max(now, key=lambda terms: terms.expires_at)
            licensed.append((finding, longest.id))
            deadlines.append(longest.expires_at)
        else:
            remaining.append(finding)
            deadlines += [terms.issued_at for terms in about]
    return Permitted(tuple(remaining), tuple(licensed), min(deadlines, default=None))
