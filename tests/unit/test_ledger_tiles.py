"""The tree on disk: where tiles lie, what is written, and what is read back."""

from __future__ import annotations

import hashlib
from itertools import islice
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.merkle import Frontier, root_of, subtree_of
from models.ledger.tiles import (
    TileReader,
    TileRoots,
    append_leaves,
    parse_tile_path,
    read_tile,
    tile_path,
    tile_width,
)

LEAVES = [hashlib.sha256(b"%d" % number).digest() for number in range(66_000)]


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (3, 1000, 256, "tile/3/x001/000"),
        (1, 17, 5, "tile/1/017.p/5"),
        (63, 999, 255, "tile/63/999.p/255"),
    ],
)
def test_tiles_lie_where_the_specification_puts_them(
    level: int, index: int, width: int, path: str
) -> None:
    assert tile_path(level, index, width) == path
    assert parse_tile_path(path) == (level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/05",
        "tile/0/../000",
        "tile/entries/000",
        "tile/0/٠٠٠",
    ],
)
def test_other_spellings_are_no_tiles(path: str) -> None:
    assert parse_tile_path(path) is None


def test_a_tree_of_70_000_has_the_tiles_of_the_specifications_example() -> None:
    assert [tile_width(0, index, 70_000) for index in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [tile_width(1, index, 70_000) for index in (0, 1, 2)] == [256, 17, 0]
    assert [tile_width(2, index, 70_000) for index in (0, 1)] == [1, 0]


def test_a_tree_of_256_has_a_full_tile_and_a_partial_one_above(tmp_path: Path) -> None:
    append_leaves(tmp_path, 0, LEAVES[:256])
    assert {name: len(data) for name, data in _files(tmp_path).items()} == {
        "tile/0/000": 8192,
        "tile/1/000.p/1": 32,
    }


def test_appending_in_batches_leads_to_the_same_root_as_appending_at_once(tmp_path: Path) -> None:
    size, root = 0, b""
    for end in (1, 2, 255, 256, 257, 700, 66_000):
        size, root = append_leaves(tmp_path, size, LEAVES[size:end])
        assert (size, root) == (end, root_of(LEAVES[:end]))
        assert TileReader(tmp_path, size).root() == root


@pytest.mark.parametrize("size", [0, 1, 255, 256, 700])
@pytest.mark.parametrize("steps", [[600], [256, 256, 256], [100, 400], [256, 40, 900], [1]])
def test_roots_that_were_kept_lead_to_the_same_tree(
    tmp_path: Path, size: int, steps: list[int]
) -> None:
    plain, kept = tmp_path / "plain", tmp_path / "kept"
    for folder in (plain, kept):
        folder.mkdir()
        append_leaves(folder, 0, LEAVES[:size])
    tree = TileRoots(TileReader(kept, size).frontier())
    coming = iter(LEAVES[size : size + sum(steps)])
    for step in steps:
        left = step
        while some := list(islice(coming, min(left, tree.room))):
            tree.add(some)
            left -= len(some)
    leaves = LEAVES[size : tree.frontier.size]
    expected = append_leaves(plain, size, leaves)
    assert (tree.frontier.size, tree.frontier.root()) == expected
    assert append_leaves(kept, size, leaves, tree) == expected
    assert _files(kept) == _files(plain)


def test_the_roots_of_tiles_that_were_filled_at_once_are_kept() -> None:
    tree = TileRoots(Frontier())
    for at in (0, 256, 512):
        tree.add(LEAVES[at : at + tree.room])
    assert [tree.find(index) for index in range(-1, 4)] == [
        None,
        *(root_of(LEAVES[at : at + 256]) for at in (0, 256, 512)),
        None,
    ]


def test_appending_changes_no_file_that_is_there(tmp_path: Path) -> None:
    append_leaves(tmp_path, 0, LEAVES[:700])
    before = _files(tmp_path)
    append_leaves(tmp_path, 700, LEAVES[700:2000])
    after = _files(tmp_path)
    assert {name: after[name] for name in before} == before


def test_a_small_batch_touches_only_the_right_edge(tmp_path: Path) -> None:
    append_leaves(tmp_path, 0, LEAVES[:65_600])
    before = set(_files(tmp_path))
    append_leaves(tmp_path, 65_600, LEAVES[65_600:65_601])
    assert set(_files(tmp_path)) - before == {"tile/0/256.p/65"}


def test_appending_again_mends_a_torn_tile(tmp_path: Path) -> None:
    append_leaves(tmp_path, 0, LEAVES[:300])
    append_leaves(tmp_path, 300, LEAVES[300:900])
    whole = _files(tmp_path)
    (tmp_path / "tile/0/002").write_bytes(whole["tile/0/002"][:100])
    assert append_leaves(tmp_path, 300, LEAVES[300:900]) == (900, root_of(LEAVES[:900]))
    assert _files(tmp_path) == whole


def test_any_subtree_can_be_read_through_the_tiles(tmp_path: Path) -> None:
    append_leaves(tmp_path, 0, LEAVES[:66_000])
    reader, subtree = TileReader(tmp_path, 66_000), subtree_of(LEAVES)
    for low, high in ((0, 1), (65_999, 66_000), (512, 768), (512, 700), (0, 65_537)):
        assert reader.subtree(low, high) == subtree(low, high)
    assert reader.root(12_345) == root_of(LEAVES[:12_345])
    with pytest.raises(ValueError, match="no node"):
        reader.node(0, 66_000)


def test_an_old_size_is_read_from_the_full_tile_where_its_partial_one_was_dropped(
    tmp_path: Path,
) -> None:
    append_leaves(tmp_path, 0, LEAVES[:100])
    append_leaves(tmp_path, 100, LEAVES[100:256])
    (tmp_path / "tile/0/000.p/100").unlink()
    assert TileReader(tmp_path, 100).root() == root_of(LEAVES[:100])


def test_missing_and_cut_tiles_are_named(tmp_path: Path) -> None:
    append_leaves(tmp_path, 0, LEAVES[:300])
    (tmp_path / "tile/0/000").write_bytes(b"short")
    with pytest.raises(LedgerError, match=r"tile/0/000 has 5 bytes instead of 8192"):
        read_tile(tmp_path, 0, 0, 256)
    (tmp_path / "tile/0/001.p/44").unlink()
    with pytest.raises(LedgerError, match=r"tile/0/001\.p/44 is missing"):
        TileReader(tmp_path, 300).root()
