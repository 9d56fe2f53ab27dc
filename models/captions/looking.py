"""A quick look for names in a text that somebody is writing, as the next run would look.

What it takes is loaded once, beside the requests, and anew when the register changes. Until it is
there a look says nothing, and the text is examined in the next run only. A look never decides.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from models.errors import KiyomeError
from models.settings import Settings
from models.store.database import Database
from models.store.tables import RegisterRow

if TYPE_CHECKING:
    from models.findings import Finding
    from models.nouns.pipeline import NamesPipeline
    from models.policy import Policy

_log = logging.getLogger("kiyome.review")
_WAIT_S = 2.0
"""How long a look waits for another one; the pipeline serves one at a time."""

_Versions = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What names are found with, and how the registers stood when it was loaded."""

    versions: _Versions
    pipeline: NamesPipeline
    policy: Policy | None


class CaptionLook:
    """Looks for names in texts.

    Args:
        settings: where the register's compiled form is kept, and which models are used.
        database: holds the registers and the rulings on terms.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None
        self._failed: _Versions | None = None

    def look(self, dataset: str, texts: Sequence[str]) -> list[list[Finding]] | None:
        """What the policy would act on in each text, or None where that cannot be told now.

        Raises:
            StoreError: the database cannot be reached.
        """
        versions = self._read_versions()
        loaded = self._loaded
        if loaded is None or loaded.versions != versions:
            self._load_beside(versions)
            return None
        return self._find(loaded, dataset, texts)

    def load(self) -> None:
        """Load now, and return when it is done."""
        versions = self._read_versions()
        with self._loading:
            self._load(versions)

    def _find(
        self, loaded: _Loaded, dataset: str, texts: Sequence[str]
    ) -> list[list[Finding]] | None:
        from models.decisions import TermRuling, choose_noun_action
        from models.nouns.recognition import prepare
        from models.nouns.stage import PlacedText, describe
        from models.nouns.terms.records import effective_term_rulings

        if not self._lock.acquire(timeout=_WAIT_S):
            return None
        try:
            prepared = [prepare(text) for text in texts]
            seen = loaded.pipeline.find(prepared)
        except Exception:  # noqa: BLE001  (a look is a convenience; the run examines the text)
            _log.exception("a caption cannot be looked at")
            return None
        finally:
            self._lock.release()
        with self._database.snapshot() as session:
            terms: dict[str, TermRuling] = effective_term_rulings(session, dataset)
        found = [
            [describe(sighting, PlacedText(noun, caption=index)) for sighting in sightings]
            for index, (noun, sightings) in enumerate(zip(prepared, seen, strict=True))
        ]
        policy = loaded.policy
        if policy is None:
            return found
        return [
            [each for each in findings if choose_noun_action(each, policy, terms) != "allow"]
            for findings in found
        ]

    def _read_versions(self) -> _Versions:
        with self._database.snapshot() as session:
            rows = session.execute(
                select(RegisterRow.kind, RegisterRow.version).order_by(RegisterRow.kind)
            )
            return tuple((kind, version) for kind, version in rows if kind != "motifs")

    def _load_beside(self, versions: _Versions) -> None:
        if versions == self._failed or not self._loading.acquire(blocking=False):
            return

        def load() -> None:
            try:
                self._load(versions)
            finally:
                self._loading.release()

        threading.Thread(target=load, name="caption-look", daemon=True).start()

    def _load(self, versions: _Versions) -> None:
        try:
            from models.nouns.knowledge import load_knowledge
            from models.nouns.pipeline import NamesPipeline, build_pipeline

            with self._database.snapshot() as session:
                knowledge = load_knowledge(session, self._settings)
            cache = self._settings.workspace / "indexes"
            nlp = build_pipeline(knowledge, cache, spans=bool(knowledge.components))
            self._loaded = _Loaded(versions, NamesPipeline(nlp), self._read_policy())
        except (KiyomeError, OSError, ImportError) as error:
            self._failed = versions
            _log.warning("captions cannot be looked at while they are written: %s", error)

    def _read_policy(self) -> Policy | None:
        """The policy, or None where it cannot be read here: then every name is shown."""
        from models.policy import load_policy

        try:
            return load_policy(self._settings.policy)
        except KiyomeError:
            return None
