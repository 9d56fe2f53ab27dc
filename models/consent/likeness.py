"""Finding again what a list or a declaration speaks of, when the file was edited or re-encoded.

Three ways, from the surest to the least sure: the Instance-Code (the same bytes), PDQ, and the
Image-Code of an ISCC. The last two are perceptual: a match is a reason for a person to look, and it
can carry a refusal only. Nothing may be granted by likeness.

The PDQ hashes of published lists are made from the picture as it is. Those of
``models.motifs.fingerprints`` are made from a squared picture and lie about 16 bits off: use
``hash_as_published`` here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt
import pdqhash
from PIL import Image

from models.consent.iscc.codes import (
    IMAGE_BITS,
    MAX_DISTANCE,
    IsccError,
    image_bits,
    says_nothing,
    units_of,
)
from models.consent.subjects import Subject, SubjectKind
from models.motifs.fingerprints import PDQ_BITS, PDQ_BYTES, QUALITY_FLOOR, PdqHash, Pixels

PDQ_DISTANCE = 31
"""Bits, of 256, up to which two PDQ hashes are commonly read as copies.

Measured on drawings, maps and icons: of 297 pictures 92 % stay within 31 bits as a JPEG of quality
70 or a WebP, 80 % at half the size, 9 % with 3 % cut off each side. Of 4.6 million pairs of
pictures from different collections one lies within 31 bits.
"""

_IMAGE_BYTES = IMAGE_BITS // 8
_PUBLISHED_SIDE = 512  # what hashers for lists reduce a larger picture to first
_PLAIN_PDQ = range(64, 193)  # bits set; a hash has about 128, and one far from that says nothing


class How(StrEnum):
    """By what a picture was found again."""

    INSTANCE_CODE = "instance-code"
    PDQ = "pdq"
    IMAGE_CODE = "image-code"


@dataclass(frozen=True, slots=True)
class LikenessMatch:
    """One subject that an asset is, or looks like.

    Attributes:
        subject: what the list or the declaration names.
        distance: bits that differ: of 256 for PDQ, of 64 for an Image-Code; 0 for the same bytes.
        how: by what it was found.
    """

    subject: Subject
    distance: int
    how: How


def hash_as_published(pixels: Pixels) -> PdqHash:
    """PDQ of a picture as the makers of published lists compute it.

    Args:
        pixels: uint8, height x width x 3, RGB, upright.
    """
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((_PUBLISHED_SIDE, _PUBLISHED_SIDE))
    bits, quality = pdqhash.compute(np.asarray(picture))
    return PdqHash(np.packbits(bits.astype(np.uint8)).tobytes(), int(quality))


class LikenessIndex:
    """The subjects of lists and declarations, searchable by what a picture looks like.

    ``build`` makes one. All searches are exact.

    Attributes:
        unusable: subjects that can never be found, each with the reason. Whoever reads the list
            should be told: these refusals hold for nothing.
    """

    def __init__(
        self,
        pdq: dict[bytes, list[Subject]],
        image: dict[bytes, list[Subject]],
        instance: dict[bytes, list[Subject]],
        unusable: tuple[tuple[Subject, str], ...],
    ) -> None:
        self.unusable = unusable
        self._pdq = _Hashes(PDQ_BITS, pdq)
        self._image = _Hashes(IMAGE_BITS, image)
        self._instance = instance

    @classmethod
    def build(cls, entries: Iterable[tuple[Subject, ...]]) -> Self:
        """Index the PDQ hashes and ISCC codes among some subjects; other kinds are left out.

        Args:
            entries: the names of each thing that is spoken of.
        """
        pdq: dict[bytes, list[Subject]] = {}
        image: dict[bytes, list[Subject]] = {}
        instance: dict[bytes, list[Subject]] = {}
        unusable: list[tuple[Subject, str]] = []
        for subject in dict.fromkeys(subject for entry in entries for subject in entry):
            if subject.kind is SubjectKind.PDQ:
                problem = _add_pdq(subject, pdq)
            elif subject.kind is SubjectKind.ISCC:
                problem = _add_iscc(subject, image, instance)
            else:
                continue
            if problem:
                unusable.append((subject, problem))
        return cls(pdq, image, instance, tuple(unusable))

    def __len__(self) -> int:
        return len(self._pdq) + len(self._image) + len(self._instance)

    def match(
        self,
        pdq: bytes | None,
        pdq_quality: int,
        image_code: str | Sequence[str] | None,
        instance_code: str | None = None,
        *,
        pdq_distance: int = PDQ_DISTANCE,
        image_distance: int = MAX_DISTANCE,
    ) -> tuple[LikenessMatch, ...]:
        """What one asset is or looks like: the surest way first, then the nearest.

        Args:
            pdq: 32 bytes of ``hash_as_published``, or None.
            pdq_quality: its quality; below ``QUALITY_FLOOR`` the hash is not looked for.
            image_code: Image-Code, or several (``image_codes``), or None.
            instance_code: Instance-Code of the file, or None.
            pdq_distance, image_distance: bits up to which a hash matches.

        Raises:
            IsccError: a code is none.
            ValueError: the PDQ hash does not have 32 bytes.
        """
        if pdq is not None and len(pdq) != PDQ_BYTES:
            raise ValueError(f"a PDQ hash has {PDQ_BYTES} bytes, not {len(pdq)}")
        codes = [image_code] if isinstance(image_code, str) else list(image_code or ())
        images = np.frombuffer(b"".join(image_bits(code) for code in codes), np.uint8)
        (found,) = self.match_shard(
            None if pdq is None else np.frombuffer(pdq, np.uint8).reshape(1, PDQ_BYTES),
            np.array([pdq_quality]),
            images.reshape(1, len(codes), _IMAGE_BYTES) if codes else None,
            [instance_code] if instance_code else None,
            pdq_distance=pdq_distance,
            image_distance=image_distance,
        )
        return found

    def match_shard(
        self,
        pdq: npt.NDArray[np.uint8] | None,
        pdq_qualities: npt.NDArray[np.integer[Any]],
        images: npt.NDArray[np.uint8] | None,
        instance_codes: Sequence[str | None] | None = None,
        *,
        pdq_distance: int = PDQ_DISTANCE,
        image_distance: int = MAX_DISTANCE,
    ) -> list[tuple[LikenessMatch, ...]]:
        """``match`` for many assets at once, in their order.

        Args:
            pdq: n x 32 bytes, or None.
            pdq_qualities: n numbers; a negative one where there is no hash.
            images: n x k x 8 bytes, the k Image-Codes of each asset (one repeated where it has
                fewer, zeros where it has none), or None.
            instance_codes: n Instance-Codes, or None.
            pdq_distance, image_distance: bits up to which a hash matches.
        """
        count = len(pdq_qualities)
        best: list[dict[tuple[How, Subject], int]] = [{} for _ in range(count)]
        for row, code in enumerate(instance_codes or ()):
            for unit in units_of(code) if code else ():
                if unit.is_instance:
                    for subject in self._instance.get(unit.body[:8], ()):
                        best[row][How.INSTANCE_CODE, subject] = 0
        if pdq is not None:
            rows = np.flatnonzero(pdq_qualities >= QUALITY_FLOOR)
            for at, distance, subject in self._pdq.search(pdq[rows], pdq_distance):
                best[int(rows[at])][How.PDQ, subject] = distance
        if images is not None:
            flat = images.reshape(-1, _IMAGE_BYTES)
            speaking = [i for i, bits in enumerate(flat) if not says_nothing(bits.tobytes())]
            for at, distance, subject in self._image.search(flat[speaking], image_distance):
                known = best[speaking[at] // images.shape[1]]
                key = (How.IMAGE_CODE, subject)
                known[key] = min(distance, known.get(key, IMAGE_BITS))
        return [_in_order(found) for found in best]


class _Hashes:
    """Distinct hashes of one length, with the subjects of each."""

    def __init__(self, bits: int, subjects: dict[bytes, list[Subject]]) -> None:
        self._subjects = list(subjects.values())
        self._bytes = bits // 8
        self._index: Any = faiss.IndexBinaryFlat(bits)
        if subjects:
            matrix = np.frombuffer(b"".join(subjects), np.uint8).reshape(len(subjects), -1)
            self._index.add(np.ascontiguousarray(matrix))

    def __len__(self) -> int:
        return len(self._subjects)

    def search(
        self, queries: npt.NDArray[np.uint8], max_distance: int
    ) -> Iterable[tuple[int, int, Subject]]:
        """(query, distance, subject) of everything within ``max_distance``."""
        if not len(queries) or not self._subjects:
            return
        # FAISS returns what is strictly nearer than the radius.
        limits, distances, places = self._index.range_search(
            np.ascontiguousarray(queries), max_distance + 1
        )
        owners = np.repeat(np.arange(len(queries)), np.diff(limits.astype(np.int64)))
        for query, distance, place in zip(
            owners.tolist(), distances.tolist(), places.tolist(), strict=True
        ):
            for subject in self._subjects[place]:
                yield query, int(distance), subject


def _in_order(found: dict[tuple[How, Subject], int]) -> tuple[LikenessMatch, ...]:
    ways = list(How)
    matches = (LikenessMatch(subject, distance, how) for (how, subject), distance in found.items())
    return tuple(sorted(matches, key=lambda m: (ways.index(m.how), m.distance, m.subject)))


def _add_pdq(subject: Subject, pdq: dict[bytes, list[Subject]]) -> str:
    try:
        bits = bytes.fromhex(subject.value)
    except ValueError:
        bits = b""
    if len(bits) != PDQ_BYTES:
        return "it is not a PDQ hash of 64 hex digits"
    if int.from_bytes(bits, "big").bit_count() not in _PLAIN_PDQ:
        return "its picture is too plain to be told from others"
    pdq.setdefault(bits, []).append(subject)
    return ""


def _add_iscc(
    subject: Subject, image: dict[bytes, list[Subject]], instance: dict[bytes, list[Subject]]
) -> str:
    try:
        units = units_of(subject.value)
    except IsccError as error:
        return str(error)
    problem = "it has neither an Image-Code nor an Instance-Code of 64 bits"
    usable = False
    for unit in units:
        if unit.is_instance:
            instance.setdefault(unit.body[:8], []).append(subject)
            usable = True
        elif unit.is_image and says_nothing(unit.body):
            problem = "its picture is too plain to be told from others"
        elif unit.is_image:
            image.setdefault(unit.body[:_IMAGE_BYTES], []).append(subject)
            usable = True
    return "" if usable else problem
