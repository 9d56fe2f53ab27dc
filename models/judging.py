"""Judging a shard: from the outputs of its stages to one row per asset with its verdict."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from models.assets.asset import Asset, Fault
from models.canonical import canonical_json, digest_bytes, digest_of
from models.captions.edits import CaptionEdits, EditedAsset, edit_asset, join_rewritten
from models.captions.stage import EDITED
from models.consent.explanation import write_chain
from models.consent.reading_json import printable
from models.consent.resolution import ConsentDecision, resolve
from models.consent.statements import Statement
from models.consent.subjects import Subject, SubjectKind
from models.consent.testimony import Likeness, Testimony, Traits
from models.decisions import Decision, Ruling, TermRuling, TermRulings, Unedited, decide
from models.editing import CaptionEditor
from models.errors import KiyomeError
from models.findings import Finding
from models.nouns.permission import LicensedNames, Permitted, permit
from models.nouns.rewriting.captions import RewrittenCaption
from models.parquet import read_parquet
from models.policy import Policy
from models.reasons import Reason
from models.stages import describe_failure, stage_folder, store_record, store_table
from models.takedowns import ids_for_takedown
from models.unicode import escape_surrogates
from models.verdicts import Verdict
from models.withdrawals import NO_WITHDRAWALS, Withdrawals

CODE_VERSION = "verdict/7"

_CAPTION = pa.struct(
    [
        pa.field("index", pa.int32(), nullable=False),
        pa.field("original", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("edits", pa.list_(pa.string()), nullable=False),
        pa.field("edited", pa.string(), nullable=False),
    ]
)
"""A caption that a release gets rewritten; each edit is canonical JSON, and ``edited`` is the text
that a person put in its place, or ""."""

VERDICTS = pa.schema(
    [
        pa.field("asset_id", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("reasons", pa.list_(pa.string()), nullable=False),
        pa.field("decided_by", pa.string(), nullable=False),
        pa.field("explanation_en", pa.string(), nullable=False),
        pa.field("explanation_ja", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("ruling_id", pa.string(), nullable=False),
        pa.field("findings", pa.list_(pa.string()), nullable=False),
        pa.field("statements", pa.list_(pa.string()), nullable=False),
        pa.field("attribution", pa.bool_(), nullable=False),
        pa.field("authors", pa.list_(pa.string()), nullable=False),
        pa.field("basis", pa.list_(pa.string()), nullable=False),
        pa.field("consent_en", pa.string(), nullable=False),
        pa.field("consent_ja", pa.string(), nullable=False),
        pa.field("captions", pa.list_(_CAPTION), nullable=False),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("format", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """What was decided for one shard, and until when it stands by itself."""

    shard: str
    fingerprint: str
    output: str
    output_sha256: str
    counts: dict[str, int]
    reasons: dict[str, int]
    as_of: int
    holds_until: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Observed:
    """What the stages that ran have seen of one asset.

    Attributes:
        findings: what was seen; of edited captions, what stands in their new texts.
        edits: ids of the caption edits that its texts were examined with; None where its texts were
            not examined, because something else had excluded it.
        unedited: where there are any, what was seen with the original captions.
    """

    statements: tuple[Statement, ...] | None = None
    findings: tuple[Finding, ...] = ()
    faults: tuple[Fault, ...] = ()
    facts: Mapping[str, Any] | None = None
    traits: Traits | None = None
    edits: tuple[str, ...] | None = None
    unedited: tuple[Finding, ...] = ()


Consents = dict[str, tuple[tuple[Statement, ...], ConsentDecision]]
"""Consent decisions by asset id with the statements that they were made on, so that walking a shard
takes each of them once."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What the decisions of one run depend on besides what was observed.

    Attributes:
        policy: the policy in force.
        terms: what people have ruled about terms of this dataset.
        as_of: UTC seconds at which consent is weighed.
        rulings: effective rulings by asset id.
        takedowns: ids of assets whose takedown has been acknowledged.
        withdrawals: what owners have withdrawn.
        testimony: what was said about assets outside the dataset; None for nothing.
        licences: licences on file for names.
        editor: what rewrites captions; None where the policy rewrites none.
        edits: the caption edits in force, by asset id.
    """

    policy: Policy
    terms: TermRulings
    as_of: int
    rulings: Mapping[str, Ruling]
    takedowns: frozenset[str]
    testimony: Testimony | None = None
    licences: tuple[LicensedNames, ...] = ()
    editor: CaptionEditor | None = None
    withdrawals: Withdrawals = NO_WITHDRAWALS
    edits: CaptionEdits = field(default_factory=dict)

    def weigh(
        self, asset: Asset, observed: Observed, consents: Consents | None = None
    ) -> tuple[ConsentDecision | None, Decision]:
        """The consent decision and the verdict for one asset.

        Args:
            consents: what this bench has already decided about consent on the same statements; it
                is looked up here, and added to.
        """
        consent = self._resolve(asset, observed.statements, {} if consents is None else consents)
        edited, faults = self._put_edits(asset, observed)
        permitted = permit(edited.asset, observed.findings, self.licences, self.as_of)
        cut, also = self._edit(edited.asset, permitted)
        faults = (*observed.faults, *faults, *also)
        return consent, decide(
            edited.asset,
            consent,
            observed.findings,
            faults,
            self.policy,
            self.terms,
            permitted=permitted,
            captions=join_rewritten(asset, edited, cut),
            ruling=self.rulings.get(asset.asset_id),
            taken_down=bool(self.takedowns_of(asset)),
            withdrawn=self.keeps_out(asset, consent.statements if consent else ()),
            unedited=self._look_before(asset, observed, edited, consent),
        )

    def _put_edits(self, asset: Asset, observed: Observed) -> tuple[EditedAsset, tuple[Fault, ...]]:
        """The asset with its edited captions; a fault where it was not examined with just these."""
        edits = self.edits.get(asset.asset_id, ())
        if not edits and not observed.edits:
            return EditedAsset(asset, {}, ()), ()
        try:
            edited = edit_asset(asset, edits)
        except KiyomeError as error:
            fault = Fault(Reason.STAGE_FAILED, f"a caption edit cannot be applied: {error}")
            return EditedAsset(asset, {}, ()), (fault,)
        if observed.edits is not None and edited.edit_ids != observed.edits:
            fault = Fault(Reason.STAGE_FAILED, "its edited captions were not examined")
            return edited, (fault,)
        return edited, ()

    def _look_before(
        self,
        asset: Asset,
        observed: Observed,
        edited: EditedAsset,
        consent: ConsentDecision | None,
    ) -> Unedited | None:
        """What there was before people edited the captions, as far as it matters."""
        if not edited.applied:
            return Unedited(stale=True) if edited.stale else None
        ruling = self.rulings.get(asset.asset_id)
        question = ""
        if ruling is not None and ruling.rewrites:
            permitted = permit(asset, observed.unedited, self.licences, self.as_of)
            captions, faults = self._edit(asset, permitted)
            question = decide(
                asset,
                consent,
                observed.unedited,
                (*observed.faults, *faults),
                self.policy,
                self.terms,
                permitted=permitted,
                captions=captions,
                unedited=Unedited(stale=bool(edited.stale)),
            ).question
        return Unedited(observed.unedited, question, bool(edited.stale))

    def _edit(
        self, asset: Asset, permitted: Permitted
    ) -> tuple[tuple[RewrittenCaption, ...], tuple[Fault, ...]]:
        """The rewritten captions; a fault of this asset alone where that cannot be done."""
        if self.editor is None or not permitted.open:
            return (), ()
        try:
            return self.editor.edit(
                asset, permitted.open, self.licences, self.terms, self.as_of
            ), ()
        except Exception as error:  # noqa: BLE001  (one asset's failure is that asset's row)
            code, detail = describe_failure(error)
            return (), (Fault(Reason(code), f"its captions could not be rewritten: {detail}"),)

    def _resolve(
        self, asset: Asset, statements: tuple[Statement, ...] | None, consents: Consents
    ) -> ConsentDecision | None:
        if statements is None:
            return None
        known = consents.get(asset.asset_id)
        if known is not None and known[0] == statements:
            return known[1]
        decision = resolve(asset, statements, self.policy.consent, self.as_of)
        consents[asset.asset_id] = (statements, decision)
        return decision

    def takedowns_of(self, asset: Asset) -> frozenset[str]:
        """The takedowns that an asset falls under."""
        if not self.takedowns:
            return frozenset()
        names = (location.name for location in asset.locations)
        return self.takedowns & ids_for_takedown(asset.asset_id, names)

    def keeps_out(self, asset: Asset, statements: Iterable[Statement]) -> bool:
        """Whether an owner has withdrawn consent for an asset.

        Args:
            statements: all that is said about it, contracts on file among them.
        """
        names = (location.name for location in asset.locations)
        purposes = self.policy.consent.purposes
        return self.withdrawals.keep_out(asset.asset_id, names, statements, purposes)

    @property
    def withdrawn_holders(self) -> list[str]:
        """The withdrawals by holders of contracts: whom they reach, only the decision tells."""
        holders = {printable(contract.holder) for contract in self.policy.consent.contract}
        return self.withdrawals.of(holders).as_lines()


def hear(observed: Mapping[str, Observed], testimony: Testimony | None) -> dict[str, Observed]:
    """Add what was said outside the dataset to what the stages have read.

    An asset whose own statements could not be read stays without any: it is an error anyway. One
    of which nothing is said elsewhere stays the very object that it was.

    Raises:
        StoreError: the database cannot be reached.
    """
    if testimony is None:
        return dict(observed)
    heard = testimony.hear(
        {
            asset_id: seen.traits
            for asset_id, seen in observed.items()
            if seen.statements is not None and seen.traits is not None
        }
    )
    whole: dict[str, Observed] = {}
    for asset_id, seen in observed.items():
        whole[asset_id] = seen
        if seen.statements is not None:
            said = testimony.complete((*seen.statements, *heard.get(asset_id, ())))
            if said != seen.statements:
                whole[asset_id] = replace(seen, statements=said)
    return whole


def gather(assets: Sequence[Asset], outputs: Mapping[str, pa.Table]) -> dict[str, Observed]:
    """Put together, per asset, what each stage's output says.

    Args:
        assets: the shard's assets.
        outputs: stage name to output; rows of assets that are not asked about are ignored.
    """
    rows = {
        stage: {row["asset_id"]: row for row in table.to_pylist()}
        for stage, table in outputs.items()
    }
    return {asset.asset_id: _observe(asset.asset_id, rows) for asset in assets}


def _observe(asset_id: str, rows: Mapping[str, Mapping[str, dict[str, Any]]]) -> Observed:
    statements: tuple[Statement, ...] | None = None
    findings: list[Finding] = []
    faults: list[Fault] = []
    facts: dict[str, Any] = {}
    subjects: tuple[Subject, ...] = (Subject(SubjectKind.SHA256, asset_id),)
    look: dict[str, Any] = {}
    likeness: Likeness | None = None
    names = rows.get("nouns", {})
    edited = rows.get(EDITED, {}).get(asset_id)
    unedited: list[Finding] = []
    for stage, by_id in rows.items():
        row = by_id.get(asset_id)
        if row is None:
            continue
        if row["fault_code"]:
            faults.append(Fault(Reason(row["fault_code"]), row["fault_detail"] or ""))
        elif stage == "consent":
            statements = tuple(Statement.from_dict(json.loads(s)) for s in row["statements"])
            subjects = tuple(Subject.parse(text) for text in row.get("subjects") or ())
        found = [Finding.from_dict(json.loads(f)) for f in row.get("findings") or ()]
        if stage != EDITED:
            unedited += found
        if stage != "nouns" or edited is None:  # what the new texts say takes its place
            findings += found
        facts |= {key: row[key] for key in ("width", "height", "format") if row.get(key)}
        if stage == "features" and row.get("pdq"):
            look = {"look": row["pdq"], "look_quality": row["pdq_quality"]}
        elif stage == "likeness" and not row["fault_code"]:
            likeness = Likeness(
                row["pdq"], row["pdq_quality"], tuple(row["image_codes"]), row["instance_code"]
            )
    traits = Traits(subjects, **look, likeness=likeness)
    return Observed(
        statements,
        tuple(findings),
        tuple(dict.fromkeys(faults)),
        facts,
        traits,
        edits=tuple(edited["edits"] or ()) if edited else () if asset_id in names else None,
        unedited=tuple(unedited) if edited else (),
    )


def select_undecided(
    assets: Sequence[Asset],
    outputs: Mapping[str, pa.Table],
    bench: Bench,
    consents: Consents | None = None,
) -> list[Asset]:
    """The assets that are worth a further stage: those that nothing seen so far excludes.

    An asset whose consent could not be examined is an error whatever comes next, so it is left
    out as well, and so is one that processes die of.

    Args:
        consents: see ``Bench.weigh``.
    """
    observed = hear(gather(assets, outputs), bench.testimony)
    return [
        asset
        for asset in assets
        if (seen := observed[asset.asset_id]).statements is not None
        and all(fault.reason is not Reason.PROCESS_LOST for fault in seen.faults)
        and bench.weigh(asset, seen, consents)[1].verdict is not Verdict.EXCLUDE
    ]


def judge(
    shard: str,
    assets: Sequence[Asset],
    outputs: Mapping[str, pa.Table],
    bench: Bench,
    workspace: Path,
    dataset: str,
    consents: Consents | None = None,
) -> VerdictRecord:
    """Decide every asset of a shard, and keep the rows with a completion record.

    The same inputs are not judged twice: a record is used again while nothing it was made from has
    changed and no consent in it has run out.

    Args:
        consents: see ``Bench.weigh``.

    Raises:
        WorkspaceError: the rows cannot be written.
    """
    started = time.monotonic()
    folder = stage_folder(workspace, "verdict", shard)
    read = gather(assets, outputs)
    observed = hear(read, bench.testimony)
    heard = {i: seen.statements or () for i, seen in observed.items() if seen is not read[i]}
    withdrawn = [
        asset.asset_id
        for asset in assets
        if bench.keeps_out(asset, observed[asset.asset_id].statements or ())
    ]
    fingerprint = fingerprint_of(shard, assets, outputs, heard, withdrawn, bench, dataset)
    if previous := read_verdict_record(folder, fingerprint, bench.as_of):
        return previous
    rows: list[dict[str, Any]] = []
    deadlines: list[int] = []
    for asset in assets:
        seen = observed[asset.asset_id]
        consent, decision = bench.weigh(asset, seen, consents)
        rows.append(write_row(asset, seen, consent, decision, bench.policy))
        if decision.valid_until is not None:
            deadlines.append(decision.valid_until)
    output, digest = store_table(folder, fingerprint, pa.Table.from_pylist(rows, schema=VERDICTS))
    record = VerdictRecord(
        shard=shard,
        fingerprint=fingerprint,
        output=output,
        output_sha256=digest,
        counts={v.value: sum(row["verdict"] == v.value for row in rows) for v in Verdict},
        reasons=dict(sorted(Counter(row["reasons"][0] for row in rows).items())),
        as_of=bench.as_of,
        holds_until=min(deadlines, default=None),
        seconds=round(time.monotonic() - started, 3),
    )
    store_record(folder, fingerprint, asdict(record))
    return record


def read_verdict_record(folder: Path, fingerprint: str, as_of: int) -> VerdictRecord | None:
    """The record of a judged shard that still stands at ``as_of``, or None."""
    try:
        record = VerdictRecord(**json.loads((folder / f"{fingerprint}.json").read_bytes()))
        intact = digest_bytes((folder / record.output).read_bytes()) == record.output_sha256
    except (OSError, ValueError, TypeError):
        return None
    stands = record.as_of <= as_of and (record.holds_until is None or as_of < record.holds_until)
    return record if intact and stands else None


def read_verdicts(
    workspace: Path, record: VerdictRecord, columns: Sequence[str] | None = None
) -> pa.Table:
    """The rows that a record vouches for, in shard order.

    Args:
        columns: those to read; None for all.
    """
    path = stage_folder(workspace, "verdict", record.shard) / record.output
    return read_parquet(path, columns)


def fingerprint_of(
    shard: str,
    assets: Sequence[Asset],
    outputs: Mapping[str, pa.Table],
    heard: Mapping[str, Sequence[Statement]],
    withdrawn: Sequence[str],
    bench: Bench,
    dataset: str,
) -> str:
    ids = {asset.asset_id for asset in assets}
    return digest_of(
        {
            "code": CODE_VERSION,
            "dataset": dataset,
            "shard": shard,
            "policy": bench.policy.digest,
            "licences": [
                [each.terms.id, sorted(each.entries)] for each in bench.licences if each.entries
            ],
            "editor": bench.editor.fingerprint if bench.editor else "",
            "edits": {i: [e.id for e in bench.edits[i]] for i in sorted(ids & bench.edits.keys())},
            "outputs": {stage: _table_digest(table) for stage, table in sorted(outputs.items())},
            "heard": {i: [s.as_dict() for s in said] for i, said in sorted(heard.items())},
            "rulings": {i: asdict(bench.rulings[i]) for i in sorted(ids & bench.rulings.keys())},
            "terms": _ruled_terms(outputs, bench.terms),
            "takedowns": sorted(frozenset[str]().union(*map(bench.takedowns_of, assets))),
            "withdrawn": [*sorted(withdrawn), *bench.withdrawn_holders],
        }
    )


def _ruled_terms(
    outputs: Mapping[str, pa.Table], terms: Mapping[str, TermRuling]
) -> dict[str, str]:
    """The rulings about terms that stand in a shard: one elsewhere is no reason to judge again."""
    if not terms:
        return {}
    found = {
        json.loads(text).get("term", "")
        for stage in ("nouns", EDITED)
        if stage in outputs
        for row in outputs[stage]["findings"].to_pylist()
        for text in row or ()
    }
    return {term: terms[term].ruling_id for term in sorted(found & terms.keys())}


def _table_digest(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return digest_bytes(memoryview(sink.getvalue()))


def write_row(
    asset: Asset,
    seen: Observed,
    consent: ConsentDecision | None,
    decision: Decision,
    policy: Policy,
) -> dict[str, Any]:
    facts = seen.facts or {}
    statements = consent.statements if consent else ()
    return {
        "asset_id": asset.asset_id,
        "verdict": decision.verdict.value,
        "reasons": [reason.value for reason in decision.reasons],
        "decided_by": decision.decided_by,
        "explanation_en": decision.explain(consent, "en"),
        "explanation_ja": decision.explain(consent, "ja"),
        "question": decision.question,
        "ruling_id": decision.ruling_id,
        "findings": [canonical_json(f.as_dict()).decode() for f in decision.findings],
        "statements": [canonical_json(s.as_dict()).decode() for s in statements],
        "attribution": bool(consent and consent.attribution),
        "authors": list(consent.authors) if consent else [],
        "basis": [reason.value for reason in consent.reasons] if consent else [],
        "consent_en": _chain(consent, decision, policy, "en"),
        "consent_ja": _chain(consent, decision, policy, "ja"),
        "captions": [
            {
                "index": caption.index,
                "original": escape_surrogates(caption.original),
                "text": escape_surrogates(caption.text),
                "edits": [canonical_json(edit.as_dict()).decode() for edit in caption.edits],
                "edited": escape_surrogates(caption.edited),
            }
            for caption in decision.captions
        ],
        "width": facts.get("width"),
        "height": facts.get("height"),
        "format": facts.get("format"),
    }


def _chain(
    consent: ConsentDecision | None,
    decision: Decision,
    policy: Policy,
    language: Literal["en", "ja"],
) -> str:
    """The chain of statements, for a reviewer: only where there is something to rule on."""
    if consent is None or not decision.question:
        return ""
    return write_chain(
        consent.statements, consent.decided_by, consent.reasons, policy.consent, language
    )
