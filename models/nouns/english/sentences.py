"""Words that tell where a name begins and ends in a sentence: ``data/sentence_words.txt``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from models.canonical import digest_bytes

_LIST = Path(__file__).parents[1] / "data" / "sentence_words.txt"


def sentence_words(section: str) -> frozenset[str]:
    """The words of one section of the list.

    Raises:
        KeyError: there is no such section.
    """
    return _read()[section]


def sentence_words_digest() -> str:
    """Digest of the whole list; part of the fingerprint of what uses it."""
    return digest_bytes(_LIST.read_bytes())


@cache
def _read() -> dict[str, frozenset[str]]:
    sections = {}
    for section in _LIST.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, *lines = section.splitlines()
        sections[title] = frozenset(
            word for line in lines if not line.startswith("#") for word in line.split()
        )
    return sections
