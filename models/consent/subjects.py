"""The subject: what a statement that was found elsewhere speaks of, in one canonical spelling.

A statement that stands in or beside a file speaks of that file. One that was read from a chain, a
web site or an opt-out list has to say what it is about, so that it finds the assets it concerns.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SubjectKind(StrEnum):
    """How a subject is named."""

    SHA256 = "sha256"  # hex of the file's own SHA-256, which is the asset's id
    CID = "cid"  # CIDv1 in lower-case base32, whatever spelling it was found in
    URL = "url"  # where the file was fetched from, normalised
    DOMAIN = "domain"  # a host name; it covers its subdomains
    TOKEN = "token"  # noqa: S105  CAIP-19: eip155:1/erc721:0xabc…/7
    ISCC = "iscc"  # an ISCC code, upper case, without the "ISCC:" prefix
    PDQ = "pdq"  # hex of a 256-bit PDQ hash, as lists publish it
    LOOK = "look"  # hex of Kiyome's own perceptual hash (``models.motifs.fingerprints``)


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """One name for one subject.

    Attributes:
        kind: how it is named.
        value: the name, canonical for its kind (see ``SubjectKind``).
    """

    kind: SubjectKind
    value: str

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Subject:
        """Read what ``str`` wrote.

        Raises:
            ValueError: there is no such kind.
        """
        kind, _, value = text.partition(":")
        return cls(SubjectKind(kind), value)
