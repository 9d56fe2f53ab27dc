"""Gathering as a whole: what is due is asked, and everything found is recorded as it comes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from models.consent.evidence.naming import name_in_store
from models.consent.evidence.observation import Observation, Outcome
from models.consent.evidence.recording import read_cursors, record
from models.consent.evidence.view import EvidenceView, document_source, view_evidence
from models.consent.gathering.chain import ChainGathering
from models.consent.gathering.documents import observe_documents
from models.consent.gathering.originals import observe_originals
from models.consent.gathering.outside import Outside, open_outside
from models.consent.gathering.wanted import Wanted
from models.consent.gathering.web import observe_sites
from models.consent.licences import documents_to_fetch
from models.consent.terms import ConsentPolicy
from models.failpoints import reach
from models.settings import Settings
from models.store.database import Database

Source = Literal["chain", "documents", "web"]
Progress = Callable[[str, int], None]

_DAY = 86_400
_SOON = 3_600
"""Seconds after which a run asks again where something could not be asked."""
_RECORDED_AT_ONCE = 200


@dataclass
class Gathered:
    """What a gathering came to.

    Attributes:
        looks: how many looks ended how, by carrier.
        problems: what could not be asked at all, as sentences.
        due_at: when something should be asked again, UTC seconds; None where nothing was asked.
    """

    looks: dict[str, Counter[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    due_at: int | None = None

    def count(self, observation: Observation) -> None:
        """Take one observation into account."""
        self.looks.setdefault(observation.carrier, Counter())[observation.outcome.value] += 1

    @property
    def undetermined(self) -> int:
        """How many looks failed."""
        return sum(found[Outcome.UNDETERMINED.value] for found in self.looks.values())


def gather_evidence(
    wanted: Wanted,
    policy: ConsentPolicy,
    settings: Settings,
    database: Database,
    *,
    sources: Collection[Source],
    as_of: int,
    read_all: bool = False,
    progress: Progress = lambda _what, _count: None,
    clock: Callable[[], int] | None = None,
    again: Callable[[], Wanted] | None = None,
) -> Gathered:
    """Ask what is due, and record it. What was recorded before a failure stays.

    Args:
        wanted: what the dataset gives reason to ask about.
        policy: names collections and registries.
        settings: endpoints, gateways and limits.
        database: takes the evidence.
        sources: which of the sources outside may be asked; none, and only the files' own
            refusals are remembered.
        as_of: now, UTC seconds.
        read_all: ask everything, whether it is due or not.
        progress: told of each look: the carrier, and 1.
        clock: UTC seconds at later moments; ``as_of`` where not given.
        again: puts ``wanted`` together anew, by the evidence of then: what was found outside about
            a file is remembered for its copies at once. Where not given, it is the next time.

    Raises:
        SettingsError: a setting for fetching cannot be used.
        StoreError, WorkspaceError: the evidence cannot be written.
    """
    found = Gathered()
    now = clock or (lambda: as_of)
    recorder = _Recorder(database, settings, found, progress)

    def remember(files: Wanted) -> None:
        recorder.take(
            observe_originals(
                files,
                view_evidence(database),
                max_bytes=settings.max_bytes,
                max_pixels=settings.max_pixels,
                as_of=as_of,
            )
        )

    remember(wanted)
    chains = "chain" in sources and _concerns_chains(wanted, policy)
    web = "web" in sources and bool(wanted.addresses)
    if not (chains or web or "documents" in sources):
        return found
    outside = open_outside(settings)
    if chains:
        _ask_chains(wanted, policy, settings, database, outside, recorder, as_of, read_all)
    if web:
        urls = sorted(wanted.addresses)
        due = _due(view_evidence(database), {f"web:{url}": url for url in urls}, as_of, read_all)
        recorder.take(observe_sites(due, outside.web, now, settings.fetch_slots))
    if again is not None and (chains or web):
        remember(again())
    # Only now: what was said on chains and sites may point at licences, too.
    addresses = _documents_of(wanted, view_evidence(database)) if "documents" in sources else []
    names = {document_source(address): address for address in addresses}
    due = _due(view_evidence(database), names, as_of, read_all)
    recorder.take(observe_documents(due, outside.resolver.resolve, as_of))
    if chains or web or addresses:
        failed = found.undetermined or found.problems
        found.due_at = as_of + (_SOON if failed else _DAY)
    return found


def _concerns_chains(wanted: Wanted, policy: ConsentPolicy) -> bool:
    """Whether a chain could say anything, so that a dataset without reason costs nothing."""
    named = wanted.counts()["token"] or wanted.unproven
    return bool(policy.collection or policy.registry or named)


class _Recorder:
    """Writes observations in small batches, so that a crash costs little."""

    def __init__(
        self, database: Database, settings: Settings, found: Gathered, progress: Progress
    ) -> None:
        self._database = database
        self._workspace = settings.workspace
        self.found = found
        self._progress = progress

    def take(
        self,
        observations: Iterable[Observation],
        cursors: dict[str, dict[str, object]] | None = None,
    ) -> None:
        batch: list[Observation] = []
        for observation in observations:
            batch.append(observation)
            self.found.count(observation)
            self._progress(observation.carrier, 1)
            if len(batch) >= _RECORDED_AT_ONCE:
                self._record(batch)
                batch = []
        self._record(batch)
        if cursors:
            record(self._database, self._workspace, (), cursors)

    def _record(self, batch: list[Observation]) -> None:
        if batch:
            record(self._database, self._workspace, batch)
            reach("evidence.recorded")


def _ask_chains(
    wanted: Wanted,
    policy: ConsentPolicy,
    settings: Settings,
    database: Database,
    outside: Outside,
    recorder: _Recorder,
    as_of: int,
    read_all: bool,
) -> None:
    gathering = ChainGathering(
        policy,
        wanted,
        view_evidence(database),
        settings.consent_rpc,
        outside.resolver.resolve,
        read_cursors(database),
        as_of=as_of,
        slots=settings.fetch_slots,
        max_bytes=settings.max_bytes,
        read_all=read_all,
    )
    waiting: list[Observation] = []
    for batch in gathering.gather():
        waiting += batch.observations
        if batch.problem:
            recorder.found.problems.append(batch.problem)
        if batch.cursors or len(waiting) >= _RECORDED_AT_ONCE:
            recorder.take(waiting, dict(batch.cursors))
            waiting = []
    recorder.take(waiting)


def _due(known: EvidenceView, names: dict[str, str], as_of: int, read_all: bool) -> Iterator[str]:
    """Of the named sources those that were never read, failed, or are past their time."""
    prefixes = {name.partition(":")[0] + ":" for name in names}
    states = {s.source: s for prefix in prefixes for s in known.sources(prefix)}
    for name, address in names.items():
        state = states.get(name_in_store(name))
        settled = (
            state is not None
            and state.outcome is not Outcome.UNDETERMINED
            # A clock that once ran ahead must not keep anybody from asking until it is caught up.
            and state.observed_at <= as_of
            and (state.valid_until is None or state.valid_until > as_of)
        )
        if read_all or not settled:
            yield address


def _documents_of(wanted: Wanted, known: EvidenceView) -> list[str]:
    """The licences that statements about these assets point at, wherever they were made."""
    heard = known.about(wanted.subjects)
    said = (item.statement for items in heard.values() for item in items)
    return sorted(wanted.documents | documents_to_fetch(said))
