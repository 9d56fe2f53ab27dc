"""What the nouns stage knows: the register, the vocabulary, and the user's own components."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from models.nouns.register import NameRegister, load_register, make_register
from models.nouns.vocabulary import Vocabulary, load_vocabulary
from models.settings import Settings


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


def load_knowledge(session: Session, settings: Settings) -> NounKnowledge:
    """What is known at this moment."""
    return NounKnowledge(
        load_register(session),
        load_vocabulary(session),
        settings.noun_models,
        settings.noun_components,
    )
