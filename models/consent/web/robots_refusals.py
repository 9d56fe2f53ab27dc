"""Refusals in a text that could not be read properly: ``train-ai=n`` in any dress.

Used where a parser has failed or a value stands in the wrong place. It finds refusals only, never
a grant.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from models.consent.purposes import ALL_PURPOSES, Preference, Purpose, stricter

TRAINING = (Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING)

_KEYS: dict[str, tuple[Purpose, ...]] = {
    "trainai": (Purpose.GENERATIVE_TRAINING,),
    "traingenai": (Purpose.GENERATIVE_TRAINING,),
    "genai": (Purpose.GENERATIVE_TRAINING,),
    "generativeai": (Purpose.GENERATIVE_TRAINING,),
    "aigenerativetraining": (Purpose.GENERATIVE_TRAINING,),
    "ai": TRAINING,
    "train": TRAINING,
    "training": TRAINING,
    "aitrain": TRAINING,
    "aitraining": TRAINING,
    "allowtraining": TRAINING,
    "allowaitraining": TRAINING,
    "trainingallowed": TRAINING,
    "aitrainingallowed": TRAINING,
    "machinelearning": TRAINING,
    "modeltraining": TRAINING,
    "aiuse": (Purpose.INFERENCE,),
    "aiinput": (Purpose.INFERENCE,),
    "aioutput": (Purpose.INFERENCE,),
    "inference": (Purpose.INFERENCE,),
    "tdm": (Purpose.DATA_MINING, *TRAINING),
    "datamining": (Purpose.DATA_MINING, *TRAINING),
    "textanddatamining": (Purpose.DATA_MINING, *TRAINING),
    "bots": ALL_PURPOSES,
    "all": ALL_PURPOSES,
}
# Keys that refuse when they are true.
_INVERSE_KEYS = {
    **dict.fromkeys(("notrain", "notraining", "noaitraining", "donottrain", "donttrain"), TRAINING),
    **dict.fromkeys(("noai", "noimageai", "noml"), (Purpose.INFERENCE, *TRAINING)),
    "traindeny": TRAINING,
}
_NO = (
    r"(?:not[ _-]?allowed|disallow(?:ed)?|den(?:y|ied)|forbid(?:den)?|prohibit(?:ed)?|refused?"
    r"|restrict(?:ed)?|conditional|reserved|opt[ _-]?out|blocked?|never|none|no|n|false|off|0)"
)
_YES = r"(?:true|yes|y|1|on)"
# A key of letters and joints, then ":" or "=", then the value. Every part is bounded, and a key
# starts only where no key can have started before.
_PAIR = re.compile(
    r"(?<![a-z0-9_-])(?P<key>[a-z][a-z_\- ]{0,30})[\"']?\s{0,8}[:=]\s{0,8}[\"'?:(\[]{0,3}"
    rf"(?:(?P<no>{_NO})|(?P<yes>{_YES}))(?![a-z0-9])"
)
_MAX_WORDS = 4


def plain_text(text: str) -> str:
    """``text`` in lower case, with ordinary letters and dashes and no invisible characters."""
    if text.isascii():
        return text.casefold()
    plain = unicodedata.normalize("NFKC", text).casefold()
    kinds = {char: unicodedata.category(char) for char in set(plain) if not char.isascii()}
    odd = {ord(c): "-" if kind == "Pd" else "" for c, kind in kinds.items() if kind in ("Pd", "Cf")}
    return plain.translate(odd)


def find_loose_refusals(text: str) -> dict[str, tuple[Purpose, ...]]:
    """Every refused key in ``text`` with the purposes it means, however it is written.

    Upper case, quotation marks, blanks, ``:`` for ``=``, percent-encoding and words for ``n`` are
    understood. The key comes back in letters only: ``"trainai"``.
    """
    plain = plain_text(unquote(text) if "%" in text else text)
    found: dict[str, tuple[Purpose, ...]] = {}
    for match in _PAIR.finditer(plain):
        keys = _KEYS if match["no"] else _INVERSE_KEYS
        words = re.split(r"[ ]+", match["key"].strip())[-_MAX_WORDS:]
        for start in range(len(words)):
            key = re.sub(r"[^a-z]", "", "".join(words[start:]))
            if key in keys:
                found[key] = keys[key]
                break
    return found


def refuse(*groups: tuple[Purpose, ...]) -> dict[Purpose, Preference]:
    """``notAllowed`` for every purpose of every group."""
    return {purpose: Preference.NOT_ALLOWED for group in groups for purpose in group}


def only_refusals(preferences: dict[Purpose, Preference]) -> dict[Purpose, Preference]:
    """``preferences`` without what they would permit."""
    return {p: v for p, v in preferences.items() if v is not Preference.ALLOWED}


def add_preferences(into: dict[Purpose, Preference], more: dict[Purpose, Preference]) -> None:
    """Merge ``more`` into ``into``; for each purpose the more restrictive value stays."""
    for purpose, preference in more.items():
        into[purpose] = stricter(into.get(purpose, Preference.UNKNOWN), preference)
