"""Language tags from the codes that Wikidata uses.

Most of them are tags of BCP 47 already. The others are older than the standard, or name no
language; they are listed at https://meta.wikimedia.org/wiki/Special_language_codes.
"""

from __future__ import annotations

from functools import lru_cache

from models.errors import RegisterError
from models.nouns.register.entries import check_language

_LONGEST_CODE = 40
_TAGS = {
    "als": "gsw",
    "bat-smg": "sgs",
    "be-x-old": "be-tarask",
    "de-formal": "de",
    "eml": "egl",
    "es-formal": "es",
    "fiu-vro": "vro",
    "hu-formal": "hu",
    "map-bms": "jv",
    "mo": "ro",
    "nl-informal": "nl",
    "nrm": "nrf",
    "roa-rup": "rup",
    "roa-tara": "nap",
    "simple": "en",
    "sr-ec": "sr-Cyrl",
    "sr-el": "sr-Latn",
    "zh-classical": "lzh",
    "zh-min-nan": "nan",
    "zh-yue": "yue",
    "mul": "",
    "und": "",
    "mis": "",
    "zxx": "",
}


def language_of(code: str) -> str:
    """The BCP 47 tag that a code of Wikidata stands for; "" where there is none."""
    return _look_up(code.strip().lower()) if len(code) <= _LONGEST_CODE else ""


@lru_cache(maxsize=1024)
def _look_up(code: str) -> str:
    try:
        return check_language(_TAGS.get(code, code))
    except RegisterError:
        return ""
