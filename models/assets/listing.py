"""What a layout found before any image was read: entries, and what a person should know."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from models.assets.asset import Caption, Fault, Location, Notice
from models.assets.naming import matching_name, matching_stem, printable
from models.assets.reading import path_uri
from models.assets.texts import (
    CaptionSource,
    merge_sources,
    notice_of_disagreement,
)
from models.assets.tree import Stamp, Tree
from models.reasons import Reason
from models.unicode import escape_surrogates

LINK_OUTSIDE = "it is a link that leads out of the dataset or nowhere"
BYTES_READABLE = frozenset({Reason.CAPTION_UNREADABLE, Reason.CONSENT_UNDETERMINED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One image that a dataset holds or names.

    Attributes:
        location: where its bytes lie. Size and digest are filled in by the scan.
        path: the same place as the file system or the tar spells it, inside the root; "" where
            it lies elsewhere, or where there is nothing.
        captions: its captions.
        sidecars: JSON files beside it.
        fault: why it cannot be cleared, as far as the layout can tell. ``BYTES_READABLE`` lists
            the reasons that leave its bytes readable; with any other they are not looked at.
    """

    location: Location
    path: str = ""
    captions: tuple[Caption, ...] = ()
    sidecars: tuple[Location, ...] = ()
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that one reading of a dataset found.

    Attributes:
        entries: sorted by location name; names are distinct.
        notices: what a person should know.
        stamps: by ``Location.uri``: when the file behind it was last touched. A file without a
            stamp is read again at each scan.
    """

    entries: tuple[Entry, ...]
    notices: tuple[Notice, ...]
    stamps: Mapping[str, Stamp]

    def by_name(self) -> dict[str, Entry]:
        """The entries by the name of their location."""
        return {entry.location.name: entry for entry in self.entries}


@dataclass(slots=True)
class ListingBuilder:
    """Gathers entries while a layout reads; the rules that all layouts share stand here."""

    tree: Tree
    entries: list[Entry] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    disagreeing: dict[str, list[str]] = field(default_factory=dict)
    _jsons: dict[str, list[str]] | None = None

    def locate(self, path: str) -> Location:
        """The location of a file of the tree; remembers its stamp."""
        uri = self.tree.path(path)
        if not uri.isascii():
            uri = path_uri(uri.encode("utf-8", "surrogateescape"))
        stamp = self.tree.stamp(path)
        if stamp is None:
            return Location(printable(path), uri)
        self.stamps[uri] = stamp
        return Location(printable(path), uri, stamp[0])

    def add_file(self, path: str, sources: list[CaptionSource], fault: Fault | None = None) -> None:
        """Add an image file of the tree with its captions."""
        sidecars, sidecar_fault = self._sidecars_beside(path)
        self.add(self.locate(path), path, sources, sidecars, fault or sidecar_fault)

    def add(
        self,
        location: Location,
        path: str,
        sources: list[CaptionSource],
        sidecars: tuple[Location, ...] = (),
        fault: Fault | None = None,
    ) -> None:
        """Add an image with its captions."""
        captions, disagree = merge_sources(sources)
        if disagree:
            self.disagreeing[location.name] = [s.file for s in sources if s.captions]
        self.entries.append(Entry(location, path, captions, sidecars, fault))

    def add_lost(self, name: str, detail: str, sources: list[CaptionSource] | None = None) -> None:
        """Add what the dataset names and does not hold, so that it is never lost from sight."""
        uri = path_uri(self.tree.path(name).encode("utf-8", "surrogatepass"))
        captions, _ = merge_sources(sources or [])
        location = Location(escape_surrogates(name), uri)
        fault = Fault(Reason.IMAGE_MISSING, f"{location.name}: {detail}")
        self.entries.append(Entry(location, "", captions, (), fault))

    def _sidecars_beside(self, path: str) -> tuple[tuple[Location, ...], Fault | None]:
        """The ``<stem>.json`` and ``<name>.json`` beside an image; a fault where one leads out."""
        if self._jsons is None:
            self._jsons = {}
            for name in (*self.tree.files, *self.tree.outside):
                if name[-5:].lower() == ".json":
                    self._jsons.setdefault(matching_stem(name), []).append(name)
        called = (matching_stem(path), matching_name(path))
        names = sorted({name for key in called for name in self._jsons.get(key, ())})
        fault = None
        for name in names:
            if name in self.tree.outside:
                fault = Fault(Reason.CONSENT_UNDETERMINED, f"{printable(name)}: {LINK_OUTSIDE}")
        return tuple(self.locate(name) for name in names if name in self.tree.files), fault

    def build(self) -> Listing:
        """The listing: names made distinct, everything in code-point order."""
        for folder, why in self.tree.unreadable.items():
            self.add_lost(f"{folder}/", f"the folder cannot be listed: {why}")
        notices = [
            *self.tree.notices(),
            *self.notices,
            *notice_of_disagreement(self.disagreeing),
        ]
        ordered = sorted(self.entries, key=lambda e: (e.location.name, e.location.offset or 0))
        return Listing(tuple(_distinct(ordered)), tuple(notices), self.stamps)


def inside(folder: str, path: str) -> str | None:
    """``path`` seen from ``folder``, as a path inside the root; None where it leads out of it."""
    if path.startswith("/") or "\0" in path:
        return None
    joined = posixpath.normpath(posixpath.join(folder, path))
    return None if joined in ("..", ".") or joined.startswith("../") else joined


def _distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    taken: set[str] = set()
    for entry in entries:
        name, count = entry.location.name, 1
        while name in taken:
            count += 1
            name = f"{entry.location.name}#{count}"
        taken.add(name)
        yield entry if count == 1 else replace(entry, location=replace(entry.location, name=name))
