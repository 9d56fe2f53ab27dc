"""The consent stage: every statement about every asset, with its evidence, and no verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from models.assets.asset import Asset, Fault, Location
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.canonical import canonical_json, digest_bytes, digest_of
from models.consent.carriers import carriers
from models.consent.carriers.carrier import Carrier, LoadSidecar
from models.consent.identity import identify
from models.consent.reading_json import MAX_BYTES, printable
from models.consent.statements import Condition, Statement
from models.reasons import Reason
from models.stages import BASE_FIELDS, Progress, describe_failure

_CODE_VERSION = 2
_SCHEMA = pa.schema(
    [
        *BASE_FIELDS,
        pa.field("statements", pa.list_(pa.string())),
        pa.field("subjects", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class ConsentStage:
    """Gathers what the carriers say. The policy turns it into a verdict later, without re-reading.

    The rows of an asset whose statements cannot be gathered carry a fault and no statements.

    Attributes:
        max_bytes: larger images are not read.
        trust_anchors_pem: certificates of the C2PA authorities that the policy trusts.
    """

    max_bytes: int
    trust_anchors_pem: str = ""

    @property
    def name(self) -> str:
        """``consent``."""
        return "consent"

    @cached_property
    def fingerprint(self) -> str:
        """Covers this code, every carrier with its libraries, trust anchors and limits."""
        return digest_of(
            {
                "stage": [self.name, _CODE_VERSION],
                "carriers": [carrier.fingerprint for carrier in self._carriers],
                "max_bytes": self.max_bytes,
            }
        )

    @property
    def schema(self) -> pa.Schema:
        """``BASE_FIELDS``, and two lists.

        ``statements`` are canonical JSON of ``Statement.as_dict``; ``subjects`` are what the asset
        can be recognised by in statements that were made elsewhere (``str`` of ``Subject``).
        """
        return _SCHEMA

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset, in the order given."""
        rows = []
        for asset in assets:
            rows.append(self._examine_one(asset))
            progress(1)
        return pa.Table.from_pylist(rows, schema=_SCHEMA)

    @cached_property
    def _carriers(self) -> tuple[Carrier, ...]:
        return carriers(self.trust_anchors_pem)

    def _examine_one(self, asset: Asset) -> dict[str, object]:
        try:
            data = self._read(asset)
            statements = read_statements(asset, data, self._carriers, load_sidecar)
            texts = [canonical_json(s.as_dict()).decode() for s in statements]
            subjects = [str(s) for s in identify(asset, data, load_sidecar)]
        except FaultError as error:
            return _fault_row(asset, error.fault.reason.value, error.fault.detail)
        except Exception as error:  # noqa: BLE001  (one asset's failure is that asset's row)
            return _fault_row(asset, *describe_failure(error))
        return {
            "asset_id": asset.asset_id,
            "fault_code": None,
            "fault_detail": None,
            "statements": texts,
            "subjects": subjects,
        }

    def _read(self, asset: Asset) -> bytes:
        if asset.fault is not None and asset.fault.reason is not Reason.CAPTION_UNREADABLE:
            raise FaultError(asset.fault.reason, asset.fault.detail)
        data = read_location(asset.locations[0], self.max_bytes)
        if digest_bytes(data) != asset.asset_id:
            raise FaultError(
                Reason.BYTES_CHANGED,
                f"{asset.name}: the file is no longer the one that was scanned",
            )
        return data


def read_statements(
    asset: Asset, data: bytes, sources: Sequence[Carrier], load: LoadSidecar
) -> list[Statement]:
    """What all carriers say about one asset.

    A carrier that fails leaves an undetermined statement, and the others still run.

    Args:
        asset: the asset in question.
        data: its original bytes.
        sources: the carriers, in the order in which their statements are listed.
        load: reads a sidecar.
    """
    found: list[Statement] = []
    for carrier in sources:
        try:
            found += carrier.read(asset, data, load)
        except Exception as error:  # noqa: BLE001  (recorded as evidence that goes to review)
            found.append(
                Statement(
                    carrier=carrier.name,
                    source=printable(asset.name),
                    condition=Condition.UNDETERMINED,
                    notes=(printable(f"the carrier failed: {describe_failure(error)[1]}"),),
                )
            )
    return found


def load_sidecar(location: Location) -> bytes:
    """A sidecar's bytes.

    Raises:
        FaultError: it cannot be read, or is larger than a consent statement may be.
    """
    return read_location(location, MAX_BYTES)


def statements_of(texts: Sequence[str]) -> tuple[Statement, ...]:
    """The statements of one row of the stage's output.

    Raises:
        ValueError, TypeError, KeyError: the row was not written by this stage.
    """
    return tuple(Statement.from_dict(json.loads(text)) for text in texts)


def _fault_row(asset: Asset, code: str, detail: str) -> dict[str, object]:
    fault = Fault(Reason(code), printable(detail, 500))
    return {
        "asset_id": asset.asset_id,
        "fault_code": fault.reason.value,
        "fault_detail": fault.detail,
        "statements": [],
        "subjects": [],
    }
