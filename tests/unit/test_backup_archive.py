"""The archive of a backup: whatever was changed, cut off or slipped in is refused."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.backup.archive import (
    DESCRIPTION,
    DIGESTS,
    Description,
    read_description,
    read_members,
    write_description,
    writing,
)
from models.backup.contents import is_inside, list_contents
from models.backup.restoring import check_backup
from models.errors import BackupError

SAID = Description(1_800_000_000, "0.1", "0001", everything=False)


def build(files: dict[str, bytes], *, compressed: bool = False, spool: Path = Path()) -> bytes:
    """A backup that holds these files of a workspace."""
    stream = io.BytesIO()
    with writing(stream, compressed=compressed, spool=spool) as archive:
        archive.add_bytes(DESCRIPTION, write_description(SAID))
        for name, data in files.items():
            archive.add_bytes(f"workspace/{name}", data)
        archive.finish()
    return stream.getvalue()


def build_by_hand(members: list[tarfile.TarInfo]) -> bytes:
    """A tar file with these members and whatever stands in them."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for info in members:
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return stream.getvalue()


def read_all(data: bytes) -> dict[str, bytes]:
    """Every member with its content."""
    return {member.name: member.content.read() for member in read_members(io.BytesIO(data))}


@pytest.mark.parametrize("compressed", [False, True])
def test_what_was_put_in_comes_out(*, compressed: bool) -> None:
    found = read_all(build({"a": b"one", "b/c": b""}, compressed=compressed))
    assert found.pop(DESCRIPTION) == write_description(SAID)
    assert found == {"workspace/a": b"one", "workspace/b/c": b""}


def test_it_says_what_it_is() -> None:
    assert read_description(write_description(SAID)) == SAID
    checked = check_backup(io.BytesIO(build({"a": b"one"})))
    assert (checked.description, checked.files, checked.size) == (SAID, 1, 3)


@given(st.binary(min_size=1, max_size=2_000), st.data())
def test_a_changed_byte_of_any_content_is_noticed(content: bytes, data: st.DataObject) -> None:
    archive = bytearray(build({"file": content}))
    at = archive.index(content, archive.index(b"workspace/file") + 512)
    at += data.draw(st.integers(0, len(content) - 1))
    archive[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BackupError, match="workspace/file"):
        check_backup(io.BytesIO(bytes(archive)))


@given(st.data())
def test_one_that_was_cut_off_anywhere_before_its_end_is_refused(data: st.DataObject) -> None:
    archive = build({"a": b"x" * 700, "b": b"y" * 1_500})
    end = archive.index(DIGESTS.encode()) + 512
    cut = data.draw(st.integers(0, end))
    with pytest.raises(BackupError):
        check_backup(io.BytesIO(archive[:cut]))


def test_a_compressed_one_that_was_cut_off_is_refused() -> None:
    archive = build({"a": bytes(range(256)) * 40}, compressed=True)
    with pytest.raises(BackupError):
        check_backup(io.BytesIO(archive[:-40]))


@pytest.mark.parametrize("name", ["../up", "/abs", "workspace/../../up", "a/.."])
def test_a_path_that_leads_out_is_refused(name: str) -> None:
    assert not is_inside(name)
    info = tarfile.TarInfo(name)
    info.size = 1
    with pytest.raises(BackupError, match="which no backup of Kiyome does"):
        check_backup(io.BytesIO(build_by_hand([info])))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_is_refused(kind: bytes) -> None:
    info = tarfile.TarInfo("workspace/link")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(BackupError, match="workspace/link"):
        check_backup(io.BytesIO(build_by_hand([info])))


def test_another_tar_file_is_no_backup() -> None:
    info = tarfile.TarInfo("photos/cat.png")
    info.size = 3
    with pytest.raises(BackupError, match="does not begin like a backup"):
        check_backup(io.BytesIO(build_by_hand([info])))


@pytest.mark.parametrize("data", [b"", b"no archive", b"\x1f\x8b\x08\0 no gzip"])
def test_what_is_no_tar_file_is_no_backup(data: bytes) -> None:
    with pytest.raises(BackupError):
        check_backup(io.BytesIO(data))


def test_one_of_a_later_format_is_refused_with_its_name() -> None:
    later = json.dumps({"format": "kiyome.backup/9"}).encode()
    with pytest.raises(BackupError, match=r"kiyome\.backup/9"):
        read_description(later)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"format": "kiyome.backup/1"}', b"\xff"])
def test_a_description_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(BackupError):
        read_description(data)


class TestContents:
    """What of a workspace is kept."""

    def test_what_a_run_makes_anew_stays_out(self, tmp_path: Path) -> None:
        for name in ("stages/a", "releases/set/manifest", "ledger/private/key", "kiyome.db", "new"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"x")
        kept = [item.path for item in list_contents(tmp_path)]
        assert kept == ["ledger/private/key", "new", "releases/set/manifest"]
        more = [item.path for item in list_contents(tmp_path, everything=True)]
        assert more == sorted([*kept, "stages/a"])

    def test_a_folder_deeper_down_is_kept_whatever_it_is_called(self, tmp_path: Path) -> None:
        (tmp_path / "releases" / "logs").mkdir(parents=True)
        (tmp_path / "releases" / "logs" / "manifest").write_bytes(b"x")
        assert [i.path for i in list_contents(tmp_path)] == ["releases/logs/manifest"]

    def test_no_link_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("/etc")
        assert list(list_contents(tmp_path)) == []

    def test_what_an_interrupted_release_or_backup_left_stays_out(self, tmp_path: Path) -> None:
        for name in (".backing-up-1", "releases/set/.building-2"):
            (tmp_path / name).mkdir(parents=True)
            (tmp_path / name / "file").write_bytes(b"x")
        assert list(list_contents(tmp_path)) == []
