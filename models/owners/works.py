"""An owner's works: the assets about which somebody whom they signed in as has made a statement.

Reads ``datasets/<name>/owners.parquet`` (``models.owners.works_index``). Of that file only the row
groups are read in which an identity can stand by their statistics, and of those only the columns
that are needed; no row of anybody else leaves this module.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.consent.statements import Statement
from models.errors import WorkspaceError
from models.owners.works_index import FILE

_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)
PAGE = 48
"""Works on a page."""


@dataclass(frozen=True, slots=True)
class Work:
    """One work of an owner, as the last run of its dataset left it.

    Attributes:
        dataset, asset_id, name, names: where it is; ``names`` counts the files with these bytes.
        identity: the identity of the owner that spoke about it.
        verdict, reasons, decided_by, ruling_id: what was decided; ``decided_by`` is ``"machine"``
            or ``"reviewer"``.
        may_grant: whether anything that they said may allow a use.
        carriers: by which ways their statements came.
        statements: their own statements, the strongest first.
        others: the carriers of what others said, or of what nobody in particular did.
        part: the part of the run that it comes from (``models.owners.works_index``).
    """

    dataset: str
    asset_id: str
    name: str
    names: int
    identity: str
    verdict: str
    reasons: tuple[str, ...]
    decided_by: str
    ruling_id: str
    may_grant: bool
    carriers: tuple[str, ...]
    statements: tuple[Statement, ...]
    others: tuple[str, ...]
    part: str

    @property
    def file(self) -> OwnedFile:
        """The work, as its picture is looked for."""
        return OwnedFile(self.dataset, self.asset_id, self.name, self.part)


@dataclass(frozen=True, slots=True)
class OwnedFile:
    """A work of an owner, as far as it takes to look for its picture; see ``Work``."""

    dataset: str
    asset_id: str
    name: str
    part: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an owner's works.

    Attributes:
        works: those that are shown.
        number, last: from 1.
        total: works that fit the filters.
        verdicts, datasets: works by verdict and by dataset, whatever the filters.
    """

    works: tuple[Work, ...]
    number: int
    last: int
    total: int
    verdicts: dict[str, int] = field(default_factory=dict)
    datasets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Index:
    """The index of a dataset, open: one that a run puts in its place meanwhile is another file."""

    dataset: str
    path: Path
    file: pq.ParquetFile


@dataclass(frozen=True, slots=True)
class _Found:
    """Works in a row group of an index: their rows and their verdicts."""

    index: _Index
    group: int
    rows: pa.Array
    verdicts: pa.ChunkedArray


def find_works(
    workspace: Path,
    identities: Sequence[str],
    *,
    verdict: str = "",
    dataset: str = "",
    page: int = 1,
    size: int = PAGE,
) -> Page:
    """A page of an owner's works, by dataset, identity and name.

    Args:
        identities: setters of statements that are the owner's.
        verdict, dataset: only these; "" for all.
        page: from 1; one that does not exist is the nearest that does.

    Raises:
        WorkspaceError: an index is damaged.
    """
    verdicts: Counter[str] = Counter()
    datasets: Counter[str] = Counter()
    chosen: list[_Found] = []
    with ExitStack() as stack:
        for name in list_datasets(workspace):
            index = stack.enter_context(_opened(workspace, name))
            for found in _find_mine(index, identities):
                datasets[name] += len(found.rows)
                for count in pc.value_counts(found.verdicts).to_pylist():
                    verdicts[count["values"]] += count["counts"]
                if dataset in ("", name):
                    chosen.append(_only(found, verdict) if verdict else found)
        total = sum(len(found.rows) for found in chosen)
        last = max(1, -(-total // size))
        number = min(max(1, page), last)
        works = tuple(_read_works(_cut(chosen, (number - 1) * size, size)))
    return Page(works, number, last, total, dict(verdicts), dict(datasets))


def find_work(
    workspace: Path, identities: Sequence[str], dataset: str, asset_id: str
) -> tuple[Work, ...]:
    """What there is of one work: once for each identity of the owner that spoke about it.

    Returns:
        Nothing where there is no such asset, or none of theirs: the two look the same.

    Raises:
        WorkspaceError: the index is damaged.
    """
    if not _ID.fullmatch(asset_id) or dataset not in list_datasets(workspace):
        return ()
    wanted, mine = pa.scalar(bytes.fromhex(asset_id), pa.binary(32)), _as_set(identities)
    places = []
    with _opened(workspace, dataset) as index:
        for group, table in _groups_with(index, identities, ["setter", "asset_id"]):
            is_it = pc.and_(
                pc.equal(table["asset_id"], wanted), pc.is_in(table["setter"], value_set=mine)
            )
            places.append((index, group, pc.indices_nonzero(is_it)))
        return tuple(_read_works(places))


def find_files(
    workspace: Path, identities: Sequence[str], dataset: str, asset_ids: Iterable[str]
) -> dict[str, OwnedFile]:
    """Those of some assets of a dataset that are works of the owner, by id.

    Raises:
        WorkspaceError: the index is damaged.
    """
    wanted = [bytes.fromhex(each) for each in set(asset_ids) if _ID.fullmatch(each)]
    if not (wanted and identities) or dataset not in list_datasets(workspace):
        return {}
    ids, mine = pa.array(sorted(wanted), pa.binary(32)), _as_set(identities)
    found: dict[str, OwnedFile] = {}
    with _opened(workspace, dataset) as index:
        for group, table in _groups_with(index, identities, ["setter", "asset_id"]):
            are = pc.and_(
                pc.is_in(table["asset_id"], value_set=ids),
                pc.is_in(table["setter"], value_set=mine),
            )
            rows = pc.indices_nonzero(are)
            if len(rows):
                with _blaming(index.path):
                    columns = ["asset_id", "name", "part"]
                    table = index.file.read_row_group(group, columns=columns).take(rows)
                for row in table.to_pylist():
                    asset_id = row["asset_id"].hex()
                    file = OwnedFile(dataset, asset_id, row["name"], row["part"])
                    found.setdefault(asset_id, file)
    return found


def stamp_index(workspace: Path, dataset: str) -> tuple[int, int, int] | None:
    """What tells one index of a dataset from the next; None where there is none."""
    try:
        known = (workspace / "datasets" / dataset / FILE).stat()
    except (OSError, ValueError):
        return None
    return known.st_ino, known.st_mtime_ns, known.st_size


def list_datasets(workspace: Path) -> list[str]:
    """The datasets with an index of owners' works, by name."""
    return sorted(path.parent.name for path in (workspace / "datasets").glob(f"[!.]*/{FILE}"))


@contextmanager
def _opened(workspace: Path, dataset: str) -> Iterator[_Index]:
    path = workspace / "datasets" / dataset / FILE
    with _blaming(path):
        file = pq.ParquetFile(path, memory_map=True)
    with file:
        yield _Index(dataset, path, file)


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as error:
        raise WorkspaceError(
            f"The index of owners' works {path} cannot be read: {error}.",
            "Run `kiyome cleanse --again`: it is made anew.",
        ) from error


def _find_mine(index: _Index, identities: Sequence[str]) -> Iterator[_Found]:
    """Every work of the owner once, in the index's order."""
    mine = _as_set(identities)
    seen: set[bytes] = set()
    # Only where two identities may have spoken about one asset has the asset to be looked at.
    columns = ["setter", "verdict", *(["asset_id"] if len(mine) > 1 else [])]
    for group, table in _groups_with(index, identities, columns):
        rows = pc.indices_nonzero(pc.is_in(table["setter"], value_set=mine))
        if len(mine) > 1:
            fresh = []
            for row, asset_id in zip(
                rows.to_pylist(), table["asset_id"].take(rows).to_pylist(), strict=True
            ):
                if asset_id not in seen:
                    seen.add(asset_id)
                    fresh.append(row)
            rows = pa.array(fresh, pa.uint64())
        yield _Found(index, group, rows, table["verdict"].take(rows))


def _groups_with(
    index: _Index, identities: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[int, pa.Table]]:
    """The row groups in which an identity can stand, with some of their columns."""
    for group in range(index.file.num_row_groups):
        statistics = index.file.metadata.row_group(group).column(0).statistics
        known = statistics is not None and statistics.has_min_max  # a very long setter has none
        if not known or any(statistics.min <= mine <= statistics.max for mine in identities):
            with _blaming(index.path):
                table = index.file.read_row_group(group, columns=list(columns))
            yield group, table


def _only(found: _Found, verdict: str) -> _Found:
    fits = pc.indices_nonzero(pc.equal(found.verdicts, verdict))
    return _Found(found.index, found.group, found.rows.take(fits), found.verdicts.take(fits))


def _cut(chosen: Sequence[_Found], start: int, size: int) -> Iterator[tuple[_Index, int, pa.Array]]:
    """The places of ``size`` works from ``start`` on."""
    for found in chosen:
        count = len(found.rows)
        if start < count and size > 0:
            rows = found.rows.slice(start, size)
            yield found.index, found.group, rows
            size -= len(rows)
        start = max(0, start - count)


def _read_works(places: Iterable[tuple[_Index, int, pa.Array]]) -> Iterator[Work]:
    for index, group, rows in places:
        if len(rows):
            with _blaming(index.path):
                table = index.file.read_row_group(group).take(rows)
                works = [_read_work(index.dataset, row) for row in table.to_pylist()]
            yield from works


def _as_set(identities: Sequence[str]) -> pa.Array:
    return pa.array(sorted(set(identities)), pa.string())


def _read_work(dataset: str, row: dict[str, Any]) -> Work:
    statements = [Statement.from_dict(json.loads(text)) for text in row["statements"]]
    statements.sort(key=lambda statement: not statement.trust.may_grant)
    return Work(
        dataset=dataset,
        asset_id=row["asset_id"].hex(),
        name=row["name"],
        names=row["names"],
        identity=row["setter"],
        verdict=row["verdict"],
        reasons=tuple(row["reasons"]),
        decided_by=row["decided_by"],
        ruling_id=row["ruling_id"],
        may_grant=row["may_grant"],
        carriers=tuple(row["carriers"]),
        statements=tuple(statements),
        others=tuple(row["others"]),
        part=row["part"],
    )
