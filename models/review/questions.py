"""From verdicts to questions: which assets reviewers are asked about, how urgently, and with what.

The evidence is the whole of what the review page shows; docs/review.md lists its keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.assets.asset import Asset, Caption
from models.captions.edits import digest_caption
from models.consent.statements import Statement
from models.policy import MotifsPolicy, ReviewPolicy
from models.reasons import Reason
from models.review.items import Question
from models.review.ranking import rank
from models.review.two_persons import count_persons
from models.unicode import escape_surrogates, replace_surrogates
from models.verdicts import Verdict

_ANSWERS = (Reason.RULING_APPROVED.value, Reason.CAPTION_EDITED.value)
"""Reasons that a ruling brings, and that nobody is asked about."""


@dataclass(frozen=True, slots=True)
class ReferenceCard:
    """What a reviewer is told about a registered motif."""

    id: str
    label: str
    category: str
    owner: str

    def as_dict(self) -> dict[str, str]:
        """A JSON-ready dictionary."""
        return {
            "id": self.id,
            "label": self.label,
            "category": self.category,
            "owner": self.owner,
        }


@dataclass(frozen=True, slots=True)
class Asking:
    """What all questions of one run have in common."""

    dataset: str
    run: str
    policy: str
    limits: MotifsPolicy
    references: Mapping[str, ReferenceCard]
    review: ReviewPolicy = field(default_factory=ReviewPolicy)


def ask(assets: Sequence[Asset], verdicts: pa.Table, asking: Asking) -> Iterator[Question]:
    """The questions of one shard, in shard order.

    An asset that a reviewer has already approved is asked about as well, with the same question:
    so the queue sees that its ruling still answers what would be asked.
    """
    by_id = {asset.asset_id: asset for asset in assets}
    for row in verdicts.filter(find_asked(verdicts)).to_pylist():
        asset = by_id[row["asset_id"]]
        evidence = gather_evidence(asset, row, asking)
        yield Question(
            asset_id=asset.asset_id,
            digest=row["question"],
            priority=rank(row),
            evidence=evidence,
            persons=count_persons(asking.review, evidence),
        )


def find_asked(verdicts: pa.Table) -> pa.ChunkedArray:
    """For each verdict row whether people are asked about its asset, or have been."""
    return pc.and_(
        pc.not_equal(verdicts["question"], ""),
        pc.is_in(verdicts["verdict"], pa.array([Verdict.REVIEW.value, Verdict.CLEAR.value])),
    )


def gather_evidence(asset: Asset, row: Mapping[str, Any], asking: Asking) -> dict[str, Any]:
    """What a reviewer is shown about one asset.

    Args:
        row: the asset's verdict row.
    """
    findings = [json.loads(text) for text in row["findings"]]
    statements = [Statement.from_dict(json.loads(text)) for text in row["statements"]]
    rewritten = {caption["index"]: caption for caption in row["captions"]}
    matched = dict.fromkeys(f["reference"] for f in findings if f["kind"].startswith("motif_"))
    return {
        "asset": {
            "id": asset.asset_id,
            "name": escape_surrogates(asset.name),
            "names": [escape_surrogates(location.name) for location in asset.locations],
            "width": row["width"],
            "height": row["height"],
            "format": row["format"],
        },
        "dataset": asking.dataset,
        "captions": [
            _show_caption(caption, rewritten.get(index))
            for index, caption in enumerate(asset.captions)
        ],
        "findings": findings,
        "statements": [{**s.as_dict(), "levels": s.trust.levels} for s in statements],
        "reasons": [code for code in row["reasons"] if code not in _ANSWERS],
        "explanation": {"en": row["explanation_en"], "ja": row["explanation_ja"]},
        "consent": {"en": row["consent_en"], "ja": row["consent_ja"]},
        "references": [
            asking.references[reference].as_dict()
            for reference in matched
            if reference in asking.references
        ],
        "motifs": {"risk": asking.limits.risk, "named_risk": asking.limits.named_risk},
        "policy": asking.policy,
        "run": asking.run,
    }


def _show_caption(caption: Caption, rewritten: Mapping[str, Any] | None) -> dict[str, Any]:
    """A caption as findings point into it: as a person has edited it, else as it was found.

    ``sha256`` is by what an edit knows the original; where it is not that of ``original``, or of
    ``text`` where there is none, the caption holds what cannot be shown, and cannot be edited.
    """
    text = replace_surrogates(caption.text)
    shown = {
        "text": text,
        "source": escape_surrogates(caption.source),
        "rewritten": "",
        "sha256": digest_caption(caption.text),
    }
    if rewritten is None:
        return shown
    if rewritten["edited"]:
        shown |= {"text": rewritten["edited"], "original": text}
    if rewritten["text"] != rewritten["edited"]:
        shown["rewritten"] = rewritten["text"]
    return shown
