"""The register as a file that is mapped into memory: it opens at once, whatever its size.

The file holds the entries as they stood at one state of the register (see ``register_state``). As
long as the register is in that state its rows are not read again; entries become objects one at a
time, when something was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, cast, overload

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.canonical import digest_lines
from models.errors import RegisterError
from models.nouns.matching.folder import read_folder, write_folder
from models.nouns.register.entries import NameEntry, Surface, SurfaceKind, in_order
from models.nouns.register.storage import (
    NameRegister,
    count_names,
    lines_of,
    load_register,
    make_register,
    register_state,
)
from models.store.tables import NameRow, SurfaceRow

FORMAT = "register/1"

_FILE = "entries.arrow"
_CHUNK = 5000
_TEXTS = pa.list_(pa.string())
_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("category", pa.string()),
        ("owner", pa.string()),
        ("source", pa.string()),
        ("licence", pa.string()),
        ("texts", _TEXTS),
        ("kinds", _TEXTS),
        ("languages", _TEXTS),
    ]
)


class MappedEntries(Sequence[NameEntry]):
    """Entries in a file, ordered by id. Each access makes a new object.

    Args:
        path: a file that ``write_entries`` wrote.
    """

    def __init__(self, path: Path) -> None:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            self._batches = [reader.get_batch(n) for n in range(reader.num_record_batches)]
        self._columns = [batch.columns for batch in self._batches]
        self._length: int = sum(batch.num_rows for batch in self._batches)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> NameEntry: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[NameEntry, ...]: ...
    def __getitem__(self, index: int | slice) -> NameEntry | tuple[NameEntry, ...]:
        if isinstance(index, slice):
            return tuple(self[place] for place in range(*index.indices(self._length)))
        if not -self._length <= index < self._length:
            raise IndexError("the register holds fewer entries")
        batch, row = divmod(index % self._length, _CHUNK)
        values = (column[row].as_py() for column in self._columns[batch])
        return _entry_of(dict(zip(_SCHEMA.names, values, strict=True)))

    def __iter__(self) -> Iterator[NameEntry]:
        for batch in self._batches:
            yield from map(_entry_of, batch.to_pylist())


class MappedRegister(NameRegister):
    """A register whose entries lie in a file. Pickled, it is the name of its folder."""

    folder: Path

    def __init__(self, folder: Path, version: str) -> None:
        super().__init__(MappedEntries(folder / _FILE), version)
        object.__setattr__(self, "folder", folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return reopen_register, (self.folder, self.version)


def reopen_register(folder: Path, version: str) -> MappedRegister:
    """The register in a folder that ``open_register`` wrote.

    Raises:
        RegisterError: the folder is gone, damaged, or holds another version.
    """
    note = read_folder(folder)
    if note is None or note["version"] != version:
        raise RegisterError(
            f"The compiled register {folder.name} is no longer there as it was written.",
            "Start the run again: it is then compiled anew.",
        )
    return MappedRegister(folder, version)


def open_register(
    session: Session, cache: Path, progress: Callable[[int], None] = lambda _: None
) -> NameRegister:
    """The register as it stands, mapped from the cache folder.

    It is written there where it does not lie there yet in the state that it has now, or not as it
    was written. Where it cannot be written, it is read into memory.

    Args:
        session: the transaction in which the register is read.
        cache: folder for what is compiled.
        progress: called with the number of names just written, where that is needed.
    """
    if not count_names(session):
        return make_register(())
    path = cache / f"register-{digest_lines([FORMAT, register_state(session)])[:32]}"
    note = read_folder(path)
    if note is None:
        try:
            write_folder(path, lambda folder: _write(folder, read_in_order(session), progress))
        except OSError:
            return load_register(session)
        note = read_folder(path)
    try:
        return load_register(session) if note is None else MappedRegister(path, note["version"])
    except OSError:
        # Another process removed the folder a moment ago.
        return load_register(session)


def read_in_order(session: Session) -> Iterator[NameEntry]:
    """Every entry of the register, ordered by id, without holding them all at once."""
    written, named = SurfaceRow.__table__.c, NameRow.__table__.c
    in_parts = {"yield_per": _CHUNK}
    surfaces = session.execute(
        select(written.name_id, written.text, written.kind, written.language).order_by(
            written.name_id
        ),
        execution_options=in_parts,
    )
    grouped = groupby(surfaces, key=itemgetter(0))
    group_id, group = next(grouped, (None, iter(())))
    names = session.execute(
        select(
            named.id, named.name, named.category, named.owner, named.source, named.licence
        ).order_by(named.id),
        execution_options=in_parts,
    )
    for entry_id, name, category, owner, source, licence in names:
        spellings: list[Surface] = []
        if group_id == entry_id:
            spellings = [
                Surface(text, cast("SurfaceKind", kind), language)
                for _, text, kind, language in group
            ]
            group_id, group = next(grouped, (None, iter(())))
        yield NameEntry(entry_id, name, category, in_order(spellings), owner, source, licence)


def _write(
    folder: Path, entries: Iterable[NameEntry], progress: Callable[[int], None]
) -> dict[str, Any]:
    """Write entries in order into a folder; returns the note that belongs to it."""

    def write_each() -> Iterator[NameEntry]:
        remaining = iter(entries)
        while chunk := list(islice(remaining, _CHUNK)):
            rows = pa.RecordBatch.from_pylist([_row_of(entry) for entry in chunk], schema=_SCHEMA)
            writer.write_batch(rows)
            yield from chunk
            progress(len(chunk))

    with pa.OSFile(str(folder / _FILE), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as writer:
        version = digest_lines(lines_of(write_each()))
    return {"version": version}


def _row_of(entry: NameEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "name": entry.name,
        "category": entry.category,
        "owner": entry.owner,
        "source": entry.source,
        "licence": entry.licence,
        "texts": [surface.text for surface in entry.surfaces],
        "kinds": [surface.kind for surface in entry.surfaces],
        "languages": [surface.language for surface in entry.surfaces],
    }


def _entry_of(row: dict[str, Any]) -> NameEntry:
    surfaces = tuple(map(Surface, row["texts"], row["kinds"], row["languages"]))
    return NameEntry(
        row["id"],
        row["name"],
        row["category"],
        surfaces,
        row["owner"],
        row["source"],
        row["licence"],
    )
