"""What looking at one token came to, and which bytes its image has."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from models.canonical import digest_bytes
from models.consent.chain.sources import Collection, Resolve, TokenRef
from models.consent.evidence.observation import Observation, Said
from models.consent.ipfs.hashing import cids_of
from models.consent.reading_json import printable
from models.consent.statements import Statement
from models.consent.subjects import Subject, SubjectKind
from models.errors import KiyomeError

_OF_BYTES = (SubjectKind.SHA256, SubjectKind.CID)


ImageNames = dict[str, tuple[Subject, ...]]
"""By address in IPFS, which never holds other bytes, what the image there is called."""


@dataclass(frozen=True, slots=True)
class TokenReading:
    """One look at one token, or at a collection's default.

    Attributes:
        observation: what was found.
        token: the token; None where this is the collection's default.
        images: the images that its metadata names, also where it says nothing about mining.
        claims: the CIDs among them of which its owner may speak in commits: those that authentic
            metadata of a recognised contract names.
        authentic: see ``Reading``.
    """

    observation: Observation
    token: TokenRef | None = None
    images: tuple[Subject, ...] = ()
    claims: tuple[str, ...] = ()
    authentic: bool = False


def add_image_names(
    readings: Sequence[TokenReading],
    resolve: Resolve,
    pool: ThreadPoolExecutor,
    collection: Collection,
    named: ImageNames,
) -> list[TokenReading]:
    """Name images below IPFS folders by their bytes, for tokens that say something.

    The address ``ipfs://<folder>/7.png`` tells where the image is, and not what it is. Its bytes,
    verified on the way down from the folder, do. An image that cannot be had is named in a note.

    Args:
        named: what is known of addresses already, which is not fetched again; it is added to.
    """
    wanted = {i: address for i, reading in enumerate(readings) if (address := _unnamed(reading))}
    addresses = sorted(set(wanted.values()) - named.keys())
    fetched = zip(addresses, pool.map(lambda a: _name_bytes(a, resolve), addresses), strict=True)
    names: dict[str, tuple[Subject, ...] | str] = {**named, **dict(fetched)}
    named.update({a: n for a, n in names.items() if not isinstance(n, str)})
    return [
        _add(reading, names[wanted[i]], collection) if i in wanted else reading
        for i, reading in enumerate(readings)
    ]


def _unnamed(reading: TokenReading) -> str:
    """The address of an image whose bytes have no name yet; "" where there is none to be had."""
    if not reading.observation.said or any(s.kind in _OF_BYTES for s in reading.images):
        return ""
    addresses = (s.value for s in reading.images if s.value.startswith("ipfs://"))
    return next(addresses, "")


def _name_bytes(address: str, resolve: Resolve) -> tuple[Subject, ...] | str:
    """What the bytes at an address are called, or why that is not known."""
    try:
        fetched = resolve(address)
    except KiyomeError as error:
        return error.problem
    if not fetched.verified:
        return f"the bytes at {address} are not verified"
    return (
        Subject(SubjectKind.SHA256, digest_bytes(fetched.body)),
        *(Subject(SubjectKind.CID, cid.canonical) for cid in cids_of(fetched.body)),
    )


def _add(
    reading: TokenReading, names: tuple[Subject, ...] | str, collection: Collection
) -> TokenReading:
    seen = reading.observation
    if isinstance(names, str):
        note = printable("; ".join(n for n in (seen.note, f"its image is not known: {names}") if n))
        return replace(reading, observation=replace(seen, note=note))
    statements: list[Statement] = []
    for each in seen.said:
        if each.statement not in statements:
            statements.append(each.statement)
    more = tuple(Said(name, statement) for statement in statements for name in names)
    claims = reading.claims
    if reading.authentic and collection.recognised:
        claims += tuple(name.value for name in names if name.kind is SubjectKind.CID)
    return replace(
        reading,
        observation=replace(seen, said=(*seen.said, *more)),
        images=(*reading.images, *names),
        claims=claims,
    )
