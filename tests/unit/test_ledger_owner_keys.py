"""The keys of owners: what follows from one, and the file that forgets them when told to."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.owners.keys import (
    OPERATOR,
    OwnerKeys,
    add_owner_keys,
    create_key_store,
    derive_index_salt,
    derive_record_salt,
    derive_seal_key,
    derive_tag,
    destroy_owner_key,
    make_owner_key,
)
from tests.ledger_parts import owner_ref

KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create_key_store(tmp_path / "owners.keys")
    return tmp_path / "owners.keys"


def _fill(path: Path, count: int) -> dict[str, bytes]:
    keys = {owner_ref(number): secrets.token_bytes(32) for number in range(count)}
    add_owner_keys(path, keys)
    return keys


def test_everything_about_an_owner_follows_from_their_key_and_the_batch() -> None:
    def expect(message: bytes) -> bytes:
        return hmac.new(KEY, message, hashlib.sha256).digest()

    assert derive_tag(KEY, "b1") == expect(b"usage-tagb1")
    assert derive_index_salt(KEY, "b1") == expect(b"usage-indexb1")
    assert derive_record_salt(KEY, "b1", 258) == expect(b"usage-saltb1" + bytes(6) + b"\x01\x02")
    assert derive_seal_key(KEY, "b1", b"n" * 16) == expect(b"usage-sealb1" + b"n" * 16)


def test_keys_that_were_added_are_there_for_the_next_reader(path: Path) -> None:
    keys = _fill(path, 50)
    found = OwnerKeys.read(path)
    assert dict(found.items()) == keys
    assert all(found.get(reference) == key for reference, key in keys.items())
    assert found.get(owner_ref(99)) is None


def test_keys_are_added_behind_those_there_are(path: Path) -> None:
    first = _fill(path, 2)
    add_owner_keys(path, {owner_ref(7): KEY})
    add_owner_keys(path, {})
    assert dict(OwnerKeys.read(path).items()) == {**first, owner_ref(7): KEY}


def test_records_without_an_owner_have_a_key_like_any_other(path: Path) -> None:
    _fill(path, 2)
    destroy_owner_key(path, owner_ref(0))
    assert OwnerKeys.read(path).get(OPERATOR) is None
    add_owner_keys(path, {OPERATOR: KEY})
    assert OwnerKeys.read(path).get(OPERATOR) == KEY


def test_a_destroyed_key_is_nowhere_in_the_file(path: Path) -> None:
    keys = _fill(path, 3)
    destroy_owner_key(path, owner_ref(1))
    assert keys[owner_ref(1)] not in path.read_bytes()
    assert bytes.fromhex(owner_ref(1)) not in path.read_bytes()
    del keys[owner_ref(1)]
    assert dict(OwnerKeys.read(path).items()) == keys


def test_destroying_a_key_again_changes_nothing(path: Path) -> None:
    _fill(path, 3)
    destroy_owner_key(path, owner_ref(1))
    data = path.read_bytes()
    destroy_owner_key(path, owner_ref(1))
    assert path.read_bytes() == data


def test_an_owner_who_was_destroyed_gets_a_new_key(path: Path) -> None:
    old = _fill(path, 3)[owner_ref(1)]
    destroy_owner_key(path, owner_ref(1))
    new = make_owner_key(path, owner_ref(1))
    assert new != old
    assert make_owner_key(path, owner_ref(1)) == new
    assert OwnerKeys.read(path).get(owner_ref(1)) == new


def test_what_a_crash_left_behind_the_last_key_counts_for_nothing(path: Path) -> None:
    keys = _fill(path, 2)
    with path.open("ab") as file:
        file.write(secrets.token_bytes(100))
    assert dict(OwnerKeys.read(path).items()) == keys
    add_owner_keys(path, {owner_ref(5): KEY})
    assert OwnerKeys.read(path).get(owner_ref(5)) == KEY


def test_a_key_that_a_crash_left_uncounted_is_destroyed_as_well(path: Path) -> None:
    before = path.read_bytes()
    key = _fill(path, 1)[owner_ref(0)]
    path.write_bytes(before + path.read_bytes()[len(before) :])  # the header was not written
    path.chmod(0o600)
    assert OwnerKeys.read(path).get(owner_ref(0)) is None
    assert key in path.read_bytes()
    destroy_owner_key(path, owner_ref(0))
    assert key not in path.read_bytes()


def test_a_flipped_bit_in_a_key_is_seen(path: Path) -> None:
    _fill(path, 2)
    data = path.read_bytes()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        with pytest.raises(LedgerError, match="damaged"):
            list(OwnerKeys.read(path).items())


def test_no_key_is_made_while_another_is_damaged(path: Path) -> None:
    """The damaged one might be theirs: a new key would prove them absent where they are not."""
    _fill(path, 2)
    data = bytearray(path.read_bytes())
    data[-64] ^= 1
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="damaged"):
        make_owner_key(path, owner_ref(1))


def test_a_file_that_is_cut_short_is_refused(path: Path) -> None:
    _fill(path, 2)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LedgerError, match="damaged"):
        OwnerKeys.read(path)


def test_a_file_that_others_can_read_is_refused(path: Path) -> None:
    path.chmod(0o640)
    with pytest.raises(LedgerError, match="read by others"):
        OwnerKeys.read(path)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"owners\.keys cannot be read"):
        OwnerKeys.read(tmp_path / "owners.keys")


@pytest.mark.parametrize("reference", ["Hanako", "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n"])
def test_a_name_is_not_a_reference(path: Path, reference: str) -> None:
    with pytest.raises(LedgerError, match="32 lower-case hex digits"):
        OwnerKeys.read(path).get(reference)
