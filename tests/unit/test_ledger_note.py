"""Signed notes, checkpoints and keys, against the published examples and every malformed one."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.note import (
    Checkpoint,
    Signer,
    Verifier,
    create_key_file,
    open_checkpoint,
    open_note,
    read_key_file,
    sign_checkpoint,
    sign_note,
)

# The example key, text and signature of the Go module golang.org/x/mod/sumdb/note.
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)
NOTE = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n".encode()

NAME = "example.com/log"
SIGNER = Signer(NAME, bytes(range(32)))
OTHER = Signer(NAME, bytes(32))
HEAD = Checkpoint(NAME, 20_852_163, hashlib.sha256(b"root").digest())


def test_the_published_key_signs_to_the_published_note() -> None:
    signer = Signer.parse(SKEY)
    assert signer.skey == SKEY
    assert signer.verifier.vkey == VKEY
    assert sign_note(TEXT, [signer]) == NOTE


def test_the_published_note_opens_with_the_published_key() -> None:
    assert open_note(NOTE, [Verifier.parse(VKEY)]) == TEXT


def test_the_key_id_is_the_beginning_of_a_hash_over_name_type_and_key() -> None:
    key = SIGNER.verifier.public_key
    expected = hashlib.sha256(NAME.encode() + b"\x0a\x01" + key).digest()[:4]
    assert SIGNER.verifier.key_id == expected


def test_a_text_with_empty_lines_is_parted_at_the_last_one() -> None:
    text = "a\n\nb\n\n\nc\n"
    assert open_note(sign_note(text, [SIGNER]), [SIGNER.verifier]) == text


def test_signatures_by_unknown_keys_are_passed_over() -> None:
    note = sign_note("text\n", [OTHER, SIGNER])
    assert open_note(note, [SIGNER.verifier]) == "text\n"


def test_a_note_by_unknown_keys_only_is_refused() -> None:
    with pytest.raises(LedgerError, match="not signed by a key that is trusted"):
        open_note(sign_note("text\n", [OTHER]), [SIGNER.verifier])
    with pytest.raises(LedgerError, match="not signed"):
        open_note(sign_note("text\n", [SIGNER]), [])


def test_one_signature_of_a_known_key_that_does_not_hold_refuses_the_note() -> None:
    good = sign_note("text\n", [SIGNER, OTHER])
    line = good.decode().split("\n")[2]
    forged = f"{line[:-8]}{'AAAAAAA='}"
    both = [SIGNER.verifier, OTHER.verifier]
    with pytest.raises(LedgerError, match="does not hold"):
        open_note(good.replace(line.encode(), forged.encode()), both)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"text\n",
        b"text\n\n",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE.replace("—".encode(), b"-"),
        NOTE.replace(b"AM=\n", b"AN=\n"),
        NOTE.replace(b"AM=\n", b"AM= \n"),
        NOTE.replace(b"x08g", b"x0 8g"),
        NOTE.replace(b"then", b"th\ten"),
        NOTE.replace(b"then", b"th\xffen"),
        NOTE.replace(b"PeterNeumann x08", b"Peter+Neumann x08"),
        TEXT.encode() + "\n— PeterNeumann AAAA\n".encode(),
        TEXT.encode() + b"\n" + 101 * f"— PeterNeumann {SIGNATURE}\n".encode(),
        b"x" * 70_000 + NOTE,
    ],
)
def test_malformed_notes_are_refused(note: bytes) -> None:
    with pytest.raises(LedgerError):
        open_note(note, [Verifier.parse(VKEY)])


@pytest.mark.parametrize("text", ["no newline", "tab\there\n", "null\0\n"])
def test_texts_that_no_note_can_hold_are_not_signed(text: str) -> None:
    with pytest.raises(LedgerError, match="cannot be signed"):
        sign_note(text, [SIGNER])


def test_a_checkpoint_is_origin_size_and_root() -> None:
    note = sign_checkpoint(HEAD, SIGNER).decode().split("\n")
    assert note[:4] == [NAME, "20852163", base64.b64encode(HEAD.root).decode(), ""]
    assert open_checkpoint(sign_checkpoint(HEAD, SIGNER), SIGNER.verifier) == HEAD


@pytest.mark.parametrize(
    "change",
    [
        ("20852163", "020852163"),
        ("20852163", "+20852163"),
        ("20852163", "20852163 "),
        ("20852163", "２０"),
        ("20852163\n", ""),
        ("20852163\n", "20852163\n\n"),
        (f"{NAME}\n", "\n"),
    ],
)
def test_other_spellings_of_a_checkpoint_are_refused(change: tuple[str, str]) -> None:
    with pytest.raises(LedgerError, match="not a checkpoint"):
        Checkpoint.parse(HEAD.text.replace(*change))


def test_a_root_of_another_length_is_refused() -> None:
    with pytest.raises(LedgerError, match="not a checkpoint"):
        Checkpoint.parse(Checkpoint(NAME, 1, bytes(31)).text)


def test_extension_lines_are_read_over() -> None:
    note = sign_note(HEAD.text + "extension\n", [SIGNER])
    assert open_checkpoint(note, SIGNER.verifier) == HEAD


def test_a_checkpoint_of_another_log_is_refused_although_the_key_signed_it() -> None:
    note = sign_checkpoint(Checkpoint("example.com/other", 1, bytes(32)), SIGNER)
    with pytest.raises(LedgerError, match=r"of the log 'example\.com/other'"):
        open_checkpoint(note, SIGNER.verifier)


@pytest.mark.parametrize(
    "vkey",
    ["", "a+b", VKEY[:-1], VKEY.replace("c74f", "c74e"), VKEY.replace("Peter", "Pater")],
)
def test_damaged_verifier_keys_are_refused(vkey: str) -> None:
    with pytest.raises(LedgerError):
        Verifier.parse(vkey)


@pytest.mark.parametrize("skey", ["", SKEY[:-1], SKEY.replace("c74f", "c74e"), VKEY])
def test_damaged_signing_keys_are_refused_without_being_shown(skey: str) -> None:
    with pytest.raises(LedgerError, match="damaged") as caught:
        Signer.parse(skey)
    assert "AYEKFALVFGyN" not in str(caught.value)


def test_a_signing_key_is_not_shown_when_printed() -> None:
    assert SIGNER.seed.hex() not in repr(SIGNER)
    assert repr(SIGNER.seed) not in repr(SIGNER)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb"])
def test_names_that_break_the_format_are_refused(name: str) -> None:
    with pytest.raises(LedgerError, match="cannot name a log"):
        Signer(name, bytes(32))


def test_a_key_file_is_for_its_owner_only_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    signer = create_key_file(path, NAME)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path) == signer
    with pytest.raises(FileExistsError):
        create_key_file(path, NAME)
    assert read_key_file(path) == signer
    assert [p.name for p in tmp_path.iterdir()] == ["signing.key"]


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    create_key_file(path, NAME)
    path.chmod(0o640)
    with pytest.raises(LedgerError, match="can be read by others") as caught:
        read_key_file(path)
    assert f"chmod 600 {path}" in caught.value.remedy


def test_a_lost_or_cut_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    with pytest.raises(LedgerError, match="cannot be read"):
        read_key_file(path)
    create_key_file(path, NAME)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LedgerError, match="cut short"):
        read_key_file(path)
