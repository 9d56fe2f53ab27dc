"""Rewriting a caption so that names are gone and everything else stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from models.nouns.forms import Form, tag_bounds
from models.nouns.recognition import NounText
from models.nouns.rewriting.captions import Cut, Edit, Rewriting, Surroundings
from models.nouns.rewriting.english import cut_english, find_english_gender
from models.nouns.rewriting.japanese import cut_japanese, find_japanese_gender
from models.nouns.rewriting.tags import cut_tag, drop_tag, is_empty_notation


def rewrite(text: NounText, cuts: Sequence[Cut]) -> Rewriting:
    """The caption without the spans that are cut. Pure, and the same for the same input.

    A tag is dropped whole; ``X (cosplay)`` leaves ``cosplay``. In a sentence a clause that only
    says whose work it is goes (``, art by X``), and a name gives way to the noun of what it names,
    with the gender that the caption's own pronouns show and nothing that it does not say. A term
    of which nobody knows what it names is left where it stands in a sentence: a person decides.

    Args:
        cuts: the names that have to go; those that lie in another are ignored.
    """
    edits: list[Edit] = []
    around = _look_around(text, cuts)
    for cut in _without_nested(cuts, text.form):
        edit: Edit | None
        if text.form is Form.BOORU:
            edit = cut_tag(text.text, cut, around)
        elif text.form is Form.JAPANESE:
            edit = cut_japanese(text.text, cut, around)
        else:
            edit = cut_english(text.text, cut, around)
        if edit is not None:
            edits.append(edit)
    merged = _merge(text.text, edits, together=text.form is Form.BOORU)
    if text.form is Form.BOORU:
        merged = _merge(
            text.text,
            [
                drop_tag(text.text, edit.start, edit.end, around)
                if is_empty_notation(edit.after)
                else edit
                for edit in merged
            ],
        )
    return Rewriting(apply_edits(text.text, merged), merged)


def _look_around(text: NounText, cuts: Sequence[Cut]) -> Surroundings:
    if text.form is Form.BOORU:
        return Surroundings(spaced=tag_bounds(text.text) is not None)
    bare = apply_edits(
        text.text,
        [Edit(c.start, c.end, "", " ", "") for c in _without_nested(cuts, Form.BOORU)],
    )
    find = find_japanese_gender if text.form is Form.JAPANESE else find_english_gender
    return Surroundings(find(bare), any(map(str.isupper, text.text)))


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text with edits, which are in order and do not overlap, carried out."""
    pieces: list[str] = []
    place = 0
    for edit in edits:
        pieces += (text[place : edit.start], edit.after)
        place = edit.end
    return "".join((*pieces, text[place:]))


def _without_nested(cuts: Sequence[Cut], form: Form) -> list[Cut]:
    """The cuts that do not lie in another; one that will be left where it stands hides none."""
    kept: list[Cut] = []
    reach = 0
    for cut in sorted(cuts, key=lambda cut: (cut.start, -cut.end, not cut.category)):
        if cut.end <= reach:
            continue
        if form is Form.BOORU and cut.start < reach:
            kept[-1] = replace(kept[-1], end=cut.end)
            reach = cut.end
            continue
        kept.append(cut)
        if cut.category or form is Form.BOORU:
            reach = cut.end
    return kept


def _merge(text: str, edits: Sequence[Edit], *, together: bool = False) -> tuple[Edit, ...]:
    """Edits by position; those that touch the same characters become one.

    Args:
        together: what both put there stays, as the brackets do that one tag opens and another
            closes; otherwise the first that puts anything there.
    """
    merged: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if not merged or edit.start >= merged[-1].end:
            merged.append(edit)
            continue
        last = merged.pop()
        start, end = last.start, max(last.end, edit.end)
        after = last.after if last.after.strip() else edit.after
        if together and edit.after.strip() and last.after.strip():
            after = last.after + edit.after
        reason = last.reason if last.reason == edit.reason else f"{last.reason} {edit.reason}"
        merged.append(Edit(start, end, text[start:end], after, reason))
    return tuple(merged)
