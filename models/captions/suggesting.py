"""What may take the place of a name in a caption: the noun of what it names, or nothing.

The words are those that the machine's own rewriting would use (``models.nouns.rewriting``), one
name at a time, so that a reviewer chooses for each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from models.captions.spans import MAX_TEXT, Span
from models.nouns.recognition import prepare
from models.nouns.register.storage import CATEGORIES
from models.nouns.rewriting.captions import Cut
from models.nouns.rewriting.rewrite import rewrite

_BLANK_BEFORE = re.compile(r"[ \t]+\Z")
_BLANK_AFTER = re.compile(r"[ \t]+")

Kind = Literal["word", "drop"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to deal with a name.

    Attributes:
        kind: another word takes its place, or it is dropped with what belongs to it.
        span: the change, in characters of the caption that the name stands in.
        before: the text that goes.
        category: what the word says that the name is, where nobody knew.
    """

    kind: Kind
    span: Span
    before: str
    category: str = ""


def suggest(text: str, start: int, end: int, category: str) -> tuple[Suggestion, ...]:
    """The ways to deal with one name, the likeliest first. Pure.

    Args:
        text: the caption.
        start, end: where the name stands, in characters.
        category: what it names; "" where nobody knows, and every category is tried.
    """
    if len(text) > MAX_TEXT or not 0 <= start < end <= len(text):
        return ()
    prepared = prepare(text)
    found: list[Suggestion] = []
    for tried in (category,) if category else ("", *CATEGORIES):
        edits = rewrite(prepared, (Cut(start, end, tried),)).edits
        if len(edits) != 1:
            continue
        edit = edits[0]
        kind: Kind = "word" if edit.after.strip() else "drop"
        shown = tried if kind == "word" and not category else ""
        found.append(Suggestion(kind, Span(edit.start, edit.end, edit.after), edit.before, shown))
    if all(each.kind == "word" for each in found):
        span = _drop(text, start, end)
        found.append(Suggestion("drop", span, text[span.start : span.end]))
    distinct: dict[Span, Suggestion] = {}
    for each in found:
        distinct.setdefault(each.span, each)
    return tuple(distinct.values())


def apply_choices(text: str, spans: Sequence[Span]) -> str:
    """The text with the chosen suggestions carried out; those that touch each other become one."""
    joined: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span.start, span.end)):
        if joined and span.start < joined[-1].end:
            last = joined.pop()
            both = last.replacement
            if span.replacement.strip() and span.replacement != both:
                both += span.replacement
            span = Span(last.start, max(last.end, span.end), both)
        joined.append(span)
    pieces: list[str] = []
    place = 0
    for span in joined:
        pieces += (text[place : span.start], span.replacement)
        place = span.end
    return "".join((*pieces, text[place:]))


def read_choices(findings: Sequence[dict[str, Any]], caption: int) -> list[tuple[int, int, str]]:
    """Start, end and category of the names that findings show in one caption, each place once."""
    found: dict[tuple[int, int], str] = {}
    for finding in findings:
        start, end = finding.get("start"), finding.get("end")
        if finding.get("caption") != caption:
            continue
        if isinstance(start, int) and isinstance(end, int) and 0 <= start < end:
            category = str(finding.get("category", ""))
            if category not in CATEGORIES:
                category = ""
            found[start, end] = found.get((start, end)) or category
    return [(start, end, category) for (start, end), category in sorted(found.items())]


def _drop(text: str, start: int, end: int) -> Span:
    """Take a span away with one of the blanks beside it."""
    after = _BLANK_AFTER.match(text, end)
    before = _BLANK_BEFORE.search(text[:start])
    if after is not None and (before is not None or start == 0):
        return Span(start, after.end(), "")
    if before is not None and (end == len(text) or text[end] in ",.;:!?)"):
        return Span(before.start(), end, "")
    return Span(start, end, "")
