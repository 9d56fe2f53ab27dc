"""Web signals that were kept when an image was fetched, in the JSON record beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.assets.asset import Asset, Location
from models.assets.faults import FaultError
from models.canonical import digest_bytes
from models.consent.carriers.carrier import LoadSidecar
from models.consent.purposes import Preference, Purpose
from models.consent.reading_json import (
    MalformedJsonError,
    Pairs,
    loose_text,
    printable,
    read_json,
)
from models.consent.statements import Condition, Statement
from models.consent.web.kept import evidences_in
from models.consent.web.kept_values import salvage_pairs
from models.consent.web.reading import WEB_READERS, read_web


@dataclass(frozen=True, slots=True)
class CapturedWebCarrier:
    """Reads response headers, site files and page tags that a record keeps. All of it is L0."""

    name: str = "web"

    @property
    def fingerprint(self) -> str:
        """Code version, and that of every reader."""
        return " ".join(("web/2", *(reader.name for reader in WEB_READERS)))

    def read(
        self,
        asset: Asset,
        data: bytes | None,  # noqa: ARG002  (what the web said is not in the image)
        load_sidecar: LoadSidecar,
    ) -> list[Statement]:
        """Every statement of every reader, for each sidecar that keeps evidence.

        A sidecar that cannot be read is a statement of the sidecar carrier. In one that is no JSON
        refusals are still found here.
        """
        return [s for sidecar in asset.sidecars for s in _read_sidecar(sidecar, load_sidecar)]


def _read_sidecar(sidecar: Location, load_sidecar: LoadSidecar) -> list[Statement]:
    try:
        content = load_sidecar(sidecar)
    except FaultError:
        return []
    condition, note = Condition.SOUND, ""
    try:
        document = read_json(content)
    except MalformedJsonError as error:
        document = salvage_pairs(loose_text(content))
        condition, note = Condition.MALFORMED, f"the sidecar cannot be read: {error}"
    if sidecar.digest and digest_bytes(content) != sidecar.digest:
        condition = Condition.UNDETERMINED
        note = "the sidecar changed after the dataset was scanned: run again"
    found: dict[str, Statement] = {}
    for record in document if isinstance(document, list) else [document]:
        if isinstance(record, Pairs):
            for evidence in evidences_in(record):
                for statement in read_web(evidence):
                    found.setdefault(repr(statement.as_dict()), statement)
    return [_mark(statement, sidecar, condition, note) for statement in found.values()]


def _mark(statement: Statement, sidecar: Location, condition: Condition, note: str) -> Statement:
    """The statement with where it was kept; of a record that is not sound, it can only refuse."""
    statement = replace(
        statement, source=printable(f"{statement.source} (kept in {sidecar.name})", 400)
    )
    if condition is Condition.SOUND:
        return statement
    preferences: dict[Purpose, Preference] = {
        p: v for p, v in statement.preferences.items() if v is not Preference.ALLOWED
    }
    return replace(
        statement,
        condition=condition,
        preferences=preferences,
        notes=(printable(note), *statement.notes),
    )
