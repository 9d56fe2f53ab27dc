"""How sure a spaCy entity recogniser is of what it found.

The recogniser decides word by word and gives no probabilities. So what it found is parsed again
with a beam (Zhang and Clark, "Syntactic Processing Using the Generalized Perceptron and Beam
Search", Computational Linguistics 37(1), 2011), and a span is as sure as the share of the beam's
probability in which its surest word is part of a name, of whatever category. Only documents in
which something was found are parsed again, so that clean captions cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

BEAM_WIDTH = 4
SCORE_DIGITS = 6
"""Decimal places of a score: few enough for a threshold to pass through spaCy's JSON unchanged."""


def score_entities(nlp: Language, docs: Sequence[Doc]) -> list[list[tuple[Span, float]]]:
    """For each document its entities, each with a score 0..1.

    Args:
        nlp: the pipeline that found them, with an ``ner`` component that needs no other one.
        docs: what it made.
    """
    scored: list[list[tuple[Span, float]]] = [[] for _ in docs]
    found = [place for place, doc in enumerate(docs) if doc.ents]
    if not found:
        return scored
    recogniser = nlp.get_pipe("ner")
    bare = [nlp.make_doc(docs[place].text) for place in found]
    beams = recogniser.beam_parse(bare, beam_width=BEAM_WIDTH, beam_density=0.0)
    for place, shares in zip(found, recogniser.scored_ents(beams), strict=True):
        doc = docs[place]
        words = [0.0] * len(doc)
        for (start, end, _), share in shares.items():
            for word in range(start, min(end, len(words))):
                words[word] += share
        scored[place] = [
            (span, round(min(max(words[span.start : span.end]), 1.0), SCORE_DIGITS))
            for span in doc.ents
        ]
    return scored
