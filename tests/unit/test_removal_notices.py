"""Removal notices: what they say, who signed them, and what they ask of a folder."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.canonical import digest_bytes
from models.errors import ReleaseError
from models.ledger.note import Signer
from models.releases.applying import find_to_remove, remove_files
from models.releases.notices import (
    RemovalNotice,
    RemovalReason,
    Removed,
    classify,
    open_notice,
    sign_notice,
)

SIGNER = Signer.generate("log.example")
GONE, KEPT = b"the picture that has to go", b"the picture that stays"


def _notice(*removed: Removed) -> RemovalNotice:
    affected = {1: ("a" * 64, "b" * 64)} if removed else {}
    return RemovalNotice("set", 1_790_000_000, (2, "c" * 64), affected, removed)


ONE = _notice(Removed(digest_bytes(GONE), RemovalReason.TAKEDOWN, (1,)))


def _export(folder: Path, names: dict[str, bytes], sources: dict[str, str]) -> Path:
    """A folder as ``kiyome export`` writes it, with a caption for each picture."""
    (folder / "dataset").mkdir(parents=True)
    rows = []
    for name, data in names.items():
        path = folder / "dataset" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        caption = {"text": "words", "source": sources[name], "name": name}
        rows.append({"asset_id": digest_bytes(data), "names": [name], "captions": [caption]})
        if not (folder / "dataset" / sources[name].partition(":")[0]).exists():
            (folder / "dataset" / sources[name].partition(":")[0]).write_text("words")
    pq.write_table(pa.Table.from_pylist(rows), folder / "manifest.parquet")
    return folder


def test_a_notice_reads_as_it_was_signed() -> None:
    assert open_notice(sign_notice(ONE, SIGNER), SIGNER.verifier) == ONE


def test_a_notice_by_another_key_is_refused() -> None:
    with pytest.raises(ReleaseError, match="signature"):
        open_notice(sign_notice(ONE, SIGNER), Signer.generate("log.example").verifier)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_notice_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    data = bytearray(sign_notice(ONE, SIGNER))
    data[place % len(data)] ^= change
    with pytest.raises(ReleaseError):
        open_notice(bytes(data), SIGNER.verifier)


def test_a_notice_is_the_same_bytes_whenever_it_is_written() -> None:
    assert sign_notice(ONE, SIGNER) == sign_notice(ONE, SIGNER)


@pytest.mark.parametrize(
    ("reasons", "verdict", "word"),
    [
        (["takedown"], "exclude", "takedown"),
        (["consent_withdrawn"], "exclude", "consent"),
        (["grant_expired"], "exclude", "consent"),
        (["name_protected", "motif_copy"], "review", "protected_name"),
        (["motif_copy"], "review", "protected_motif"),
        (["image_damaged"], "error", "unverified"),
        (["ruling_excluded"], "exclude", "review"),
        ([], "absent", "absent"),
    ],
)
def test_a_removal_is_told_in_one_word(reasons: list[str], verdict: str, word: str) -> None:
    assert classify(reasons, verdict).value == word


def test_an_image_and_its_caption_file_are_found_and_deleted(tmp_path: Path) -> None:
    sources = {"a.png": "a.txt", "b.png": "b.txt"}
    folder = _export(tmp_path / "out", {"a.png": GONE, "b.png": KEPT}, sources)
    found = find_to_remove(folder, ONE)
    assert (found.images, found.captions) == (("dataset/a.png",), ("dataset/a.txt",))
    remove_files(folder, found)
    left = sorted(path.name for path in (folder / "dataset").iterdir())
    assert left == ["b.png", "b.txt"]


def test_listing_deletes_nothing(tmp_path: Path) -> None:
    folder = _export(tmp_path / "out", {"a.png": GONE}, {"a.png": "a.txt"})
    find_to_remove(folder, ONE)
    assert (folder / "dataset" / "a.png").exists()


def test_a_renamed_copy_is_found_by_its_bytes(tmp_path: Path) -> None:
    folder = _export(tmp_path / "out", {"a.png": GONE}, {"a.png": "a.txt"})
    (folder / "dataset" / "a.png").rename(folder / "dataset" / "renamed.png")
    assert find_to_remove(folder, ONE).images == ("dataset/renamed.png",)


def test_the_caption_file_beside_a_renamed_copy_goes_with_it(tmp_path: Path) -> None:
    folder = _export(tmp_path / "out", {"b.png": KEPT}, {"b.png": "b.txt"})
    for name in ("renamed.png", "renamed.txt", "renamed.json"):
        (folder / "dataset" / name).write_bytes(GONE if name == "renamed.png" else b"words")
    found = find_to_remove(folder, ONE)
    assert (found.images, found.captions) == (("dataset/renamed.png",), ("dataset/renamed.txt",))


def test_the_caption_file_beside_a_renamed_copy_stays_where_another_picture_has_it(
    tmp_path: Path,
) -> None:
    folder = _export(tmp_path / "out", {"b.png": KEPT}, {"b.png": "b.txt"})
    (folder / "dataset" / "b.webp").write_bytes(GONE)
    found = find_to_remove(folder, ONE)
    assert (found.images, found.captions) == (("dataset/b.webp",), ())


def test_a_caption_file_that_the_manifest_gives_to_a_picture_that_stays_stays(
    tmp_path: Path,
) -> None:
    folder = _export(tmp_path / "out", {"b.png": KEPT}, {"b.png": "words.txt"})
    (folder / "dataset" / "words.png").write_bytes(GONE)
    assert find_to_remove(folder, ONE).captions == ()


def test_a_caption_table_that_others_stand_in_is_not_deleted(tmp_path: Path) -> None:
    sources = {"a.png": "metadata.jsonl:1", "b.png": "metadata.jsonl:2"}
    folder = _export(tmp_path / "out", {"a.png": GONE, "b.png": KEPT}, sources)
    found = find_to_remove(folder, ONE)
    assert found.captions == ()
    assert "dataset/metadata.jsonl" in found.inside


def test_a_name_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "private.txt"
    outside.write_text("mine")
    folder = _export(tmp_path / "out", {"a.png": GONE}, {"a.png": "a.txt"})
    rows = [
        {
            "asset_id": digest_bytes(GONE),
            "names": ["../../private.txt"],
            "captions": [{"text": "", "source": "../../private.txt", "name": "a.png"}],
        }
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "manifest.parquet")
    remove_files(folder, find_to_remove(folder, ONE))
    assert outside.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "a.png"
    outside.write_bytes(GONE)
    folder = _export(tmp_path / "out", {"b.png": KEPT}, {"b.png": "b.txt"})
    (folder / "dataset" / "a.png").symlink_to(outside)
    assert find_to_remove(folder, ONE).images == ()


def test_a_folder_that_is_no_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no exported release"):
        find_to_remove(tmp_path, ONE)
