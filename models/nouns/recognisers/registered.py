"""The register recogniser: registered names, as they are spelt or by rule."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from models.canonical import digest_of
from models.nouns.matching.finding import NameMatch, find_matches
from models.nouns.matching.patterns import COMPILER, CompiledNames
from models.nouns.normalisation import normalise
from models.nouns.recognition import Certainty, NounText, Sighting, Source

NAME = "register/3"

_CERTAIN_SCORES = {"official": 1.0, "alias": 0.95, "other": 0.95}
_DERIVED_SCORE = 0.9
_POSSIBLE_SCORE = 0.5
_SPELLED_AS = {
    "official": "",
    "alias": ", another name of {name}",
    "other": ", another spelling of {name}",
    "given": ", the given name of {name}",
    "unspaced": ", {name} written without dots",
    "reversed": ", {name} with its parts the other way round",
    "head": ", {name} without its qualifier",
}


class RegisteredNames:
    """Finds what the register holds. The score is 1.0 for an official name, 0.95 for a registered
    alias, 0.9 for a spelling derived from one, and 0.5 wherever the name is only possible.
    """

    name = NAME

    def __init__(self, names: CompiledNames) -> None:
        self.names = names
        made_with = {
            "recogniser": NAME,
            "unicode": unicodedata.unidata_version,
            "words": names.lexicon.digest,
        }
        self.fingerprint = digest_of({**made_with, "patterns": names.table.digest})
        self.apart_from_register = digest_of({**made_with, "patterns": COMPILER})

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """The registered names of each text."""
        return [
            [
                _see(match, text)
                for match in find_matches(text, self.names)
                if text.source is not Source.FILE_NAME or _proves_in_file_name(match)
            ]
            for text in texts
        ]


def _proves_in_file_name(match: NameMatch) -> bool:
    """What counts as evidence in a sentence, capitals above all, is chance in a file name."""
    return match.certain and not match.evidence


def _see(match: NameMatch, text: NounText) -> Sighting:
    # A file name is often one word chosen for its own sake, so that a word of it proves little.
    lone = text.source is Source.FILE_NAME and len(normalise(match.surface).text.split()) == 1
    certain = match.certain and not lone
    return Sighting(
        start=match.start,
        end=match.end,
        surface=match.surface,
        certainty=Certainty.CERTAIN if certain else Certainty.POSSIBLE,
        category=match.entry.category,
        detector=NAME,
        score=_CERTAIN_SCORES.get(match.how, _DERIVED_SCORE) if certain else _POSSIBLE_SCORE,
        explanation=_explain(match, certain),
        entry_id=match.entry.id,
        entry_name=match.entry.name,
    )


def _explain(match: NameMatch, certain: bool) -> str:
    article = "an" if match.entry.category[0] in "aeiou" else "a"
    spelled = _SPELLED_AS[match.how].format(name=repr(match.entry.name))
    text = f"{match.surface!r} is registered as {article} {match.entry.category}{spelled}."
    if match.evidence:
        text += f" It can be an ordinary word, but counts here because {match.evidence}."
    elif not certain:
        text += " A single word may also mean something or somebody else."
    if match.namesakes:
        others = "1 other entry is" if match.namesakes == 1 else f"{match.namesakes} others are"
        text += f" {others} written the same."
    return text
