"""Pictures on owners' pages: whose each is, and drawing one at a time in a process apart.

A page of works is followed by a request for each of its pictures. That the works are the owner's
is remembered from the page, as long as neither the owner's identities nor the dataset's index
change, so that a picture that has been drawn before costs a look into memory and a file. One that
has not is drawn once, where no other page waits for it and none ends with it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar, cast

from anyio import CapacityLimiter, move_on_after, to_thread
from fastapi import Depends, Request

from models.errors import WorkspaceError
from models.review.derivatives import SIZES, THUMB
from models.settings import Settings

if TYPE_CHECKING:
    from models.assets.asset import Location
    from models.owners.drawing_process import DrawingProcess
    from models.owners.works import OwnedFile
    from models.owners.works_pictures import NoPicture

_log = logging.getLogger("kiyome.review")

KEPT = 5_000
"""Works, files and failures that are remembered, each."""

OWNED_S = 600.0
PLACES_S = 60.0
"""For so long it is remembered where files lay, and that one could not be drawn."""

MOST_WAITING = 200
LONGEST_WAIT_S = 20.0
"""A picture whose turn has not come by then is given up; the next look at the page asks again."""

Stamp = tuple[int, int, int] | None
"""See ``models.owners.works.stamp_index``."""

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class OwnWorks:
    """Works of an owner by id, and why one of them has no picture to show."""

    files: dict[str, OwnedFile]
    missing: dict[str, NoPicture | None]


class BusyError(Exception):
    """Too many pictures are being drawn."""


class Lately(Generic[_K, _V]):
    """The newest ``KEPT`` things of a kind, each for some seconds. Threads may share it."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[_K, tuple[_V, float]] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        """What is remembered of a key."""
        with self._lock:
            value, until = self._known.get(key, (None, 0.0))
            return value if self._clock() < until else None

    def put(self, key: _K, value: _V) -> None:
        """Remember something, and forget the oldest where there is too much."""
        with self._lock:
            self._known[key] = value, self._clock() + self._seconds
            self._known.move_to_end(key)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)


class OwnPictures:
    """What owners' pages know of pictures.

    Args:
        settings: name the workspace, and what is too large to be read or decoded.
        clock: seconds, from anywhere.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._workspace = settings.workspace.absolute()
        self._drawn = 0
        self._limits = settings.max_bytes, settings.max_pixels
        self._turns = CapacityLimiter(1)
        self._drawing: DrawingProcess | None = None
        self._owned: Lately[tuple[object, ...], OwnedFile] = Lately(OWNED_S, clock)
        self._originals: Lately[OwnedFile, tuple[Location, ...]] = Lately(PLACES_S, clock)
        self._failed: Lately[str, NoPicture] = Lately(PLACES_S, clock)

    def stamps(self) -> dict[str, Stamp]:
        """What tells each dataset's index from its next, to be read before the index is."""
        from models.owners.works import list_datasets, stamp_index

        names = list_datasets(self._workspace)
        return {name: stamp_index(self._workspace, name) for name in names}

    def remember(
        self, identities: Sequence[str], files: Iterable[OwnedFile], stamps: Mapping[str, Stamp]
    ) -> None:
        """That works are an owner's, as indexes said of which ``stamps`` was read before."""
        for file in files:
            if stamps.get(file.dataset) is not None:
                key = (tuple(identities), file.dataset, stamps[file.dataset], file.asset_id)
                self._owned.put(key, file)

    def show(self, files: Iterable[OwnedFile], size: int = THUMB) -> dict[str, NoPicture | None]:
        """For works of an owner, by id, why there is no picture to show; None where one can be had.

        No picture is read for it: that a file is where it was is all that is looked at.
        """
        from models.owners.works_pictures import find_originals, look_for

        shown: dict[str, NoPicture | None] = {}
        unseen = []
        for file in files:
            drawn = self.copy(file, size) is not None
            shown[file.asset_id] = None if drawn else self._failed.get(file.asset_id)
            if not drawn and shown[file.asset_id] is None:
                unseen.append(file)
        fresh = [file for file in unseen if self._originals.get(file) is None]
        for file, found in find_originals(self._workspace, fresh).items():
            self._originals.put(file, found)
        for file in unseen:
            shown[file.asset_id] = look_for(self._originals.get(file) or ())
        return shown

    def find(self, identities: Sequence[str], dataset: str, asset_id: str) -> OwnedFile | None:
        """A work, if it is the owner's; None for everything else.

        Raises:
            WorkspaceError: the index is damaged.
        """
        from models.owners.works import stamp_index

        key = (tuple(identities), dataset, stamp_index(self._workspace, dataset), asset_id)
        known = self._owned.get(key)
        return known or self.find_all(identities, dataset, [asset_id]).get(asset_id)

    def find_all(
        self, identities: Sequence[str], dataset: str, asset_ids: Iterable[str]
    ) -> dict[str, OwnedFile]:
        """Those of some assets of a dataset that are works of the owner, by id.

        Raises:
            WorkspaceError: the index is damaged.
        """
        from models.owners.works import find_files, stamp_index

        stamp = stamp_index(self._workspace, dataset)
        found = find_files(self._workspace, identities, dataset, asset_ids)
        self.remember(identities, found.values(), {dataset: stamp})
        return found

    def show_named(self, identities: Sequence[str], asset_ids: Iterable[str]) -> OwnWorks:
        """Those of some assets that are works of the owner, wherever they are.

        What cannot be looked up is none of theirs.
        """
        from models.owners.works import list_datasets

        wanted = set(asset_ids)
        files: dict[str, OwnedFile] = {}
        try:
            for dataset in list_datasets(self._workspace) if wanted else ():
                files = self.find_all(identities, dataset, wanted) | files
        except WorkspaceError as error:
            _log.error("the works of a request cannot be looked up: %s", error)
        return OwnWorks(files, self.show(files.values()))

    async def draw(self, file: OwnedFile, size: int) -> Path | None:
        """One copy of a work, drawn where it is missing; None where that cannot be done.

        Raises:
            BusyError: its turn did not come.
            OSError: the copy cannot be written.
        """
        if self._turns.statistics().tasks_waiting >= MOST_WAITING:
            raise BusyError
        with move_on_after(LONGEST_WAIT_S):
            return await to_thread.run_sync(self._draw, file, size, limiter=self._turns)
        raise BusyError

    def copy(self, file: OwnedFile, size: int) -> Path | None:
        """One copy of a work, where it has been drawn.

        Raises:
            ValueError: there is no such size.
        """
        from models.owners.works_copies import find_copy

        return find_copy(self._workspace, file.asset_id, size)

    def _draw(self, file: OwnedFile, size: int) -> Path | None:
        from models.owners.drawing_process import DrawingProcess
        from models.owners.works_copies import PRUNED_EVERY, copies_folder, prune_copies
        from models.owners.works_pictures import find_originals

        drawn = self.copy(file, size)  # for another request, while this one waited
        if drawn is not None or self._failed.get(file.asset_id) is not None:
            return drawn
        originals = self._originals.get(file)
        if originals is None:
            originals = find_originals(self._workspace, [file])[file]
            self._originals.put(file, originals)
        # The small copy alone for a list: a tenth of the room of both.
        sizes = (THUMB,) if size == THUMB else SIZES
        if self._drawing is None:
            self._drawing = DrawingProcess()
        folder = copies_folder(self._workspace)
        missing = self._drawing.draw(file.asset_id, originals, folder, sizes, *self._limits)
        if missing is not None:
            self._failed.put(file.asset_id, missing)
        if self._drawn % PRUNED_EVERY == 0:  # the first one looks at what earlier processes drew
            prune_copies(folder)
        self._drawn += 1
        return self.copy(file, size)


def get_own_pictures(request: Request) -> OwnPictures:
    """The pictures of the site that a request is for."""
    return cast("OwnPictures", request.app.state.own_pictures)


async def _give_own_pictures(request: Request) -> OwnPictures:
    return get_own_pictures(request)


ThesePictures = Annotated[OwnPictures, Depends(_give_own_pictures)]
