"""The recognisers of the nouns stage, in the order in which they look."""

from __future__ import annotations

from pathlib import Path

from models.nouns.knowledge import NounKnowledge
from models.nouns.patterns import compile_names
from models.nouns.recognisers.registered import RegisteredNames
from models.nouns.recognition import Recogniser
from models.nouns.words import shipped_lexicon


def assemble(knowledge: NounKnowledge, cache: Path | None = None) -> tuple[Recogniser, ...]:
    """Every recogniser that what is known allows.

    Args:
        knowledge: register, vocabulary and models.
        cache: folder that keeps what is compiled from them between processes.
    """
    names = compile_names(knowledge.register, shipped_lexicon(), cache)
    return (RegisteredNames(names),)
