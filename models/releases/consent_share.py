"""What the consent for a release rests on: opt-in or silence, and which contracts do nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.consent.contracts import CONTRACT_CARRIER
from models.consent.reading_json import printable
from models.consent.terms import Contract
from models.reasons import Reason

_OPT_IN = {Reason.CONSENT_GRANTED.value, Reason.CONSENT_CONTRACT.value}
RESTS_ON = ("basis", "consent")
"""The columns of a manifest that this module looks at."""

_SILENT = Reason.CONSENT_OPT_OUT_PROFILE.value


@dataclass(frozen=True, slots=True)
class ConsentShare:
    """What the cleared assets of a release rest on.

    Attributes:
        opt_in: a proven grant or a contract.
        opt_out: silence, under the policy's named profile.
        ruled: a reviewer's ruling on a question about consent.
    """

    opt_in: int = 0
    opt_out: int = 0
    ruled: int = 0

    @property
    def share(self) -> float | None:
        """The part that rests on opt-in, 0 to 1; None where nothing was cleared."""
        total = self.opt_in + self.opt_out + self.ruled
        return round(self.opt_in / total, 6) if total else None

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {**asdict(self), "opt_in_share": self.share}


def count_consent(manifest: pa.Table) -> ConsentShare:
    """Count what the cleared assets rest on.

    Args:
        manifest: ``models.releases.manifest.MANIFEST``.
    """
    found: Counter[str] = Counter()
    for said in pc.binary_join(manifest["basis"], " ").value_counts().to_pylist():
        found[_basis(said["values"].split())] += said["counts"]
    return ConsentShare(found["opt_in"], found["opt_out"], found["ruled"])


def find_idle_contracts(
    manifest: pa.Table, contracts: Iterable[Contract], as_of: int
) -> tuple[str, ...]:
    """The contracts in force that clear nothing: a folder may be misspelt, or a refusal stand.

    Args:
        manifest: ``models.releases.manifest.MANIFEST``.
        contracts: those of the policy and of the register.
        as_of: now, UTC seconds.
    """
    said = manifest["consent"].combine_chunks().flatten()
    by_contract = said.filter(pc.equal(pc.struct_field(said, "carrier"), CONTRACT_CARRIER))
    used = set(pc.unique(pc.struct_field(by_contract, "source")).to_pylist())
    return tuple(
        contract.id
        for contract in contracts
        if contract.issued_at <= as_of < contract.expires_at and printable(contract.id) not in used
    )


def _basis(codes: list[str]) -> str:
    if _SILENT in codes:
        return "opt_out"
    return "opt_in" if _OPT_IN & set(codes) else "ruled"
