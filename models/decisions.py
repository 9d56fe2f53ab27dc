"""The decision: from statements, findings, faults and rulings to one verdict, by the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from models.assets.asset import Asset, Fault
from models.canonical import digest_of
from models.consent.resolution import ConsentDecision
from models.findings import Finding
from models.policy import Action, Policy
from models.reasons import TEXTS, Reason
from models.verdicts import Verdict, most_restrictive

DecidedBy = Literal["machine", "ruling", "takedown"]
_VERDICT_OF: dict[Action, Verdict] = {
    "exclude": Verdict.EXCLUDE,
    "review": Verdict.REVIEW,
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
    """

    question: str
    approves: bool
    ruling_id: str
    reviewer: str


@dataclass(frozen=True, slots=True)
class TermRuling:
    """What people have ruled about one term, for every asset of a dataset.

    Attributes:
        category: what it names; "" for a term that describes and names nothing.
        ruling_id: which ruling it was.
    """

    category: str
    ruling_id: str


NO_TERMS: Mapping[str, TermRuling] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Decision:
    """One asset's verdict, and everything a person needs to believe it.

    Attributes:
        verdict: what was decided.
        reasons: why, the weightiest first.
        decided_by: machine, ruling or takedown.
        question: digest of what a reviewer is, or was, asked; "" where nothing is open to ruling.
        findings: the findings that the policy acts on.
        faults: what went wrong while examining the asset.
        ruling_id: the ruling that decided, or "".
        valid_until: UTC seconds at which time alone may change the verdict, or None.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    decided_by: DecidedBy = "machine"
    question: str = ""
    findings: tuple[Finding, ...] = ()
    faults: tuple[Fault, ...] = ()
    ruling_id: str = ""
    valid_until: int | None = None

    def explain(self, consent: ConsentDecision | None, language: Literal["en", "ja"]) -> str:
        """The verdict in sentences, for the report, the manifest and the review page."""
        spoken = consent.reasons if consent is not None else ()
        texts = [
            getattr(TEXTS[reason], language) for reason in self.reasons if reason not in spoken
        ]
        if consent is not None and any(reason in spoken for reason in self.reasons):
            texts.append(consent.explanation_en if language == "en" else consent.explanation_ja)
        texts += [finding.explanation for finding in self.findings]
        for fault in self.faults:
            unsaid = "" if fault.reason in self.reasons else f"{fault.reason.value}: "
            texts.append(unsaid + fault.detail)
        return " ".join(dict.fromkeys(text for text in texts if text))


def judge_finding(
    finding: Finding,
    policy: Policy,
    resembles_score: float,
    terms: Mapping[str, TermRuling] = NO_TERMS,
) -> Verdict:
    """What the policy says about one finding; CLEAR where it does not act on it.

    Args:
        finding: what a detector saw.
        policy: the policy in force.
        resembles_score: cosine from which a resemblance counts: the policy's, or the encoder's
            own suggestion where the policy leaves it open.
        terms: what people have ruled about terms of this dataset, by the term's key.
    """
    match finding.kind:
        case "name_protected":
            return _VERDICT_OF[policy.nouns.action_for(finding.category)]
        case "name_possible":
            if policy.nouns.action_for(finding.category) == "allow":
                return Verdict.CLEAR
            return _VERDICT_OF[policy.nouns.possible]
        case "unknown_term":
            return _judge_term(finding, policy, terms)
        case "motif_copy":
            near = finding.distance is None or finding.distance <= policy.motifs.copy_distance
            return _VERDICT_OF[policy.motifs.copy_action] if near else Verdict.CLEAR
        case "motif_resembles":
            close = finding.score >= resembles_score
            return _VERDICT_OF[policy.motifs.resembles_action] if close else Verdict.CLEAR
        case "image_animated":
            return _VERDICT_OF[policy.images.animated]


def _judge_term(finding: Finding, policy: Policy, terms: Mapping[str, TermRuling]) -> Verdict:
    ruling = terms.get(finding.term)
    if ruling is None:
        return _VERDICT_OF[policy.nouns.unknown_term]
    if not ruling.category:
        return Verdict.CLEAR
    return _VERDICT_OF[policy.nouns.action_for(ruling.category)]


def decide(
    asset: Asset,
    consent: ConsentDecision | None,
    findings: Sequence[Finding],
    faults: Sequence[Fault],
    policy: Policy,
    *,
    resembles_score: float,
    terms: Mapping[str, TermRuling] = NO_TERMS,
    ruling: Ruling | None = None,
    taken_down: bool = False,
) -> Decision:
    """The one verdict of one asset. Pure: the same input gives the same decision.

    A takedown beats everything, then a reviewer's exclusion, then a machine's. A fault is an
    error whatever else was found, unless the asset is excluded anyway. An approval answers the
    question that was put to the reviewer and no other: it never clears an exclusion, an error, or
    an asset about which something else is asked now.

    Args:
        asset: whose verdict it is.
        consent: the consent decision; None where consent could not be examined, which is an error.
        findings: what nouns, features and motifs saw, in a stable order.
        faults: what went wrong in any stage.
        policy: the policy in force.
        resembles_score, terms: see ``judge_finding``.
        ruling: the reviewer's effective ruling on this asset, if there is one.
        taken_down: whether an owner's takedown has been acknowledged.
    """
    if taken_down:
        return Decision(Verdict.EXCLUDE, (Reason.TAKEDOWN,), "takedown")
    judged = [
        (finding, judge_finding(finding, policy, resembles_score, terms)) for finding in findings
    ]
    judged = [(finding, verdict) for finding, verdict in judged if verdict is not Verdict.CLEAR]
    acted = tuple(finding for finding, _ in judged)
    outcomes = [(verdict, Reason(finding.kind)) for finding, verdict in judged]
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
    valid_until = consent.valid_until if consent else None
    question = (
        question_of(asset, reasons, acted, consent, policy) if verdict is Verdict.REVIEW else ""
    )
    if ruling is not None and not ruling.approves:
        return Decision(
            Verdict.EXCLUDE,
            (Reason.RULING_EXCLUDED,),
            "ruling",
            ruling.question,
            acted,
            all_faults,
            ruling.ruling_id,
            valid_until,
        )
    if ruling is not None and question and ruling.question == question:
        return Decision(
            Verdict.CLEAR,
            (Reason.RULING_APPROVED, *reasons),
            "ruling",
            question,
            acted,
            all_faults,
            ruling.ruling_id,
            valid_until,
        )
    return Decision(verdict, reasons, "machine", question, acted, all_faults, "", valid_until)


def question_of(
    asset: Asset,
    reasons: Sequence[Reason],
    findings: Sequence[Finding],
    consent: ConsentDecision | None,
    policy: Policy,
) -> str:
    """Digest of what a reviewer is asked about an asset.

    It covers the asset with its captions, the reasons, what the detectors (with their versions)
    saw, what owners said, and the purposes asked for. The rest of the policy is left out on
    purpose: an edit that changes nothing about an asset does not ask about it again.
    """
    return digest_of(
        {
            "asset": asset.identity,
            "reasons": [reason.value for reason in reasons],
            "findings": [finding.as_dict() for finding in findings],
            "statements": [s.told for s in consent.statements] if consent else [],
            "purposes": [purpose.value for purpose in policy.consent.purposes],
        }
    )
