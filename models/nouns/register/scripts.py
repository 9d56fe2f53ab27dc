"""The script that a name is written in, as a code of ISO 15924."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache

NO_LETTERS = "Zyyy"
"""The code for what belongs to no script: digits and signs alone."""

UNKNOWN = "Zzzz"
"""The code for a script that is not told apart here."""

_HAN, _KANA, _HANGUL = "Hani", "Kana", "Hang"
_CODES = {
    "LATIN": "Latn",
    "CJK": _HAN,
    "KANGXI": _HAN,
    "HIRAGANA": _KANA,
    "KATAKANA": _KANA,
    "KATAKANA-HIRAGANA": _KANA,
    "HANGUL": _HANGUL,
    "BOPOMOFO": "Bopo",
    "CYRILLIC": "Cyrl",
    "GREEK": "Grek",
    "COPTIC": "Copt",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "SYRIAC": "Syrc",
    "THAANA": "Thaa",
    "THAI": "Thai",
    "LAO": "Laoo",
    "KHMER": "Khmr",
    "MYANMAR": "Mymr",
    "TIBETAN": "Tibt",
    "MONGOLIAN": "Mong",
    "DEVANAGARI": "Deva",
    "BENGALI": "Beng",
    "GURMUKHI": "Guru",
    "GUJARATI": "Gujr",
    "ORIYA": "Orya",
    "TAMIL": "Taml",
    "TELUGU": "Telu",
    "KANNADA": "Knda",
    "MALAYALAM": "Mlym",
    "SINHALA": "Sinh",
    "JAVANESE": "Java",
    "GEORGIAN": "Geor",
    "ARMENIAN": "Armn",
    "ETHIOPIC": "Ethi",
    "CHEROKEE": "Cher",
    "RUNIC": "Runr",
    "YI": "Yiii",
}
_HAN_SIGNS = frozenset("々〆〇〻")


def script_of(text: str, language: str = "") -> str:
    """The ISO 15924 code of the script that a text is written in.

    Japanese and Korean hold Latin letters and Han characters without becoming another script: kana
    anywhere make a text ``Jpan``, hangul ``Hang`` (``Kore`` together with Han). Han characters
    alone are ``Hani``, or what ``language`` says (``ja``, ``ko``). Otherwise the script of most
    letters counts, and of two that are equal the first one.

    Args:
        language: BCP 47 tag of the text, or "".
    """
    counts = Counter(code for char in text if (code := _code_of(char)))
    if not counts:
        return NO_LETTERS
    if counts[_KANA]:
        return "Jpan"
    if counts[_HANGUL]:
        return "Kore" if counts[_HAN] else _HANGUL
    if counts[_HAN]:
        return {"ja": "Jpan", "ko": "Kore"}.get(language.partition("-")[0].lower(), _HAN)
    return counts.most_common(1)[0][0]


@lru_cache(maxsize=1 << 14)
def _code_of(char: str) -> str:
    """The code of one character's script; "" for what every script shares."""
    if char in _HAN_SIGNS:
        return _HAN
    # Full-width letters and letters in circles are letters of their script all the same.
    for part in unicodedata.normalize("NFKC", char):
        if unicodedata.category(part)[0] == "L":
            first = unicodedata.name(part, "").split(" ", 1)[0]
            return "" if part == "ー" else _CODES.get(first, UNKNOWN)
    return ""
