"""From statements to a decision: a pure function of what was said, the policy and the moment.

The most restrictive statement wins. A refusal is believed from anyone; a grant counts only where
the rights holder is proven and it is still in force. Whatever could not be read properly goes to
a person and never clears.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.assets.asset import Asset
from models.consent.contracts import CONTRACT_CARRIER, contract_statements
from models.consent.explanation import explain
from models.consent.licences import accepted_license
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.supersession import has_ended, is_superseded, last_words
from models.consent.terms import ConsentPolicy
from models.reasons import Reason
from models.verdicts import Verdict

_DAY = 86_400
_MAX_MOMENTS = 64
_UNSOUND = {
    Condition.TAMPERED: Reason.CONSENT_TAMPERED,
    Condition.MALFORMED: Reason.CONSENT_MALFORMED,
    Condition.UNDETERMINED: Reason.CONSENT_UNDETERMINED,
}


@dataclass(frozen=True, slots=True)
class ConsentDecision:
    """What follows for one asset.

    Attributes:
        verdict: clear, review or exclude; never error.
        reasons: the most decisive first.
        decided_by: indexes into ``statements`` of those that made the decision.
        statements: the carriers' statements, then those of contracts.
        attribution: the asset may be used, and its author has to be named.
        authors: whom to name, as the grants that ask for it say.
        valid_until: the next moment (UTC seconds) at which time alone could change the decision;
            None where it never does.
        explanation_en, explanation_ja: why, for a person.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    decided_by: tuple[int, ...]
    statements: tuple[Statement, ...]
    attribution: bool
    authors: tuple[str, ...]
    valid_until: int | None
    explanation_en: str
    explanation_ja: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A decision without its words."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    decided_by: tuple[int, ...]
    overridden: tuple[int, ...] = ()
    attribution: bool = False


@dataclass(frozen=True, slots=True)
class _Weighed:
    """The statements about one purpose, by index, sorted by what they amount to."""

    refusals: tuple[int, ...]  # sound and in force
    weak_refusals: tuple[int, ...]  # unsound, or past their own end
    unmet: tuple[int, ...]  # allowed under a condition that is not met
    grants: tuple[int, ...]  # proven, in force, and acceptable
    ended: tuple[int, ...]  # proven, but past their end
    stale: tuple[int, ...]  # proven, but last read too long ago
    claims: tuple[int, ...]  # says allowed, and proves too little
    overridden: tuple[int, ...]  # refusals that a contract explicitly overrides

    @property
    def refused_by(self) -> tuple[int, ...]:
        """The refusals that exclude: sound ones, and weak ones that no grant speaks against."""
        return self.refusals or (() if self.grants else self.weak_refusals)


def resolve(
    asset: Asset, statements: Sequence[Statement], policy: ConsentPolicy, as_of: int
) -> ConsentDecision:
    """Decide whether the policy's purposes are consented to.

    Args:
        asset: the asset in question.
        statements: everything that its carriers say, in any order.
        policy: purposes, profile, contracts and terms.
        as_of: the moment of the decision, UTC seconds since 1970.
    """
    everything = (*statements, *contract_statements(asset, statements, policy))
    outcome = _decide(everything, policy, as_of)
    moments = _moments(everything, policy, as_of)
    changes = (m for m in moments[:_MAX_MOMENTS] if _decide(everything, policy, m) != outcome)
    # Strangers may write down as many moments as they like: what lies behind them is not looked at.
    unseen = moments[_MAX_MOMENTS] if len(moments) > _MAX_MOMENTS else None
    english, japanese = explain(
        outcome.verdict,
        outcome.reasons,
        [everything[i] for i in outcome.decided_by],
        [everything[i] for i in outcome.overridden],
        policy,
    )
    return ConsentDecision(
        verdict=outcome.verdict,
        reasons=outcome.reasons,
        decided_by=outcome.decided_by,
        statements=everything,
        attribution=outcome.attribution,
        authors=_authors(everything, outcome, policy) if outcome.attribution else (),
        valid_until=next(changes, unseen),
        explanation_en=english,
        explanation_ja=japanese,
    )


def _authors(
    statements: Sequence[Statement], outcome: _Outcome, policy: ConsentPolicy
) -> tuple[str, ...]:
    """Whom to name: the author that a grant names, or else whoever speaks in it."""
    asking = (statements[i] for i in outcome.decided_by)
    return tuple(
        dict.fromkeys(
            s.author or _holder_of(s, policy) or s.setter
            for s in asking
            if _asks_for_author(s, policy)
        )
    )


def _holder_of(statement: Statement, policy: ConsentPolicy) -> str:
    """The holder of the recognised collection that a statement was read from, or ""."""
    contract = statement.setter.partition("/")[0]
    return next((c.holder for c in policy.collection if c.contract == contract), "")


def _decide(statements: Sequence[Statement], policy: ConsentPolicy, as_of: int) -> _Outcome:
    weighed = [_weigh(statements, purpose, policy, as_of) for purpose in policy.purposes]
    overridden = _union(w.overridden for w in weighed)
    unsound = tuple(i for i, s in enumerate(statements) if s.condition is not Condition.SOUND)
    unsound_reasons = tuple(
        reason
        for condition, reason in _UNSOUND.items()
        if any(statements[i].condition is condition for i in unsound)
    )
    if refusing := _union(w.refused_by for w in weighed):
        return _Outcome(
            Verdict.EXCLUDE, (Reason.CONSENT_REFUSED, *unsound_reasons), refusing, overridden
        )
    conflicting = _union((*w.weak_refusals, *w.grants) for w in weighed if w.weak_refusals)
    if unsound or conflicting:
        reasons = (*unsound_reasons, *((Reason.CONSENT_CONFLICT,) if conflicting else ()))
        return _Outcome(Verdict.REVIEW, reasons, _union([unsound, conflicting]), overridden)
    if unmet := _union(w.unmet for w in weighed):
        return _Outcome(Verdict.EXCLUDE, (Reason.CONSENT_UNMET,), unmet, overridden)
    return _weigh_silence(statements, weighed, overridden, policy)


def _weigh_silence(
    statements: Sequence[Statement],
    weighed: Sequence[_Weighed],
    overridden: tuple[int, ...],
    policy: ConsentPolicy,
) -> _Outcome:
    """Nothing stands against the use: is every purpose granted?"""
    grants = _union(w.grants for w in weighed)
    attribution = any(_asks_for_author(statements[i], policy) for i in grants)
    missing = [w for w in weighed if not w.grants]
    if not missing:
        by_contract = any(statements[i].carrier == CONTRACT_CARRIER for i in grants)
        by_holder = any(statements[i].carrier != CONTRACT_CARRIER for i in grants)
        reasons = (
            *((Reason.CONSENT_CONTRACT,) if by_contract else ()),
            *((Reason.CONSENT_GRANTED,) if by_holder else ()),
        )
        return _Outcome(Verdict.CLEAR, reasons, grants, overridden, attribution)
    if ended := _union(w.ended for w in missing):
        # A holder who set an end did not fall silent: no profile takes that for a yes.
        reasons = (Reason.GRANT_EXPIRED, *((Reason.CONSENT_PARTIAL,) if grants else ()))
        return _Outcome(Verdict.EXCLUDE, reasons, ended, overridden)
    if stale := _union(w.stale for w in missing):
        reasons = (Reason.EVIDENCE_STALE, *((Reason.CONSENT_PARTIAL,) if grants else ()))
        return _Outcome(Verdict.EXCLUDE, reasons, stale, overridden)
    if policy.profile == "opt-out":
        return _Outcome(
            Verdict.CLEAR, (Reason.CONSENT_OPT_OUT_PROFILE,), grants, overridden, attribution
        )
    if grants:
        return _Outcome(Verdict.EXCLUDE, (Reason.CONSENT_PARTIAL,), grants, overridden)
    if claims := _union(w.claims for w in missing):
        return _Outcome(Verdict.EXCLUDE, (Reason.GRANT_UNAUTHENTICATED,), claims, overridden)
    return _Outcome(Verdict.EXCLUDE, (Reason.CONSENT_ABSENT,), (), overridden)


def _weigh(
    statements: Sequence[Statement], purpose: Purpose, policy: ConsentPolicy, as_of: int
) -> _Weighed:
    last = last_words(statements, purpose, as_of)
    live = [(i, s) for i, s in enumerate(statements) if not is_superseded(s, last)]
    allowed = [
        (i, s) for i, s in live if _allows(s, purpose, policy) and s.condition is Condition.SOUND
    ]
    proven = [(i, s) for i, s in allowed if s.trust.may_grant and s.issued_at is not None]
    in_force = [(i, s) for i, s in proven if _in_force(s, policy, as_of)]
    acceptable = [
        i for i, s in in_force if policy.accept_attribution or not _asks_for_author(s, policy)
    ]
    settled = {i for i, _ in proven}
    overriding = any(_overrides(statements[i], policy) for i in acceptable)
    refusals: list[int] = []
    weak: list[int] = []
    unmet: list[int] = []
    overridden: list[int] = []
    for i, s in live:
        value = s.preference(purpose)
        restricts = value is Preference.NOT_ALLOWED or (
            value is Preference.CONSTRAINED
            and not (_is_met(s, purpose, policy) and (i in settled or _is_fresh(s, policy, as_of)))
        )
        if not restricts:
            continue
        if overriding and _may_be_overridden(s):
            overridden.append(i)
        elif value is Preference.CONSTRAINED:
            unmet.append(i)
        elif s.condition is Condition.SOUND and not has_ended(s, as_of):
            refusals.append(i)
        else:
            weak.append(i)
    # Nothing but the obligation to name the author stands between these grants and the use.
    if not acceptable:
        unmet += [i for i, _ in in_force]
    return _Weighed(
        refusals=tuple(refusals),
        weak_refusals=tuple(weak),
        unmet=tuple(sorted(unmet)),
        grants=tuple(acceptable),
        ended=tuple(i for i, s in proven if as_of >= _term_of(s, policy)),
        stale=tuple(i for i, s in proven if _end_of(s, policy) <= as_of < _term_of(s, policy)),
        claims=tuple(i for i, _ in allowed if i not in settled),
        overridden=tuple(overridden),
    )


def _allows(statement: Statement, purpose: Purpose, policy: ConsentPolicy) -> bool:
    value = statement.preference(purpose)
    return value is Preference.ALLOWED or (
        value is Preference.CONSTRAINED and _is_met(statement, purpose, policy)
    )


def _is_met(statement: Statement, purpose: Purpose, policy: ConsentPolicy) -> bool:
    return statement.constraint_met or accepted_license(statement, purpose, policy) is not None


def _asks_for_author(statement: Statement, policy: ConsentPolicy) -> bool:
    """Whether the author has to be named: the grant says so, or the licence that it points at."""
    return statement.attribution or any(
        accepted.attribution
        for purpose in policy.purposes
        if statement.preference(purpose) is Preference.CONSTRAINED
        and (accepted := accepted_license(statement, purpose, policy)) is not None
    )


def _term_of(statement: Statement, policy: ConsentPolicy) -> int:
    """When a grant ends: as it says, else after the policy's term."""
    if statement.expires_at is not None:
        return statement.expires_at
    return (statement.issued_at or 0) + policy.grant_days * _DAY


def _end_of(statement: Statement, policy: ConsentPolicy) -> int:
    """When a grant ends, or has to be read again: it may have been withdrawn where it lies."""
    term = _term_of(statement, policy)
    if statement.observed_at is None:
        return term
    return min(term, statement.observed_at + policy.evidence_days * _DAY)


def _is_fresh(statement: Statement, policy: ConsentPolicy, as_of: int) -> bool:
    """Whether it was read lately enough, with the document that it points at."""
    read_at = statement.observed_at
    return read_at is None or as_of < read_at + policy.evidence_days * _DAY


def _in_force(statement: Statement, policy: ConsentPolicy, as_of: int) -> bool:
    return (statement.issued_at or 0) <= as_of < _end_of(statement, policy)


def _overrides(statement: Statement, policy: ConsentPolicy) -> bool:
    return statement.carrier == CONTRACT_CARRIER and any(
        contract.overrides_refusals and contract.id == statement.source
        for contract in policy.contract
    )


def _may_be_overridden(statement: Statement) -> bool:
    """A generic refusal: not one that somebody signed for exactly these bytes, nor a broken one."""
    signed = statement.trust.integrity and statement.trust.bound
    return statement.condition is Condition.SOUND and not signed


def _moments(statements: Sequence[Statement], policy: ConsentPolicy, as_of: int) -> list[int]:
    """The moments after ``as_of`` at which a statement begins or ends, in order."""
    moments = set[int]()
    for statement in statements:
        if statement.issued_at is not None:
            moments.add(statement.issued_at)
        if statement.trust.may_grant:
            moments |= {_end_of(statement, policy), _term_of(statement, policy)}
        elif statement.observed_at is not None and statement.license_sha256:
            moments.add(statement.observed_at + policy.evidence_days * _DAY)
        if statement.expires_at is not None:
            moments.add(statement.expires_at)
    return sorted(moment for moment in moments if moment > as_of)


def _union(groups: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({i for group in groups for i in group}))
