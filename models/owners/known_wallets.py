"""Which wallets have spoken about assets: in the evidence, and in the last run of a dataset.

Everything is read once, and again only what is new. What cannot be read makes nobody known.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from models.canonical import digest_bytes
from models.store.database import Database
from models.store.tables import EvidenceStatementRow

_log = logging.getLogger("kiyome.owners")
# A quotation mark within a value is written with a backslash: this matches nothing inside one.
_SETTER = r'"setter": ?"(?P<setter>0x[0-9a-f]{40}(?:/0x[0-9a-f]{40})?)"'
_READ_SETTER = re.compile(_SETTER)


class KnownWallets:
    """The addresses that speak in statements, by what is in a database and a workspace."""

    def __init__(self, database: Database, workspace: Path) -> None:
        self._database = database
        self._workspace = workspace
        self._lock = threading.Lock()
        self._heard: set[str] = set()
        self._evidence_read = 0
        self._judged: dict[Path, tuple[str, frozenset[str]]] = {}

    def knows(self, address: str) -> bool:
        """Whether a wallet is the proven speaker of a statement."""
        return bool(self.spellings(address))

    def spellings(self, address: str) -> tuple[str, ...]:
        """How statements that a wallet made name their setter, in order.

        That is its address, and its address behind that of a custodian who recorded what it had
        signed. What it recorded itself without being proven to control the asset
        (``address@block.index``) is not taken for its own.
        """
        behind = f"/{address}"
        return tuple(
            sorted(
                setter for setter in self._read() if setter == address or setter.endswith(behind)
            )
        )

    def _read(self) -> set[str]:
        with self._lock:
            self._read_evidence()
            self._read_judged()
            return self._heard.union(*(setters for _, setters in self._judged.values()))

    def _read_evidence(self) -> None:
        query = (
            select(EvidenceStatementRow.evidence_id, EvidenceStatementRow.statement)
            .where(EvidenceStatementRow.evidence_id > self._evidence_read)
            .order_by(EvidenceStatementRow.evidence_id)
            .execution_options(yield_per=10_000)
        )
        latest = self._evidence_read
        with self._database.snapshot() as session:
            for evidence_id, statement in session.execute(query):
                self._heard.update(_setters_in(statement))
                latest = evidence_id
        self._evidence_read = latest

    def _read_judged(self) -> None:
        found: dict[Path, tuple[str, frozenset[str]]] = {}
        for path in sorted((self._workspace / "datasets").glob("**/judged.json")):
            try:
                data = path.read_bytes()
                digest = digest_bytes(data)
                kept = self._judged.get(path)
                if kept is None or kept[0] != digest:
                    kept = (digest, frozenset(_read_run(self._workspace, data)))
                found[path] = kept
            except (OSError, ValueError, LookupError, TypeError) as error:
                _log.warning("the verdicts of the last run in %s cannot be read: %s", path, error)
        self._judged = found


def _read_run(workspace: Path, data: bytes) -> Iterator[str]:
    """The wallets that speak in the statements of a run.

    Raises:
        OSError, ValueError, LookupError, TypeError: a file is gone or damaged.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from models.stages import stage_folder

    for shard, output, _ in json.loads(data)["shards"]:
        path = stage_folder(workspace, "verdict", shard) / output
        try:
            texts = pq.read_table(path, columns=["statements"])["statements"].combine_chunks()
            found = pc.unique(pc.extract_regex(texts.flatten(), _SETTER).field("setter"))
        except pa.ArrowException as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        yield from (setter for setter in found.to_pylist() if setter)


def _setters_in(statement: str) -> Iterator[str]:
    for match in _READ_SETTER.finditer(statement):
        yield match["setter"]
