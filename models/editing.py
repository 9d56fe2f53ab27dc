"""Editing: the captions that a release gets rewritten, each searched again before it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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

EDITOR = "editor/1"


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
            done = rewrite(prepare(original), spans)
            if done.text == original or not _says_something(original, done):
                continue
            text = prepare(done.text)
            (seen,) = self.searcher.find_in([text])
            left = [describe(sighting, PlacedText(text, caption=index)) for sighting in seen]
            left = list(permit(asset, left, licences, as_of).open)
            if all(choose_noun_action(each, self.policy, terms) == "allow" for each in left):
                rewritten.append(RewrittenCaption(index, original, done.text, done.edits))
        return tuple(rewritten)


def _says_something(original: str, done: Rewriting) -> bool:
    """Whether anything of the original is left besides what was put in the names' place."""
    kept = apply_edits(original, [replace(edit, after="") for edit in done.edits])
    return any(char.isalnum() for char in kept)
