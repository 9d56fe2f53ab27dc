"""The order of a run: what tasks are told, as one small file that any worker can open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from models.assets.asset import Asset
from models.assets.shards import Shard, read_shard
from models.canonical import digest_lines, digest_of
from models.captions.records import effective_edits
from models.captions.stage import EditedCaptionsStage, choose_edited
from models.consent.contract_register import with_registered
from models.consent.evidence.recording import latest_evidence
from models.consent.evidence.view import EvidenceView
from models.consent.testimony import Testimony
from models.decisions import Ruling
from models.detectors import Detectors, load_detectors
from models.editing import CaptionEditor
from models.errors import WorkspaceError
from models.files import write_atomically
from models.judging import Bench
from models.nouns.permission import find_licensed
from models.nouns.stage import NounsStage
from models.nouns.terms.records import effective_term_rulings
from models.planning import dataset_folder
from models.policy import Policy, load_policy
from models.recleansing.carrying import Carrier, has_output
from models.recleansing.members import read_members
from models.recleansing.stamps import Stamps
from models.review.queue import effective_rulings
from models.settings import Settings
from models.stages import (
    Progress,
    Stage,
    StageRecord,
    read_output,
    read_record,
    run_stage,
    stage_folder,
)
from models.store.database import Database, now_ms
from models.store.schema import open_database
from models.takedowns import takedown_times
from models.withdrawals import read_withdrawals
from tasks.apart import Place, examine_apart
from tasks.progress import report


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is to do.

    Attributes:
        run_id: which run.
        dataset, root, layout: what to cleanse.
        settings: the settings in force, as JSON-ready values. What may hold a key or a password is
            no part of them: the process that carries out the run has it in its environment.
        policy: absolute path of the policy file.
        policy_digest: what the policy said when the run began.
        as_of: UTC seconds at which consent is weighed.
    """

    run_id: str
    dataset: str
    root: str
    layout: str
    settings: dict[str, Any]
    policy: str
    policy_digest: str
    as_of: int


class Desk:
    """An order, with everything that it takes to carry it out, loaded when first needed."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.settings = Settings(**order.settings)
        self.workspace = self.settings.workspace

    @cached_property
    def policy(self) -> Policy:
        """The policy, as it was when the run began, with the contracts that have been approved.

        Raises:
            WorkspaceError: the file has been edited since.
        """
        policy = load_policy(Path(self.order.policy))
        if policy.digest != self.order.policy_digest:
            raise WorkspaceError(
                f"The policy {self.order.policy} was edited while the run was going on.",
                "Run again: what has been examined is kept.",
            )
        with self.database.snapshot() as session:
            return with_registered(policy, session)

    @cached_property
    def database(self) -> Database:
        """The database."""
        return open_database(self.settings.resolved_database_url)

    @cached_property
    def detectors(self) -> Detectors:
        """Every stage, loaded once in this process."""
        return load_detectors(
            self.settings, self.policy, Path(self.order.policy).parent, self.database
        )

    @cached_property
    def bench(self) -> Bench:
        """What decisions depend on: rulings, refusals, edits and evidence as of its first use."""
        with self.database.snapshot() as session:
            rulings = {
                asset_id: Ruling(
                    question=ruling.question,
                    approves=ruling.ruling == "approve",
                    ruling_id=ruling.ruling_id,
                    reviewer=ruling.reviewer,
                    rewrites=ruling.ruling == "rewrite",
                )
                for asset_id, ruling in effective_rulings(session, self.order.dataset).items()
            }
            takedowns = frozenset(takedown_times(session))
            withdrawals = read_withdrawals(session)
            edits = effective_edits(session, self.order.dataset)
            evidence = latest_evidence(session)
            terms = effective_term_rulings(session, self.order.dataset)
            licences = find_licensed(session, self.policy.nouns.license)
        return Bench(
            policy=self.policy,
            terms=terms,
            as_of=self.order.as_of,
            rulings=rulings,
            takedowns=takedowns,
            withdrawals=withdrawals,
            licences=licences,
            editor=self._editor,
            edits=edits,
            testimony=Testimony(EvidenceView(self.database, evidence), self.policy.consent),
        )

    @property
    def _editor(self) -> CaptionEditor | None:
        if not self.policy.nouns.rewrites:
            return None
        return CaptionEditor(self.detectors.nouns, self.policy)

    def edited(self, members: Sequence[Asset]) -> EditedCaptionsStage | None:
        """The stage for the captions of a shard that people have edited; None where they have not.

        Args:
            members: all assets of the shard.
        """
        edits = choose_edited(members, self.bench.edits)
        return EditedCaptionsStage(self.detectors.nouns, edits) if edits else None

    @cached_property
    def carrier(self) -> Carrier:
        """What carries outputs over from older registers."""
        return Carrier(self.detectors, self.database, self.workspace, self.settings.max_pixels)

    @cached_property
    def stamps(self) -> Stamps:
        """Which files of the dataset have been verified."""
        return Stamps.load(self.stamps_file)

    @property
    def order_file(self) -> Path:
        """Where the order is written down."""
        return _order_file(self.workspace, self.order.run_id)

    @property
    def stamps_file(self) -> Path:
        """Where ``stamps`` are kept."""
        return dataset_folder(self.workspace, self.order.dataset) / "verified.json"

    def shard_file(self, digest: str) -> Path:
        """The file of one shard of the plan."""
        folder = dataset_folder(self.workspace, self.order.dataset) / "shards"
        return folder / f"{digest}.parquet"

    def carry_names(self, digest: str) -> StageRecord | None:
        """Carry the names found in a shard over from an older register, where there is need.

        Returns:
            The record of the output that was made, or None.
        """
        fingerprint = self.detectors.nouns.fingerprint
        if has_output(self.workspace, NounsStage.name, digest, fingerprint):
            return None
        if not self.carrier.names:
            return None
        members = read_members(self.shard_file(digest), self.stamps)
        return self.carrier.carry_names(members, self.stamps)

    def look_again(self) -> None:
        """Forget rulings, refusals, edits and evidence: the next decision reads them anew."""
        self.__dict__.pop("bench", None)

    def shard(self, digest: str) -> Shard:
        """One shard of the plan."""
        return read_shard(self.shard_file(digest))


class ShardWork:
    """What a stage is asked to do on one shard; opaque to Prefect, which never looks inside."""

    def __init__(self, desk: Desk, stage: Stage, shard: str, assets: Sequence[Asset]) -> None:
        self.desk = desk
        self.stage = stage
        self.shard = shard
        self.assets = assets

    @property
    def key(self) -> str:
        """Cache key: all that decides the result of this work."""
        ids = digest_lines(asset.asset_id for asset in self.assets)
        return digest_of([str(self.desk.workspace), self.stage.fingerprint, self.shard, ids])

    @property
    def kept(self) -> bool:
        """Whether the output on disk already answers for all of it, with nothing to try again."""
        record = read_record(self._folder, self.stage.fingerprint)
        if record is None or not record.settled:
            return False
        done = set(read_output(self._folder, record)["asset_id"].to_pylist())
        return all(asset.asset_id in done for asset in self.assets)

    @property
    def _folder(self) -> Path:
        return stage_folder(self.desk.workspace, self.stage.name, self.shard)

    def read(self) -> pa.Table:
        """The stage's rows for the shard, once the work has been carried out.

        Raises:
            WorkspaceError: they have been deleted or damaged since.
        """
        record = read_record(self._folder, self.stage.fingerprint)
        if record is None:
            raise WorkspaceError(
                f"The output of stage {self.stage.name} in {self._folder} is gone or damaged.",
                "Run again: it will be made anew.",
            )
        return read_output(self._folder, record)

    def carry_out(self) -> StageRecord:
        """Examine what has not been examined yet; what a process died of before, apart."""
        report(self.stage.name, 0, len(self.assets))
        return run_stage(
            self.stage,
            self.shard,
            self.assets,
            self.desk.workspace,
            lambda finished: report(self.stage.name, finished),
            self._examine_apart,
        )

    def _examine_apart(self, stage: Stage, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        place = Place(self.desk.order_file, self.shard, self.desk.settings.workers)
        return examine_apart(place, stage, assets, progress)


def write_order(
    run_id: str, dataset: str, root: str, layout: str, settings: Settings, database: Database
) -> Path:
    """Write down what a run is to do.

    Raises:
        PolicyError: the policy cannot be used.
        WorkspaceError: the file cannot be written.
    """
    policy_file = settings.policy.absolute()
    with database.snapshot() as session:
        as_of = now_ms(session) // 1000
    order = Order(
        run_id=run_id,
        dataset=dataset,
        root=root,
        layout=layout,
        settings=settings.without_secrets,
        policy=str(policy_file),
        policy_digest=load_policy(policy_file).digest,
        as_of=as_of,
    )
    path = _order_file(settings.workspace, run_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(asdict(order), indent=1).encode())
    except OSError as error:
        raise WorkspaceError(
            f"The order of the run cannot be written to {path.parent}: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error
    return path


def _order_file(workspace: Path, run_id: str) -> Path:
    return workspace / "runs" / f"{run_id}.order.json"


@lru_cache(maxsize=2)
def open_desk(order: str) -> Desk:
    """The desk for an order file; one per process and run.

    Raises:
        WorkspaceError: there is no such file, or it is damaged.
    """
    return Desk(read_order(order))


def read_order(order: str) -> Order:
    """What a run is to do, from its order file.

    Raises:
        WorkspaceError: there is no such file, or it is damaged.
    """
    try:
        return Order(**json.loads(Path(order).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise WorkspaceError(
            f"The order {order} cannot be read: {error}.", "Run `kiyome cleanse` again."
        ) from error
