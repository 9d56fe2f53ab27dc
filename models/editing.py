"""Editing: the captions that a release gets rewritten, each searched again before it counts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

from models.assets.asset import Asset
from models.canonical import digest_of
from models.decisions import TermRuling, choose_noun_action
from models.findings import Finding
from models.nouns.permission import LicensedNames, permit
from models.nouns.recognition import NounText, Sighting, prepare
from models.nouns.rewriting.captions import Cut, Rewriting, RewrittenCaption
from models.nouns.rewriting.rewrite import apply_edits, rewrite
from models.nouns.stage import PlacedText, describe
from models.policy import Policy
from models.recursion import is_nested_deeper

EDITOR = "editor/1"

_MAX_DEPTH = 100
_MOST_KEPT = 4096
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"), ("（", "）"), ("「", "」"), ("『", "』"), ('"', '"'))
_EMPTY_PAIR = re.compile(
    r"\(\s*\)|\[\s*\]|\{\s*\}|（\s*）|「\s*」|『\s*』|\"\s*\"|[(\[{]\s*:[0-9.]"
)


class Searcher(Protocol):
    """What finds names: the nouns stage."""

    @property
    def fingerprint(self) -> str:
        """Digest of everything that its sightings depend on."""

    def find_in(self, texts: Sequence[NounText]) -> list[tuple[Sighting, ...]]:
        """The sightings that stand in each text."""


class CaptionEditor:
    """Takes names out of captions where the policy says so, and makes sure that they are gone."""

    def __init__(self, searcher: Searcher, policy: Policy) -> None:
        self.searcher = searcher
        self.policy = policy
        # A shard is weighed after each of its stages, and asks the same each time.
        self._try = lru_cache(maxsize=_MOST_KEPT)(self._rewrite)

    @property
    def fingerprint(self) -> str:
        """Digest of what its work depends on besides findings, policy, licences and rulings."""
        return digest_of({"editor": EDITOR, "searcher": self.searcher.fingerprint})

    def edit(
        self,
        asset: Asset,
        findings: Sequence[Finding],
        licences: Sequence[LicensedNames],
        terms: Mapping[str, TermRuling],
        as_of: int,
    ) -> tuple[RewrittenCaption, ...]:
        """The captions that can be made clean.

        One that still holds something to act on after its names were cut, or that said nothing
        but names, is not among them: a person has to look at it.

        Args:
            findings: those that no licence covers.
        """
        cuts: dict[int, list[Cut]] = {}
        for finding in findings:
            if (
                finding.caption >= 0
                and finding.end > finding.start
                and choose_noun_action(finding, self.policy, terms) == "rewrite"
            ):
                category = finding.category
                if finding.term in terms:
                    category = terms[finding.term].category or category
                cuts.setdefault(finding.caption, []).append(
                    Cut(finding.start, finding.end, category, finding.label)
                )
        rewritten = []
        for index, spans in sorted(cuts.items()):
            original = asset.captions[index].text
            tried = self._try(original, tuple(spans))
            if tried is None:
                continue
            done, text, seen = tried
            left = [describe(sighting, PlacedText(text, caption=index)) for sighting in seen]
            left = list(permit(asset, left, licences, as_of).open)
            if not _touches_an_edit(seen, done) and all(
                choose_noun_action(each, self.policy, terms) == "allow" for each in left
            ):
                rewritten.append(RewrittenCaption(index, original, text.text, done.edits))
        return tuple(rewritten)

    def _rewrite(
        self, original: str, cuts: tuple[Cut, ...]
    ) -> tuple[Rewriting, NounText, tuple[Sighting, ...]] | None:
        """A caption without its names, and what is seen in it; None where it is not whole."""
        done = rewrite(prepare(original), cuts)
        if done.text == original or not _reads_whole(original, done):
            return None
        text = prepare(_keep_blanks(original, done.text))
        (seen,) = self.searcher.find_in([text])
        return done, text, seen


def _reads_whole(original: str, done: Rewriting) -> bool:
    """Whether what is left is still a caption: it says something of its own, and its brackets and
    quotation marks are as whole as they were. One that is JSON is not rewritten at all.
    """
    kept = apply_edits(original, [replace(edit, after="") for edit in done.edits])
    if not any(char.isalnum() for char in kept) or _is_json(original):
        return False
    for opening, closing in _PAIRS:
        if opening == closing:
            if (done.text.count(opening) - original.count(opening)) % 2:
                return False
        elif _lack(done.text, opening, closing) != _lack(original, opening, closing):
            return False
    return not (_EMPTY_PAIR.search(done.text) and not _EMPTY_PAIR.search(original))


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "[", '"') or is_nested_deeper(text, _MAX_DEPTH):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _keep_blanks(original: str, text: str) -> str:
    """The text between the blanks that the original begins and ends with."""
    core = original.strip()
    return original.replace(core, text.strip(), 1)


def _touches_an_edit(seen: Sequence[Sighting], done: Rewriting) -> bool:
    """Whether anything seen in the new text lies beside a cut: half of a name may have stayed."""
    shift = 0
    for edit in done.edits:
        start = edit.start + shift
        end = start + len(edit.after)
        shift += len(edit.after) - (edit.end - edit.start)
        if any(s.start <= end + 1 and s.end >= start - 1 for s in seen):
            return True
    return False


def _lack(text: str, opening: str, closing: str) -> tuple[int, int]:
    """How many brackets of a kind are closed without having been opened, and the reverse."""
    opened = stray = 0
    for char in text:
        if char == opening:
            opened += 1
        elif char == closing:
            stray, opened = (stray, opened - 1) if opened else (stray + 1, opened)
    return stray, opened
