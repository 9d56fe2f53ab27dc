"""Training runs in the ledger: which release a run used, and how often it drew each asset.

A run's records are made from the release's own: the same owner, policy and consent, with the run
beside them. An asset that was withdrawn since is not passed over: it is refused, or, where whoever
enters the run owns up to it, recorded as a use that should not have been.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from models.consent.purposes import Preference, Purpose
from models.errors import LedgerError
from models.ledger.batches import NO_DIGEST, Batch, BatchStatement, check_batch_id
from models.ledger.log import UsageLedger
from models.ledger.record_reading import read_asset, read_record
from models.ledger.records import (
    LARGEST,
    ConsentRef,
    LicenceRef,
    MediaType,
    RecordType,
    RunRef,
    UsageRecord,
    licence_id,
)
from models.reasons import Reason
from models.verdicts import Verdict

_SHOWN = 5


class Violation(StrEnum):
    """Why an asset should not have been used."""

    TAKEN_DOWN = "taken down"
    WITHDRAWN = "withdrawn"
    RENEWED = "withdrawn, and held again by a newer release"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What the ledger says later about an asset of a release.

    Attributes:
        record: that it is not to be used.
        renewed: a still later release of the dataset holds it again.
    """

    record: UsageRecord
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A training run that is to be entered.

    Attributes:
        run, model: tokens that the model's builder chose.
        release_id: the release, whole.
        dataset: its dataset's name.
        purpose: what the run was for.
        samples: how many times each asset was drawn, from 1.
        licences: by asset, as its consent names them; empty where it names none.
        taken_down: assets taken down since.
        decided_at: when it is entered, UTC seconds.
        withdrawn: assets whose owner has withdrawn consent to the purpose since.
    """

    run: str
    model: str
    release_id: str
    dataset: str
    purpose: Purpose
    samples: Mapping[str, int]
    licences: Mapping[str, str]
    taken_down: Set[str]
    decided_at: int
    withdrawn: Set[str] = frozenset()

    @property
    def batch_id(self) -> str:
        """The id of its batch: one for each run and release."""
        return name_batch(self.run, self.release_id)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What was entered, or would be.

    Attributes:
        assets: how many were used.
        samples: how many were drawn, together.
        violations: what should not have been used, and why.
        batch: where it stands in the log; None for a dry run.
        is_new: whether this call entered it.
    """

    assets: int
    samples: int
    violations: Mapping[str, Violation]
    batch: Batch | None
    is_new: bool


def name_batch(run: str, release_id: str) -> str:
    """The id of the batch of a run that used a release."""
    return f"run-{run}-{release_id[:16]}"


def is_run(statement: BatchStatement) -> bool:
    """Whether a batch is a training run's: a release's has a manifest, and is named by a digest."""
    named = statement.batch.batch_id.startswith("run-")
    return named and statement.manifest_sha256 == NO_DIGEST


def read_samples(path: Path) -> dict[str, int]:
    """How many times each asset was drawn: a CSV file with the columns asset and samples.

    Assets with 0 samples are left out.

    Raises:
        LedgerError: it cannot be read, a line is not an asset's id and a whole number, or an asset
            stands in it twice. The message names the line.
    """
    samples: dict[str, int] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            if next(rows, []) != ["asset", "samples"]:
                raise LedgerError(
                    f"{path} does not begin with the line asset,samples.", "Add it as line 1."
                )
            for row in rows:
                asset, count = _read_row(path, rows.line_num, row)
                if asset in samples:
                    raise LedgerError(
                        f"{path}, line {rows.line_num}: {asset} stands there twice.",
                        "Add up its samples.",
                    )
                samples[asset] = count
    except (OSError, UnicodeError, csv.Error) as error:
        raise LedgerError(
            f"{path} cannot be read: {error}.", "Give a CSV file in UTF-8."
        ) from error
    return {asset: count for asset, count in samples.items() if count}


def enter_run(
    ledger: UsageLedger, entry: RunEntry, *, acknowledge: bool = False, dry_run: bool = False
) -> RunReport:
    """Append the uses of a run as one batch.

    Asked again for the same run and release, also after a crash, it appends nothing.

    Args:
        acknowledge: record what should not have been used as what it is, instead of refusing.
        dry_run: check everything, and append nothing.

    Raises:
        LedgerError: an asset is not in the release, or was withdrawn; the release is not in the
            ledger, or not for this purpose; or the run was entered with other numbers.
    """
    check_batch_id(entry.batch_id)
    RunRef(entry.run, entry.model, 1)  # refuses what cannot name a run, before anything is read
    _check_assets(entry)
    total = sum(entry.samples.values())
    existing = ledger.batch(entry.batch_id)
    if existing is not None:
        said = _check_same(ledger, entry)
        return RunReport(len(entry.samples), total, said, existing, is_new=False)
    readable = {record["asset"]["sha256"] for record in _released(ledger, entry)}
    if not readable:
        raise LedgerError(
            f"The ledger has no use of release {entry.release_id[:16]} for {entry.purpose.value} "
            "that can be read.",
            "A run can only have used it for the purposes that its policy names.",
        )
    withdrawn = find_withdrawn(ledger, entry)
    violations: dict[str, Violation] = {}
    for asset in sorted(entry.samples):
        why = _find_violation(entry, asset, withdrawn.get(asset), asset in readable)
        if why is not None:
            violations[asset] = why
    if violations and not acknowledge:
        renewed = Violation.RENEWED in violations.values()
        raise LedgerError(
            f"{len(violations)} asset(s) of the run should not have been used: "
            f"{_show([f'{asset} ({why.value})' for asset, why in violations.items()])}.",
            "Train without them; or enter the run with --acknowledge-violations, which records "
            "these uses as what they are."
            + (" What a newer release holds again is entered under that one." if renewed else ""),
        )
    if dry_run:
        return RunReport(len(entry.samples), total, violations, None, is_new=False)
    records = _make_records(ledger, entry, violations, withdrawn)
    batch = ledger.append(entry.batch_id, records, entry.decided_at)
    return RunReport(len(entry.samples), total, violations, batch, is_new=True)


def find_withdrawn(ledger: UsageLedger, entry: RunEntry) -> dict[str, Withdrawal]:
    """Assets of the run about which the ledger says later that they are not to be used.

    An exclusion in a later release of the same dataset is taken back by a still later release
    that holds the asset again. A revocation is not: it ended the consent that this release rests
    on, and whatever was given since stands in the later release.
    """
    withdrawn: dict[str, Withdrawal] = {}
    later = False
    for batch in ledger.batches():
        if not later:
            later = batch.batch_id == entry.release_id
            continue
        statement = ledger.statement(batch.batch_id)
        if statement is None or not _may_end_consent(statement, bool(withdrawn)):
            continue
        for opening in ledger.openings(batch.batch_id):
            asset = read_asset(opening.canonical)
            if asset is None or asset not in entry.samples:
                continue
            record = read_record(opening.record)
            if not isinstance(record, UsageRecord) or record.purpose is not entry.purpose:
                continue
            _follow(withdrawn, record, entry.dataset)
    return withdrawn


def _follow(withdrawn: dict[str, Withdrawal], record: UsageRecord, dataset: str) -> None:
    """What a later record changes about its asset."""
    asset, same = record.asset_sha256, record.dataset.name == dataset
    before = withdrawn.get(asset)
    revoked = before is not None and before.record.type is RecordType.REVOKE
    if record.type is RecordType.REVOKE or (record.type is RecordType.EXCLUDE and same):
        withdrawn[asset] = Withdrawal(before.record if before and revoked else record)
    elif record.type is RecordType.USE and record.run is None and same and before is not None:
        if revoked:
            withdrawn[asset] = replace(before, renewed=True)
        else:
            del withdrawn[asset]


def _find_violation(
    entry: RunEntry, asset: str, withdrawal: Withdrawal | None, readable: bool
) -> Violation | None:
    """Why an asset of the run should not have been used; None where it might."""
    if asset in entry.taken_down:
        return Violation.TAKEN_DOWN
    if asset in entry.withdrawn:
        return Violation.WITHDRAWN
    if withdrawal is not None:
        return Violation.RENEWED if withdrawal.renewed else Violation.WITHDRAWN
    return None if readable else Violation.ERASED


def _may_end_consent(statement: BatchStatement, withdrawn: bool) -> bool:
    """Whether a batch can change what is withdrawn: a use only gives back what was taken."""
    counts = statement.counts
    ends = counts["exclude"] or counts["revoke"]
    return bool(ends or (withdrawn and counts["use"] and not is_run(statement)))


def _released(ledger: UsageLedger, entry: RunEntry) -> Iterator[dict[str, Any]]:
    """The release's own records about the assets that the run drew, for its purpose."""
    if ledger.batch(entry.release_id) is None:
        raise LedgerError(
            f"The release {entry.release_id[:16]} is not in the ledger.",
            "`kiyome cleanse` enters it.",
        )
    for opening in ledger.openings(entry.release_id):
        record = opening.record
        wanted = (record["type"], record.get("purpose")) == ("use", entry.purpose.value)
        if wanted and record["asset"]["sha256"] in entry.samples:
            yield record


def _make_records(
    ledger: UsageLedger,
    entry: RunEntry,
    violations: Mapping[str, Violation],
    withdrawn: Mapping[str, Withdrawal],
) -> Iterator[UsageRecord]:
    left = set(entry.samples)
    model = None
    for value in _released(ledger, entry):
        released = read_record(value)
        # One record for each asset.
        if not isinstance(released, UsageRecord) or released.asset_sha256 not in left:
            continue
        asset = released.asset_sha256
        left.remove(asset)
        model = released
        yield _own_up(_add_run(released, entry), violations.get(asset), withdrawn.get(asset))
    for asset in sorted(left):  # erased: nothing is known but that it was in the release
        if model is None:
            raise LedgerError("The release's records cannot be read.", "Restore them.")
        bare = replace(
            model,
            asset_sha256=asset,
            media_type=MediaType.UNKNOWN,
            value=Preference.UNKNOWN,
            consent=ConsentRef(),
            review=None,
            owner_ref="",
            observed_at=None,
            reasons=(),
        )
        yield _own_up(_add_run(bare, entry), violations.get(asset), withdrawn.get(asset))


def _add_run(record: UsageRecord, entry: RunEntry) -> UsageRecord:
    licence = entry.licences[record.asset_sha256]
    return replace(
        record,
        run=RunRef(entry.run, entry.model, entry.samples[record.asset_sha256]),
        license=LicenceRef(licence_id(licence)) if licence else None,
        decided_at=entry.decided_at,
    )


def _own_up(
    record: UsageRecord, violation: Violation | None, withdrawal: Withdrawal | None
) -> UsageRecord:
    if violation is None:
        return record
    reasons = record.reasons
    value = Preference.UNKNOWN if violation is Violation.ERASED else Preference.NOT_ALLOWED
    if violation is Violation.TAKEN_DOWN:
        reasons = (Reason.TAKEDOWN,)
    elif withdrawal is not None:
        reasons, value = withdrawal.record.reasons, withdrawal.record.value
    elif violation is Violation.WITHDRAWN:  # so recently that no release has told the ledger yet
        reasons = (Reason.CONSENT_WITHDRAWN,)
    return replace(record, decision=Verdict.EXCLUDE, value=value, reasons=reasons)


def _check_assets(entry: RunEntry) -> None:
    if not entry.samples:
        raise LedgerError("The run drew nothing.", "Give the number of samples of each asset.")
    strangers = sorted(entry.samples.keys() - entry.licences.keys())
    if strangers:
        raise LedgerError(
            f"{len(strangers)} asset(s) of the run are not in release {entry.release_id[:16]}: "
            f"{_show(strangers)}.",
            "Compare the release; a run that used several is entered once for each.",
        )


def _check_same(ledger: UsageLedger, entry: RunEntry) -> dict[str, Violation]:
    """Refuse numbers that differ from those entered; of the erased ones nothing is left."""
    entered: Counter[str] = Counter()
    violations: dict[str, Violation] = {}
    batch, count = ledger.batch(entry.batch_id), 0
    for opening in ledger.openings(entry.batch_id):
        record = read_record(opening.record)
        if not isinstance(record, UsageRecord) or record.run is None:
            continue
        count += 1
        entered[record.asset_sha256] = record.run.samples
        same = (record.run.model, record.purpose) == (entry.model, entry.purpose)
        if not same or record.run.samples != entry.samples.get(record.asset_sha256):
            raise _other_content(entry)
        if record.decision is Verdict.EXCLUDE:
            violations[record.asset_sha256] = _name_violation(record)
    if batch is not None and batch.size - batch.first_index != len(entry.samples):
        raise _other_content(entry)
    return violations


def _name_violation(record: UsageRecord) -> Violation:
    """What ``_own_up`` recorded."""
    if record.reasons == (Reason.TAKEDOWN,):
        return Violation.TAKEN_DOWN
    return Violation.WITHDRAWN if record.reasons else Violation.ERASED


def _other_content(entry: RunEntry) -> LedgerError:
    return LedgerError(
        f"The run {entry.run} is in the ledger with other numbers for this release.",
        "What is entered stays. Enter a run under another name, or records that correct it.",
    )


def _read_row(path: Path, line: int, row: list[str]) -> tuple[str, int]:
    if (
        len(row) == 2
        and re.fullmatch("[0-9a-f]{64}", row[0], re.ASCII)
        and re.fullmatch("[0-9]{1,16}", row[1], re.ASCII)
        and int(row[1]) < LARGEST
    ):
        return row[0], int(row[1])
    raise LedgerError(
        f"{path}, line {line} is not an asset's id and a whole number.",
        "Write the 64 hex digits of the asset's SHA-256, a comma, and how often it was drawn.",
    )


def _show(things: list[str]) -> str:
    more = f" and {len(things) - _SHOWN} more" if len(things) > _SHOWN else ""
    return ", ".join(things[:_SHOWN]) + more
