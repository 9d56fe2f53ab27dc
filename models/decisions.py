"""The decision: from statements, findings, faults and rulings to one verdict, by the policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Literal

from models.assets.asset import Asset, Fault
from models.canonical import digest_of
from models.consent.resolution import ConsentDecision
from models.findings import Finding
from models.nouns.conditions import NounAction
from models.nouns.permission import Permitted
from models.nouns.register.storage import key_of
from models.nouns.rewriting.captions import RewrittenCaption
from models.policy import MotifsPolicy, Policy
from models.reasons import TEXTS, Reason
from models.translation.findings import explain_in_japanese
from models.verdicts import Verdict, most_restrictive

DecidedBy = Literal["machine", "ruling", "takedown", "withdrawal"]
_VERDICT_OF: dict[str, Verdict] = {
    "exclude": Verdict.EXCLUDE,
    "review": Verdict.REVIEW,
    "rewrite": Verdict.REVIEW,  # until the caption has been rewritten, and found to be clean
    "allow": Verdict.CLEAR,
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """A reviewer's effective decision on one asset.

    Attributes:
        question: digest of what the reviewer was asked (see ``question_of``).
        approves: True for approve, False for exclude.
        ruling_id: which ruling it was.
        reviewer: who ruled.
        rewrites: it approves with another caption, and ``approves`` is False.
    """

    question: str
    approves: bool
    ruling_id: str
    reviewer: str
    rewrites: bool = False


@dataclass(frozen=True, slots=True)
class TermRuling:
    """What people have ruled about one term, for every asset of a dataset.

    Attributes:
        category: what it names; "" for a term that describes and names nothing.
        ruling_id: which ruling it was.
    """

    category: str
    ruling_id: str


@dataclass(frozen=True, slots=True)
class Unedited:
    """An asset before people edited its captions.

    Attributes:
        findings: what was seen of it then. It still says what the picture may show.
        question: digest of what a reviewer would be asked about it; "" where nothing is, or no
            ruling needs to know.
        stale: some edit is for a caption that the asset does not have any more.
    """

    findings: tuple[Finding, ...] = ()
    question: str = ""
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """One asset's verdict, and everything a person needs to believe it.

    Attributes:
        verdict: what was decided.
        reasons: why, the weightiest first.
        decided_by: machine, ruling, takedown or withdrawal.
        question: digest of what a reviewer is, or was, asked; "" where nothing is open to ruling.
        findings: the findings that the policy acts on.
        faults: what went wrong while examining the asset.
        ruling_id: the ruling that decided, or "".
        valid_until: UTC seconds at which time alone may change the verdict, or None.
        licensed: names that an owner's licence lets pass, each with the licence's id.
        captions: the captions that a release gets rewritten.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    decided_by: DecidedBy = "machine"
    question: str = ""
    findings: tuple[Finding, ...] = ()
    faults: tuple[Fault, ...] = ()
    ruling_id: str = ""
    valid_until: int | None = None
    licensed: tuple[tuple[Finding, str], ...] = ()
    captions: tuple[RewrittenCaption, ...] = ()

    def explain(self, consent: ConsentDecision | None, language: Literal["en", "ja"]) -> str:
        """The verdict in sentences, for the report, the manifest and the review page."""
        spoken = consent.reasons if consent is not None else ()
        texts = [
            getattr(TEXTS[reason], language) for reason in self.reasons if reason not in spoken
        ]
        if consent is not None and any(reason in spoken for reason in self.reasons):
            texts.append(consent.explanation_en if language == "en" else consent.explanation_ja)
        said = [finding.explanation for finding in self.findings]
        texts += said if language == "en" else map(explain_in_japanese, said)
        texts += [caption.explain(language) for caption in self.captions]
        for fault in self.faults:
            unsaid = "" if fault.reason in self.reasons else f"{fault.reason.value}: "
            texts.append(unsaid + fault.detail)
        return " ".join(dict.fromkeys(text for text in texts if text))


TermRulings = Mapping[str, TermRuling]
"""What people have ruled about terms of a dataset, by the term's key."""


def choose_noun_action(finding: Finding, policy: Policy, terms: TermRulings) -> NounAction:
    """What the policy says about a name or an unknown term in a text."""
    source = finding.source or "caption"
    if finding.kind == "name_protected":
        return policy.nouns.action_for(finding.category, source)
    if finding.kind == "name_possible":
        return policy.nouns.action_for_possible(finding.category, source)
    ruling = terms.get(finding.term)
    if ruling is None:
        return policy.nouns.action_for_unknown(source)
    return policy.nouns.action_for(ruling.category, source) if ruling.category else "allow"


def judge_finding(
    finding: Finding, policy: Policy, terms: TermRulings, named: Set[str] = frozenset()
) -> Verdict:
    """What the policy says about one finding; CLEAR where it does not act on it.

    Args:
        finding: what a detector saw.
        policy: the policy in force.
        terms: what people have ruled about terms.
        named: keys of the names that stand in the asset's texts (see ``names_in``).
    """
    match finding.kind:
        case "name_protected" | "name_possible" | "unknown_term":
            return _VERDICT_OF[choose_noun_action(finding, policy, terms)]
        case "motif_copy" | "motif_contained" | "motif_resembles":
            return _judge_motif(finding, policy.motifs, named)
        case "image_animated":
            return _VERDICT_OF[policy.images.animated]


def _judge_motif(finding: Finding, policy: MotifsPolicy, named: Set[str]) -> Verdict:
    is_named = key_of(finding.label) in named
    if finding.score < (min(policy.risk, policy.named_risk) if is_named else policy.risk):
        return Verdict.CLEAR
    actions = {
        "motif_copy": policy.copy_action,
        "motif_contained": policy.contained_action,
        "motif_resembles": policy.resembles_action,
    }
    return _VERDICT_OF[actions[finding.kind]]


def names_in(findings: Iterable[Finding]) -> frozenset[str]:
    """Keys of the registered names that texts hold, as registered and as written.

    A picture is looked at more closely for what its texts name, whatever becomes of the texts: a
    caption that was rewritten, or a name that is licensed, says nothing about the picture.
    """
    return frozenset(
        key
        for finding in findings
        if finding.kind in ("name_protected", "name_possible")
        for text in (finding.label, finding.surface)
        if (key := key_of(text))
    )


def decide(
    asset: Asset,
    consent: ConsentDecision | None,
    findings: Sequence[Finding],
    faults: Sequence[Fault],
    policy: Policy,
    terms: TermRulings,
    *,
    permitted: Permitted | None = None,
    captions: Sequence[RewrittenCaption] = (),
    ruling: Ruling | None = None,
    taken_down: bool = False,
    withdrawn: bool = False,
    unedited: Unedited | None = None,
) -> Decision:
    """The one verdict of one asset. Pure: the same input gives the same decision.

    A takedown beats everything, then a withdrawal, a reviewer's exclusion, and a machine's. A
    fault is an error whatever else was found, unless the asset is excluded anyway. An approval
    answers the question that was put to the reviewer and no other: it never clears an exclusion,
    an error, or an asset about which something else is asked now. A rewrite answers the question
    about the asset with its original captions, all but what stands in those that were edited: the
    new texts are examined as any other, and what is found in them is asked.

    Args:
        asset: whose verdict it is.
        consent: the consent decision; None where consent could not be examined, which is an error.
        findings: what nouns, features and motifs saw, in a stable order.
        faults: what went wrong in any stage.
        policy: the policy in force.
        terms: what people have ruled about terms of this dataset.
        permitted: the findings parted by what licences for names say; None where there are none.
        captions: the captions that were rewritten and found clean.
        ruling: the reviewer's effective ruling on this asset, if there is one.
        taken_down: whether an owner's takedown has been acknowledged.
        withdrawn: whether an owner has withdrawn consent for a purpose that the policy asks for.
        unedited: what there was before people edited captions; None where nobody did.
    """
    if taken_down:
        return Decision(Verdict.EXCLUDE, (Reason.TAKEDOWN,), "takedown")
    if withdrawn:
        return Decision(Verdict.EXCLUDE, (Reason.CONSENT_WITHDRAWN,), "withdrawal")
    permitted = permitted or Permitted(tuple(findings))
    looked_at = any(finding.kind.startswith("motif_") for finding in findings)
    before = unedited.findings if unedited else ()
    named = names_in((*findings, *before)) if looked_at else frozenset[str]()
    mended = {caption.index for caption in captions if caption.cut}
    judged = [
        (finding, judge_finding(finding, policy, terms, named))
        for finding in permitted.open
        if not (
            finding.caption in mended and choose_noun_action(finding, policy, terms) == "rewrite"
        )
    ]
    judged = [(finding, verdict) for finding, verdict in judged if verdict is not Verdict.CLEAR]
    acted = tuple(finding for finding, _ in judged)
    outcomes = [(verdict, Reason(finding.kind)) for finding, verdict in judged]
    if permitted.licensed:
        outcomes.append((Verdict.CLEAR, Reason.NAME_LICENSED))
    if mended:
        outcomes.append((Verdict.CLEAR, Reason.CAPTION_REWRITTEN))
    if any(caption.edited for caption in captions):
        outcomes.append((Verdict.CLEAR, Reason.CAPTION_EDITED))
    if unedited is not None and unedited.stale:
        outcomes.append((Verdict.REVIEW, Reason.CAPTION_CHANGED))
    all_faults = tuple(dict.fromkeys([*([asset.fault] if asset.fault else []), *faults]))
    outcomes += [(Verdict.ERROR, fault.reason) for fault in all_faults]
    if consent is None:
        if not all_faults:
            missing = Fault(Reason.STAGE_FAILED, "consent was not examined")
            all_faults, outcomes = (missing,), [*outcomes, (Verdict.ERROR, missing.reason)]
    else:
        outcomes += [(consent.verdict, reason) for reason in consent.reasons]
    verdict = most_restrictive(outcome for outcome, _ in outcomes)
    reasons = tuple(dict.fromkeys(reason for outcome, reason in outcomes if outcome is verdict))
    ends = [permitted.valid_until, consent.valid_until if consent else None]
    question = (
        question_of(asset, reasons, acted, consent, policy, terms)
        if verdict is Verdict.REVIEW
        else ""
    )
    decision = Decision(
        verdict,
        reasons,
        "machine",
        question,
        acted,
        all_faults,
        "",
        min((end for end in ends if end is not None), default=None),
        permitted.licensed,
        tuple(captions),
    )
    if ruling is not None and ruling.rewrites:
        return _apply_rewrite(decision, ruling, unedited)
    if ruling is not None and not ruling.approves:
        return replace(
            decision,
            verdict=Verdict.EXCLUDE,
            reasons=(Reason.RULING_EXCLUDED,),
            decided_by="ruling",
            question=ruling.question,
            ruling_id=ruling.ruling_id,
        )
    if ruling is not None and question and ruling.question == question:
        return replace(
            decision,
            verdict=Verdict.CLEAR,
            reasons=(Reason.RULING_APPROVED, *reasons),
            decided_by="ruling",
            ruling_id=ruling.ruling_id,
        )
    return decision


def _apply_rewrite(decision: Decision, ruling: Ruling, unedited: Unedited | None) -> Decision:
    """Clear what a rewrite answers; without its edit it answers nothing."""
    if decision.verdict is not Verdict.REVIEW or unedited is None:
        return decision
    edited = {caption.index for caption in decision.captions if caption.edited}
    if not edited or unedited.question != ruling.question:
        return decision
    if any(finding.caption in edited for finding in decision.findings):
        return decision
    return replace(
        decision,
        verdict=Verdict.CLEAR,
        reasons=(Reason.RULING_APPROVED, Reason.CAPTION_EDITED, *decision.reasons),
        decided_by="ruling",
        question=ruling.question,
        ruling_id=ruling.ruling_id,
    )


def question_of(
    asset: Asset,
    reasons: Sequence[Reason],
    findings: Sequence[Finding],
    consent: ConsentDecision | None,
    policy: Policy,
    terms: TermRulings,
) -> str:
    """Digest of what a reviewer is asked about an asset.

    It covers the asset with its captions, the reasons, what the detectors (with their versions)
    saw, what its terms have been ruled to name, what owners said, and the purposes asked for. The
    rest of the policy is left out on purpose: an edit that changes nothing about an asset does not
    ask about it again.
    """
    asked: dict[str, Any] = {
        "asset": asset.identity,
        "reasons": [reason.value for reason in reasons],
        "findings": [finding.as_dict() for finding in findings],
        "statements": [s.told for s in consent.statements] if consent else [],
        "purposes": [purpose.value for purpose in policy.consent.purposes],
    }
    if named := {f.term: terms[f.term].category for f in findings if f.term in terms}:
        asked["named"] = named
    return digest_of(asked)
