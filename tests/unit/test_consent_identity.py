"""An asset is recognised by what its bytes are and where they came from."""

from __future__ import annotations

import hashlib
import json

import pytest

from models.assets.asset import Asset, Location
from models.assets.faults import FaultError
from models.canonical import digest_bytes
from models.consent.identity import identify
from models.consent.ipfs.hashing import cids_of
from models.consent.subjects import Subject, SubjectKind
from models.reasons import Reason
from tests.consent_files import asset_of

PIECE = 256 * 1024
SIZES = (0, 1, PIECE, PIECE + 1, 4 * PIECE, 4 * PIECE + 1, 5 * PIECE)
SIDECAR = Location("a.json", "a.json")


def pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def unreadable(_: Location) -> bytes:
    raise FaultError(Reason.IMAGE_MISSING, "gone")


@pytest.mark.parametrize("size", SIZES)
def test_a_digest_that_is_known_changes_no_cid(size: int) -> None:
    data = pattern(size)
    known = cids_of(data, hashlib.sha256(data).digest())
    assert known == cids_of(data)
    assert [cid.version for cid in known] == [cid.version for cid in cids_of(data)]


@pytest.mark.parametrize("size", SIZES)
def test_an_asset_is_its_digest_and_its_cids(size: int) -> None:
    data = pattern(size)
    assert identify(asset_of(data), data, unreadable) == (
        Subject(SubjectKind.SHA256, digest_bytes(data)),
        *(Subject(SubjectKind.CID, cid.canonical) for cid in cids_of(data)),
    )


def test_an_asset_is_also_the_address_that_it_was_read_from() -> None:
    asset = Asset(digest_bytes(b"x"), (Location("a.png", "https://a.example/a.png"),))
    assert Subject(SubjectKind.URL, "https://a.example/a.png") in identify(asset, b"x", unreadable)


def test_an_asset_is_also_what_its_record_says() -> None:
    record = json.dumps({"url": "https://b.example/b.png"}).encode()
    subjects = identify(asset_of(b"x", "a.png", SIDECAR), b"x", lambda _: record)
    assert Subject(SubjectKind.URL, "https://b.example/b.png") in subjects


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"url": "not an address"}'])
def test_a_record_that_cannot_be_used_names_nothing(content: bytes) -> None:
    plain = identify(asset_of(b"x"), b"x", unreadable)
    assert identify(asset_of(b"x", "a.png", SIDECAR), b"x", lambda _: content) == plain


def test_a_record_that_cannot_be_read_names_nothing() -> None:
    plain = identify(asset_of(b"x"), b"x", unreadable)
    assert identify(asset_of(b"x", "a.png", SIDECAR), b"x", unreadable) == plain
