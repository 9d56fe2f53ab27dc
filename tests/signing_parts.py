"""A cleansed dataset whose releases have to be signed off, worked on through real flows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from models.consent.purposes import Purpose
from models.freshness import read_state
from models.ledger.log import UsageLedger
from models.releases.difference import compare_releases, write_difference
from models.releases.manifest import MANIFEST, OUTCOMES, REWRITTEN
from models.releases.proposal import Decision, Proposal, ToSign, list_proposals
from models.releases.proposing import propose
from models.releases.publishing import Contents, find_release, latest_release, publish
from models.releases.release import Release
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.summary import Summary, count_outcomes
from tests.pipeline import POLICY, draw_dataset, make_settings

if TYPE_CHECKING:
    from tasks.signed import Signed

DATASET = "set"


def signed_policy(sign_off: str, more: str = "") -> str:
    """A policy under which everything clear is published once it is signed."""
    return (
        f'{POLICY}\n[nouns]\nunknown_term = "allow"\n{more}\n[release]\nsign_off = "{sign_off}"\n'
    )


@dataclass
class SigningStudio:
    """A workspace and a dataset of small pictures."""

    folder: Path
    database_url: str
    sign_off: str = "lead"
    pictures: int = 6
    more: str = ""
    root: Path = field(init=False)
    settings: Settings = field(init=False)
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        caption = {0: "Hoshino Kirari waves from the platform"}
        self.root = draw_dataset(self.folder / DATASET, self.pictures, caption)
        # In few shards: a re-cleansing walks them by itself, and starts no processes for them.
        self.settings = make_settings(
            self.folder,
            signed_policy(self.sign_off, self.more),
            database_url=self.database_url,
            shard_size=64,
        )
        self.settings.workspace.mkdir(exist_ok=True)
        self.database = open_database(self.settings.resolved_database_url)

    def cleanse(self) -> Summary:
        """A run, through Prefect."""
        from flows.cleanse import cleanse

        given = self.settings.model_dump(mode="json")
        return Summary.from_dict(cleanse(str(self.root), dataset=DATASET, settings=given))

    def sign(
        self, actor: str, decision: Decision = "approve", note: str = "", number: int = 1
    ) -> Proposal:
        """Sign on the command line's way."""
        from flows.releasing import sign_release

        return sign_release(
            self.settings, DATASET, number, actor, decision, note=note, via="command"
        )

    def publish(self) -> list[Signed]:
        """Publish what is approved."""
        from flows.releasing import release_signed

        return release_signed(self.settings, DATASET)

    def proposals(self) -> tuple[Proposal, ...]:
        """The newest first."""
        with self.database.snapshot() as session:
            return list_proposals(session)

    def released(self) -> Release | None:
        """The release in force."""
        return latest_release(self.database, DATASET)

    def batches(self) -> list[str]:
        """Ids of the batches of the usage ledger."""
        ledger = UsageLedger.open(self.settings.workspace / "ledger", self.settings.ledger_origin)
        return [batch.batch_id for batch in ledger.batches()]


def make_rows(
    verdicts: dict[int, tuple[str, str]], names: str = "{:03d}.png"
) -> tuple[pa.Table, pa.Table]:
    """Manifest and outcomes of assets, by number, with verdict and first reason."""
    outcomes = [
        {
            "asset_id": f"{number:064x}",
            "names": [names.format(number)],
            "verdict": verdict,
            "reasons": [reason],
            "decided_by": "machine",
            "explanation_en": f"It is {verdict} because of {reason}.",
            "explanation_ja": f"理由：{reason}",
            "ruling_id": "",
        }
        for number, (verdict, reason) in sorted(verdicts.items())
    ]
    manifest = [
        {
            **{name: row[name] for name in ("asset_id", "names", "reasons", "decided_by")},
            "captions": [],
            "ruling_id": "",
            "basis": row["reasons"],
            "consent": [],
            "attribution": False,
            "authors": [],
        }
        for row in outcomes
        if row["verdict"] == "clear"
    ]
    return (
        pa.Table.from_pylist(manifest, schema=MANIFEST),
        pa.Table.from_pylist(outcomes, schema=OUTCOMES),
    )


def make_contents(verdicts: dict[int, tuple[str, str]]) -> Contents:
    """What a run would have come to."""
    manifest, outcomes = make_rows(verdicts)
    counts, reasons = count_outcomes(outcomes)
    facts = {
        "policy": {"label": "house 3, opt-in", "sha256": "d" * 64},
        "counts": counts,
        "reasons": reasons,
        "consent": {"purposes": ["generative_training"]},
    }
    return Contents(
        manifest,
        outcomes,
        REWRITTEN.empty_table(),
        facts,
        lambda _folder: None,
        (Purpose.GENERATIVE_TRAINING,),
    )


def put_proposal(
    database: Database,
    workspace: Path,
    contents: Contents,
    *,
    needed: int = 1,
    policy_sha256: str = "d" * 64,
    dataset: str = DATASET,
) -> Proposal:
    """Propose a release without a run."""
    to_sign = ToSign(
        needed=needed,
        run_id="run",
        policy_sha256=policy_sha256,
        decided=read_state(database, dataset),
        holds_until_ms=None,
        files={},
    )
    release, _, proposal = propose(database, workspace, dataset, contents, to_sign)
    assert proposal is not None
    before = find_release(database, dataset, release.number - 1) if release.number > 1 else None
    difference, rows = compare_releases(before, release, workspace)
    write_difference(release.path(workspace), difference, rows)
    return proposal


def seed_proposal(database: Database, workspace: Path, *, needed: int = 1) -> Proposal:
    """A published release of 40 pictures, and a proposed one that drops three and adds five."""
    clear = ("clear", "consent_granted")
    first = dict.fromkeys(range(40), clear)
    first |= dict.fromkeys(range(40, 46), ("review", "motif_resembles"))
    publish(database, workspace, DATASET, make_contents(first))
    second = {**first, 3: ("exclude", "takedown"), 4: ("exclude", "takedown")}
    second |= {7: ("review", "name_protected")}
    second |= dict.fromkeys((40, 41, 42, 50, 51), clear)
    return put_proposal(database, workspace, make_contents(second), needed=needed)
