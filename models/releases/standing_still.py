"""Whether a proposed release still holds only what would be judged clear now.

What would only let more assets in is no reason against it: the next release has them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import pyarrow as pa
from sqlalchemy.orm import Session

from models.consent.purposes import Purpose
from models.freshness import read_state_in
from models.nouns.terms.records import effective_term_rulings
from models.releases.proposal import Proposal
from models.releases.publishing import find_refused
from models.store.database import now_ms

CHANGES: Final = (
    *("refusal", "ruling", "caption", "term", "names", "motifs", "evidence"),
    *("policy", "time", "lost"),
)
"""What can have changed since a release was proposed, as codes."""


def find_changes(
    session: Session,
    proposal: Proposal,
    decided: Mapping[str, Any],
    manifest: pa.Table,
    purposes: Collection[Purpose],
    policy_sha256: str,
) -> dict[str, int]:
    """What has changed that may take an asset out of a proposed release, and how often.

    Args:
        session: a transaction that holds refusals still (``models.takedowns.lock_refusals``).
        decided: what its verdicts were decided on (``models.releases.proposing.keep_decided``).
        manifest: of the proposed release.
        purposes: what the release is for.
        policy_sha256: the policy as it is now.

    Returns:
        Numbers by code of ``CHANGES``; empty where it may be published.
    """
    dataset = proposal.release.dataset
    state = read_state_in(session, dataset)
    found = {
        "refusal": len(find_refused(session, manifest, purposes)),
        "ruling": _count_changed(decided["rulings"], state["rulings"], manifest),
        "caption": _count_changed(decided["caption_edits"], state["caption_edits"], manifest),
        "term": _count_terms(session, dataset, decided["terms"]),
        "names": sum(
            decided["registers"].get(kind) != state["registers"].get(kind)
            for kind in {*decided["registers"], *state["registers"]} - {"motifs"}
        ),
        "motifs": int(decided["registers"].get("motifs") != state["registers"].get("motifs")),
        "evidence": int(decided["evidence"] != state["evidence"]),
        "policy": int(proposal.policy_sha256 != policy_sha256),
        "time": int(
            proposal.holds_until_ms is not None and now_ms(session) >= proposal.holds_until_ms
        ),
    }
    return {code: count for code, count in found.items() if count}


def write_changes(changes: Mapping[str, int]) -> str:
    """Changes as the database keeps them: ``read_changes`` reads them back."""
    return " ".join(f"{code}={count}" for code, count in changes.items())


def read_changes(written: str) -> dict[str, int]:
    """What ``write_changes`` wrote; what is no code of a change is left out."""
    pairs = (word.partition("=") for word in written.split())
    return {code: int(n) for code, _, n in pairs if code in CHANGES and n.isdigit()}


def _count_changed(before: Mapping[str, Any], now: Mapping[str, Any], manifest: pa.Table) -> int:
    """The assets of a manifest about which something else was said than when it was made."""
    concerned = (before.keys() | now.keys()) & set(manifest["asset_id"].to_pylist())
    return sum(before.get(asset_id) != now.get(asset_id) for asset_id in concerned)


def _count_terms(session: Session, dataset: str, before: Mapping[str, str]) -> int:
    """Terms that were ruled on otherwise since; one that now only describes hurts nobody."""
    now = effective_term_rulings(session, dataset)
    changed = sum(term not in now or now[term].ruling_id != before[term] for term in before)
    return changed + sum(bool(now[term].category) for term in now.keys() - before.keys())
