"""Why a spelling of a name does not count by itself, in words for whoever keeps the register."""

from __future__ import annotations

from models.nouns.matching.ambiguity import Ordinary, Strength, weigh
from models.nouns.normalisation import MARKS, normalise
from models.nouns.register.entries import Surface


def explain_ambiguity(surface: Surface, ordinary: Ordinary) -> str:
    """Why a spelling counts only with evidence; "" for one that is a name and nothing else."""
    normal = normalise(surface.text)
    text, key = normal.text.strip(" ,"), normal.key.strip(" ,")
    if not text:
        return "nothing that can be searched for"
    strength = weigh(key, text, ordinary)
    if strength is Strength.PLAIN:
        return "a given name, which others may bear" if surface.kind == "given" else ""
    if strength is Strength.DESCRIPTIVE:
        return "a descriptive tag of the vocabulary"
    words = [word for word in text.split(" ") if word not in MARKS]
    if all(map(ordinary.is_ordinary_word, words)):
        told = ", ".join(words)
        return f"ordinary word: {told}" if len(words) == 1 else f"ordinary words: {told}"
    if ordinary.is_common_noun("".join(words)):
        return "a common noun of the dictionary"
    return "too short to be told from a word"
