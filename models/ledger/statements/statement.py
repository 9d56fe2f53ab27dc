"""What a statement says. All of it is data: words are added where it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from models.ledger.chain.receipts import Receipt

FORMAT = "kiyome.statement/1"


class ProofKind(StrEnum):
    """What is shown about a batch."""

    COMPLETENESS = "completeness"
    ABSENCE = "absence"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class BatchProof:
    """What is shown about one batch of the log.

    Attributes:
        batch_id: the batch.
        kind: all of the owner's records in it, or that there are none; NONE where nothing can be
            shown, because the batch is older than owner indexes or the owner was erased.
        records: how many records of the owner it holds, as far as they are known.
        file: path of the proof beside the statement; empty where there is none.
        tag: what stands for the owner in the batch, in hex; empty likewise.
    """

    batch_id: str
    kind: ProofKind
    records: int
    file: str
    tag: str


@dataclass(frozen=True, slots=True)
class Line:
    """One record of the owner about one asset.

    Attributes:
        index: its entry in the log.
        batch_id: the batch that holds it.
        type, asset, purpose, decision, reasons: as the record has them.
        decided_at: UTC seconds.
        dataset, release: what it belongs to.
        run, model: the training run; empty where it is about none.
        samples: how many times the run drew the asset; 0 without a run.
        license: its id; empty where none is known.
        multiplier, weight: what a sample counts and what they come to, as exact fractions; "0"
            where the record is not paid for.
        carriers, evidence: what consent rested on.
        superseded_by: index of the record that corrects it; None where none does.
        is_violation: the asset was used although it had been withdrawn.
    """

    index: int
    batch_id: str
    type: str
    asset: str
    purpose: str
    decision: str
    reasons: tuple[str, ...]
    decided_at: int
    dataset: str
    release: str
    run: str
    model: str
    samples: int
    license: str
    multiplier: str
    weight: str
    carriers: tuple[str, ...]
    evidence: tuple[str, ...]
    superseded_by: int | None
    is_violation: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of assets for one release, or for one run of it (``run`` is empty for the release).

    A corrected record counts as what it was corrected to.
    """

    dataset: str
    release: str
    run: str
    considered: int
    used: int
    samples: int
    excluded: int
    excluded_by: Mapping[str, int]
    revoked: int
    violations: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a contract pays to one account, in the token's smallest units, with its proof."""

    index: int
    account: str
    amount: str
    proof: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Money:
    """What the owner is due. Amounts are minor units, as decimal text.

    Attributes:
        is_settled: the period was paid; until then only ``pot`` and ``weight`` are known.
        total_weight: also empty for an owner who is due nothing.
        claims_root, claims_sha256: the payout tree and its file; empty where none is paid from.
    """

    is_settled: bool
    currency: str
    digits: int
    pot: str
    total_weight: str
    weight: str
    gross: str
    carried_in: str
    net: str
    carried_out: str
    shares: tuple[Mapping[str, Any], ...]
    claims: tuple[Claim, ...]
    claims_root: str
    claims_sha256: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement for one owner and one period.

    Attributes:
        statement_id: rules, period and the beginning of the owner's reference.
        owner_ref: the owner's pseudonym in this ledger.
        period, period_start, period_end: its name, first second and first second after it.
        made_at: UTC seconds.
        rules_id, rules_version, rules_sha256: the rule file.
        policies: name, version and digest of every policy that decided something here.
        vkey, size, root: the log, and the head that the proofs are for.
        held: how many different assets of the owner the log knows.
        summaries, lines: of the period.
        money: what is due.
        proofs: one for every batch of the log.
        receipt: where the newest anchored head stands on a chain; None where none was anchored.
        dispute_until: UTC seconds.
        contact: where to dispute it.
    """

    statement_id: str
    owner_ref: str
    period: str
    period_start: int
    period_end: int
    made_at: int
    rules_id: str
    rules_version: str
    rules_sha256: str
    policies: tuple[Mapping[str, str], ...]
    vkey: str
    size: int
    root: str
    held: int
    summaries: tuple[Summary, ...]
    lines: tuple[Line, ...]
    money: Money
    proofs: tuple[BatchProof, ...]
    receipt: Receipt | None
    dispute_until: int
    contact: str

    @property
    def weight_of_lines(self) -> str:
        """The owner's weight as the lines come to it, for comparison with the payout's."""
        return str(sum((Fraction(line.weight) for line in self.lines), Fraction(0)))

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary: what is signed."""
        return {**asdict(self), "format": FORMAT}
