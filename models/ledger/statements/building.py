"""Records, rules and payout become a statement. Nothing is read or written here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from models.errors import LedgerError
from models.ledger.chain.receipts import Receipt
from models.ledger.compensation.paying import batch_name
from models.ledger.compensation.periods import Period
from models.ledger.compensation.rules import Rules
from models.ledger.compensation.uses import keep_books
from models.ledger.note import Checkpoint
from models.ledger.payout_record import PayoutRecord
from models.ledger.records import RecordType, UsageRecord
from models.ledger.statements.gathering import OwnRecord, OwnRecords
from models.ledger.statements.statement import Claim, Line, Money, ProofKind, Statement, Summary
from models.verdicts import Verdict

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Claims:
    """What a contract pays to an owner; empty where none does.

    Attributes:
        claims: the owner's own.
        root: of the period's payout tree, with 0x.
        sha256: of the period's file with every claim, as the batch publishes it.
    """

    claims: tuple[Claim, ...] = ()
    root: str = ""
    sha256: str = ""


def build_statement(
    owner_ref: str,
    period: Period,
    rules: Rules,
    own: OwnRecords,
    claims: Claims,
    head: Checkpoint,
    vkey: str,
    receipt: Receipt | None,
    made_at: int,
) -> Statement:
    """A statement for one owner and one period.

    Args:
        own: everything that the log holds of the owner.
        claims: what a contract pays to them.
        head: the head that the proofs are for.
        receipt: the newest that there is.
        made_at: UTC seconds; a dispute is open from then on.

    Raises:
        LedgerError: the period was paid under other rules than these.
    """
    usage = [(each, each.record) for each in own.records if isinstance(each.record, UsageRecord)]
    lines = tuple(_build_lines(usage, period, rules))
    payout = _find_payout(own.records, period, rules)
    # It is proven that the period's batch holds nothing of the owner: nothing is due to them.
    paid = batch_name(rules.id, period.name)
    is_paid = any(p.batch_id == paid and p.kind is ProofKind.ABSENCE for p in own.proofs)
    policies = {
        (record.policy.name, record.policy.version, record.policy.sha256)
        for each, record in usage
        if each.index in {line.index for line in lines}
    }
    return Statement(
        statement_id=f"{rules.id}-{period.name}-{owner_ref[:8]}",
        owner_ref=owner_ref,
        period=period.name,
        period_start=period.start,
        period_end=period.end,
        made_at=made_at,
        rules_id=rules.id,
        rules_version=rules.version,
        rules_sha256=rules.sha256,
        policies=tuple(
            {"name": name, "sha256": sha256, "version": version}
            for name, version, sha256 in sorted(policies)
        ),
        vkey=vkey,
        size=head.size,
        root=head.root.hex(),
        held=len({record.asset_sha256 for _, record in usage}),
        summaries=tuple(_summarise(lines)),
        lines=lines,
        money=_state_money(payout, rules, period, lines, claims, is_paid=is_paid),
        proofs=own.proofs,
        receipt=receipt,
        dispute_until=made_at + rules.dispute_days * _DAY,
        contact=rules.contact,
    )


def find_payout(own: OwnRecords, period: Period, rules: Rules) -> PayoutRecord | None:
    """The owner's payout for a period, or None where it is not settled.

    Raises:
        LedgerError: the period was paid under another version of the rules.
    """
    return _find_payout(own.records, period, rules)


def _find_payout(records: Iterable[OwnRecord], period: Period, rules: Rules) -> PayoutRecord | None:
    found = None
    for each in records:
        record = each.record
        if not isinstance(record, PayoutRecord):
            continue
        if (record.rules_id, record.period) == (rules.id, period.name):
            found = record
    if found is not None and found.rules_sha256 != rules.sha256:
        raise LedgerError(
            f"{period.name} was paid under another version of the rules {rules.id}.",
            f"Give version {found.rules_version}, the file that was used then.",
        )
    return found


def _build_lines(
    usage: Sequence[tuple[OwnRecord, UsageRecord]], period: Period, rules: Rules
) -> list[Line]:
    books = keep_books((each.index, record.as_dict()) for each, record in usage)
    lines = []
    for each, record in usage:
        use = books.uses.get(each.index)
        # A correction counts in the period of what it corrects.
        if period.holds(record.decided_at if use is None else use.counted_at):
            superseded_by = books.superseded.get(each.index)
            lines.append(_build_line(each, record, superseded_by, rules, counts=use is not None))
    return lines


def _build_line(
    each: OwnRecord,
    record: UsageRecord,
    superseded_by: int | None,
    rules: Rules,
    *,
    counts: bool,
) -> Line:
    run = record.run
    used = record.type in (RecordType.USE, RecordType.CORRECT) and run is not None
    paid = counts and record.purpose in rules.purposes
    multiplier = rules.multiplier(record.license) if paid else Fraction(0)
    samples = run.samples if run else 0
    return Line(
        index=each.index,
        batch_id=each.batch_id,
        type=record.type.value,
        asset=record.asset_sha256,
        purpose=record.purpose.value,
        decision=record.decision.value,
        reasons=tuple(reason.value for reason in record.reasons),
        decided_at=record.decided_at,
        dataset=record.dataset.name,
        release=record.dataset.release,
        run=run.run if run else "",
        model=run.model if run else "",
        samples=samples,
        license=record.license.id if record.license else "",
        multiplier=str(multiplier),
        weight=str(samples * multiplier),
        carriers=record.consent.carriers,
        evidence=record.consent.evidence_sha256,
        superseded_by=superseded_by,
        is_violation=used and record.decision is not Verdict.CLEAR,
    )


def _summarise(lines: Iterable[Line]) -> list[Summary]:
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in lines:
        if line.superseded_by is None:
            groups.setdefault((line.dataset, line.release, line.run), []).append(line)
    return [_count(key, group) for key, group in sorted(groups.items())]


def _count(key: tuple[str, str, str], group: Sequence[Line]) -> Summary:
    by_type: dict[str, set[str]] = {}
    reasons: Counter[str] = Counter()
    for line in group:
        kind = "use" if line.type == "correct" and line.run else line.type
        assets = by_type.setdefault(kind, set())
        if kind == "exclude" and line.asset not in assets:
            reasons.update(line.reasons)
        assets.add(line.asset)
    return Summary(
        *key,
        considered=len({line.asset for line in group}),
        used=len(by_type.get("use", ())),
        samples=sum(line.samples for line in group),
        excluded=len(by_type.get("exclude", ())),
        excluded_by=dict(sorted(reasons.items())),
        revoked=len(by_type.get("revoke", ())),
        violations=len({line.asset for line in group if line.is_violation}),
    )


def _state_money(
    payout: PayoutRecord | None,
    rules: Rules,
    period: Period,
    lines: Iterable[Line],
    claims: Claims,
    *,
    is_paid: bool,
) -> Money:
    if payout is None:
        amount = "0" if is_paid else ""
        weight = sum((Fraction(line.weight) for line in lines), Fraction(0))
        return Money(
            is_settled=is_paid,
            currency=rules.currency,
            digits=rules.digits,
            pot=str(rules.pot(period)),
            total_weight="",
            weight="0" if is_paid else str(weight),
            gross=amount,
            carried_in=amount,
            net=amount,
            carried_out=amount,
            shares=(),
            claims=(),
            claims_root="",
            claims_sha256="",
        )
    return Money(
        is_settled=True,
        currency=payout.currency,
        digits=payout.digits,
        pot=str(payout.pot),
        total_weight=payout.total_weight,
        weight=payout.weight,
        gross=str(payout.gross),
        carried_in=str(payout.carried_in),
        net=str(payout.net),
        carried_out=str(payout.carried_out),
        shares=tuple(share.as_dict() for share in payout.shares),
        claims=claims.claims,
        claims_root=claims.root,
        claims_sha256=claims.sha256,
    )
