"""Scanning a dataset: every image hashed once, byte-identical files joined into one asset."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from models.assets.asset import Asset, Caption, Fault, Location, Notice, unread_id
from models.assets.faults import FaultError
from models.assets.hashing import HashCache, hash_location
from models.assets.layouts import choose_layout
from models.assets.listing import BYTES_READABLE, Entry, Listing
from models.assets.naming import printable
from models.assets.tree import walk_dataset
from models.errors import DatasetError, WorkspaceError

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Scan:
    """What a dataset holds.

    Attributes:
        layout: kohya, imagefolder, webdataset or manifest.
        root: absolute path of the dataset.
        assets: by the name of their first location, in code-point order.
        notices: what a person should know about the dataset.
    """

    layout: str
    root: str
    assets: tuple[Asset, ...]
    notices: tuple[Notice, ...]


def scan_dataset(
    root: str,
    *,
    layout: str = "auto",
    hash_cache: Path | None = None,
    max_bytes: int,
    workers: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Scan:
    """List and hash a dataset.

    Args:
        root: a folder, a tar shard or a manifest.
        layout: its layout, or ``"auto"`` to find out.
        hash_cache: file that remembers digests of files that nobody touched since.
        max_bytes: larger files are not read; they are assets with FILE_TOO_LARGE.
        workers: threads that read and hash.
        progress: called with the number of files hashed and the number there are.

    Raises:
        DatasetError: the dataset cannot be read as a whole. A file that cannot be read is an
            asset with a fault.
        KeyboardInterrupt: at once; what was hashed by then is remembered.
        WorkspaceError: ``hash_cache`` cannot be written.
    """
    tree = walk_dataset(root)
    chosen = choose_layout(tree, layout)
    cache = HashCache(hash_cache)
    listing = chosen.read(tree, cache)
    if not listing.entries:
        raise DatasetError(
            f"{printable(root)} holds no images.",
            f"As {chosen.name} it should have {chosen.looks_for}. Check the path, or name another "
            "layout with --layout.",
        )
    try:
        hashed = _hash_all(listing, cache, max_bytes, workers, progress)
    except BaseException:
        with suppress(OSError):  # why it ended says more than that this is lost
            cache.save()
        raise
    try:
        cache.save()
    except OSError as error:
        raise WorkspaceError(
            f"The hash cache {hash_cache} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the folder writable, then run again.",
        ) from error
    shown = tree.path(tree.only) if tree.only else tree.root
    return Scan(chosen.name, shown, tuple(_join(listing.entries, hashed)), listing.notices)


_Outcome = tuple[str, int] | Fault
_Take = Callable[[Sequence[Location], Sequence[_Outcome]], None]


def _hash_all(
    listing: Listing,
    cache: HashCache,
    max_bytes: int,
    workers: int,
    progress: Callable[[int, int], None],
) -> dict[Location, _Outcome]:
    """Digest and size, or the fault, of every location whose bytes are to be looked at."""
    wanted = list(_locations(listing.entries))
    outcomes: dict[Location, _Outcome] = {}
    unknown: list[Location] = []
    for location in wanted:
        if location.size > max_bytes:
            unknown.append(location)  # reading refuses it, and says so
        elif digest := cache.find(location, listing.stamps.get(location.uri)):
            outcomes[location] = (digest, location.size)
        else:
            unknown.append(location)
    total = len(wanted)
    progress(len(outcomes), total)

    def take(batch: Sequence[Location], results: Sequence[_Outcome]) -> None:
        for location, outcome in zip(batch, results, strict=False):
            outcomes[location] = outcome
            if not isinstance(outcome, Fault) and outcome[1] == location.size:
                cache.remember(location, listing.stamps.get(location.uri), outcome[0])

    with _Hashing(max_bytes, workers, take) as hashing:
        for _ in hashing.hash(unknown):
            progress(len(outcomes), total)
    return outcomes


def _locations(entries: Iterable[Entry]) -> Iterator[Location]:
    seen: set[Location] = set()
    for entry in entries:
        if _is_readable(entry):
            yield entry.location
        for sidecar in entry.sidecars:
            if sidecar not in seen:
                seen.add(sidecar)
                yield sidecar


def _is_readable(entry: Entry) -> bool:
    return entry.fault is None or entry.fault.reason in BYTES_READABLE


class _Hashing:
    """Hashing in batches in threads, a few more under way than there are threads.

    Left early, it stops after the files that are in hand; those that are finished are still taken.
    """

    def __init__(self, max_bytes: int, workers: int, take: _Take) -> None:
        self._max_bytes, self._workers, self._take = max_bytes, workers, take
        self._stopped = threading.Event()
        self._under_way: dict[Future[list[_Outcome]], Sequence[Location]] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="hash")

    def __enter__(self) -> _Hashing:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)
        for future, batch in self._under_way.items():
            if not future.cancelled() and future.exception() is None:
                self._take(batch, future.result())

    def hash(self, locations: Sequence[Location]) -> Iterator[None]:
        """Hash them all; comes back whenever some more have been taken."""
        batches = [locations[at : at + _BATCH] for at in range(0, len(locations), _BATCH)]
        while batches or self._under_way:
            while batches and len(self._under_way) < 2 * self._workers:
                batch = batches.pop()
                self._under_way[self._pool.submit(self._hash_batch, batch)] = batch
            for future in wait(self._under_way, return_when=FIRST_COMPLETED).done:
                self._take(self._under_way.pop(future), future.result())
            yield

    def _hash_batch(self, batch: Sequence[Location]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        for location in batch:
            if self._stopped.is_set():
                break
            try:
                outcomes.append(hash_location(location, self._max_bytes))
            except FaultError as error:
                outcomes.append(error.fault)
        return outcomes


def _join(entries: Sequence[Entry], hashed: dict[Location, _Outcome]) -> Iterator[Asset]:
    """One asset for each distinct content, in the order of the entries."""
    groups: dict[str, list[tuple[Entry, Location, Fault | None]]] = {}
    for entry in entries:
        outcome = hashed[entry.location] if _is_readable(entry) else entry.fault
        if isinstance(outcome, tuple):
            digest, size = outcome
            location = replace(entry.location, digest=digest, size=size)
            groups.setdefault(digest, []).append((entry, location, entry.fault))
        else:
            asset_id = unread_id(entry.location.name)
            groups.setdefault(asset_id, []).append((entry, entry.location, outcome))
    for asset_id, group in groups.items():
        yield Asset(
            asset_id,
            tuple(location for _, location, _ in group),
            tuple(
                Caption(c.text, c.source, index) if index else c
                for index, (entry, _, _) in enumerate(group)
                for c in entry.captions
            ),
            tuple(_with_digest(s, hashed) for entry, _, _ in group for s in entry.sidecars),
            next((fault for _, _, fault in group if fault is not None), None),
        )


def _with_digest(sidecar: Location, hashed: dict[Location, _Outcome]) -> Location:
    outcome = hashed[sidecar]
    if isinstance(outcome, Fault):
        return sidecar
    return replace(sidecar, digest=outcome[0], size=outcome[1])
