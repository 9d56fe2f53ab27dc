"""Captions that a release gets rewritten: only those that are clean afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from models.assets.asset import Asset, Caption, Location
from models.consent.purposes import Preference
from models.consent.statements import Statement, Trust
from models.decisions import Decision, TermRuling
from models.editing import CaptionEditor, Searcher
from models.findings import Finding
from models.judging import Bench, Observed
from models.nouns.conditions import NameLicense
from models.nouns.knowledge import NounKnowledge
from models.nouns.permission import LicensedNames
from models.nouns.recognition import Certainty, NounText, Sighting
from models.nouns.register.storage import make_entry, make_register
from models.nouns.stage import NounsStage
from models.policy import Policy, parse_policy
from models.reasons import Reason
from models.verdicts import Verdict

NOW = 1_800_000_000
HEAD = 'name = "t"\nversion = "1"\n'
REGISTER = make_register(
    [
        make_entry("hatsune_miku", "character", ["初音ミク"]),
        make_entry("zxqvort", "artist"),
        make_entry("hatsune", "work"),
    ]
)
STAGE = NounsStage(NounKnowledge(REGISTER))
MIKU = next(entry for entry in REGISTER.entries if entry.name == "hatsune_miku")
GRANT = Statement(
    "contract",
    "c1",
    preferences={},
    trust=replace(Trust(), contract=True),
    setter="Studio",
    issued_at=NOW - 1000,
    expires_at=NOW + 1_000_000,
)
GRANT = Statement.from_dict(
    {**GRANT.as_dict(), "preferences": {"generative_training": Preference.ALLOWED.value}}
)


def asset(*captions: str) -> Asset:
    return Asset(
        "a" * 64, (Location("x.png", "/x.png", 1),), tuple(Caption(c, "x.txt") for c in captions)
    )


def decide_on(
    *captions: str,
    nouns: str = 'character = "rewrite"\nartist = "exclude"\nwork = "review"\n',
    licences: tuple[LicensedNames, ...] = (),
    terms: dict[str, TermRuling] | None = None,
    extra: tuple[Finding, ...] = (),
    searcher: Searcher = STAGE,
) -> Decision:
    policy: Policy = parse_policy(f"{HEAD}[nouns]\n{nouns}")
    subject = asset(*captions)
    (found,) = STAGE.find([subject])
    bench = Bench(
        policy,
        terms or {},
        NOW,
        {},
        frozenset(),
        None,
        licences,
        CaptionEditor(searcher, policy),
    )
    observed = Observed((GRANT,), (*found, *extra))
    return bench.weigh(subject, observed)[1]


def test_a_caption_without_the_name_clears_the_asset_and_keeps_what_it_was() -> None:
    decision = decide_on("solo, hatsune miku, long hair")
    assert decision.verdict is Verdict.CLEAR
    assert Reason.CAPTION_REWRITTEN in decision.reasons
    (caption,) = decision.captions
    assert caption.original == "solo, hatsune miku, long hair"
    assert "miku" not in caption.text
    assert "solo" in caption.text
    assert "long hair" in caption.text
    assert [edit.before for edit in caption.edits]


def test_only_the_captions_that_hold_the_name_are_rewritten() -> None:
    decision = decide_on("solo, long hair", "初音ミク, 1girl")
    assert [caption.index for caption in decision.captions] == [1]


def test_a_name_that_excludes_is_not_rewritten_away() -> None:
    assert decide_on("hatsune miku, zxqvort").verdict is Verdict.EXCLUDE


def test_a_caption_of_which_nothing_is_left_goes_to_a_person() -> None:
    decision = decide_on("hatsune miku")
    assert (decision.verdict, decision.captions) == (Verdict.REVIEW, ())


def test_an_asset_with_one_caption_that_cannot_be_made_clean_goes_to_a_person() -> None:
    decision = decide_on("solo, hatsune miku", "hatsune miku")
    assert decision.verdict is Verdict.REVIEW
    assert [finding.caption for finding in decision.findings] == [1]


def test_a_caption_that_still_holds_a_name_after_rewriting_goes_to_a_person() -> None:
    class Suspicious:
        fingerprint = "suspicious"

        def find_in(self, texts: Sequence[NounText]) -> list[tuple[Sighting, ...]]:
            seen = Sighting(0, 1, "s", Certainty.CERTAIN, "work", "fake/1", 1.0, "Still there.")
            return [(seen,) for _ in texts]

    decision = decide_on("solo, hatsune miku", searcher=Suspicious())
    assert (decision.verdict, decision.captions) == (Verdict.REVIEW, ())


def test_a_licensed_name_is_not_cut() -> None:
    terms = NameLicense.model_validate(
        {
            "id": "l",
            "holder": "S",
            "names": ["character:hatsune_miku"],
            "entered_by": "A",
            "approved_by": "B",
            "issued": "2020-01-01",
            "expires": "2200-01-01",
        }
    )
    licences = (LicensedNames(terms, frozenset({MIKU.id})),)
    decision = decide_on("solo, hatsune miku", licences=licences)
    assert (decision.verdict, decision.captions) == (Verdict.CLEAR, ())
    assert Reason.NAME_LICENSED in decision.reasons


@pytest.mark.parametrize("score", [0.35, 0.25])
def test_a_picture_is_looked_at_more_closely_for_a_name_that_was_cut(score: float) -> None:
    motif = Finding("motif_resembles", "clip/1", score, "looks alike", label="Hatsune Miku")
    decision = decide_on("solo, hatsune miku, long hair", extra=(motif,))
    assert decision.verdict is (Verdict.REVIEW if score >= 0.3 else Verdict.CLEAR)
    unnamed = decide_on("solo, long hair", extra=(motif,))
    assert unnamed.verdict is Verdict.CLEAR
