"""What edited captions mean for a verdict: examined or an error, and a rewrite answers the rest."""

from __future__ import annotations

import pyarrow as pa

from models.assets.asset import Asset, Caption, Location
from models.canonical import canonical_json
from models.captions.edits import CaptionEdit, digest_caption, edit_asset
from models.captions.spans import Span, find_spans
from models.captions.stage import EditedCaptionsStage
from models.consent.purposes import Preference
from models.consent.statements import Statement, Trust
from models.decisions import Decision, Ruling
from models.findings import Finding
from models.judging import Bench, Observed, gather
from models.nouns.knowledge import NounKnowledge
from models.nouns.register.storage import make_entry, make_register
from models.nouns.stage import NounsStage
from models.policy import parse_policy
from models.reasons import Reason
from models.verdicts import Verdict

NOW = 1_800_000_000
NAMED, CLEAN = "Hatsune Miku by a river", "a girl by a river"
NOUNS = NounsStage(NounKnowledge(make_register([make_entry("hatsune_miku", "character")])))
POLICY = parse_policy('name = "t"\nversion = "1"\n[nouns]\ncharacter = "review"\n')
ASSET = Asset("a" * 64, (Location("x.png", "/x.png", 1),), (Caption(NAMED, "x.txt"),))
GRANT = Statement.from_dict(
    {
        **Statement(
            "contract",
            "c1",
            preferences={},
            trust=Trust(contract=True),
            setter="Studio",
            issued_at=NOW - 1000,
            expires_at=NOW + 1_000_000,
        ).as_dict(),
        "preferences": {"generative_training": Preference.ALLOWED.value},
    }
)
MOTIF = Finding(
    kind="motif_resembles",
    detector="clip/1",
    score=0.4,
    explanation="It looks alike.",
    reference="m" * 64,
    label="hatsune_miku",
)


def edit_to(text: str, edit_id: str = "e1") -> CaptionEdit:
    return CaptionEdit(edit_id, digest_caption(NAMED), find_spans(NAMED, text))


def look(
    *edits: CaptionEdit, also: tuple[Finding, ...] = (), examined: bool = True
) -> tuple[Observed, Bench]:
    """What the stages see of the asset, and the bench that knows of its edits."""
    names = NOUNS.examine([ASSET], lambda _: None)
    outputs = {
        "consent": pa.Table.from_pylist(
            [
                {
                    "asset_id": ASSET.asset_id,
                    "fault_code": None,
                    "fault_detail": None,
                    "statements": [canonical_json(GRANT.as_dict()).decode()],
                }
            ]
        ),
        "nouns": names,
    }
    if edits and examined:
        stage = EditedCaptionsStage(NOUNS, {ASSET.asset_id: edits})
        outputs["edited"] = stage.examine(stage.choose([ASSET]), lambda _: None)
    told = [canonical_json(finding.as_dict()).decode() for finding in also]
    outputs["motifs"] = pa.Table.from_pylist(
        [
            {
                "asset_id": ASSET.asset_id,
                "fault_code": None,
                "fault_detail": None,
                "findings": told,
            }
        ]
    )
    by_asset = {ASSET.asset_id: edits} if edits else {}
    bench = Bench(POLICY, {}, NOW, {}, frozenset(), edits=by_asset)
    return gather([ASSET], outputs)[ASSET.asset_id], bench


def judge(*edits: CaptionEdit, also: tuple[Finding, ...] = (), examined: bool = True) -> Decision:
    observed, bench = look(*edits, also=also, examined=examined)
    return bench.weigh(ASSET, observed)[1]


def test_a_clean_new_caption_clears_and_says_that_a_person_wrote_it() -> None:
    assert judge().verdict is Verdict.REVIEW
    decision = judge(edit_to(CLEAN))
    assert decision.verdict is Verdict.CLEAR
    assert Reason.CAPTION_EDITED in decision.reasons
    (caption,) = decision.captions
    assert (caption.original, caption.text, caption.edited) == (NAMED, CLEAN, CLEAN)
    assert "person" in decision.explain(None, "en")
    assert "Miku" not in decision.explain(None, "en")
    assert "人が書き換えた" in decision.explain(None, "ja")


def test_an_edit_that_was_not_examined_is_an_error() -> None:
    decision = judge(edit_to(CLEAN), examined=False)
    assert (decision.verdict, decision.reasons) == (Verdict.ERROR, (Reason.STAGE_FAILED,))


def test_an_edit_other_than_the_one_that_was_examined_is_an_error() -> None:
    observed, _ = look(edit_to(CLEAN))
    edits = {ASSET.asset_id: (edit_to("Kaito by a river", "e2"),)}
    bench = Bench(POLICY, {}, NOW, {}, frozenset(), edits=edits)
    assert bench.weigh(ASSET, observed)[1].verdict is Verdict.ERROR


def test_findings_of_an_edited_caption_without_its_edit_are_an_error() -> None:
    observed, _ = look(edit_to(CLEAN))
    bench = Bench(POLICY, {}, NOW, {}, frozenset())
    assert bench.weigh(ASSET, observed)[1].verdict is Verdict.ERROR


def test_an_edit_that_cannot_be_applied_is_an_error() -> None:
    broken = CaptionEdit("e1", digest_caption(NAMED), (Span(0, 999, ""),))
    decision = judge(broken)
    assert decision.verdict is Verdict.ERROR
    assert any("cannot be applied" in fault.detail for fault in decision.faults)


def test_a_stale_edit_asks_about_the_asset() -> None:
    stale = CaptionEdit("e1", digest_caption("another caption"), (Span(0, 1, "b"),))
    decision = judge(stale)
    assert decision.verdict is Verdict.REVIEW
    assert Reason.CAPTION_CHANGED in decision.reasons


def test_a_name_that_was_edited_away_still_makes_the_picture_looked_at_more_closely() -> None:
    assert POLICY.motifs.named_risk < MOTIF.score < POLICY.motifs.risk
    decision = judge(edit_to(CLEAN), also=(MOTIF,))
    assert decision.verdict is Verdict.REVIEW
    assert decision.reasons == (Reason.MOTIF_RESEMBLES,)


def rule(question: str, *edits: CaptionEdit, also: tuple[Finding, ...] = ()) -> Decision:
    observed, bench = look(*edits, also=also)
    ruling = Ruling(question, approves=False, ruling_id="r", reviewer="mika", rewrites=True)
    ruled = Bench(
        bench.policy,
        {},
        NOW,
        {ASSET.asset_id: ruling},
        frozenset(),
        edits=bench.edits,
    )
    return ruled.weigh(ASSET, observed)[1]


def test_a_rewrite_answers_the_rest_of_its_question() -> None:
    question = judge(also=(MOTIF,)).question
    decision = rule(question, edit_to(CLEAN), also=(MOTIF,))
    assert (decision.verdict, decision.decided_by) == (Verdict.CLEAR, "ruling")
    assert decision.question == question
    assert decision.reasons[0] is Reason.RULING_APPROVED


def test_a_rewrite_without_its_edit_answers_nothing_and_excludes_nothing() -> None:
    question = judge(also=(MOTIF,)).question
    decision = rule(question, also=(MOTIF,))
    assert decision.verdict is Verdict.REVIEW


def test_a_rewrite_does_not_answer_another_question() -> None:
    question = judge().question
    assert rule(question, edit_to(CLEAN), also=(MOTIF,)).verdict is Verdict.REVIEW


def test_a_rewrite_does_not_answer_what_stands_in_its_own_text() -> None:
    question = judge(also=(MOTIF,)).question
    smuggled = edit_to("by a river, Hatsune Miku")
    decision = rule(question, smuggled, also=(MOTIF,))
    assert decision.verdict is Verdict.REVIEW
    assert any(finding.caption == 0 for finding in decision.findings)
    assert decision.question != question


def test_the_stage_examines_only_what_edits_concern_and_depends_on_what_they_say() -> None:
    other = Asset("b" * 64, (Location("y.png", "/y.png", 1),), (Caption(NAMED, "y.txt"),))
    stage = EditedCaptionsStage(NOUNS, {ASSET.asset_id: (edit_to(CLEAN),)})
    assert stage.choose([other, ASSET]) == [ASSET]
    (row,) = stage.examine([ASSET], lambda _: None).to_pylist()
    assert (row["findings"], row["edits"]) == ([], ["e1"])
    again = EditedCaptionsStage(NOUNS, {ASSET.asset_id: (edit_to("a boy"),)})
    assert stage.fingerprint != again.fingerprint


def test_the_identity_of_an_edited_asset_is_another_than_before() -> None:
    edited = edit_asset(ASSET, (edit_to(CLEAN),)).asset
    assert edited.asset_id == ASSET.asset_id
    assert edited.identity != ASSET.identity
