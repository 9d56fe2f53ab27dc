"""Where a request stands: what each dataset's releases hold of what it is about.

Nothing here is remembered. It is read from the manifests as they lie on the disk, the last run and
the registers, so that what an owner is told cannot differ from what is so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import WorkspaceError
from models.motifs.listing import PROTECTED
from models.owners.known_assets import find_in_last_run
from models.owners.requests import MOTIF, NAME, Happened, OwnerRequest, RequestKind
from models.planning import dataset_folder
from models.releases.publishing import purposes_of
from models.releases.release import Release
from models.store.tables import MotifRow, NameRow, ReleaseRow, RunRow


class Place(StrEnum):
    """How a dataset stands to a request."""

    STILL = "still"
    """The newest release holds it, and was made before the request."""
    GONE = "gone"
    """A release held it; those made since do not."""
    KEPT_OUT = "kept_out"
    """The dataset has it, and no release held it when it was asked for."""
    OTHER_PURPOSE = "other_purpose"
    """A release holds it, for uses that were not withdrawn."""
    HELD_SINCE = "held_since"
    """A release that was made after the request holds it: this must never be."""
    UNREADABLE = "unreadable"
    """A manifest that it takes to tell is gone or damaged."""
    APPLIED = "applied"
    """A run that began after the name or motif was protected has ended."""
    NEXT_RUN = "next_run"
    """No run has looked for the name or motif yet."""


class State(StrEnum):
    """What a request has come to as a whole."""

    HELD = "held"
    PROTECTED = "protected"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    WAITING = "waiting"
    IN_FORCE = "in_force"
    ABSENT = "absent"
    ENDED = "ended"
    TROUBLE = "trouble"


CLOSED = frozenset({State.CONFIRMED, State.REFUSED, State.IN_FORCE, State.ABSENT, State.ENDED})
"""States in which nobody has to do anything any more."""


@dataclass(frozen=True, slots=True)
class DatasetStanding:
    """How one dataset stands to a request.

    Attributes:
        place: how.
        count: how many of the request's works it is about; 0 for a name or a motif.
        release: number of the release that held it, or 0.
        since: number of the first release made after the request, or 0; for a name or a motif
            that of the run's.
        since_ms: when that was made, or when the run ended, UTC milliseconds; 0 for neither.
    """

    dataset: str
    place: Place
    count: int = 0
    release: int = 0
    since: int = 0
    since_ms: int = 0


@dataclass(frozen=True, slots=True)
class RequestStanding:
    """Where a request stands: as a whole, and by dataset."""

    state: State
    datasets: tuple[DatasetStanding, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether it has come to its end."""
        return self.state in CLOSED


def find_standing(session: Session, workspace: Path, request: OwnerRequest) -> RequestStanding:
    """Where a request stands now."""
    if request.kind in (RequestKind.NAME, RequestKind.MOTIF):
        return _find_claim_standing(session, request)
    if not any(request.standing.values()):
        return RequestStanding(State.ENDED)
    found = []
    for dataset, releases in _list_releases(session, workspace).items():
        standing = _find_in_dataset(workspace, dataset, releases, request)
        if standing is not None:
            found.append(standing)
    return RequestStanding(_sum_up(found), tuple(found))


def _sum_up(found: Sequence[DatasetStanding]) -> State:
    places = {standing.place for standing in found}
    if places & {Place.HELD_SINCE, Place.UNREADABLE}:
        return State.TROUBLE
    if Place.STILL in places:
        return State.WAITING
    return State.IN_FORCE if places else State.ABSENT


def _list_releases(session: Session, workspace: Path) -> dict[str, list[Release]]:
    """Every dataset with its releases in order; also those that have none yet."""
    folder = workspace / "datasets"
    named = sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    found: dict[str, list[Release]] = {name: [] for name in named}
    for row in session.scalars(select(ReleaseRow).order_by(ReleaseRow.dataset, ReleaseRow.number)):
        release = Release(**{name: getattr(row, name) for name in Release.__slots__})
        found.setdefault(release.dataset, []).append(release)
    return dict(sorted(found.items()))


def _find_in_dataset(
    workspace: Path, dataset: str, releases: Sequence[Release], request: OwnerRequest
) -> DatasetStanding | None:
    """How a dataset stands to a withdrawal or a takedown; None where it never had any of it."""
    at = request.acknowledged_ms
    before = next((each for each in reversed(releases) if each.created_ms < at), None)
    after = next((each for each in releases if each.created_ms >= at), None)
    latest = releases[-1] if releases else None
    try:
        held_before = _count_held(workspace, before, request.assets)
        held_now = _count_held(workspace, latest, request.assets)
    except (OSError, pa.ArrowException):
        return DatasetStanding(dataset, Place.UNREADABLE)
    if latest is not None and held_now:
        other = _is_for_others(workspace, latest, request)
        place = Place.HELD_SINCE if latest.created_ms >= at else Place.STILL
        place = Place.OTHER_PURPOSE if other else place
        return DatasetStanding(dataset, place, held_now, latest.number)
    if before is not None and held_before and after is not None:
        return DatasetStanding(
            dataset, Place.GONE, held_before, before.number, after.number, after.created_ms
        )
    folder = dataset_folder(workspace, dataset)
    try:
        known = _count(folder / "outcomes.parquet", request.assets)
    except (OSError, pa.ArrowException):  # no run has come that far
        known = 0
    try:  # works that have turned up since
        late = find_in_last_run(folder, request.identities) - set(request.assets)
    except WorkspaceError:
        return DatasetStanding(dataset, Place.UNREADABLE)
    known += len(late)
    return DatasetStanding(dataset, Place.KEPT_OUT, known) if known else None


def _is_for_others(workspace: Path, release: Release, request: OwnerRequest) -> bool:
    if request.kind is not RequestKind.WITHDRAWAL:
        return False
    return purposes_of(release, workspace).isdisjoint(request.purposes)


def _count_held(workspace: Path, release: Release | None, assets: Sequence[str]) -> int:
    if release is None:
        return 0
    return _count(release.path(workspace) / "manifest.parquet", assets)


def _count(path: Path, assets: Sequence[str]) -> int:
    """How many of the assets a table lists; it is sorted by them, so that little of it is read."""
    if not assets:
        return 0
    wanted = [("asset_id", "in", list(assets))]
    return int(pq.read_table(path, columns=["asset_id"], filters=wanted).num_rows)


def _find_claim_standing(session: Session, request: OwnerRequest) -> RequestStanding:
    state = find_claim_state(session, request)
    if state not in (State.PROTECTED, State.CONFIRMED):
        return RequestStanding(state)
    since = request.last(Happened.PROTECTED, Happened.CONFIRMED)
    first = next((e for e in request.events if e.action is Happened.PROTECTED), since)
    at = first.at_ms if first else request.acknowledged_ms
    return RequestStanding(state, tuple(_list_runs_since(session, at)))


def find_claim_state(session: Session, request: OwnerRequest) -> State:
    """From the registers where these say it, so that a decision taken there shows here too."""
    if request.kind is RequestKind.MOTIF:
        states = set(
            session.scalars(
                select(MotifRow.state).where(MotifRow.id.in_(request.standing.get(MOTIF, ())))
            )
        )
        if not states & set(PROTECTED):
            return State.REFUSED
        return State.PROTECTED if "unconfirmed" in states else State.CONFIRMED
    last = request.last(Happened.CONFIRMED, Happened.REFUSED)
    if last is None:
        held = request.last(Happened.HELD, Happened.PROTECTED)
        waits = held is not None and held.action is Happened.HELD
        state = State.HELD if waits else State.PROTECTED
    else:
        state = State.CONFIRMED if last.action is Happened.CONFIRMED else State.REFUSED
    if state in (State.PROTECTED, State.CONFIRMED) and not _is_registered(session, request):
        return State.ENDED
    return state


def _is_registered(session: Session, request: OwnerRequest) -> bool:
    ids: Collection[str] = request.standing.get(NAME, ())
    return session.scalar(select(NameRow.id).where(NameRow.id.in_(ids)).limit(1)) is not None


def _list_runs_since(session: Session, at: int) -> Iterable[DatasetStanding]:
    """For each dataset, the first run that began after a moment and has ended."""
    datasets = session.scalars(select(RunRow.dataset).distinct().order_by(RunRow.dataset)).all()
    for dataset in datasets:
        run = session.execute(
            select(RunRow.finished_ms, ReleaseRow.number)
            .join(ReleaseRow, ReleaseRow.id == RunRow.release, isouter=True)
            .where(RunRow.dataset == dataset, RunRow.status == "finished", RunRow.started_ms > at)
            .order_by(RunRow.started_ms)
            .limit(1)
        ).first()
        if run is None:
            yield DatasetStanding(dataset, Place.NEXT_RUN)
        else:
            place = Place.APPLIED
            yield DatasetStanding(
                dataset, place, since=run.number or 0, since_ms=run.finished_ms or 0
            )
