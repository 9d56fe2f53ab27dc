"""Names that owners ask to be protected: what it would meet, and from when it is in the register.

A name is protected as soon as it is asked for, unless it is an ordinary word, or so short or common
that it would meet much of a dataset: then somebody who leads the review looks at it first. Whoever
asks is told which of the two, and how many captions it would have met, before they ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.records import Account
from models.assets.shards import read_shard
from models.errors import RequestError, WorkspaceError
from models.motifs.claims import RIGHTS
from models.nouns.knowledge import NounKnowledge
from models.nouns.matching.ambiguity import Strength, spell
from models.nouns.matching.finding import find_names
from models.nouns.matching.patterns import CompiledNames, compile_names
from models.nouns.register.narrowing import remove_surfaces
from models.nouns.register.storage import (
    CATEGORIES,
    NameEntry,
    Surface,
    add_name,
    make_entry,
    make_register,
    remove_name,
)
from models.nouns.vocabulary import load_vocabulary
from models.owners.requests import (
    NAME,
    Happened,
    OwnerRequest,
    RequestKind,
    clean_note,
    find_sent,
    read_requests,
    record_claim,
)
from models.planning import dataset_folder, read_plan
from models.store.tables import (
    NameRow,
    OwnerRequestRow,
    OwnerRequestSubjectRow,
    SurfaceRow,
)

MOST_SPELLINGS = 20
_READ = 20_000
"""Captions of each dataset that are looked at, so that the answer comes within seconds."""

_MANY = 50
_SHARE = 0.02
"""A name that meets more captions than the first, and a larger share than this, is looked at."""


@dataclass(frozen=True, slots=True)
class NameClaim:
    """What an owner says about a name.

    Attributes:
        name: as it is officially written.
        category: one of ``models.nouns.register.storage.CATEGORIES``.
        english, japanese: other spellings in each language.
        right: one of ``models.motifs.claims.RIGHTS``.
        right_note: registration number, contract, or what else shows the right.
    """

    name: str
    category: str
    english: tuple[str, ...] = ()
    japanese: tuple[str, ...] = ()
    right: str = ""
    right_note: str = ""


@dataclass(frozen=True, slots=True)
class Met:
    """What a name would have met in a dataset: ``met`` of the ``read`` captions that were read."""

    dataset: str
    met: int
    read: int


@dataclass(frozen=True, slots=True)
class NamePreview:
    """What protecting a name would come to.

    Attributes:
        entry: the name as the register would hold it.
        ordinary: spellings that are ordinary words, or too short to be told from one.
        met: by dataset.
        known: every spelling is protected already.
    """

    entry: NameEntry
    ordinary: tuple[str, ...]
    met: tuple[Met, ...]
    known: bool

    @property
    def common(self) -> tuple[Met, ...]:
        """Datasets of which it would meet a large part."""
        return tuple(m for m in self.met if m.met > _MANY and m.met > _SHARE * m.read)

    @property
    def held(self) -> bool:
        """Whether somebody looks at it before it is protected."""
        return not self.known and bool(self.ordinary or self.common)


def preview_name(session: Session, workspace: Path, claim: NameClaim) -> NamePreview:
    """What protecting a name would come to. Nothing is changed.

    Raises:
        RegisterError: the name, a spelling or the category cannot be used.
        RequestError: the right is none that there is, or there are too many spellings.
    """
    entry = _make_entry(claim)
    ordinary = NounKnowledge(vocabulary=load_vocabulary(session)).ordinary
    names = compile_names(make_register([entry]), ordinary)
    weak = {
        spelling
        for _, spelling, how, strength in spell(entry, ordinary)
        if strength >= Strength.AMBIGUOUS and how not in ("head", "given")
    }
    known = set(session.scalars(select(SurfaceRow.text).where(SurfaceRow.name_id == entry.id)))
    return NamePreview(
        entry,
        tuple(sorted(weak)),
        tuple(_count_met(workspace, names)),
        known={surface.text for surface in entry.surfaces} <= known,
    )


def ask_for_name(
    session: Session,
    workspace: Path,
    account: Account,
    request_id: str,
    claim: NameClaim,
    preview: NamePreview | None = None,
) -> OwnerRequest:
    """Record a claim to a name, and protect it at once unless it is held for a look.

    Args:
        request_id: as for ``models.owners.requests.withdraw``.
        preview: of this claim, where it was made before the transaction: the captions of every
            dataset are read for it, and nobody else can write meanwhile.

    Raises:
        RegisterError, RequestError: see ``preview_name``.
    """
    if known := find_sent(session, account, request_id, RequestKind.NAME):
        return known
    if preview is None:
        preview = preview_name(session, workspace, claim)
    entry = preview.entry
    there = set(session.scalars(select(SurfaceRow.text).where(SurfaceRow.name_id == entry.id)))
    preview = replace(preview, known={surface.text for surface in entry.surfaces} <= there)
    detail = {
        **asdict(claim),
        "owner": account.display_name,
        "brought": sorted(s.text for s in entry.surfaces if s.text not in there),
        "met": [asdict(met) for met in preview.met],
        "ordinary": list(preview.ordinary),
    }
    if not preview.held:
        _register(session, entry, request_id, account.display_name, account.name)
    happened = Happened.HELD if preview.held else Happened.PROTECTED
    note = clean_note(claim.right_note)
    return record_claim(
        session, account, request_id, RequestKind.NAME, {NAME: [entry.id]}, detail, happened, note
    )


def protect_name(session: Session, request: OwnerRequest, actor: str) -> None:
    """Put a name that was held into the register.

    Raises:
        RegisterError: it cannot be used any more.
    """
    entry = _make_entry(read_claim(request))
    owner = str(request.detail.get("owner", ""))
    _register(session, entry, request.id, owner, actor)


def unprotect_name(session: Session, request: OwnerRequest, actor: str) -> None:
    """Take out of the register what a request brought into it, and nothing that was there before.

    What another request that stands asks for as well stays, and belongs to whoever sent that one.

    Raises:
        RegisterError: the actor's name cannot be stored.
    """
    brought = {str(text) for text in request.detail.get("brought", ())}
    for name_id in request.standing.get(NAME, ()):
        row = session.get(NameRow, name_id, populate_existing=True)
        if row is None:
            continue
        others = _find_protecting(session, name_id, request.id)
        if row.source == source_of(request.id) and not others:
            remove_name(session, name_id, actor=actor)
            continue
        kept = {each.text for other in others for each in _make_entry(read_claim(other)).surfaces}
        remove_surfaces(session, name_id, sorted(brought - kept), actor=actor)
        if row.source == source_of(request.id):
            first = others[0]
            owner = str(first.detail.get("owner", ""))
            add_name(
                session,
                row.name,
                row.category,
                owner=owner,
                source=source_of(first.id),
                actor=actor,
            )


def read_claim(request: OwnerRequest) -> NameClaim:
    """What the owner said about the name."""
    said = request.detail
    return NameClaim(
        name=str(said["name"]),
        category=str(said["category"]),
        english=tuple(said.get("english", ())),
        japanese=tuple(said.get("japanese", ())),
        right=str(said.get("right", "")),
        right_note=str(said.get("right_note", "")),
    )


def source_of(request_id: str) -> str:
    """The source that a name has in the register if a request brought it."""
    return f"owner:{request_id}"


def _make_entry(claim: NameClaim) -> NameEntry:
    if claim.right not in RIGHTS:
        raise RequestError("Nothing says what right the name rests on.", "Choose one.", "right")
    if claim.category not in CATEGORIES:
        raise RequestError("Nothing says what the name is a name of.", "Choose one.", "category")
    if len(claim.english) + len(claim.japanese) > MOST_SPELLINGS:
        raise RequestError(
            f"There are more than {MOST_SPELLINGS} spellings.",
            "Send them in several requests.",
            "spellings",
        )
    spellings = [Surface(text, "alias", "en") for text in claim.english]
    spellings += [Surface(text, "alias", "ja") for text in claim.japanese]
    return make_entry(claim.name, claim.category, spellings)


def _register(session: Session, entry: NameEntry, request_id: str, owner: str, actor: str) -> None:
    """Add a name; one that is registered keeps its owner and its source, and gains spellings."""
    there = session.get(NameRow, entry.id) is not None
    add_name(
        session,
        entry.name,
        entry.category,
        surfaces=[surface for surface in entry.surfaces if surface.kind != "official"],
        owner="" if there else owner,
        source="" if there else source_of(request_id),
        actor=actor,
    )


def _find_protecting(session: Session, name_id: str, apart: str) -> list[OwnerRequest]:
    """The other requests by which a name is protected, the oldest first."""
    subject, request = OwnerRequestSubjectRow, OwnerRequestRow
    ids = session.scalars(
        select(request.id)
        .join(subject, subject.request_id == request.id)
        .where(
            request.kind == RequestKind.NAME.value,
            request.id != apart,
            subject.kind == NAME,
            subject.subject == name_id,
            subject.ended_ms.is_(None),
        )
        .order_by(request.acknowledged_ms, request.id)
    ).all()
    settling = (Happened.HELD, Happened.PROTECTED, Happened.CONFIRMED, Happened.REFUSED)
    asked = [(each, each.last(*settling)) for each in read_requests(session, ids)]
    protecting = (Happened.PROTECTED, Happened.CONFIRMED)
    return [each for each, event in asked if event is not None and event.action in protecting]


def _count_met(workspace: Path, names: CompiledNames) -> Iterator[Met]:
    folder = workspace / "datasets"
    datasets = sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    for dataset in datasets:
        try:
            captions = list(islice(_read_captions(workspace, dataset), _READ))
        except WorkspaceError:  # never planned as a whole: there is nothing to count in
            continue
        yield Met(dataset, sum(bool(find_names(text, names)) for text in captions), len(captions))


def _read_captions(workspace: Path, dataset: str) -> Iterator[str]:
    shards: Sequence[tuple[str, int]] = read_plan(workspace, dataset).shards
    for digest, _ in shards:
        path = dataset_folder(workspace, dataset) / "shards" / f"{digest}.parquet"
        for asset in read_shard(path).assets:
            yield from (caption.text for caption in asset.captions)
