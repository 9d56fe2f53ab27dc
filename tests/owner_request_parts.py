"""Owners, works and runs that several tests about owners' requests share."""

from __future__ import annotations

import uuid

from models.accounts.keeping import create_account
from models.accounts.records import Account
from models.accounts.roles import Role
from models.assets.asset import Asset, Location
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement, Trust
from models.decisions import Decision
from models.judging import Bench, Observed
from models.owners.identities import Basis, bind_identity
from models.policy import Policy
from models.store.database import Database
from models.withdrawals import read_withdrawals

SETTER = "0x" + "ab" * 20
STRANGER = "0x" + "cd" * 20
TRAINING = Purpose.GENERATIVE_TRAINING


def form() -> str:
    """The id that a form is sent with."""
    return uuid.uuid4().hex


def put_owner(database: Database, name: str = "aoi", identity: str = SETTER) -> Account:
    """An owner's account, with an identity unless that is ""."""
    with database.transaction() as session:
        account = create_account(session, name, Role.OWNER, "test")
        if identity:
            bind_identity(session, account.id, identity, Basis.VOUCHED, "test")
    return account


def asset_of(number: int, name: str = "") -> Asset:
    """An asset as a scan would find it."""
    location = Location(name or f"{number}.png", f"file:///set/{number}.png")
    return Asset(f"{number:064x}", (location,))


def grant_of(setter: str) -> Statement:
    """A grant that counts."""
    return Statement(
        carrier="signed",
        source="a.json",
        preferences={TRAINING: Preference.ALLOWED},
        trust=Trust(integrity=True, signer=True, control=True, bound=True),
        setter=setter,
        issued_at=1_900_000_000,
    )


def weigh(
    database: Database, asset: Asset, *setters: str, policy: Policy | None = None
) -> Decision:
    """The verdict on an asset about which these have given a grant, as the database stands."""
    with database.snapshot() as session:
        withdrawals = read_withdrawals(session)
    bench = Bench(
        policy or Policy(name="t", version="1"),
        {},
        1_900_000_100,
        {},
        frozenset(),
        withdrawals=withdrawals,
    )
    return bench.weigh(asset, Observed(tuple(map(grant_of, setters))))[1]
