"""Whether a picture may be registered as claimed: from the picture, the claim and the register."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.motifs.claims import DEFAULT_CATEGORY, Claim, check_claim
from models.motifs.listing import PROTECTED
from models.motifs.register.inspecting import FeatureCounter, Inspection, inspect_picture
from models.motifs.register.neighbours import Neighbours
from models.motifs.register.pictures import MAX_PIXELS
from models.motifs.remarks import ReferenceRefusedError, Remark
from models.store.tables import MotifRow

SHORT_ID = 12


@dataclass(frozen=True, slots=True)
class Examination:
    """What registering a picture would come to.

    Attributes:
        warnings: what its owner should know; it can be registered all the same.
        refusal: why it cannot be registered, or None.
        claim: the claim, completed from what the register says of the picture and its label.
        duplicate: whether a reference of the same owner looks the same.
        disputed_with: id of another owner's reference that looks the same, or "".
    """

    warnings: tuple[Remark, ...]
    refusal: Remark | None
    claim: Claim
    duplicate: bool = False
    disputed_with: str = ""


def examine_reference(
    session: Session,
    workspace: Path,
    data: bytes,
    claim: Claim,
    *,
    also_mine: bool = False,
    max_pixels: int = MAX_PIXELS,
    neighbours: Neighbours | None = None,
    count_features: FeatureCounter | None = None,
) -> Examination:
    """Say what registering a picture would come to, without registering it.

    Args:
        session: a transaction: fingerprints of old references are computed and kept on the way.
        also_mine: the owner claims it although another owner has registered the same.
        neighbours: of this workspace, where several pictures are examined.
        count_features: see ``inspect_picture``.
    """
    inspection = inspect_picture(
        data, claim.box, max_pixels=max_pixels, count_features=count_features
    )
    known = session.get(MotifRow, inspection.id)
    return examine_inspected(
        session, inspection, claim, neighbours or Neighbours(workspace), known, also_mine=also_mine
    )


def examine_inspected(
    session: Session,
    inspection: Inspection,
    claim: Claim,
    neighbours: Neighbours,
    known: MotifRow | None,
    *,
    also_mine: bool,
) -> Examination:
    """The same for a picture that was looked at already.

    Args:
        known: the reference that it is, where it is registered.
    """
    try:
        claim = check_claim(claim)
    except ReferenceRefusedError as error:
        return Examination((), error.remark, claim)
    if inspection.refusal is not None:
        return Examination((), inspection.refusal, claim)
    query = select(MotifRow).where(
        MotifRow.label == claim.label, MotifRow.state.in_(PROTECTED), MotifRow.id != inspection.id
    )
    others = session.scalars(query.order_by(MotifRow.id)).all()
    claim = _complete(claim, known, others)
    warnings = [*inspection.warnings, *_disagreements(claim, others)]
    near = [(n.id, n.distance) for n in neighbours.near(session, inspection.hashes)]
    near = [(motif_id, distance) for motif_id, distance in near if motif_id != inspection.id]
    if known is not None and known.state in PROTECTED:
        near.insert(0, (known.id, 0))
    duplicate, disputed_with = False, ""
    for motif_id, distance in near:
        other = session.get(MotifRow, motif_id)
        if other is None:
            continue
        told = {"label": other.label, "id": other.id[:SHORT_ID], "owner": other.owner}
        if differ(claim.owner, other.owner):
            # Who corrects a picture that is registered has claimed it before.
            if not also_mine and known in (None, other):
                refusal = Remark.of("claimed_by_other", distance=distance, **told)
                return Examination(tuple(warnings), refusal, claim)
            if not disputed_with:
                warnings.append(Remark.of("disputed", **told))
            disputed_with = disputed_with or other.id
        elif other is not known:
            if not duplicate:
                warnings.append(Remark.of("near_duplicate", distance=distance, **told))
            duplicate = True
    return Examination(tuple(warnings), None, claim, duplicate, disputed_with)


def differ(owner: str, other: str) -> bool:
    """Whether two owners are both known and not the same, however they are written."""
    return bool(owner and other) and _folded(owner) != _folded(other)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _complete(claim: Claim, known: MotifRow | None, others: Sequence[MotifRow]) -> Claim:
    """Fill in what was not said: from the picture itself, else from its label where that agrees."""
    categories = {row.category for row in others}
    owners = {row.owner for row in others if row.owner}
    of_label = categories.pop() if len(categories) == 1 else ""
    category, owner = claim.category, claim.owner
    if known is None:
        return replace(
            claim,
            category=category or of_label or DEFAULT_CATEGORY,
            owner=owner or (owners.pop() if len(owners) == 1 else ""),
        )
    return replace(
        claim,
        category=category or known.category,
        owner=owner or known.owner,
        source=claim.source or known.source,
        right=claim.right or known.right_kind,
        right_note=claim.right_note or known.right_note,
    )


def _disagreements(claim: Claim, others: Sequence[MotifRow]) -> list[Remark]:
    """Where pictures of one label are said to be different things, or different people's."""
    remarks = []
    categories = sorted({row.category for row in others} - {claim.category})
    owners = sorted({row.owner for row in others if differ(row.owner, claim.owner)})
    told = {"label": claim.label}
    if categories:
        given = {"others": ", ".join(categories), "given": claim.category}
        remarks.append(Remark.of("label_category", **told, **given))
    if owners:
        given = {"others": ", ".join(map(repr, owners[:3])), "given": claim.owner}
        remarks.append(Remark.of("label_owner", **told, **given))
    return remarks
