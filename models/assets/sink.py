"""Writing a filtered copy of a dataset: nowhere but into its own folder, nothing unscreened."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from models.assets.asset import Caption, Location
from models.assets.faults import FaultError
from models.assets.listing import Entry, inside
from models.assets.naming import printable
from models.assets.reading import read_location
from models.assets.rewording import strip_keys
from models.assets.tables import Row, Table, TableError
from models.assets.texts import CaptionError, captions_of, read_caption_file
from models.assets.tree import Tree
from models.canonical import digest_bytes
from models.errors import DatasetError

_NO_LIMIT = 1 << 40
RUN_AGAIN = "Run the cleansing again, so that what is there now is screened."


@dataclass(slots=True)
class Sink:
    """Receives the files of a filtered dataset.

    Attributes:
        tree: the dataset that is filtered.
        folder: where the files go.
        digests: SHA-256, by location name, of the images to copy; None where none are copied.
        progress: called after each image with the number copied so far and the number there are.
        rewritten: captions to be written otherwise than they stand, by location name.
        written: paths written, relative to ``folder``.
        images: how many images were copied.
    """

    tree: Tree
    folder: Path
    digests: Mapping[str, str] | None = None
    progress: Callable[[int, int], None] = lambda _done, _total: None
    rewritten: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    images: int = 0

    def target(self, path: str) -> Path:
        """Where a file of the dataset goes; its folder is made.

        Raises:
            DatasetError: the path would lead out of ``folder``.
        """
        shown = printable(path)
        if inside("", path) != path:
            raise DatasetError(
                f"{shown} would be written outside {self.folder}.",
                "Keep the images of the dataset inside its folder, or export without images.",
            )
        target = self.folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            real = os.path.realpath(target.parent)
        except OSError as error:
            raise DatasetError(
                f"{shown} cannot be written to {self.folder}: {error.strerror or error}.",
                "Give an empty folder that can be written.",
            ) from error
        base = os.path.realpath(self.folder)
        if (real != base and not real.startswith(f"{base}/")) or target.is_symlink():
            raise DatasetError(
                f"{shown} would be written through a link out of {self.folder}.",
                "Give an empty folder.",
            )
        return target

    def write(self, path: str, data: bytes) -> None:
        """Write one file, whole, at the place it has in the dataset.

        Raises:
            DatasetError: it cannot be written there.
        """
        target = self.target(path)
        try:
            target.write_bytes(data)
        except OSError as error:
            raise DatasetError(
                f"{printable(path)} cannot be written to {self.folder}: {error.strerror or error}.",
                "Free some disk space or give another folder, and run again.",
            ) from error
        self.written.append(path)

    def rewritten_in(self, names: Iterable[str]) -> dict[str, str]:
        """The captions of these locations that are to be written otherwise."""
        found: dict[str, str] = {}
        for name in names:
            found |= strip_keys(self.rewritten.get(name, {}))
        return found

    def read_caption_file(self, path: str) -> tuple[bytes, str]:
        """The bytes and the text of a caption file of the dataset.

        Raises:
            DatasetError: it could be read when it was screened, and cannot be read now.
        """
        try:
            return read_caption_file(self.tree.path(path))
        except CaptionError as error:
            raise DatasetError(
                f"{printable(path)} cannot be read any more: {error}.", RUN_AGAIN
            ) from error

    def check_screened(self, path: str, found: Iterable[Caption], screened: Set[str]) -> None:
        """Make sure that every caption about to be written is one that was screened.

        Raises:
            DatasetError: the source says something that was not screened.
        """
        known = {text.strip() for text in screened}
        for caption in found:
            if caption.text.strip() not in known:
                raise DatasetError(
                    f"{printable(path)} holds a caption that was not screened: "
                    f"{caption.text[:80]!r}.",
                    RUN_AGAIN,
                )

    def write_rows(
        self,
        path: str,
        table: Table,
        images_of: Callable[[Row], Sequence[str]],
        screened: Mapping[str, Set[str]],
        rewritten: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Write a table with only the rows whose images are all among ``screened``.

        Args:
            path: where the table lies in the dataset.
            table: the table as it is now.
            images_of: the images that a row names.
            screened: the captions of each image that is kept, by what ``images_of`` returns.
            rewritten: the captions to be written otherwise, by the same.

        Raises:
            DatasetError: a kept row says something that was not screened, or cannot be written.
        """
        chosen: dict[int, dict[str, str]] = {}
        for row in table.rows:
            images = images_of(row)
            if row.problem or not images or not all(image in screened for image in images):
                continue
            texts: set[str] = set().union(*(screened[image] for image in images))
            place = f"{path}:{row.number}"
            self.check_screened(place, captions_of(row.values, place), texts)
            chosen[row.number] = {}
            for image in images:
                chosen[row.number] |= rewritten.get(image, {})
        try:
            data = table.encode(chosen)
        except TableError as error:
            raise DatasetError(
                f"The rewritten captions cannot be written into {printable(path)}: {error}.",
                "Convert the table to JSON Lines or CSV, or do not let the policy rewrite.",
            ) from error
        self.write(path, data)

    def copy_images(self, entries: Iterable[Entry]) -> None:
        """Copy the original bytes of images to the place they have in the dataset.

        Raises:
            DatasetError: an image is not what was screened any more, or lies outside the dataset.
        """
        if self.digests is None:
            return
        for entry in entries:
            self.write(entry.path or entry.location.name, self.read_image(entry.location))

    def read_image(self, location: Location) -> bytes:
        """The bytes of an image that is being copied, verified against its digest.

        Raises:
            DatasetError: they cannot be read, or are not the bytes that were screened.
        """
        digests = self.digests or {}
        try:
            data = read_location(location, max(location.size, _NO_LIMIT))
        except FaultError as error:
            raise DatasetError(f"{error.fault.detail}.", RUN_AGAIN) from error
        if digest_bytes(data) != digests.get(location.name):
            raise DatasetError(f"{location.name} has changed since it was screened.", RUN_AGAIN)
        self.images += 1
        self.progress(self.images, len(digests))
        return data
