"""ISCC codes: one spelling, the units inside, and how far two Image-Codes are apart.

ISO 24138:2024. A code is one unit (Image-Code, Instance-Code and so on) or a composite of several.
Whether two codes speak of the same picture is seen from their units, never from their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import iscc_core as ic

IMAGE_BITS = 64
"""Bits of an Image-Code that are compared: every longer one begins with the same 64."""

MAX_DISTANCE = 8
"""Bits, of 64, up to which two Image-Codes are taken for the same picture.

Measured on the drawings, maps and icons of a test set of 3,498 pictures. Of 131 that are 200 pixels
wide and high or more, these stay within 8 bits of their own code: 96 % as JPEG of quality 70, 98 %
at half the size, 98 % as WebP, 86 % with 3 % cut off each side (with 6 bits 92, 98, 95 and 73 %; of
icons below 200 pixels only 6 or 7 in 10 survive a JPEG). Of 19.7 million pairs of pictures from
different collections 1 in 81,000 lies within 8 bits (6 bits: 1 in 142,000; 10: 1 in 33,000; 12: 1
in 11,000). An asset that is compared with 1,000 declared codes is thus met by accident about once
in 80 times: a match is a reason to look, not a proof.
"""

FEATURELESS_BITS = 8
"""With fewer bits set than this in 64, an Image-Code says nothing: the picture is plain.

A code has 32 bits set unless many of its coefficients are equal, which happens for one colour and
for gradients. Such codes are alike whatever the pictures show. The reference SDK draws the same
line.
"""

_MAX_TEXT = 1200
_PREFIX = re.compile(r"\A(?:urn:)?iscc:", re.IGNORECASE)
_BASE32 = re.compile(r"[A-Z2-7]+")
_MULTIBASE = re.compile(r"[bfuvz][A-Za-z0-9_-]+")
_OF_CONTENT = frozenset({ic.MT.META, ic.MT.SEMANTIC, ic.MT.CONTENT, ic.MT.DATA, ic.MT.INSTANCE})
_DATA_AND_INSTANCE = 2


class IsccError(ValueError):
    """A text is not an ISCC code that can be compared; the message says why."""


@dataclass(frozen=True, slots=True)
class IsccUnit:
    """One unit of a code.

    Attributes:
        main_type: what it was made from, as ISO 24138 numbers it (0 Meta, 2 Content, 4 Instance).
        sub_type: for Content, 1 is an image.
        version: of the algorithm.
        body: the bits, 4 to 32 bytes.
    """

    main_type: int
    sub_type: int
    version: int
    body: bytes

    @property
    def is_image(self) -> bool:
        """Whether it is an Image-Code that can be compared: version 0, at least 64 bits."""
        kind = (self.main_type, self.sub_type, self.version)
        return kind == (ic.MT.CONTENT, ic.ST_CC.IMAGE, 0) and len(self.body) * 8 >= IMAGE_BITS

    @property
    def is_instance(self) -> bool:
        """Whether it is an Instance-Code (of the file's bytes) of version 0, at least 64 bits."""
        return (self.main_type, self.version) == (ic.MT.INSTANCE, 0) and len(self.body) >= 8

    @property
    def code(self) -> str:
        """Its own code, without the prefix."""
        code: str = ic.encode_component(
            self.main_type, self.sub_type, self.version, len(self.body) * 8, self.body
        )
        return code


def parse_iscc(text: str) -> str:
    """The canonical spelling of a code: upper case, without prefix, hyphens and spaces.

    ``ISCC:`` in any case and multibase spellings are read. Units that were written one after the
    other become the composite that they are, where the standard has one; else they stay in a row.

    Raises:
        IsccError: it is not a code, is cut short, or is an ISCC-ID: those name a registry's entry
            and cannot be found from a picture.
    """
    units = units_of(text)
    if len(units) == 1:
        return units[0].code
    codes = [unit.code for unit in units]
    wide = len(units) == _DATA_AND_INSTANCE and all(len(unit.body) >= 16 for unit in units)
    try:
        composite: str = ic.gen_iscc_code_v0(codes, wide=wide)["iscc"]
    except (ValueError, KeyError):
        raw: str = ic.encode_base32(b"".join(ic.decode_base32(code) for code in codes))
        return raw
    return composite.removeprefix("ISCC:")


def units_of(text: str) -> tuple[IsccUnit, ...]:
    """The units of a code, in the order of the standard.

    Raises:
        IsccError: as ``parse_iscc``.
    """
    try:
        found = tuple(_read_units(_bytes_of(text)))
    except IsccError:
        raise
    except (ValueError, LookupError) as error:
        raise IsccError(f"it is not an ISCC code: {error}") from error
    if not found:
        raise IsccError("it is an empty ISCC code")
    return tuple(sorted(found, key=lambda unit: unit.main_type))


def image_code_of(text: str) -> str | None:
    """The 64-bit Image-Code inside a code; None where there is none that can be compared.

    Raises:
        IsccError: as ``parse_iscc``.
    """
    for unit in units_of(text):
        if unit.is_image:
            return IsccUnit(unit.main_type, unit.sub_type, 0, unit.body[: IMAGE_BITS // 8]).code
    return None


def image_bits(text: str) -> bytes:
    """The 8 bytes of the Image-Code inside a code.

    Raises:
        IsccError: it holds no Image-Code, or as ``parse_iscc``.
    """
    for unit in units_of(text):
        if unit.is_image:
            return unit.body[: IMAGE_BITS // 8]
    raise IsccError("it holds no Image-Code of 64 bits or more")


def image_code_distance(one: str, other: str) -> int:
    """Number of bits, 0 to 64, in which the Image-Codes of two codes differ.

    Units and composites can be mixed.

    Raises:
        IsccError: one of them holds no Image-Code.
    """
    first, second = image_bits(one), image_bits(other)
    return (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).bit_count()


def says_nothing(bits: bytes) -> bool:
    """Whether an Image-Code comes from a picture too plain to be told from others."""
    return int.from_bytes(bits[: IMAGE_BITS // 8], "big").bit_count() < FEATURELESS_BITS


def _bytes_of(text: str) -> bytes:
    if len(text) > _MAX_TEXT:
        raise IsccError("it is too long for an ISCC code")
    plain = _PREFIX.sub("", text.strip()).strip()
    compact = re.sub(r"[\s-]", "", plain).upper()
    problem: Exception | None = None
    # Base32 first: a code in lower case may begin with the letter of a multibase.
    if _BASE32.fullmatch(compact):
        try:
            raw: bytes = ic.decode_base32(compact)
            list(_read_units(raw))
        except (ValueError, LookupError) as error:
            problem = error
        else:
            return raw
    if _MULTIBASE.fullmatch(plain):
        try:
            spelled: str = ic.normalize_multiformat(plain)
            decoded: bytes = ic.decode_base32(spelled)
        except (ValueError, LookupError) as error:
            problem = problem or error
        else:
            return decoded
    if isinstance(problem, IsccError):
        raise problem
    detail = f": {problem}" if problem else ""
    raise IsccError(f"it is not an ISCC code{detail}") from problem


def _read_units(raw: bytes) -> Iterator[IsccUnit]:
    while raw:
        main, sub, version, length, tail = ic.decode_header(raw)
        if main == ic.MT.ISCC:
            yield from _read_composite(sub, version, length, tail)
            return
        if main == ic.MT.ID:
            raise IsccError("it is an ISCC-ID: it names an entry of a registry, not a picture")
        if main not in _OF_CONTENT or length > 7:
            raise IsccError("it is not an ISCC code: it is of an unknown kind")
        size = 4 * (length + 1)
        if len(tail) < size:
            raise IsccError("it is cut short")
        yield IsccUnit(main, sub, version, bytes(tail[:size]))
        raw = tail[size:]


def _read_composite(sub: int, version: int, length: int, tail: bytes) -> Iterator[IsccUnit]:
    if version != 0 or length > 7:
        raise IsccError("it is a composite of an unknown version")
    wide = sub == ic.ST_ISCC.WIDE
    kinds = [] if wide else list(ic.decode_units(length))
    size = 16 if wide else 8
    expected = size * (len(kinds) + 2)
    if len(tail) != expected:
        raise IsccError(f"it is cut short or too long: {len(tail)} bytes instead of {expected}")
    for index, kind in enumerate([*kinds, ic.MT.DATA, ic.MT.INSTANCE]):
        of_content = kind in (ic.MT.SEMANTIC, ic.MT.CONTENT)
        body = bytes(tail[index * size : (index + 1) * size])
        yield IsccUnit(int(kind), sub if of_content else 0, 0, body)
