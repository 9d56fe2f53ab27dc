"""Signed statements that lie beside an image as JSON files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.assets.asset import Asset
from models.assets.faults import FaultError
from models.canonical import digest_bytes
from models.consent.ipfs.cid import CidError, parse_cid
from models.consent.ipfs.hashing import cids_of
from models.consent.signed.document import CARRIER, names_asset, read_signed_document
from models.consent.signed.erc1271 import CheckContractSignature
from models.consent.signed.parsing import is_signed_document
from models.consent.statements import Condition, Statement, Trust

if TYPE_CHECKING:  # the package of carriers imports this module
    from models.consent.carriers.carrier import LoadSidecar


@dataclass(frozen=True, slots=True)
class SignedCarrier:
    """Reads sidecars that say of themselves that they are signed statements.

    Args:
        check_contract_signature: asks a contract wallet; None where no chain is read.
    """

    check_contract_signature: CheckContractSignature | None = None
    name: str = CARRIER

    @property
    def fingerprint(self) -> str:
        """Code version, and whether contract wallets are asked."""
        return f"signed/3 erc1271/{'asked' if self.check_contract_signature else 'not-asked'}"

    def read(self, asset: Asset, data: bytes | None, load_sidecar: LoadSidecar) -> list[Statement]:
        """The statements of each signed sidecar.

        One that cannot be loaded is not reported here: the sidecar carrier does that.
        """
        statements: list[Statement] = []
        for sidecar in asset.sidecars:
            try:
                content = load_sidecar(sidecar)
            except FaultError:
                continue
            if not is_signed_document(content):
                continue
            found = read_signed_document(
                content,
                sidecar.name,
                asset.asset_id,
                check_contract_signature=self.check_contract_signature,
                matches=lambda named: names_bytes(named, data, asset.asset_id),
            )
            if sidecar.digest and digest_bytes(content) != sidecar.digest:
                found = [_changed(statement) for statement in found]
            statements += found
        return statements


def names_bytes(asset_cid: str, data: bytes | None, asset_id: str) -> bool:
    """Whether an ``assetCid`` names an image: by its SHA-256, or as the tree that tools make of it.

    Args:
        asset_cid: the reference, as it was signed.
        data: the image's bytes; None where they cannot be had.
        asset_id: their SHA-256.
    """
    if names_asset(asset_cid, asset_id):
        return True
    try:
        cid = parse_cid(asset_cid)
    except CidError:
        return False
    return data is not None and cid in cids_of(data)


def _changed(statement: Statement) -> Statement:
    """Nobody knows which of the two contents holds; a refusal in the present one counts."""
    note = "the sidecar changed after the dataset was scanned: run again"
    return replace(
        statement,
        condition=Condition.UNDETERMINED,
        trust=Trust(),
        setter="",
        notes=(note, *statement.notes),
    )
