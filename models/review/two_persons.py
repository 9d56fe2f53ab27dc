"""How many persons an item needs, and what whoever rules on it by themselves is not shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from models.canonical import digest_bytes
from models.motifs.placement import read_number
from models.policy import ReviewPolicy

_MEASURED = ("score", "distance")
"""Keys of a finding that say how sure a detector was."""


def count_persons(policy: ReviewPolicy, evidence: Mapping[str, Any]) -> int:
    """How many persons have to rule on an item, by the policy: 1 or 2.

    Args:
        policy: which items need two.
        evidence: of the item.
    """
    if any(reason in policy.two_persons for reason in _read(evidence, "reasons", str)):
        return 2
    findings = _read(evidence, "findings", dict)
    if policy.two_persons_risk is not None and any(
        (read_number(finding.get("score"), 0, 1) or 0.0) >= policy.two_persons_risk
        for finding in findings
        if str(finding.get("kind", "")).startswith("motif_")
    ):
        return 2
    said = [each.get("setter") for each in _read(evidence, "statements", dict)]
    owned = [each.get("owner") for each in _read(evidence, "references", dict)]
    return 2 if policy.two_persons_owned and any((*said, *owned)) else 1


def hide_scores(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence without what detectors measured, in an order that says nothing of it.

    Two persons who rule by themselves see what was found and where, and not how sure a detector
    was: neither scores nor the words for them, neither the policy's limits nor the summary of how
    the verdict came about. The order is that of digests, the same for both.
    """
    findings = sorted(
        (_hide(finding) for finding in _read(evidence, "findings", dict)), key=_shuffle
    )
    references = sorted(_read(evidence, "references", dict), key=_shuffle)
    return {
        **evidence,
        "findings": findings,
        "references": references,
        "explanation": {},
        "motifs": {},
    }


def _hide(finding: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in finding.items() if key not in _MEASURED}
    alignment = finding.get("alignment")
    if isinstance(alignment, dict):
        # Where points match is seen in the picture; how many of how many is a measure.
        drawn = {key: alignment[key] for key in alignment if key not in ("inliers", "matched")}
        kept["alignment"] = drawn
    if str(finding.get("kind", "")).startswith("motif_"):
        kept["explanation"] = ""  # it says the risk in words
    return kept


def _shuffle(value: Mapping[str, Any]) -> str:
    return digest_bytes(json.dumps(value, sort_keys=True).encode())


def _read(evidence: Mapping[str, Any], key: str, kind: type) -> list[Any]:
    value = evidence.get(key)
    return [each for each in value if isinstance(each, kind)] if isinstance(value, list) else []
