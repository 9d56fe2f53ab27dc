"""What the nouns stage knows: the register, the vocabulary, and the user's own components."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy.orm import Session

from models.nouns.english.words import shipped_english_words
from models.nouns.japanese.analysis import has_ordinary_entry
from models.nouns.matching.ambiguity import Ordinary
from models.nouns.register.mapped import open_register
from models.nouns.register.storage import NameRegister, make_register
from models.nouns.vocabulary import Vocabulary, load_vocabulary
from models.nouns.words import shipped_lexicon
from models.settings import Settings

_ANALYSER = ("sudachipy", "sudachidict-core")


@dataclass(frozen=True)
class NounKnowledge:
    """Everything that recognisers are made from.

    Attributes:
        register: the protected names.
        vocabulary: descriptive tags.
        models: spaCy models that find names: packages, or folders written by ``kiyome train-ner``.
        components: spaCy components of the user's own, as ``module:factory``.
    """

    register: NameRegister = field(default_factory=lambda: make_register(()))
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    models: tuple[str, ...] = ()
    components: tuple[str, ...] = ()

    @property
    def ordinary(self) -> Ordinary:
        """What is ordinary language, by our lists, the vocabulary and the dictionaries."""
        words, english = shipped_lexicon(), shipped_english_words().frequent
        try:
            dictionary = " ".join(f"{package} {version(package)}" for package in _ANALYSER)
        except PackageNotFoundError:
            return Ordinary(words, self.vocabulary, english=english)
        return Ordinary(words, self.vocabulary, has_ordinary_entry, dictionary, english)


def load_knowledge(session: Session, settings: Settings) -> NounKnowledge:
    """What is known at this moment."""
    return NounKnowledge(
        open_register(session, settings.workspace / "indexes"),
        load_vocabulary(session),
        settings.noun_models,
        settings.noun_components,
    )
