"""Contracts on file: what an operator has confirmed with the rights holder (trust level L5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from models.assets.asset import Asset
from models.consent.purposes import Preference
from models.consent.reading_json import printable
from models.consent.statements import Statement, Trust
from models.consent.terms import ConsentPolicy, Contract
from models.licence_on_file import WHOLE_DATASET

CONTRACT_CARRIER = "contract"


def contract_statements(
    asset: Asset, statements: Sequence[Statement], policy: ConsentPolicy
) -> tuple[Statement, ...]:
    """One statement for each contract of the policy that covers the asset.

    A contract covers an asset whose every location lies under its folder (the same bytes found
    elsewhere too are not the holder's alone), that it lists by id, or whose content credentials
    were made, for exactly these bytes, with the certificate that it names.

    Args:
        asset: the asset in question.
        statements: what its carriers say; the signer is looked for in them.
        policy: holds the contracts.
    """
    found: list[Statement] = []
    for contract in policy.contract:
        cover = _cover(contract, asset, statements)
        if cover is None:
            continue
        note, ends = cover
        found.append(
            Statement(
                carrier=CONTRACT_CARRIER,
                source=printable(contract.id),
                preferences=dict.fromkeys(contract.purposes, Preference.ALLOWED),
                trust=Trust(contract=True),
                setter=printable(contract.holder),
                attribution=contract.attribution,
                issued_at=contract.issued_at,
                expires_at=contract.expires_at if ends is None else min(contract.expires_at, ends),
                evidence_sha256=contract.document_sha256,
                notes=(
                    note,
                    printable(
                        f"entered by {contract.entered_by}, approved by {contract.approved_by}"
                    ),
                ),
            )
        )
    return tuple(found)


def _cover(
    contract: Contract, asset: Asset, statements: Sequence[Statement]
) -> tuple[str, int | None] | None:
    """Why the contract covers the asset, and when that ends by itself; None where it does not."""
    if asset.asset_id in contract.assets:
        return "covers this asset by its id", None
    if contract.folder == WHOLE_DATASET:
        return "covers the whole dataset", None
    if all(_is_plain(item.name) and contract.covers_name(item.name) for item in asset.locations):
        return printable(f"covers the folder {contract.folder}"), None
    signed = [s for s in statements if _is_signed_for(contract, s)]
    if signed:
        # The signature that lasts longest will do; one without an end outlasts all.
        ends = [s.expires_at for s in signed]
        known = [end for end in ends if end is not None]
        return "covers what its signer signed", (max(known) if len(known) == len(ends) else None)
    return None


def _is_signed_for(contract: Contract, statement: Statement) -> bool:
    signer = {"c2pa": contract.signer, "signed": contract.address}.get(statement.carrier)
    return (
        bool(signer)
        and statement.setter == signer
        and statement.trust.integrity
        and statement.trust.bound
    )


def _is_plain(name: str) -> bool:
    """Whether a name stays where it says: a metadata file may hold ``folder/../elsewhere``."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
