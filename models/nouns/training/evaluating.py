"""Trying a model on what was held out: how much it finds, and how often it is wrong."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from models.nouns.english.words import shipped_english_words
from models.nouns.recognisers.beam_scoring import SCORE_DIGITS, score_entities
from models.nouns.training.material import Material
from models.nouns.training.sampling import Sample, Sampler
from models.nouns.words import shipped_lexicon

if TYPE_CHECKING:
    from spacy.language import Language

FALSE_ALARMS = 0.01
LOWEST_THRESHOLD = 1e-4
"""Above the score of a caption in which nothing was found."""
_MOST_NAMED = 1500
_MOST_CLEAN = 3000
_MOST_ALARMS = 50
_BATCH = 128


@dataclass(frozen=True, slots=True)
class TrialSet:
    """Captions that nothing was learned from.

    Attributes:
        named: each with a held-out name, by its spelling in the register.
        clean: held-out captions as they were found, and the same in lower case.
    """

    named: tuple[tuple[Sample, str], ...]
    clean: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model did with held-out captions, at one threshold.

    Attributes:
        threshold: the score from which a sighting counts.
        recall: share of captions in which the held-out name was overlapped.
        homograph_recall: the same for names of dictionary words alone; None where there are none.
        recall_by_category: how many captions, and the recall, by category.
        false_alarms: share of clean captions in which anything was found.
        named, homographs, clean: how many captions that is.
        captions_per_second: on this machine, in one thread.
    """

    threshold: float
    recall: float
    homograph_recall: float | None
    recall_by_category: dict[str, tuple[int, float]]
    false_alarms: float
    named: int
    homographs: int
    clean: int
    captions_per_second: float
    alarms: tuple[tuple[str, str, float], ...] = ()
    """The surest finds in clean captions, as (what, caption, score): some may be real names."""

    def as_dict(self) -> dict[str, Any]:
        """As it is written to ``evaluation.json``."""
        return asdict(self)


def make_trials(material: Material, seed: int) -> TrialSet:
    """Held-out captions, with held-out names swapped in and without; the same for a seed."""
    sampler = Sampler(material.held_captions, material.held_names, f"trial {seed}")
    chosen = sampler.random.sample(
        material.held_names, k=min(_MOST_NAMED, len(material.held_names))
    )
    named = tuple((sampler.named(name), name.official) for name in chosen)
    captions = sampler.random.sample(
        sampler.captions, k=min(_MOST_CLEAN // 2, len(sampler.captions))
    )
    return TrialSet(named, (*captions, *(caption.lower() for caption in captions)))


def try_model(nlp: Language, trials: TrialSet, false_alarms: float) -> Trial:
    """Try a model.

    Args:
        false_alarms: the share of clean captions in which something may be found: the threshold is
            the lowest that keeps to it.
    """
    began = time.perf_counter()
    alarms = _find(nlp, trials.clean)
    clean = [max((score for *_, score in spans), default=0.0) for spans in alarms]
    found = _find(nlp, [sample.text for sample, _ in trials.named])
    seconds = time.perf_counter() - began
    threshold = calibrate(clean, false_alarms)
    hits = [
        any(
            score >= threshold and start < mention.end and end > mention.start
            for start, end, score in spans
            for mention in sample.mentions[:1]
        )
        for (sample, _), spans in zip(trials.named, found, strict=True)
    ]
    by_category: dict[str, list[bool]] = {}
    homographs: list[bool] = []
    for (sample, name), hit in zip(trials.named, hits, strict=True):
        by_category.setdefault(sample.mentions[0].category, []).append(hit)
        if is_homograph(name):
            homographs.append(hit)
    return Trial(
        threshold=threshold,
        recall=_share(hits) or 0.0,
        homograph_recall=_share(homographs),
        recall_by_category={
            key: (len(values), _share(values) or 0.0) for key, values in sorted(by_category.items())
        },
        false_alarms=_share([score >= threshold for score in clean]) or 0.0,
        named=len(hits),
        homographs=len(homographs),
        clean=len(clean),
        captions_per_second=round((len(hits) + len(clean)) / max(seconds, 1e-9), 1),
        alarms=_surest(trials.clean, alarms),
    )


def calibrate(scores: Sequence[float], share: float) -> float:
    """The lowest threshold at which at most ``share`` of the scores count (score >= threshold).

    Args:
        scores: the highest score in each clean caption, rounded as ``score_entities`` does; 0.0
            where nothing was found.
        share: 0..1.
    """
    ordered = sorted(scores, reverse=True)
    allowed = math.floor(share * len(ordered))
    if allowed >= len(ordered):
        return LOWEST_THRESHOLD
    step: float = 10.0**-SCORE_DIGITS
    return max(round(ordered[allowed] + step, SCORE_DIGITS), LOWEST_THRESHOLD)


def is_homograph(name: str) -> bool:
    """Whether a name is made of dictionary words alone."""
    lexicon, dictionary = shipped_lexicon(), shipped_english_words()
    words = "".join(char if char.isalnum() else " " for char in name.casefold()).split()
    return bool(words) and all(word in dictionary or lexicon.is_ordinary(word) for word in words)


def _surest(
    texts: Sequence[str], found: Sequence[Sequence[tuple[int, int, float]]]
) -> tuple[tuple[str, str, float], ...]:
    alarms = sorted(
        (
            (text[start:end], text, score)
            for text, spans in zip(texts, found, strict=True)
            for start, end, score in spans
        ),
        key=lambda alarm: (-alarm[2], alarm[1]),
    )
    return tuple(alarms[:_MOST_ALARMS])


def _find(nlp: Language, texts: Sequence[str]) -> list[list[tuple[int, int, float]]]:
    found: list[list[tuple[int, int, float]]] = []
    for begin in range(0, len(texts), _BATCH):
        with nlp.memory_zone():
            docs = list(nlp.pipe(texts[begin : begin + _BATCH], batch_size=_BATCH))
            found += [
                [(span.start_char, span.end_char, score) for span, score in scored]
                for scored in score_entities(nlp, docs)
            ]
    return found


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
