"""What a reviewer is asked about a sampled asset: an item like any other, that tells nothing.

It shows the picture, the captions as the release has them, and what owners said. It shows no
finding, no score, no reason and no verdict.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.assets.asset import Asset
from models.canonical import digest_of
from models.consent.statements import Statement
from models.errors import ReviewError
from models.policy import MotifsPolicy
from models.review.items import Question
from models.review.questions import Asking, gather_evidence
from models.verdicts import Verdict

_USUAL_PRIORITY = 400
"""Where no other item of the dataset shows which priorities are usual."""


@dataclass(frozen=True, slots=True)
class Released:
    """What the questions of one sample have in common.

    Attributes:
        dataset, run: of the release.
        policy, policy_sha256: under which it was cleared.
        seed: of the sample.
        priorities: of the dataset's other items, in order.
    """

    dataset: str
    run: str
    policy: str
    policy_sha256: str
    seed: str
    priorities: Sequence[int]


def ask_sampled(
    judged: Iterable[tuple[Sequence[Asset], pa.Table]],
    drawn: frozenset[str],
    release: Released,
    *,
    all_of_them: bool,
) -> Iterator[tuple[Asset, Question]]:
    """The drawn assets, each with its question, in dataset order.

    The same asset with the same captions, statements and policy is the same question, whichever
    release it is drawn from: whoever has answered it blind is not asked again.

    Args:
        judged: for each shard of the last run its assets and its verdict rows.
        drawn: ids of the drawn assets.
        release: what they were drawn from.
        all_of_them: those that the last run did not clear are not left out, but an error.

    Raises:
        ReviewError: the last run did not clear one of them.
    """
    found = 0
    wanted = pa.array(sorted(drawn), pa.string())
    asking = Asking(release.dataset, release.run, release.policy, MotifsPolicy(), {})
    for assets, verdicts in judged:
        by_id = {asset.asset_id: asset for asset in assets}
        rows = verdicts.filter(
            pc.and_(
                pc.is_in(verdicts["asset_id"], value_set=wanted),
                pc.equal(verdicts["verdict"], Verdict.CLEAR.value),
            )
        )
        for row in rows.to_pylist():
            asset = by_id[row["asset_id"]]
            found += 1
            yield asset, _ask(asset, row, asking, release)
    if all_of_them and found != len(drawn):
        raise ReviewError(
            f"The last run of {release.dataset} did not clear {len(drawn) - found} of the drawn "
            "assets, and has published no release without them.",
            "Run `kiyome cleanse`, then draw from the release that it publishes.",
        )


def _ask(asset: Asset, row: Mapping[str, Any], asking: Asking, release: Released) -> Question:
    rewritten = [[caption["index"], caption["text"]] for caption in row["captions"]]
    statements = [Statement.from_dict(json.loads(text)) for text in row["statements"]]
    question = digest_of(
        {
            "kind": "kiyome assurance question 1",
            "asset": asset.identity,
            "captions": rewritten,
            "statements": [statement.told for statement in statements],
            "policy": release.policy_sha256,
        }
    )
    untold = {"explanation_en": "", "explanation_ja": "", "consent_en": "", "consent_ja": ""}
    bare = {**row, **untold, "findings": [], "reasons": [], "captions": []}
    evidence = gather_evidence(asset, bare, asking)
    for index, text in rewritten:
        shown = evidence["captions"][index]
        evidence["captions"][index] = {**shown, "text": text, "original": shown["text"]}
    evidence["motifs"] = {}
    return Question(asset.asset_id, question, _choose_priority(asset.asset_id, release), evidence)


def _choose_priority(asset_id: str, release: Released) -> int:
    """That of some other item: the order in which items come must not tell which are sampled."""
    if not release.priorities:
        return _USUAL_PRIORITY
    number = int(digest_of(["kiyome assurance priority 1", release.seed, asset_id])[:15], 16)
    return release.priorities[number % len(release.priorities)]
