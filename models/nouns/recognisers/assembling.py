"""The recognisers of the nouns stage, in the order in which they look."""

from __future__ import annotations

import threading
from pathlib import Path

from models.nouns.english.words import shipped_english_words
from models.nouns.japanese.analysis import analyser_version, has_ordinary_entry
from models.nouns.knowledge import NounKnowledge
from models.nouns.matching.patterns import compile_names
from models.nouns.recognisers.described import LeaveDescribed
from models.nouns.recognisers.learned import load_models
from models.nouns.recognisers.morphology import Morphology
from models.nouns.recognisers.registered import RegisteredNames
from models.nouns.recognisers.structure import Structure
from models.nouns.recognisers.unlisted_tags import UnlistedTags
from models.nouns.recognisers.unusual_words import UnusualWords
from models.nouns.recognisers.variants import Variants
from models.nouns.recognition import Recogniser
from models.nouns.words import shipped_lexicon

_lock = threading.Lock()
_assembled: list[tuple[tuple[object, ...], tuple[Recogniser, ...]]] = []


def assemble(knowledge: NounKnowledge, cache: Path | None = None) -> tuple[Recogniser, ...]:
    """Every recogniser that what is known allows; the last two sets are kept for all threads.

    Args:
        knowledge: register, vocabulary and models.
        cache: folder that keeps what is compiled from them between processes.

    Raises:
        KiyomeError: a model or a dictionary is not installed, or cannot be used.
    """
    key = (knowledge.register.version, knowledge.vocabulary.digest, knowledge.models, cache)
    with _lock:
        for known, recognisers in _assembled:
            if known == key:
                return recognisers
        made = _make(knowledge, cache)
        _assembled.insert(0, (key, made))
        del _assembled[2:]
        return made


def _make(knowledge: NounKnowledge, cache: Path | None) -> tuple[Recogniser, ...]:
    register, vocabulary, ordinary = knowledge.register, knowledge.vocabulary, knowledge.ordinary
    lexicon, english = shipped_lexicon(), shipped_english_words()
    return (
        LeaveDescribed(RegisteredNames(compile_names(register, ordinary, cache)), vocabulary),
        LeaveDescribed(
            Variants(
                register,
                ordinary,
                cache=cache,
                is_word=english.__contains__,
                word_list=english.digest,
            ),
            vocabulary,
        ),
        Structure(lexicon, vocabulary, english, has_ordinary_entry, analyser_version()),
        UnlistedTags(vocabulary, lexicon, register, cache, english),
        UnusualWords(lexicon, vocabulary, english),
        Morphology(lexicon),
        *load_models(knowledge.models),
    )
