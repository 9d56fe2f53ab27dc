"""Reading the bytes of a location: whole files, tar members, URLs, and what goes wrong."""

from __future__ import annotations

import os
import pickle
import socket
import tempfile
from pathlib import Path

import fsspec
import pytest

from models.assets.asset import Location
from models.assets.faults import FaultError
from models.assets.reading import local_path, path_uri, read_location
from models.reasons import Reason
from tests.assets_files import pack


def place(path: Path | str, **values: int) -> Location:
    return Location("a.png", str(path), **values)


def fault_of(location: Location, max_bytes: int = 100) -> tuple[Reason, str]:
    with pytest.raises(FaultError) as caught:
        read_location(location, max_bytes)
    return caught.value.fault.reason, caught.value.fault.detail


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"pixels")
    assert read_location(place(tmp_path / "a"), 6) == b"pixels"


def test_a_tar_member_is_read_by_offset_and_size(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(pack({"x": b"before", "y": b"member"}))
    assert read_location(place(tmp_path / "a.tar", offset=512 * 3, size=6), 6) == b"member"


def test_a_percent_encoded_file_uri_reaches_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9 %41.png"
    with open(path, "wb") as file:
        file.write(b"pixels")
    uri = path_uri(path)
    assert uri.startswith("file:///")
    assert uri.endswith("caf%E9%20%2541.png")
    assert read_location(place(uri), 100) == b"pixels"


def test_a_path_with_a_percent_sign_is_taken_as_it_stands() -> None:
    assert local_path("/a/100%41.png") == b"/a/100%41.png"
    assert path_uri("/絵/100%.png".encode()) == "/絵/100%.png"


def test_a_url_is_read_through_fsspec() -> None:
    fsspec.filesystem("memory").pipe_file("/reading/a.png", b"pixels")
    assert read_location(place("memory://reading/a.png"), 6) == b"pixels"
    assert read_location(place("memory://reading/a.png", offset=2, size=3), 6) == b"xel"


def test_a_url_with_nothing_behind_it_is_missing() -> None:
    reason, detail = fault_of(place("memory://reading/none.png"))
    assert reason is Reason.IMAGE_MISSING
    assert "memory://reading/none.png" in detail


def test_a_url_of_an_unknown_kind_is_missing_and_named() -> None:
    reason, detail = fault_of(place("gopherx://host/a.png"))
    assert reason is Reason.IMAGE_MISSING
    assert "gopherx" in detail


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    assert fault_of(place(tmp_path / "none")) == (
        Reason.IMAGE_MISSING,
        "a.png: there is no such file",
    )


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert fault_of(place(tmp_path)) == (
        Reason.IMAGE_MISSING,
        "a.png: it is a folder, not a file",
    )


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reason, detail = fault_of(place(tmp_path / "pipe"))
    assert (reason, detail) == (Reason.IMAGE_MISSING, "a.png: it is a named pipe, not a file")


def test_a_socket_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/s")
        assert fault_of(place(f"{folder}/s"))[0] is Reason.IMAGE_MISSING


@pytest.mark.skipif(os.getuid() == 0, reason="root may read every file")
def test_a_file_without_permission_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"pixels")
    (tmp_path / "a").chmod(0)
    reason, detail = fault_of(place(tmp_path / "a"))
    assert reason is Reason.IMAGE_MISSING
    assert "permission denied: make it readable" in detail


def test_permission_denied_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("models.assets.reading.os.open", refuse)
    assert "make it readable for the user" in fault_of(place("/a"))[1]


def test_links_that_go_round_in_a_circle_are_explained(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "a")
    assert "circle" in fault_of(place(tmp_path / "a"))[1]


def test_a_zero_byte_in_a_path_is_a_fault() -> None:
    assert fault_of(place("/a\0b"))[0] is Reason.IMAGE_MISSING


def test_an_empty_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert fault_of(place(tmp_path / "a"))[0] is Reason.IMAGE_EMPTY


def test_an_empty_tar_member_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    assert fault_of(place(tmp_path / "a", offset=3, size=0))[0] is Reason.IMAGE_EMPTY


def test_a_file_past_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1234567")
    reason, detail = fault_of(place(tmp_path / "a"), max_bytes=6)
    assert reason is Reason.FILE_TOO_LARGE
    assert "6 bytes that max_bytes allows" in detail


def test_a_remote_file_past_the_limit_is_not_read() -> None:
    fsspec.filesystem("memory").pipe_file("/reading/big", b"1234567")
    assert fault_of(place("memory://reading/big"), 6)[0] is Reason.FILE_TOO_LARGE


def test_a_tar_that_ends_inside_a_member_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"0123456789")
    reason, detail = fault_of(place(tmp_path / "a.tar", offset=8, size=5))
    assert reason is Reason.IMAGE_DAMAGED
    assert "after 2 of the member's 5 bytes" in detail


def test_a_member_without_a_size_is_never_read_to_the_end_of_the_tar(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"0123456789")
    assert fault_of(place(tmp_path / "a.tar", offset=2))[0] is Reason.IMAGE_MISSING


def test_a_fault_survives_a_process_boundary() -> None:
    error = FaultError(Reason.IMAGE_EMPTY, "the file has zero bytes")
    assert pickle.loads(pickle.dumps(error)).fault == error.fault


@pytest.mark.parametrize(
    "url", ["local://{}", "FILE://{}", "zip://x.png::{}", "zip://x::file://{}"]
)
def test_no_spelling_of_a_url_makes_a_named_pipe_be_waited_for(tmp_path: Path, url: str) -> None:
    os.mkfifo(tmp_path / "a")
    reason, detail = fault_of(Location("a.png", url.format(tmp_path / "a")))
    assert reason is Reason.IMAGE_MISSING
    assert "named pipe" in detail
