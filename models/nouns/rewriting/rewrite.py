"""Rewriting a caption so that names are gone and everything else stays."""

from __future__ import annotations

from collections.abc import Sequence

from models.nouns.forms import Form
from models.nouns.recognition import NounText
from models.nouns.rewriting.captions import Cut, Edit, Rewriting
from models.nouns.rewriting.english import cut_english
from models.nouns.rewriting.japanese import cut_japanese
from models.nouns.rewriting.tags import cut_tag


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
    for cut in _without_nested(cuts, text.form):
        edit: Edit | None
        if text.form is Form.BOORU:
            edit = cut_tag(text.text, cut)
        elif text.form is Form.JAPANESE:
            edit = cut_japanese(text.text, cut)
        else:
            edit = cut_english(text.text, cut)
        if edit is not None:
            edits.append(edit)
    merged = _merge(text.text, edits)
    return Rewriting(apply_edits(text.text, merged), merged)


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
        kept.append(cut)
        if cut.category or form is Form.BOORU:
            reach = cut.end
    return kept


def _merge(text: str, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits by position; those that touch the same characters become one."""
    merged: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if not merged or edit.start >= merged[-1].end:
            merged.append(edit)
            continue
        last = merged.pop()
        start, end = last.start, max(last.end, edit.end)
        after = last.after if last.after.strip() else edit.after
        reason = last.reason if last.reason == edit.reason else f"{last.reason} {edit.reason}"
        merged.append(Edit(start, end, text[start:end], after, reason))
    return tuple(merged)
