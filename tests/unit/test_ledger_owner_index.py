"""The owner index tree: its formulas, its padding, and its private file."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.merkle import hash_leaf, root_of, verify_inclusion
from models.ledger.owners.index import (
    IndexedOwner,
    OwnerIndex,
    blind_owner,
    is_index_size,
    padded_size,
    records_root,
    write_index,
)

NONCE = bytes(range(16))


def _owners(count: int) -> list[IndexedOwner]:
    return [IndexedOwner(secrets.token_bytes(64), secrets.token_bytes(24)) for _ in range(count)]


def test_a_records_root_is_over_index_and_leaf_in_order() -> None:
    records = [(5, b"a" * 32), (700, b"b" * 32), (701, b"c" * 32)]
    entries = [bytes(7) + b"\x05" + b"a" * 32]
    entries += [bytes(6) + b"\x02\xbc" + b"b" * 32, bytes(6) + b"\x02\xbd" + b"c" * 32]
    assert records_root(records) == root_of([hash_leaf(entry) for entry in entries])


def test_an_owners_half_hides_root_and_count_behind_a_salt() -> None:
    salt, root = b"s" * 32, b"r" * 32
    expected = hashlib.sha256(b"own1" + salt + root + bytes(7) + b"\x03").digest()
    assert blind_owner(salt, root, 3) == expected


@pytest.mark.parametrize(
    ("owners", "size"), [(1, 16), (15, 16), (16, 16), (17, 32), (32, 32), (33, 64), (50_000, 65536)]
)
def test_an_index_is_padded_to_a_power_of_two(owners: int, size: int) -> None:
    assert padded_size(owners) == size


def test_an_index_has_a_power_of_two_of_leaves() -> None:
    assert [size for size in range(70) if is_index_size(size)] == [16, 32, 64]


@pytest.mark.parametrize("count", [1, 16, 17, 40])
def test_every_owner_is_found_and_stands_under_the_root(tmp_path: Path, count: int) -> None:
    owners = _owners(count)
    size, root = write_index(tmp_path / "x.index", NONCE, owners)
    with OwnerIndex(tmp_path / "x.index") as index:
        assert (index.size, index.root, index.nonce) == (size, root, NONCE)
        entries = [index.entry(place) for place in range(size)]
        assert entries == sorted(entries)
        assert root_of([hash_leaf(entry) for entry in entries]) == root
        assert index.find_fault() == ""
        for owner in owners:
            place = index.find(owner.entry[:32])
            assert place is not None
            assert index.entry(place) == owner.entry
            assert index.sealed_places(place) == owner.sealed_places
            leaf = hash_leaf(owner.entry)
            assert verify_inclusion(leaf, place, size, index.path(place), root)


def test_a_tag_that_is_not_there_has_a_place_but_no_leaf(tmp_path: Path) -> None:
    write_index(tmp_path / "x.index", NONCE, _owners(5))
    with OwnerIndex(tmp_path / "x.index") as index:
        assert (index.locate(bytes(32)), index.find(bytes(32))) == (0, None)
        assert (index.locate(b"\xff" * 32), index.find(b"\xff" * 32)) == (16, None)


def test_padding_is_another_each_time_and_leads_to_no_records(tmp_path: Path) -> None:
    owners = _owners(3)
    roots = {write_index(tmp_path / f"{number}.index", NONCE, owners)[1] for number in range(5)}
    assert len(roots) == 5
    with OwnerIndex(tmp_path / "0.index") as index:
        lists = [index.sealed_places(place) for place in range(index.size)]
    assert lists.count(b"") == 13


def test_an_erased_list_keeps_its_length_only(tmp_path: Path) -> None:
    owners = _owners(3)
    write_index(tmp_path / "x.index", NONCE, owners)
    with OwnerIndex(tmp_path / "x.index", change=True) as index:
        place = index.find(owners[1].entry[:32])
        assert place is not None
        index.erase_places(place)
    assert owners[1].sealed_places not in (tmp_path / "x.index").read_bytes()
    with OwnerIndex(tmp_path / "x.index") as index:
        assert index.sealed_places(place) == bytes(24)
        assert index.find_fault() == ""


def test_a_changed_entry_node_or_place_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.index"
    write_index(path, NONCE, _owners(3))
    data = path.read_bytes()
    lists = len(data) - 3 * 24
    for position in range(48, lists, 5):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        with OwnerIndex(path) as index:
            assert index.find_fault(), position


@pytest.mark.parametrize("data", [b"", b"x" * 47, b"x" * 5000])
def test_a_file_that_is_no_index_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.index").write_bytes(data)
    with pytest.raises(LedgerError, match="index of owners"):
        OwnerIndex(tmp_path / "x.index")


def test_an_index_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.index"
    write_index(path, NONCE, _owners(3))
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(LedgerError, match="damaged"):
        OwnerIndex(path)
