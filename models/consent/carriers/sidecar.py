"""Token metadata that lies beside an image as a JSON file (ERC-7517)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.assets.asset import Asset, Location
from models.assets.faults import FaultError
from models.canonical import digest_bytes
from models.consent.carriers.carrier import LoadSidecar
from models.consent.eip7517 import parse_token_json
from models.consent.reading_json import printable
from models.consent.signed.parsing import is_signed_document
from models.consent.statements import Condition, Statement
from models.reasons import Reason


@dataclass(frozen=True, slots=True)
class SidecarCarrier:
    """Reads the JSON files that stand beside an image. Unsigned: they refuse, never grant."""

    name: str = "sidecar"
    fingerprint: str = "sidecar/4"

    def read(
        self,
        asset: Asset,
        data: bytes | None,  # noqa: ARG002  (the asset's id is all that the binding needs)
        load_sidecar: LoadSidecar,
    ) -> list[Statement]:
        """One statement for each sidecar that speaks of mining or cannot be read."""
        statements: list[Statement] = []
        for sidecar in asset.sidecars:
            try:
                content = load_sidecar(sidecar)
            except FaultError as error:
                statements.append(_unread(sidecar, error))
                continue
            if is_signed_document(content) and _is_as_scanned(sidecar, content):
                continue  # the carrier of signed statements reads it
            statement = parse_token_json(content, sidecar.name, asset.asset_id)
            if not _is_as_scanned(sidecar, content):
                statements.append(_changed(sidecar, statement))
            elif statement is not None:
                statements.append(statement)
        return statements


def _is_as_scanned(sidecar: Location, content: bytes) -> bool:
    return not sidecar.digest or digest_bytes(content) == sidecar.digest


def _unread(sidecar: Location, error: FaultError) -> Statement:
    empty = error.fault.reason is Reason.IMAGE_EMPTY
    return Statement(
        carrier="sidecar",
        source=printable(sidecar.name),
        condition=Condition.MALFORMED if empty else Condition.UNDETERMINED,
        notes=(printable(f"the sidecar cannot be read: {error.fault.detail}"),),
    )


def _changed(sidecar: Location, statement: Statement | None) -> Statement:
    """Nobody knows which of the two contents holds; a refusal in the present one counts."""
    statement = statement or Statement(carrier="sidecar", source=printable(sidecar.name))
    note = "the sidecar changed after the dataset was scanned: run again"
    return replace(statement, condition=Condition.UNDETERMINED, notes=(note, *statement.notes))
