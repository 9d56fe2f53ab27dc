"""A studio for tests: datasets, a workspace, and everything to gather and decide without a flow."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.assets.asset import Asset
from models.assets.shards import read_shard
from models.consent.evidence.view import view_evidence
from models.consent.gathering.gather import Gathered, Source, gather_evidence
from models.consent.gathering.wanted import Wanted
from models.consent.looking import look_at, take_testimony
from models.consent.resolution import ConsentDecision
from models.consent.stage import ConsentStage
from models.consent.terms import ConsentPolicy
from models.planning import dataset_folder, make_plan
from models.policy import load_policy
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from tests.ipfs_dags import Dag, make_directory, make_file
from tests.pipeline import draw_picture, make_settings

DAY = 86_400
HEAD = 'name = "test"\nversion = "1"\n'
LOOPBACK = ("127.0.0.0/8",)


def contract_on_file(**terms: Any) -> str:
    """A contract of the policy, of the whole dataset unless ``terms`` say otherwise."""
    given: dict[str, Any] = {
        "id": "everything",
        "holder": "Studio",
        "purposes": ["generative_training"],
        "folder": "." if not terms.keys() & {"assets", "address", "signer"} else "",
        "entered_by": "Aoki",
        "approved_by": "Baba",
        **terms,
    }
    dates = "issued = 2026-01-01\nexpires = 2099-01-01\n"
    return table("contract", **{k: v for k, v in given.items() if v != ""}) + dates


def table(name: str, **values: Any) -> str:
    """A ``[[consent.<name>]]`` of the policy."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([f"\n[[consent.{name}]]", *lines, ""])


def preference(**uses: str) -> dict[str, Any]:
    """The part of a token's metadata that speaks of mining."""
    return {"dataMiningPreference": uses}


def inline(document: dict[str, Any]) -> str:
    """Metadata that stands in its address."""
    return "data:application/json," + json.dumps(document)


@dataclass
class Studio:
    """A workspace with datasets in folders of their own.

    Attributes:
        folder: everything lies in it.
        settings: in force; change them with ``set_up``.
        dag: what the studio's IPFS gateway serves.
    """

    folder: Path
    settings: Settings = field(init=False)
    dag: Dag = field(default_factory=dict)
    _databases: list[Database] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.set_up("")

    def set_up(self, policy: str, **settings: Any) -> None:
        """Write the policy's tables, and the settings that differ from before."""
        before = self.settings.model_dump() if hasattr(self, "settings") else {}
        given = {"fetch_allow": LOOPBACK, "fetch_delay": 0.0, **before, **settings}
        given.pop("policy", None)
        given.pop("workspace", None)
        self.settings = make_settings(self.folder, HEAD + policy, **given)

    @property
    def database(self) -> Database:
        """The workspace's database."""
        if not self._databases:
            self.settings.workspace.mkdir(exist_ok=True)
            self._databases.append(open_database(self.settings.resolved_database_url))
        return self._databases[0]

    def close(self) -> None:
        """Let go of the database."""
        for database in self._databases:
            database.dispose()

    @property
    def terms(self) -> ConsentPolicy:
        """What the policy says about consent."""
        return load_policy(self.settings.policy).consent

    def draw(self, name: str, seed: int = 1, *, dataset: str = "set", **sidecar: Any) -> bytes:
        """A picture of the dataset, with a sidecar where anything is said in it."""
        path = self.folder / dataset / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_picture(path, seed, size=256)
        self.beside(name, sidecar, dataset=dataset)
        return path.read_bytes()

    def put(self, name: str, data: bytes, *, dataset: str = "set", **sidecar: Any) -> None:
        """A file of the dataset, with a sidecar where anything is said in it."""
        path = self.folder / dataset / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.beside(name, sidecar, dataset=dataset)

    def beside(self, name: str, sidecar: dict[str, Any] | bytes, *, dataset: str = "set") -> None:
        """The JSON file beside a picture; an empty one is taken away."""
        path = (self.folder / dataset / name).with_suffix(".json")
        if sidecar:
            text = sidecar if isinstance(sidecar, bytes) else json.dumps(sidecar).encode()
            path.write_bytes(text)
        else:
            path.unlink(missing_ok=True)

    def publish(self, files: dict[str, bytes]) -> str:
        """A folder in IPFS: its address."""
        entries = {name: make_file([data], self.dag) for name, data in files.items()}
        return f"ipfs://{make_directory(entries, self.dag).canonical}"

    def publish_file(self, data: bytes) -> str:
        """A file in IPFS: its CID."""
        return make_file([data], self.dag).canonical

    def assets(self, dataset: str = "set") -> list[Sequence[Asset]]:
        """The shards of a dataset, scanned anew."""
        workspace = self.settings.workspace
        plan = make_plan(
            workspace,
            dataset,
            str(self.folder / dataset),
            layout="auto",
            shard_size=4,
            max_bytes=self.settings.max_bytes,
            workers=1,
        )
        shards = dataset_folder(workspace, dataset) / "shards"
        return [read_shard(shards / f"{digest}.parquet").assets for digest, _ in plan.shards]

    @property
    def stage(self) -> ConsentStage:
        """Reads what stands in and beside files."""
        return ConsentStage(self.settings.max_bytes)

    def want(self, dataset: str = "set") -> Wanted:
        """What the dataset gives reason to ask about."""
        wanted = Wanted(dataset, view_evidence(self.database), now())
        for members in self.assets(dataset):
            wanted.add_shard(members, self.stage.examine(members, lambda _: None))
        return wanted

    def gather(
        self,
        *sources: Source,
        dataset: str = "set",
        as_of: int | None = None,
        read_all: bool = False,
    ) -> Gathered:
        """Gather as a run does."""
        return gather_evidence(
            self.want(dataset),
            self.terms,
            self.settings,
            self.database,
            sources=sources,
            as_of=now() if as_of is None else as_of,
            read_all=read_all,
            again=lambda: self.want(dataset),
        )

    def decide(
        self, name: str, *, dataset: str = "set", as_of: int | None = None
    ) -> ConsentDecision:
        """What follows for one picture, by everything that is known now."""
        (asset,) = (
            asset
            for members in self.assets(dataset)
            for asset in members
            if asset.locations[0].name == name
        )
        look = look_at(
            asset,
            self.stage,
            take_testimony(self.database, self.terms),
            self.terms,
            max_pixels=self.settings.max_pixels,
            as_of=now() if as_of is None else as_of,
        )
        assert look.decision is not None
        return look.decision

    def verdict(
        self, name: str, *, dataset: str = "set", as_of: int | None = None
    ) -> tuple[str, str]:
        """Verdict and first reason for one picture."""
        decision = self.decide(name, dataset=dataset, as_of=as_of)
        return decision.verdict.value, decision.reasons[0].value


def now() -> int:
    """UTC seconds."""
    return int(time.time())
