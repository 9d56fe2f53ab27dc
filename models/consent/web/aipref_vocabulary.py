"""The labels of the IETF's AI usage preferences, draft by draft: the vocabulary still moves.

Sources: draft-ietf-aipref-vocab (section "Usage Category Labels" of each revision), read in
November 2026. No revision is an RFC. A statement does not say which one it follows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from models.consent.purposes import ALL_PURPOSES, Purpose

_DM = Purpose.DATA_MINING
_INF = Purpose.INFERENCE
_NGT = Purpose.NON_GENERATIVE_TRAINING
_GT = Purpose.GENERATIVE_TRAINING


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The labels of one revision.

    Attributes:
        draft: the first revision that has exactly these labels.
        date: of that revision, ISO 8601.
        purposes: for each label what it covers of the four purposes.
    """

    draft: str
    date: str
    purposes: dict[str, tuple[Purpose, ...]]


# Newest first. Search is never one of our purposes: it shows where an asset is, and takes nothing.
VOCABULARIES: tuple[Vocabulary, ...] = (
    # train-ai: modifying the learned parameters of a generative model, and nothing else.
    Vocabulary(
        "draft-ietf-aipref-vocab-08",
        "2026-09-14",
        {"train-ai": (_GT,), "ai-use": (_INF,), "search": ()},
    ),
    Vocabulary("draft-ietf-aipref-vocab-05", "2025-12-01", {"train-ai": (_GT,), "search": ()}),
    # bots: automated processing, which includes everything. train-ai: foundation models.
    Vocabulary(
        "draft-ietf-aipref-vocab-04",
        "2025-10-28",
        {"bots": ALL_PURPOSES, "train-ai": (_GT,), "ai-output": (_INF,), "search": ()},
    ),
    # train-ai: any machine learning, up to this revision.
    Vocabulary(
        "draft-ietf-aipref-vocab-03",
        "2025-09-05",
        {"bots": ALL_PURPOSES, "train-ai": (_NGT, _GT), "train-genai": (_GT,), "search": ()},
    ),
    Vocabulary(
        "draft-ietf-aipref-vocab-02",
        "2025-07-21",
        {
            "all": ALL_PURPOSES,
            "train-ai": (_NGT, _GT),
            "train-genai": (_GT,),
            "ai-use": (_INF,),
            "search": (),
        },
    ),
    Vocabulary(
        "draft-ietf-aipref-vocab-01",
        "2025-06-19",
        {
            "tdm": (_DM, _NGT, _GT),
            "ai": (_NGT, _GT),
            "genai": (_GT,),
            "inference": (_INF,),
            "search": (),
        },
    ),
)
CURRENT = VOCABULARIES[0]


def choose_vocabulary(labels: Collection[str]) -> Vocabulary:
    """The newest revision among those that know most of ``labels``."""
    return max(VOCABULARIES, key=lambda v: sum(label in v.purposes for label in labels))


def refused_by(label: str, vocabulary: Vocabulary) -> tuple[Purpose, ...]:
    """What a refusal under ``label`` covers; nothing where no revision knows the label.

    A label that ``vocabulary`` lacks is read as the newest revision that has it means it.
    """
    for candidate in (vocabulary, *VOCABULARIES):
        if label in candidate.purposes:
            return candidate.purposes[label]
    return ()
