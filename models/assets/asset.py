"""The asset: one image, with its captions and where it was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from models.canonical import digest_lines
from models.reasons import Reason


@dataclass(frozen=True, slots=True)
class Location:
    """One place that holds bytes: a file, or a member inside a tar shard.

    Attributes:
        name: path inside the dataset, ``/``-separated, as a person would name it.
        uri: absolute local path, or an fsspec URL. A local path that is not valid UTF-8 is given
            as a percent-encoded ``file://`` URI.
        offset: first byte inside ``uri`` for a tar member, else ``None`` (the whole of ``uri``).
        size: length in bytes; -1 where it could not be learned.
        digest: SHA-256 of the bytes, in hex; empty where they could not be read.
    """

    name: str
    uri: str
    size: int = -1
    offset: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Caption:
    """One caption of an asset.

    Attributes:
        text: the caption as it was found, never normalised.
        source: where it stood, for a reader: ``"a.txt"``, ``"metadata.jsonl:12#text"``.
        location: index into the asset's ``locations``: which copy of the image it belongs to.
    """

    text: str
    source: str
    location: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an asset, or one stage's look at it, has no usable outcome."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Asset:
    """One image of a dataset.

    Files with the same bytes are one asset with several locations, so that an asset gets exactly
    one verdict, which has to hold for every caption it was found with.

    Attributes:
        asset_id: SHA-256 of the original bytes, in hex. Where the bytes could not be used at all
            (nothing there, zero bytes, too many), the SHA-256 of the location's name (see
            ``unread_id``), and ``fault`` says why.
        locations: every place the bytes were found, in dataset order; the first is the one read.
        captions: every caption found for any of the locations.
        sidecars: JSON files that stood beside the image (token metadata, img2dataset records).
        fault: set where the bytes, or a caption, could not be read when the dataset was scanned.
            With CAPTION_UNREADABLE, ``asset_id`` is still the digest of the bytes.
    """

    asset_id: str
    locations: tuple[Location, ...]
    captions: tuple[Caption, ...] = ()
    sidecars: tuple[Location, ...] = ()
    fault: Fault | None = None

    @property
    def name(self) -> str:
        """The first location's name: what a person calls this asset."""
        return self.locations[0].name

    @property
    def identity(self) -> str:
        """Digest of all that a stage may look at besides the bytes.

        These are the captions, names, sidecars and the fault: a caption file that could not be
        read and is then deleted leaves the same captions, and yet another outcome.
        """
        return digest_lines(
            [
                self.asset_id,
                *(location.name for location in self.locations),
                *(f"{c.location}\0{c.source}\0{c.text}" for c in self.captions),
                *(f"{s.name}\0{s.digest}" for s in self.sidecars),
                *([f"\0{self.fault.reason}\0{self.fault.detail}"] if self.fault else []),
            ]
        )


def unread_id(name: str) -> str:
    """The id of an asset whose bytes cannot be read: derived from its name, hence stable."""
    return digest_lines(["kiyome/unread", name])


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the dataset that a person should know and that does not stop the run.

    Example: two caption files of one image that disagree.
    """

    kind: str
    message: str
    names: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
