"""IPFS: what was cut and wrapped in any way is read back, and nothing else is ever read."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.consent.ipfs.blocks import Blocks
from models.consent.ipfs.car import MalformedCarError, iterate_car, read_car
from models.consent.ipfs.cid import DAG_CBOR, DAG_JSON, DAG_PB, CidError, find_cids, parse_cid
from models.consent.ipfs.dag import decode_dag
from models.consent.ipfs.dag_pb import decode_node
from models.consent.ipfs.errors import IpfsError, MalformedBlockError, WrongBlockError
from models.consent.ipfs.files import read_file
from models.consent.ipfs.hashing import cids_of, hash_leaf, root_of
from models.consent.ipfs.multibase import decode_multibase, encode_multibase
from models.consent.ipfs.unixfs import decode_unixfs
from models.consent.uris import Resolver
from models.fetching.fetched import Failure, Fetched, FetchError
from tests.ipfs_dags import Dag, cid_of, make_car, make_directory, make_file

PIECES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=20)


def blocks_of(dag: Dag) -> Blocks:
    blocks = Blocks()
    for cid, block in dag.items():
        blocks.add(cid, block)
    return blocks


@given(PIECES, st.integers(2, 5), st.booleans(), st.integers(0, 1))
def test_a_file_that_was_cut_anywhere_is_read_back(
    pieces: list[bytes], width: int, is_raw: bool, version: int
) -> None:
    dag: Dag = {}
    file = make_file(pieces, dag, width=width, is_raw=is_raw, version=version)
    root = make_directory({"x": file}, dag)
    assert read_file(root, "x", blocks_of(dag)) == b"".join(pieces)
    assert read_file(file, "", read_car(make_car([file], list(dag.items()))).blocks) == b"".join(
        pieces
    )


@given(PIECES, st.integers(2, 5), st.booleans(), st.integers(0, 1))
def test_the_tree_that_is_hashed_is_the_tree_that_is_read(
    pieces: list[bytes], width: int, is_raw: bool, version: int
) -> None:
    leaves = [hash_leaf(piece, is_raw=is_raw, version=version) for piece in pieces]
    dag: Dag = {}
    built = make_file(pieces, dag, width=width, is_raw=is_raw, version=version)
    assert root_of(leaves, width, version) == built


@given(PIECES, st.data())
def test_a_changed_bit_in_any_block_is_refused(pieces: list[bytes], data: st.DataObject) -> None:
    dag: Dag = {}
    make_directory({"x": make_file(pieces, dag)}, dag)
    cid = data.draw(st.sampled_from(sorted(dag, key=str)))
    block = bytearray(dag[cid])
    place = data.draw(st.integers(0, len(block) * 8 - 1))
    block[place // 8] ^= 1 << place % 8
    with pytest.raises(WrongBlockError):
        Blocks().add(cid, bytes(block))
    with pytest.raises(WrongBlockError):
        read_car(make_car([cid], [(cid, bytes(block))]))


@given(PIECES, st.data())
def test_a_changed_bit_in_a_car_never_changes_the_file(
    pieces: list[bytes], data: st.DataObject
) -> None:
    dag: Dag = {}
    root = make_file(pieces, dag)
    car = bytearray(make_car([root], list(dag.items())))
    place = data.draw(st.integers(0, len(car) * 8 - 1))
    car[place // 8] ^= 1 << place % 8
    with suppress(IpfsError):
        assert read_file(root, "", read_car(bytes(car)).blocks) == b"".join(pieces)


@given(st.binary(max_size=300))
def test_random_bytes_end_in_an_error_of_ours_or_a_value(data: bytes) -> None:
    for codec in (DAG_CBOR, DAG_JSON):
        with suppress(MalformedBlockError):
            decode_dag(codec, data)
    with suppress(MalformedBlockError):
        decode_node(data)
    with suppress(MalformedBlockError):
        decode_unixfs(data)
    with suppress(IpfsError):
        read_file(cid_of(DAG_PB, data), "a/b", blocks_of({cid_of(DAG_PB, data): data}))
    with suppress(MalformedCarError):
        list(iterate_car(data))


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_random_bytes_after_a_sound_beginning_end_the_same_way(head: bytes, tail: bytes) -> None:
    dag: Dag = {}
    root = make_file([head + b"x", b"y", b"z"], dag)
    with suppress(MalformedCarError):
        list(iterate_car(make_car([root], list(dag.items())) + tail))
    with suppress(MalformedBlockError):
        decode_unixfs(dag[root] + tail)


@given(st.text(max_size=80) | st.from_regex(r"[bzkfuQ][0-9A-Za-z]{0,70}", fullmatch=True))
def test_any_text_is_a_cid_that_spells_itself_or_is_refused(text: str) -> None:
    find_cids(text)
    try:
        cid = parse_cid(text)
    except CidError:
        return
    assert parse_cid(cid.canonical) == cid


@given(st.binary(max_size=60), st.sampled_from("bBkzf"))
def test_multibase_is_read_back(data: bytes, prefix: str) -> None:
    assert decode_multibase(encode_multibase(data, prefix)) == data


@given(st.binary(min_size=32, max_size=32), st.sampled_from([0x55, 0x70, 0x71, 0x0129]))
def test_every_spelling_of_every_cid_is_found_in_text(digest: bytes, codec: int) -> None:
    cid = parse_cid("f01" + {0x0129: "a902"}.get(codec, f"{codec:02x}") + "1220" + digest.hex())
    for spelling in cid.spellings:
        assert find_cids(f'{{"image": "ipfs://{spelling}/x"}}') == (cid,)
        assert find_cids(f"[{spelling}]") == (cid,)
        assert parse_cid(spelling).canonical == cid.canonical


@given(st.binary(max_size=2000))
def test_the_first_cid_of_any_bytes_reads_them_back(data: bytes) -> None:
    raw = cids_of(data)[0]
    assert read_file(raw, "", blocks_of({raw: data})) == data


def refuse(url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
    raise FetchError(Failure.UNREACHABLE, url, "this test has no network")


@given(
    st.text(max_size=60)
    | st.builds(
        "".join,
        st.lists(
            st.sampled_from(
                ["data:", "ipfs://", "/ipfs/", "ipns://", "ar://", "https://", "bafkqaaa", ",",
                 ";base64", "%", "/", "?", "#", "..", "[", "é", "\ud800", "A" * 43, ".ipfs.x.y"]
            )
        ),
    )
)  # fmt: skip
def test_any_uri_is_resolved_or_fails_in_a_known_way(uri: str) -> None:
    with suppress(FetchError):
        assert Resolver(refuse, None).resolve(uri).verified
