"""How much of a release is there by opt-in: the figure that a legacy profile is to raise."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from models.reasons import Reason

_OPT_IN = {Reason.CONSENT_GRANTED.value, Reason.CONSENT_CONTRACT.value}
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
    found = Counter(map(_basis, manifest["basis"].to_pylist()))
    return ConsentShare(found["opt_in"], found["opt_out"], found["ruled"])


def _basis(codes: list[str]) -> str:
    if _SILENT in codes:
        return "opt_out"
    return "opt_in" if _OPT_IN & set(codes) else "ruled"
