"""The rig: one picture, everything that may speak of it, and the whole way to a decision.

Everything on that way is the product's own: stage, gathering, evidence, testimony, resolution. Only
limits are other than usual, so that waiting for what never comes takes fractions of a second.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from models.assets.asset import Asset
from models.canonical import digest_bytes
from models.consent.chain.rpc import ChainReader
from models.consent.gathering import chain as chain_gathering
from models.consent.gathering import outside
from models.consent.gathering.gather import Source, gather_evidence
from models.consent.gathering.wanted import Wanted
from models.consent.ipfs.cid import RAW, SHA2_256, Cid
from models.consent.looking import asset_of_file, look_at, take_testimony
from models.consent.stage import ConsentStage
from models.consent.terms import ConsentPolicy
from models.errors import PolicyError
from models.fetching import politeness
from models.fetching.fetcher import Fetcher, FetchLimits
from models.fetching.politeness import RetryRules
from models.policy import parse_policy
from models.settings import Settings
from models.store.database import Database
from models.store.tables import Base
from tests.anvil import CHAIN, Anvil
from tests.consent_files import picture
from tests.fetching_servers import Server, serving

MAX_IMAGE = 8 * 1024**2
MAX_FETCHED = 2 * 1024**2
METADATA_SERVICE = "http://169.254.169.254/latest/meta-data/"  # where clouds keep their secrets
PATIENT = 20.0
"""Seconds that an answer may take: a busy machine answers late, and that is no fault."""
HURRIED = 0.25
"""The same, where the scene is that no answer comes."""
DAY = 86_400
CONTRACT: dict[str, Any] = {
    "id": "K-1",
    "holder": "Studio Hoshikage",
    "purposes": ["generative_training"],
    "folder": ".",
    "entered_by": "Aiko",
    "approved_by": "Ben",
    "issued": date(2020, 1, 1),
    "expires": date(2099, 1, 1),
}


@dataclass
class World:
    """One picture and what is around it. A scene changes it before the decision is made.

    Attributes:
        folder: for files of this scene.
        chain: a running chain; None where the scene needs none.
        image: the picture's bytes.
        sidecar, second_sidecar: JSON beside it (``a.png.json`` and ``a.json``).
        replaced_sidecar: put in the sidecar's place after the dataset was scanned.
        sources: what is asked outside.
        terms: ``collection``, ``registry`` and ``license`` of every policy.
        contract: the contract on file; None for none.
        policy_text: a whole policy file in place of ``terms`` and ``contract``.
        endpoint: the chain's node; that of ``chain`` where "".
        gateway: an IPFS gateway.
        prepare: done with the database before anything is gathered.
        refusals: what was not taken in, in the words that the operator is shown.
        strayed: hosts outside this machine to which a connection was begun.
        later: seconds between gathering and the decision.
        max_answer: of a node, in bytes.
        patience: seconds that are waited for an answer.
    """

    folder: Path
    stack: ExitStack
    chain: Anvil | None = None
    image: bytes = field(default_factory=picture)
    sidecar: bytes | None = None
    second_sidecar: bytes | None = None
    replaced_sidecar: bytes | None = None
    sources: tuple[Source, ...] = ()
    terms: dict[str, Any] = field(default_factory=dict)
    contract: dict[str, Any] | None = field(default_factory=lambda: dict(CONTRACT))
    policy_text: str = ""
    endpoint: str = ""
    gateway: str = ""
    prepare: list[Callable[[Database, Path], None]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    strayed: list[str] = field(default_factory=list)
    later: int = 0
    max_answer: int = 64 * 1024**2
    patience: float = PATIENT
    _server: Server | None = None

    @property
    def server(self) -> Server:
        """A web server of this scene; it serves the picture at ``/a.png`` and nothing else."""
        if self._server is None:
            self._server = self.stack.enter_context(serving())
        return self._server

    @property
    def asset_id(self) -> str:
        """The picture's SHA-256."""
        return digest_bytes(self.image)

    @property
    def cid(self) -> str:
        """The picture's CID as one raw block."""
        return Cid(1, RAW, SHA2_256, bytes.fromhex(self.asset_id)).canonical

    @property
    def running(self) -> Anvil:
        """The chain, for scenes that have one."""
        assert self.chain is not None
        return self.chain

    def decide(self) -> tuple[str, str, str]:
        """Scan, gather, and decide under each of the three policies."""
        asset = self._scan()
        settings = self._settings()
        database = Database(settings.resolved_database_url)
        self.stack.callback(database.dispose)
        Base.metadata.create_all(database.engine)
        for prepare in self.prepare:
            prepare(database, settings.workspace)
        stage = ConsentStage(MAX_IMAGE)
        now = self._now()
        try:
            policies = self._policies()
        except PolicyError:
            return ("stopped PolicyError",) * 3
        wanted = Wanted()
        wanted.add_shard([asset], stage.examine([asset], lambda _: None))
        with self._short_limits():
            gather_evidence(
                wanted, policies[0], settings, database, sources=self.sources, as_of=now
            )
        first, second, third = (
            self._decide(asset, stage, database, policy, now + self.later) for policy in policies
        )
        return first, second, third

    def _scan(self) -> Asset:
        path = self.folder / "a.png"
        path.write_bytes(self.image)
        for name, content in (("a.png.json", self.sidecar), ("a.json", self.second_sidecar)):
            if content is not None:
                (self.folder / name).write_bytes(content)
        asset = asset_of_file(path)
        if self.replaced_sidecar is not None:
            (self.folder / "a.png.json").write_bytes(self.replaced_sidecar)
        return asset

    def _settings(self) -> Settings:
        workspace = self.folder / "workspace"
        workspace.mkdir()
        endpoint = self.endpoint or (self.chain.url if self.chain else "")
        return Settings(
            workspace=workspace,
            max_bytes=MAX_IMAGE,
            consent_rpc={CHAIN: endpoint} if endpoint else {},
            ipfs_gateways=(self.gateway,) if self.gateway else (),
            arweave_gateways=(),
            fetch_allow=("127.0.0.0/8",),
            fetch_delay=0,
        )

    def _now(self) -> int:
        now = int(time.time())
        if self.chain is not None:
            self.chain.finalize()
            newest = self.chain.ask("eth_getBlockByNumber", "latest", False)
            now = max(now, int(newest["timestamp"], 16))
        return now + 1

    def _policies(self) -> tuple[ConsentPolicy, ConsentPolicy, ConsentPolicy]:
        bare = ConsentPolicy.model_validate(self.terms)
        opt_out = ConsentPolicy.model_validate(
            {
                **self.terms,
                "profile": "opt-out",
                "opt_out_name": "legacy",
                "opt_in_target": date(2099, 1, 1),
            }
        )
        if self.policy_text:
            return parse_policy(self.policy_text).consent, bare, opt_out
        contracts = [] if self.contract is None else [self.contract]
        return ConsentPolicy.model_validate({**self.terms, "contract": contracts}), bare, opt_out

    def _decide(
        self, asset: Asset, stage: ConsentStage, database: Database, policy: ConsentPolicy, now: int
    ) -> str:
        look = look_at(
            asset, stage, take_testimony(database, policy), policy, max_pixels=10**6, as_of=now
        )
        if look.decision is None:
            return f"error {look.faults[0].reason}"
        return f"{look.decision.verdict} {look.decision.reasons[0]}"

    @contextmanager
    def _short_limits(self) -> Iterator[None]:
        """The product's own fetchers and chain readers, with this scene's patience."""
        limits = FetchLimits(
            max_bytes=MAX_FETCHED,
            connect_seconds=self.patience,
            read_seconds=self.patience,
            total_seconds=self.patience * 6,
            max_redirects=3,
        )
        connect = socket.socket.connect

        def watch(opened: socket.socket, address: Any) -> None:
            if address[0] not in ("127.0.0.1", "::1"):
                self.strayed.append(str(address[0]))
            connect(opened, address)

        with (
            mock.patch.object(socket.socket, "connect", watch),
            mock.patch.object(outside, "Fetcher", partial(Fetcher, limits)),
            mock.patch.object(politeness, "RetryRules", partial(RetryRules, retries=0)),
            mock.patch.object(
                chain_gathering,
                "ChainReader",
                partial(ChainReader, timeout=self.patience, attempts=1, sleep=_hurry),
            ),
            mock.patch("models.consent.chain.node._MAX_BODY", self.max_answer),
        ):
            yield


def _hurry(_: float) -> None:
    """Wait for nothing."""
