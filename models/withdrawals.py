"""Withdrawals: an owner's word that an asset, or all that they spoke about, is used no longer.

A withdrawal is a refusal that stands: it is believed from anyone, holds in every release made after
its acknowledgement, and ends only when the account that made it gives it back. It is for chosen
purposes: a dataset that is made for none of them keeps the asset.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.consent.purposes import ALL_PURPOSES, Purpose
from models.consent.statements import Statement
from models.store.tables import OwnerRequestRow, OwnerRequestSubjectRow
from models.takedowns import ids_for_takedown

if TYPE_CHECKING:
    import pyarrow as pa

ASSET, IDENTITY = "asset", "identity"
"""What a withdrawal is about: one asset, or everything that an identity has spoken about."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One refusal that stands: since when, and for which purpose."""

    purpose: Purpose
    since_ms: int


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """Every withdrawal in force at one moment.

    Attributes:
        assets: by asset id, the earliest of each purpose.
        identities: the same by identity: the setter of statements.
    """

    assets: Mapping[str, tuple[Standing, ...]] = field(default_factory=dict)
    identities: Mapping[str, tuple[Standing, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.assets or self.identities)

    def find(
        self, asset_id: str, names: Iterable[str], setters: Iterable[str]
    ) -> dict[Purpose, int]:
        """The purposes that are withdrawn for an asset, each with when that was acknowledged.

        Args:
            asset_id, names: its id, and the names of its locations: while it could not be read it
                went by an id made from its name.
            setters: of every statement about it, whatever that says and however it is proven.
        """
        found: dict[Purpose, int] = {}
        for by, keys in (
            (self.assets, ids_for_takedown(asset_id, names) if self.assets else ()),
            (self.identities, setters if self.identities else ()),
        ):
            for key in keys:
                for standing in by.get(key, ()):
                    known = found.get(standing.purpose, standing.since_ms)
                    found[standing.purpose] = min(known, standing.since_ms)
        return found

    def keep_out(
        self,
        asset_id: str,
        names: Iterable[str],
        statements: Iterable[Statement],
        purposes: Collection[Purpose],
    ) -> bool:
        """Whether an asset is withdrawn for any of the purposes that a policy asks for."""
        if not self:
            return False
        withdrawn = self.find(asset_id, names, (statement.setter for statement in statements))
        return not withdrawn.keys().isdisjoint(purposes)

    def of(self, identities: Collection[str]) -> Withdrawals:
        """Those of some identities alone."""
        return Withdrawals(
            identities={key: at for key, at in self.identities.items() if key in identities}
        )

    def as_lines(self) -> list[str]:
        """All of it as sorted lines: equal where the same withdrawals are in force."""
        return sorted(
            f"{kind} {standing.purpose.value} {standing.since_ms} {key}"
            for kind, by in ((ASSET, self.assets), (IDENTITY, self.identities))
            for key, all_of_it in by.items()
            for standing in all_of_it
        )


NO_WITHDRAWALS: Final = Withdrawals()


def read_withdrawals(session: Session) -> Withdrawals:
    """Every withdrawal in force."""
    subject, request = OwnerRequestSubjectRow, OwnerRequestRow
    rows = session.execute(
        select(subject.kind, subject.subject, request.purposes, request.acknowledged_ms)
        .join(request, request.id == subject.request_id)
        .where(request.kind == "withdrawal", subject.ended_ms.is_(None))
    )
    found: dict[str, dict[str, dict[Purpose, int]]] = {ASSET: {}, IDENTITY: {}}
    for kind, key, purposes, since_ms in rows:
        by_purpose = found[kind].setdefault(key, {})
        for purpose in read_purposes(purposes):
            by_purpose[purpose] = min(since_ms, by_purpose.get(purpose, since_ms))
    assets, identities = (
        {
            key: tuple(Standing(purpose, since) for purpose, since in sorted(by_purpose.items()))
            for key, by_purpose in found[kind].items()
        }
        for kind in (ASSET, IDENTITY)
    )
    return Withdrawals(assets, identities)


def find_withdrawn(
    manifest: pa.Table, withdrawals: Withdrawals, purposes: Collection[Purpose]
) -> set[str]:
    """The assets of a manifest that are withdrawn for any of the purposes.

    Args:
        manifest: has the columns ``asset_id``, ``names`` and ``consent``.
        purposes: what the release is for.
    """
    if not withdrawals:
        return set()
    return {
        row["asset_id"]
        for row in manifest.select(["asset_id", "names", "consent"]).to_pylist()
        if not withdrawals.find(
            row["asset_id"], row["names"], (said["setter"] for said in row["consent"])
        )
        .keys()
        .isdisjoint(purposes)
    }


def read_purposes(stored: str) -> tuple[Purpose, ...]:
    """What ``write_purposes`` wrote."""
    return tuple(Purpose(word) for word in stored.split())


def write_purposes(purposes: Collection[Purpose]) -> str:
    """Purposes as they are stored, in their one order."""
    return " ".join(purpose.value for purpose in ALL_PURPOSES if purpose in purposes)


def setters_of(statements: Iterable[str]) -> tuple[str, ...]:
    """Who has said something, from statements as verdict rows keep them."""
    said = (json.loads(text)["setter"] for text in statements)
    return tuple(dict.fromkeys(setter for setter in said if setter))
