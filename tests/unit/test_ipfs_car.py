"""CAR files and dag-cbor and dag-json blocks: strict about what they are, tolerant of repeats."""

from __future__ import annotations

import pytest

from models.consent.ipfs.car import MalformedCarError, iterate_car, read_car
from models.consent.ipfs.cid import DAG_CBOR, DAG_JSON, RAW, Cid
from models.consent.ipfs.dag import decode_dag, link_in
from models.consent.ipfs.errors import (
    MalformedBlockError,
    MissingBlockError,
    UnverifiableError,
    WrongBlockError,
)
from models.consent.ipfs.limits import Limits
from tests.ipfs_dags import car_header, cid_of, make_car

ONE, TWO = (cid_of(RAW, b"one"), b"one"), (cid_of(RAW, b"two"), b"two")


def test_every_block_of_a_car_is_found_by_its_cid() -> None:
    car = read_car(make_car([ONE[0]], [ONE, TWO]))
    assert car.roots == (ONE[0],)
    assert car.blocks.get(ONE[0]) == b"one"
    assert car.blocks.get(TWO[0]) == b"two"
    with pytest.raises(MissingBlockError):
        car.blocks.get(cid_of(RAW, b"three"))


def test_a_block_may_stand_in_a_car_twice() -> None:
    assert len(read_car(make_car([ONE[0]], [ONE, TWO, ONE])).blocks) == 2


def test_a_car_without_blocks_is_one() -> None:
    assert len(read_car(make_car([ONE[0]], [])).blocks) == 0


def test_a_car_of_version_2_is_read_by_its_payload() -> None:
    inner = make_car([ONE[0]], [ONE])
    start, size = (51).to_bytes(8, "little"), len(inner).to_bytes(8, "little")
    outer = b"\x0a\xa1\x67version\x02" + bytes(16) + start + size + bytes(8) + inner
    assert read_car(outer + b"index").blocks.get(ONE[0]) == b"one"
    for end in range(11, len(outer)):
        with pytest.raises(MalformedCarError):
            read_car(outer[:end])


def test_a_car_that_is_cut_anywhere_but_between_blocks_is_refused() -> None:
    car = make_car([ONE[0]], [ONE, TWO])
    ends = {len(make_car([ONE[0]], blocks)) for blocks in ([], [ONE], [ONE, TWO])}
    for end in range(len(car)):
        if end not in ends:
            with pytest.raises(MalformedCarError):
                read_car(car[:end])


def test_the_blocks_before_a_cut_can_be_had() -> None:
    sections = iterate_car(make_car([ONE[0]], [ONE, TWO])[:-1])
    assert next(sections) == ONE
    with pytest.raises(MalformedCarError):
        next(sections)


def test_a_wrong_block_spoils_a_car() -> None:
    with pytest.raises(WrongBlockError):
        read_car(make_car([ONE[0]], [ONE, (TWO[0], b"tw0")]))


def test_a_block_of_a_hash_that_proves_nothing_is_refused() -> None:
    with pytest.raises(UnverifiableError):
        read_car(make_car([ONE[0]], [(Cid(1, RAW, 0x11, bytes(20)), b"x")]))


def test_a_car_of_too_many_blocks_is_refused() -> None:
    with pytest.raises(MalformedCarError):
        read_car(make_car([ONE[0]], [ONE] * 11), Limits(max_blocks=10))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!doctype html>",
        b"\x00",
        b"\x01\xa0",
        b"\x0a\xa1\x67version\x03",
        b"\xff" * 20,
        b"\xff\xff\xff\xff\x7f",
        car_header([ONE[0]]) + b"\x00",
        car_header([ONE[0]]) + b"\x02\x01\x55",
        b"\x11\xa2\x65roots\x01\x67version\x01",
        b"\x12\xa2\x65roots\x81\x01\x67version\x01",
    ],
)
def test_what_is_not_a_car_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedCarError):
        read_car(data)


def test_dag_cbor_comes_out_as_json_would_hold_it() -> None:
    link = b"\xd8\x2a\x58\x25\x00" + ONE[0].binary
    block = b"\xa5\x61a\x83\x01\x38\x63\xf5\x61b\xf6\x61c\x42hi\x61d" + link
    block += b"\x61e\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00"
    assert decode_dag(DAG_CBOR, block) == {
        "a": [1, -100, True],
        "b": None,
        "c": {"/": {"bytes": "aGk"}},
        "d": {"/": ONE[0].canonical},
        "e": 1.5,
    }


def test_a_link_is_told_from_other_values() -> None:
    assert link_in({"/": ONE[0].canonical}) == ONE[0]
    for value in ({"/": {"bytes": ""}}, {"/": ONE[0].canonical, "x": 1}, [], None, "x"):
        assert link_in(value) is None
    with pytest.raises(MalformedBlockError):
        link_in({"/": "nothing"})


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x01\x01",  # more follows
        b"\x18",  # cut short
        b"\x62a",
        b"\x5f\x41a\xff",  # no length
        b"\x9f\xff",
        b"\xa1\x01\x01",  # a key that is not text
        b"\xa2\x61a\x01\x61a\x02",  # two equal keys
        b"\x61\xff",  # not UTF-8
        b"\xf7",  # undefined
        b"\xf9\x3c\x00",  # half precision
        b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00",  # infinity
        b"\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00",  # NaN
        b"\xc1\x01",  # another tag
        b"\xd8\x2a\x01",  # a link that is not bytes
        b"\xd8\x2a\x41\x00",
        b"\xd8\x2a",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # so many items cannot follow
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x81" * 100 + b"\x01",  # too deep
    ],
)
def test_cbor_that_dag_cbor_does_not_allow_is_refused(block: bytes) -> None:
    with pytest.raises(MalformedBlockError):
        decode_dag(DAG_CBOR, block)


def test_dag_json_is_read() -> None:
    assert decode_dag(DAG_JSON, b'{"a":[1,{"/":{"bytes":"aGk"}}]}') == {
        "a": [1, {"/": {"bytes": "aGk"}}]
    }


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b"NaN",
        b"\xff",
        b"[" * 100_000,
        b"[" * 40 + b"]" * 40,
        b"1" * 10_000,
    ],
)
def test_json_that_cannot_be_relied_on_is_refused(block: bytes) -> None:
    with pytest.raises(MalformedBlockError):
        decode_dag(DAG_JSON, block)


def test_a_block_of_another_codec_is_not_a_value() -> None:
    with pytest.raises(MalformedBlockError):
        decode_dag(RAW, b"{}")
