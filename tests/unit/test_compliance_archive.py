"""The archive of a bundle: the same members give the same bytes, and no byte changes unseen."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.compliance.archive import CheckedBundle, check, pack
from models.errors import KiyomeError, LedgerError, ReleaseError
from models.ledger.note import Checkpoint, Signer, open_note
from tests.compliance_parts import SIGNER, unpack

MEMBERS = {
    "README.en.md": b"# A bundle\n",
    "ledger.json": json.dumps({"vkey": SIGNER.verifier.vkey}).encode(),
    "ledger/checkpoint": b"log\n1\nx\n",
}


def make(members: dict[str, bytes] | None = None, signer: Signer = SIGNER) -> bytes:
    return pack(
        MEMBERS if members is None else members,
        signer,
        release="ab" * 32,
        dataset="posters",
        number=3,
        is_confidential=False,
    )


BUNDLE = make()


def rezip(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive as Kiyome packs it, of any members."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", compression) as archive:
        for path, data in sorted(members.items()):
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.create_system = 0o100644 << 16, 3
            archive.writestr(entry, data, compression)
    return sink.getvalue()


def test_a_bundle_that_nobody_touched_holds() -> None:
    found = check(BUNDLE, SIGNER.verifier)
    assert [member.path for member in found.members] == sorted(MEMBERS)
    assert (found.dataset, found.number, found.key_was_given) == ("posters", 3, True)


def test_the_same_members_make_the_same_bytes_in_whichever_order() -> None:
    assert make(dict(reversed(list(MEMBERS.items())))) == BUNDLE


def test_without_a_key_it_says_that_the_key_was_its_own() -> None:
    assert not check(BUNDLE, None).key_was_given


def test_a_stranger_who_signs_anew_is_found_out_by_the_key() -> None:
    stranger = Signer.generate(SIGNER.name)
    with pytest.raises(ReleaseError, match="not signed by a key that is trusted"):
        check(make(signer=stranger), SIGNER.verifier)


@pytest.mark.parametrize("path", [*sorted(MEMBERS), "bundle.json", "bundle.note"])
def test_whichever_member_is_changed_is_found(path: str) -> None:
    members = unpack(BUNDLE)
    members[path] = members[path].replace(members[path][:1], b"~", 1)
    with pytest.raises((ReleaseError, LedgerError)):
        check(rezip(members), SIGNER.verifier)


@pytest.mark.parametrize("path", [*sorted(MEMBERS), "bundle.json", "bundle.note"])
def test_whichever_member_is_missing_is_missed(path: str) -> None:
    members = unpack(BUNDLE)
    del members[path]
    with pytest.raises(ReleaseError, match="is missing"):
        check(rezip(members), SIGNER.verifier)


def test_a_member_that_was_added_is_found() -> None:
    with pytest.raises(ReleaseError, match=r"extra\.txt is not listed"):
        check(rezip({**unpack(BUNDLE), "extra.txt": b"x"}), SIGNER.verifier)


@given(st.integers(0, len(BUNDLE) - 1), st.integers(1, 255))
def test_no_byte_of_the_file_changes_unseen(place: int, by: int) -> None:
    changed = bytearray(BUNDLE)
    changed[place] ^= by
    with pytest.raises(KiyomeError):
        check(bytes(changed), SIGNER.verifier)


@given(st.binary(max_size=400))
def test_any_other_file_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(ReleaseError):
        check(data, None)


ALTERED: dict[str, Callable[[], bytes]] = {
    "bytes in front": lambda: b"MZ" + BUNDLE,
    "bytes behind": lambda: BUNDLE + b"x",
    "compressed members": lambda: rezip(unpack(BUNDLE), zipfile.ZIP_DEFLATED),
    "a path out of the folder": lambda: rezip({**unpack(BUNDLE), "../evil": b"x"}),
    "an absolute path": lambda: rezip({**unpack(BUNDLE), "/etc/passwd": b"x"}),
}


@pytest.mark.parametrize("name", sorted(ALTERED))
def test_an_archive_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(ReleaseError, match="not a whole, unchanged bundle"):
        check(ALTERED[name](), SIGNER.verifier)


@pytest.mark.parametrize("path", ["../evil", "/abs", "a/b/c", "a b", "", "bundle.json", "é"])
def test_a_member_with_a_hostile_name_is_never_packed(path: str) -> None:
    with pytest.raises(ReleaseError, match="cannot be the name"):
        make({path: b"x"})


def test_the_signature_is_a_signed_note_that_is_no_checkpoint() -> None:
    text = open_note(unpack(BUNDLE)["bundle.note"], [SIGNER.verifier])
    assert text.splitlines()[:2] == [SIGNER.name, "kiyome/bundle/1"]
    with pytest.raises(LedgerError):
        Checkpoint.parse(text)


def test_a_hostile_dataset_name_is_kept_as_it_is() -> None:
    name = 'a"\n</script>\u202e'
    bundle = pack(MEMBERS, SIGNER, release="ab" * 32, dataset=name, number=1, is_confidential=True)
    found: CheckedBundle = check(bundle, SIGNER.verifier)
    assert (found.dataset, found.is_confidential) == (name, True)
