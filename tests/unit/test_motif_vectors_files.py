"""The file of a vector index: whole, sealed, and of the right encoder and version, or refused."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import EncoderError, KiyomeError, RegisterError, WorkspaceError
from models.motifs.vectors import header as header_module
from models.motifs.vectors import sealed
from models.motifs.vectors.building import Built
from models.motifs.vectors.header import head_of
from models.motifs.vectors.kinds import Kind
from models.motifs.vectors.opening import open_existing, open_or_build, save
from models.motifs.vectors.protocol import Ids, Vectors
from models.motifs.vectors.sealed import read_header, write_index
from tests.motif_vectors import DIMENSION, IDENTITY, KINDS, assert_same, build_kind, draw

SIZE = 3_000
NEXT = replace(IDENTITY, version="register 2")


def source() -> tuple[Ids, Vectors]:
    return np.arange(SIZE), draw(SIZE)


def never() -> tuple[Ids, Vectors]:
    raise AssertionError("there was no need to build")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "motifs.vectors"


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are mapped, and lie under many seals, even in a small file."""
    monkeypatch.setattr(sealed, "COPIED_UP_TO", 0)
    monkeypatch.setattr(header_module, "_CHUNK", 4_096)


def written(path: Path, kind: Kind = "exact_half") -> Built:
    built = build_kind(*source(), kind)
    write_index(path, IDENTITY, built)
    return built


def use(path: Path) -> None:
    """Open the index and read all of it."""
    index = open_existing(path, IDENTITY).index
    index.search(draw(4, 1), 10)
    index.snapshot()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["copied", "mapped"])
def test_an_opened_index_answers_as_the_written_one(
    request: pytest.FixtureRequest, path: Path, kind: Kind, way: str
) -> None:
    if way == "mapped":
        request.getfixturevalue("mapped")
    built = written(path, kind)
    opened = open_existing(path, IDENTITY)
    queries = draw(50, 1)
    assert_same(opened.index.search(queries, 10), built.segment.search(queries, 10))
    assert len(opened.index) == SIZE
    assert (opened.header.kind, opened.header.recall) == (built.kind, built.recall)


def test_an_index_without_vectors_can_be_kept(path: Path) -> None:
    opened = open_or_build(path, IDENTITY, lambda: (np.zeros(0, np.int64), draw(0)))
    assert len(opened.index) == 0
    assert (opened.index.search(draw(1), 2)[1] == -1).all()


def test_the_same_vectors_give_the_same_bytes(tmp_path: Path) -> None:
    ids, vectors = source()
    order = np.random.default_rng(5).permutation(SIZE)
    for name, at in (("one", np.arange(SIZE)), ("other", order)):
        write_index(tmp_path / name, IDENTITY, build_kind(ids[at], vectors[at], "cells_half"))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("way", ["copied", "mapped"])
def test_a_file_cut_short_anywhere_is_refused(
    request: pytest.FixtureRequest, path: Path, way: str
) -> None:
    if way == "mapped":
        request.getfixturevalue("mapped")
    written(path, "cells_half")
    whole = path.read_bytes()
    for length in (*range(0, 900, 23), *range(900, len(whole), 9_001), len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(RegisterError, match="damaged"):
            open_existing(path, IDENTITY)


def test_a_file_with_something_behind_it_is_refused(path: Path) -> None:
    written(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(RegisterError, match="bytes instead of"):
        open_existing(path, IDENTITY)


@pytest.mark.parametrize("way", ["copied", "mapped"])
def test_a_byte_flipped_anywhere_is_noticed_before_it_is_used(
    request: pytest.FixtureRequest, path: Path, way: str
) -> None:
    if way == "mapped":
        request.getfixturevalue("mapped")
    written(path, "cells_half")
    whole = path.read_bytes()
    for at in (*range(0, 900, 31), *range(900, len(whole), 6_007), len(whole) - 1):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(KiyomeError, match=r"damaged|format|byte order|encoder|version"):
            use(path)


def test_an_index_of_another_encoder_is_refused(path: Path) -> None:
    written(path)
    with pytest.raises(EncoderError, match="another encoder"):
        open_existing(path, replace(IDENTITY, encoder="f" * 64))


def test_an_index_of_another_register_version_is_refused(path: Path) -> None:
    written(path)
    with pytest.raises(RegisterError, match="register version"):
        open_existing(path, NEXT)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("byte_order", "big" if sys.byteorder == "little" else "little", "byte order"),
        ("format", 99, "format 99"),
        ("kind", "graph", "cannot be read"),
        ("count", "many", "cannot be read"),
        ("count", -1, "cannot be true"),
        ("dimension", 2**40, "bytes instead of"),
    ],
)
def test_a_header_that_does_not_suit_is_refused(
    path: Path, name: str, value: object, said: str
) -> None:
    written(path)
    header = read_header(path)
    rest = path.read_bytes()[len(head_of(header)) :]
    path.write_bytes(head_of(replace(header, **{name: value})) + rest)  # type: ignore[arg-type]
    with pytest.raises(RegisterError, match=said):
        open_existing(path, IDENTITY)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"\0" * 5_000, json.dumps({}).encode()])
def test_another_file_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(RegisterError, match="does not begin like one"):
        open_existing(path, IDENTITY)


def test_a_missing_file_and_a_folder_are_refused(path: Path) -> None:
    with pytest.raises(RegisterError, match="cannot be read"):
        open_existing(path, IDENTITY)
    path.mkdir(parents=True)
    with pytest.raises(RegisterError, match="cannot be read"):
        open_existing(path, IDENTITY)


def test_what_was_built_is_opened_and_not_built_again(path: Path) -> None:
    open_or_build(path, IDENTITY, source)
    assert len(open_or_build(path, IDENTITY, never).index) == SIZE


@pytest.mark.parametrize("identity", [NEXT, replace(IDENTITY, encoder="f" * 64)])
def test_an_index_that_does_not_fit_is_built_anew(path: Path, identity: object) -> None:
    open_or_build(path, IDENTITY, source)
    opened = open_or_build(path, identity, lambda: (np.arange(5), draw(5)))  # type: ignore[arg-type]
    assert len(opened.index) == 5


def test_a_damaged_index_is_built_anew(path: Path) -> None:
    written(path)
    path.write_bytes(path.read_bytes()[:-1])
    assert len(open_or_build(path, IDENTITY, source).index) == SIZE


@pytest.mark.usefixtures("mapped")
def test_who_has_the_old_file_open_goes_on_searching_it(path: Path) -> None:
    built = written(path)
    old = open_existing(path, IDENTITY).index
    queries = draw(20, 1)
    opened = open_or_build(path, NEXT, lambda: (np.arange(5), draw(5, 7)))
    assert len(opened.index) == 5
    assert_same(old.search(queries, 10), built.segment.search(queries, 10))


@pytest.mark.usefixtures("mapped")
def test_the_old_file_serves_while_a_new_one_is_built(path: Path) -> None:
    written(path)
    seen = []

    def look_meanwhile() -> tuple[Ids, Vectors]:
        seen.append(len(open_existing(path, IDENTITY).index))
        return np.arange(5), draw(5)

    open_or_build(path, NEXT, look_meanwhile)
    assert seen == [SIZE]


def test_of_several_builders_one_builds_and_all_get_the_index(path: Path) -> None:
    built: list[int] = []
    sizes: list[int] = []

    def counted() -> tuple[Ids, Vectors]:
        built.append(1)
        return source()

    def builder() -> None:
        sizes.append(len(open_or_build(path, IDENTITY, counted).index))

    threads = [threading.Thread(target=builder) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [SIZE] * 6
    assert len(built) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_changes_are_kept_when_they_are_saved(path: Path, kind: Kind) -> None:
    write_index(path, IDENTITY, build_kind(*source(), kind))
    index = open_existing(path, IDENTITY).index
    added, queries = draw(30, 8), draw(20, 1)
    index.remove(np.arange(0, SIZE, 3))
    index.add(np.arange(SIZE, SIZE + 30), added)
    index.remove(np.array([SIZE + 4]))
    opened = save(path, NEXT, index)
    assert len(opened.index) == len(index) == SIZE - 1_000 + 29
    assert opened.index.search(added, 1)[1][:4, 0].tolist() == [SIZE + i for i in range(4)]
    assert SIZE + 4 not in opened.index.search(added, 20)[1]
    assert not np.isin(opened.index.search(queries, 50)[1], np.arange(0, SIZE, 3)).any()


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Without root's right to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.usefixtures("as_nobody")
def test_a_folder_that_cannot_be_written_is_an_error_with_a_remedy() -> None:
    with pytest.raises(WorkspaceError, match="make the folder writable"):
        open_or_build(Path("/usr/lib/motifs.vectors"), IDENTITY, source)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_or_build(path, IDENTITY, source)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sealed.os, "fsync", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        open_or_build(path, NEXT, source)
    monkeypatch.undo()
    use(path)
    assert [p.name for p in path.parent.iterdir() if not p.name.endswith(".lock")] == [path.name]


BUILDING = """
import sys
from pathlib import Path
import numpy as np
from models.motifs.vectors.opening import open_or_build
from models.motifs.vectors.protocol import Identity
from tests.motif_vectors import draw
path, encoder, version = sys.argv[1:]
open_or_build(Path(path), Identity(encoder, version), lambda: (np.arange(9), draw(9)))
"""


def build_elsewhere(path: Path, failpoint: str) -> int:
    return subprocess.run(
        [sys.executable, "-c", BUILDING, path, NEXT.encoder, NEXT.version],
        check=False,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "KIYOME_FAILPOINT": failpoint},
        timeout=60,
    ).returncode


@pytest.mark.parametrize("failpoint", ["vectors.writing", "vectors.written"])
def test_a_builder_that_is_killed_leaves_the_old_file_serving(path: Path, failpoint: str) -> None:
    open_or_build(path, IDENTITY, source)
    assert build_elsewhere(path, failpoint) == -signal.SIGKILL
    use(path)
    assert any(p.name.endswith(".new") for p in path.parent.iterdir())
    assert len(open_or_build(path, NEXT, source).index) == SIZE
    assert not any(p.name.endswith(".new") for p in path.parent.iterdir())


def test_a_vector_is_as_long_as_the_header_says(path: Path) -> None:
    written(path)
    assert read_header(path).dimension == DIMENSION
    assert open_existing(path, IDENTITY).index.dimension == DIMENSION
