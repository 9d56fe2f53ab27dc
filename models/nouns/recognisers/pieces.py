"""Long texts in pieces that a model can take, and texts of the forms that it was made for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from models.nouns.forms import Form
from models.nouns.recognition import NounText, Source
from models.unicode import replace_surrogates

LONGEST_PIECE = 1000
_SHORTEST_PIECE = 500
_BREAK = re.compile(r"[.!?]\s|[。！？\n]|\s")
_NO_SENTENCES = frozenset({Source.FILE_NAME, Source.PICTURE})
_SENTENCE_ENDS = frozenset(".!?。！？\n")
_EDGES = " \t\r\n,.;:!?\"'“”‘’«»()[]{}<>|/\\、。「」『』（）・"


def cut(text: str) -> Iterator[tuple[int, str]]:
    """The text as (offset, piece) pairs of at most ``LONGEST_PIECE`` code points, in order.

    A piece ends behind a sentence where one ends in its second half, else at white space, else
    anywhere. Lone surrogates, which models cannot take, become U+FFFD one for one.
    """
    clean = replace_surrogates(text)
    begin = 0
    while len(clean) - begin > LONGEST_PIECE:
        end = _best_end(clean, begin)
        yield begin, clean[begin:end]
        begin = end
    if begin < len(clean):
        yield begin, clean[begin:]


def _best_end(text: str, begin: int) -> int:
    limit = begin + LONGEST_PIECE
    sentence = space = 0
    for found in _BREAK.finditer(text, begin + _SHORTEST_PIECE, limit):
        if found[0][0] in _SENTENCE_ENDS:
            sentence = found.end()
        else:
            space = found.end()
    return sentence or space or limit


def pieces_of(texts: Sequence[NounText], forms: frozenset[Form]) -> Iterator[tuple[int, int, str]]:
    """(index of the text, offset, piece) of every text that a model for ``forms`` should see.

    File names and lettering are left out: they are no sentences, which is what such models know.
    """
    for index, text in enumerate(texts):
        if text.form in forms and text.source not in _NO_SENTENCES:
            for offset, piece in cut(text.text):
                if not piece.isspace():
                    yield index, offset, piece


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without separators at its edges; empty where it holds nothing else.

    A closing bracket stays where its opening one is in the span.
    """
    while start < end and text[start] in _EDGES:
        start += 1
    while start < end and text[end - 1] in _EDGES:
        if text[end - 1] in ")）" and text.find("(（"[")）".index(text[end - 1])], start, end) >= 0:
            break
        end -= 1
    return start, end
