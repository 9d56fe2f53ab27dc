"""The decision on every asset, without names, captions or explanations that would quote them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from models.assets.asset import unread_id
from models.compliance.facts import Outcomes
from models.releases.notices import RemovalReason, classify
from models.verdicts import Verdict

FILE: Final = "decisions.parquet"
_TIME = pa.timestamp("s", tz="UTC")
DECISIONS: Final = pa.schema(
    [
        pa.field("asset_sha256", pa.string()),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("policy_sha256", pa.string(), nullable=False),
        pa.field("decided_by", pa.string(), nullable=False),
        pa.field("ruling", pa.string(), nullable=False),
        pa.field("ruling_reason", pa.string(), nullable=False),
        pa.field("reviewer", pa.string(), nullable=False),
        pa.field("decided_at", _TIME, nullable=False),
    ]
)
"""``asset_sha256`` is null for a file that was not read. ``decided_by`` is machine, ruling,
takedown or withdrawal. What is about a ruling is "" where there is none, and ``decided_at`` is then
when the release was made. ``reviewer`` is the usage ledger's pseudonym."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A ruling that decided an asset, its reviewer still by name."""

    ruling: str
    reason_code: str
    reviewer: str
    ruled_ms: int


def list_decisions(
    outcomes: pa.Table,
    rulings: Mapping[str, Ruled],
    pseudonym: Callable[[str, str], str],
    policy_sha256: str,
    released_ms: int,
    *,
    with_names: bool,
) -> pa.Table:
    """What was decided about every asset of the dataset, by asset.

    Args:
        outcomes: ``models.releases.manifest.OUTCOMES`` of the release.
        rulings: by ruling id.
        pseudonym: ``UsageLedger.reference``: kind and name to a pseudonym.
        with_names: with the assets' file names in a last column.
    """
    known = {
        ruling_id: rulings[ruling_id]
        for ruling_id in pc.unique(outcomes["ruling_id"]).to_pylist()
        if ruling_id in rulings
    }
    people = {
        name: pseudonym("reviewer", name) for name in {ruled.reviewer for ruled in known.values()}
    }
    ids = outcomes["ruling_id"].to_pylist()
    found = [known.get(ruling_id) for ruling_id in ids]
    columns = {
        "asset_sha256": hide_unread(outcomes),
        "verdict": outcomes["verdict"],
        "reasons": outcomes["reasons"],
        "policy_sha256": pa.repeat(pa.scalar(policy_sha256), len(ids)),
        "decided_by": outcomes["decided_by"],
        "ruling": pa.array([each.ruling if each else "" for each in found], pa.string()),
        "ruling_reason": pa.array(
            [each.reason_code if each else "" for each in found], pa.string()
        ),
        "reviewer": pa.array(
            [people[each.reviewer] if each else "" for each in found], pa.string()
        ),
        "decided_at": pa.array(
            [(each.ruled_ms if each else released_ms) // 1000 for each in found], pa.int64()
        ).cast(_TIME),
    }
    table = pa.table([columns[field.name] for field in DECISIONS], schema=DECISIONS)
    if with_names:
        table = table.append_column("names", outcomes["names"])
    return table


def hide_unread(outcomes: pa.Table) -> pa.Array:
    """The assets' ids, null where one is made from the file's name and not from its bytes.

    Names can be guessed, and such an id then tells that a file of that name was there.
    """
    unread = [
        verdict != Verdict.CLEAR.value and asset_id in map(unread_id, names)
        for asset_id, verdict, names in zip(
            outcomes["asset_id"].to_pylist(),
            outcomes["verdict"].to_pylist(),
            outcomes["names"].to_pylist(),
            strict=True,
        )
    ]
    nothing = pa.scalar(None, pa.string())
    return pc.if_else(pa.array(unread, pa.bool_()), nothing, outcomes["asset_id"])


def count_outcomes(outcomes: pa.Table) -> Outcomes:
    """What became of the assets, in numbers.

    Args:
        outcomes: ``models.releases.manifest.OUTCOMES``.
    """
    verdicts: Counter[str] = Counter()
    kept_out: Counter[RemovalReason] = Counter()
    reasons: dict[str, Counter[str]] = {}
    lines = pc.binary_join_element_wise(
        outcomes["verdict"], pc.binary_join(outcomes["reasons"], " "), " "
    )
    for counted in lines.value_counts().to_pylist():
        verdict, *codes = counted["values"].split()
        verdicts[verdict] += counted["counts"]
        if codes:
            reasons.setdefault(verdict, Counter())[codes[0]] += counted["counts"]
        if verdict != Verdict.CLEAR.value:
            kept_out[classify(codes, verdict)] += counted["counts"]
    return Outcomes(
        dict(sorted(verdicts.items())),
        {verdict: dict(counts.most_common()) for verdict, counts in sorted(reasons.items())},
        dict(sorted(kept_out.items())),
    )
