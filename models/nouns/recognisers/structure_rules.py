"""Phrases that announce a name in prose and prompts: ``art by X``, ``X cosplay``, ``, from X``.

The rules are data, tried in this order; ``structure_words`` reads by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from models.nouns.english.sentences import sentence_words
from models.nouns.forms import Form

ART = sentence_words("art")
"""Words of art and of its styles."""
MAKERS = sentence_words("makers")
"""Who draws, and by what means, where it is nobody in particular."""
VIEWPOINTS = sentence_words("viewpoints")
"""Where one looks from, and where something comes from, where it is no work."""


class Side(Enum):
    """Where the name stands."""

    AFTER = 1
    BEFORE = 2


@dataclass(frozen=True, slots=True)
class WordRule:
    """One phrase.

    Attributes:
        triggers: words of the phrase; the rule is tried where the normal form has one of them.
        phrase: pattern of the phrase in normal form, without the spaces around it.
        says: how the explanation goes on after the name.
        category: what it is a name of; "" where that is not said.
        score: how likely it is meant as one.
        side: where the name stands.
        never: words that describe in this place: a name of them alone is none.
        ordinary: whether a name of ordinary words without capitals is believed, where phrase and
            name are a clause of their own: ``, drawn by vanilla.``
        opening: whether the phrase must begin a clause.
        whole: whether the name goes on to the end of the clause, as titles may have any words.
        forms: forms of text in which the phrase has this meaning.
    """

    triggers: tuple[str, ...]
    phrase: str
    says: str
    category: str
    score: float
    side: Side = Side.AFTER
    never: frozenset[str] = ART
    ordinary: bool = False
    opening: bool = False
    whole: bool = False
    forms: frozenset[Form] = frozenset((Form.ENGLISH, Form.BOORU))


RULES: tuple[WordRule, ...] = (
    WordRule(
        ("by",),
        r"(?:(?:concept |fan |pixel |line |cover |digital )?art(?:work)?|fanart|lineart"
        r"|illustrations?|drawings?|paintings?|sketch|comic|manga|commission|commissioned|render"
        r"|character designs?|drawn|painted|illustrated|sketched|inked|animated|colou?red) by",
        "stands after {phrase!r}, as the name of an artist does",
        "artist",
        0.9,
        never=MAKERS,
        ordinary=True,
    ),
    WordRule(
        ("by",),
        r"(?:photos?|photograph|photographed|picture|image|shot|written|directed|composed|designed"
        r"|created|made|produced|sculpted|signed|story|words|works?) by",
        "stands after {phrase!r}, as the name of a person or a company does",
        "person",
        0.7,
        never=MAKERS,
    ),
    WordRule(
        ("by",),
        r"by",
        "stands by itself after 'by', as a credit does",
        "artist",
        0.7,
        never=MAKERS,
        opening=True,
    ),
    WordRule(
        ("style",),
        r"(?:in (?:the )?|the )?(?:art |visual |drawing |painting )?style of",
        "stands after {phrase!r}, as the name of an artist or a work does",
        "artist",
        0.9,
        ordinary=True,
    ),
    WordRule(
        ("manner",),
        r"in the manner of",
        "stands after {phrase!r}, as the name of an artist does",
        "artist",
        0.8,
    ),
    WordRule(
        ("by",),
        r"(?:inspired|influenced) by",
        "stands after {phrase!r}, as the name of an artist or a work does",
        "artist",
        0.7,
    ),
    WordRule(
        ("signature",),
        r"signature of",
        "stands after {phrase!r}, as the name of an artist does",
        "artist",
        0.8,
        never=MAKERS,
    ),
    WordRule(
        ("from",),
        r"(?:an? |the )?(?:characters?|scene|screenshot|screencap|still|frame|poster|hero|heroine"
        r"|protagonist|villain|mascot|monster|creature|outfit|costume|uniform) from",
        "stands after {phrase!r}, as the name of a work does",
        "work",
        0.85,
        never=VIEWPOINTS,
        ordinary=True,
        whole=True,
    ),
    WordRule(
        ("from",),
        r"from",
        "stands by itself after 'from', as the name of a work does",
        "work",
        0.6,
        never=VIEWPOINTS,
        ordinary=True,
        opening=True,
        whole=True,
        forms=frozenset((Form.ENGLISH,)),
    ),
    WordRule(
        ("fan", "fanart"),
        r"(?:fan (?:art|work|fiction|comic)|fanart) of",
        "stands after {phrase!r}, as the name of a work or a character does",
        "work",
        0.85,
    ),
    WordRule(
        ("fan", "fanart"),
        r"fan (?:art|work|fiction|comic)|fanart",
        "stands before {phrase!r}, as the name of a work or a character does",
        "work",
        0.85,
        side=Side.BEFORE,
        ordinary=True,
        whole=True,
    ),
    WordRule(
        ("cosplay", "cosplayer", "cosplaying", "cosplays"),
        r"cosplay(?:er|ing|s)? (?:of|as)",
        "stands after {phrase!r}, as the name of a character does",
        "character",
        0.85,
        ordinary=True,
    ),
    WordRule(
        ("cosplay", "cosplayer", "cosplaying"),
        r"cosplay(?:er|ing)?",
        "stands before {phrase!r}, as the name of a character does",
        "character",
        0.8,
        side=Side.BEFORE,
    ),
    WordRule(
        ("dressed", "disguised", "costumed"),
        r"(?:dressed|dressed up|disguised|costumed) as",
        "stands after {phrase!r}, as the name of a character may",
        "character",
        0.7,
    ),
    WordRule(
        ("called", "named", "titled", "entitled", "nicknamed"),
        r"called|named|titled|entitled|nicknamed",
        "stands after {phrase!r}, as a name does",
        "",
        0.7,
    ),
    WordRule(
        ("style",),
        r"style",
        "stands before {phrase!r}, as the name of an artist or a work does",
        "artist",
        0.6,
        side=Side.BEFORE,
    ),
    WordRule(
        ("inspired",),
        r"inspired",
        "stands before {phrase!r}, as the name of an artist or a work does",
        "artist",
        0.6,
        side=Side.BEFORE,
    ),
)
