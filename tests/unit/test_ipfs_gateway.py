"""Reading through gateways that serve well, badly, or lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest

from models.consent.ipfs.cid import DAG_PB, IDENTITY, RAW, Cid, parse_cid
from models.consent.ipfs.gateway import Gateway
from models.consent.ipfs.limits import Limits
from models.fetching.fetched import Failure, Fetched, FetchError
from tests.ipfs_dags import (
    Dag,
    LocalGateway,
    cid_of,
    fetch_http,
    fields,
    make_directory,
    make_file,
    pb_node,
    serve,
)

IMAGE = bytes(range(256)) * 40
LIMITS = Limits(max_bytes=1024**2)
BAD_MODES = ["lying", "truncating", "oversized", "absent", "broken", "pages"]


class Start(Protocol):
    def __call__(self, mode: str = ..., missing: set[Cid] | None = ...) -> LocalGateway: ...


@pytest.fixture(scope="module")
def dag() -> Dag:
    return {}


@pytest.fixture(scope="module")
def file(dag: Dag) -> Cid:
    return make_file([IMAGE[at : at + 1000] for at in range(0, len(IMAGE), 1000)], dag)


@pytest.fixture(scope="module")
def root(dag: Dag, file: Cid) -> Cid:
    small = make_file([b"{}"], dag)
    return make_directory({"a #1?.png": file, "1.json": small}, dag)


@pytest.fixture
def start(dag: Dag, root: Cid) -> Iterator[Start]:
    with ExitStack() as running:

        def run(mode: str = "honest", missing: set[Cid] | None = None) -> LocalGateway:
            return running.enter_context(serve(LocalGateway(dag, mode, missing or set())))

        yield run


def reader(*gateways: LocalGateway, limits: Limits = LIMITS) -> Gateway:
    return Gateway(fetch_http, [gateway.url for gateway in gateways], limits)


def failure_of(gateway: Gateway, cid: Cid, path: str = "") -> FetchError:
    with pytest.raises(FetchError) as caught:
        gateway.read(cid, path)
    return caught.value


def test_a_car_from_an_honest_gateway_is_enough(start: Start, file: Cid) -> None:
    gateway = start()
    assert reader(gateway).read(file) == IMAGE
    assert gateway.asked == [f"/ipfs/{file}?format=car&dag-scope=entity"]


def test_a_path_is_asked_for_in_one_piece(start: Start, root: Cid) -> None:
    gateway = start()
    assert reader(gateway).read(root, "a #1?.png") == IMAGE
    assert gateway.asked == [f"/ipfs/{root}/a%20%231%3F.png?format=car&dag-scope=entity"]


def test_an_address_may_end_in_a_slash_or_in_ipfs(start: Start, file: Cid) -> None:
    url = start().url
    for ending in ("/", "/ipfs", "/ipfs/"):
        assert Gateway(fetch_http, [url + ending]).read(file) == IMAGE


def test_a_gateway_without_cars_is_read_block_by_block(start: Start, root: Cid) -> None:
    gateway = start("no_car")
    assert reader(gateway).read(root, "a #1?.png") == IMAGE
    assert all("format=raw" in asked for asked in gateway.asked[1:])


def test_a_slow_gateway_is_waited_for(start: Start, file: Cid) -> None:
    assert reader(start("slow")).read(file) == IMAGE


def test_a_version_0_cid_is_asked_for_in_version_1(start: Start, dag: Dag) -> None:
    old = make_file([b"ab", b"cd"], dag, is_raw=False, version=0)
    gateway = start()
    assert reader(gateway).read(parse_cid(old.spellings[1])) == b"abcd"
    assert old.canonical in gateway.asked[0]


@pytest.mark.parametrize("mode", BAD_MODES)
def test_a_bad_gateway_is_followed_by_the_next(start: Start, root: Cid, mode: str) -> None:
    assert reader(start(mode), start()).read(root, "a #1?.png") == IMAGE


@pytest.mark.parametrize(
    ("mode", "failure"),
    [
        ("lying", Failure.UNVERIFIED),
        ("truncating", Failure.UNVERIFIED),
        ("pages", Failure.UNVERIFIED),
        ("oversized", Failure.TOO_LARGE),
        ("absent", Failure.ABSENT),
        ("broken", Failure.SERVER_ERROR),
    ],
)
def test_a_bad_gateway_alone_gives_no_bytes(
    start: Start, root: Cid, mode: str, failure: Failure
) -> None:
    limits = Limits(max_bytes=100_000, max_overhead_bytes=10_000, max_node_bytes=10_000)
    error = failure_of(reader(start(mode), limits=limits), root, "a #1?.png")
    assert error.failure is failure
    assert error.url == f"ipfs://{root}/a #1?.png"


def test_a_gateway_that_lies_is_asked_once(start: Start, root: Cid) -> None:
    gateway = start("lying")
    failure_of(reader(gateway), root)
    assert len(gateway.asked) == 1


def test_a_file_is_absent_only_if_every_gateway_says_so(start: Start, file: Cid) -> None:
    absent, broken = start("absent"), start("broken")
    assert failure_of(reader(absent, absent), file).failure is Failure.ABSENT
    assert failure_of(reader(absent, broken), file).failure is Failure.SERVER_ERROR


def test_wrong_bytes_are_what_is_told_of_several_failures(start: Start, file: Cid) -> None:
    gateways = start("absent"), start("broken"), start("lying")
    assert failure_of(reader(*gateways), file).failure is Failure.UNVERIFIED


def test_a_missing_block_is_a_hole_and_no_absence(start: Start, file: Cid) -> None:
    hole = cid_of(RAW, IMAGE[2000:3000])
    error = failure_of(reader(start(missing={hole})), file)
    assert error.failure is Failure.UNREACHABLE
    assert str(hole) in error.detail


def test_gateways_with_different_holes_make_one_file(start: Start, file: Cid) -> None:
    one, two = cid_of(RAW, IMAGE[:1000]), cid_of(RAW, IMAGE[-240:])
    assert reader(start(missing={one}), start(missing={two})).read(file) == IMAGE


def test_a_name_that_a_proven_directory_lacks_is_absent_at_once(start: Start, root: Cid) -> None:
    first, second = start(), start()
    assert failure_of(reader(first, second), root, "2.json").failure is Failure.ABSENT
    assert second.asked == []


def test_a_directory_is_malformed_and_not_absent(start: Start, root: Cid) -> None:
    assert failure_of(reader(start()), root).failure is Failure.MALFORMED


def test_a_file_beyond_the_limit_is_too_large(start: Start, file: Cid) -> None:
    gateway = reader(start("no_car"), limits=Limits(max_bytes=5000))
    assert failure_of(gateway, file).failure is Failure.TOO_LARGE


def test_a_gateway_has_only_so_much_time(start: Start, file: Cid) -> None:
    ticks = iter(range(0, 10_000, 60))
    gateway = Gateway(fetch_http, [start("no_car").url], clock=lambda: next(ticks))
    assert failure_of(gateway, file).failure is Failure.TIMEOUT


def test_a_gateway_that_is_not_there_is_unreachable(start: Start, file: Cid) -> None:
    gone = Gateway(fetch_http, ["http://127.0.0.1:1"])
    assert failure_of(gone, file).failure is Failure.UNREACHABLE
    assert Gateway(fetch_http, ["http://127.0.0.1:1", start().url]).read(file) == IMAGE


def test_without_a_gateway_nothing_is_reachable(file: Cid) -> None:
    assert failure_of(Gateway(fetch_http, []), file).failure is Failure.UNREACHABLE


def test_inline_content_needs_no_gateway() -> None:
    assert Gateway(fetch_http, []).read(Cid(1, RAW, IDENTITY, b"inline")) == b"inline"


def test_an_inline_root_may_link_to_blocks_elsewhere(start: Start, dag: Dag) -> None:
    leaf = make_file([b"leaf"], dag)
    root = Cid(1, DAG_PB, IDENTITY, pb_node([(leaf, b"")], fields((1, 2), (3, 4), (4, 4))))
    assert reader(start()).read(root) == b"leaf"


@pytest.mark.parametrize(
    ("cid", "failure"),
    [
        (Cid(1, RAW, 0x11, bytes(20)), Failure.UNVERIFIED),
        (parse_cid("k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8"),
         Failure.MALFORMED),
    ],
)  # fmt: skip
def test_what_cannot_be_proven_is_not_asked_for(start: Start, cid: Cid, failure: Failure) -> None:
    gateway = start()
    assert failure_of(reader(gateway), cid).failure is failure
    assert gateway.asked == []


def test_what_is_proven_counts_though_a_car_ends_badly(start: Start, file: Cid) -> None:
    gateway = start("oversized")
    assert reader(gateway, limits=Limits()).read(file) == IMAGE
    assert len(gateway.asked) == 1


def test_a_forbidden_address_is_tried_once(file: Cid) -> None:
    asked: list[str] = []

    def refuse(url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
        asked.append(url)
        raise FetchError(Failure.FORBIDDEN_ADDRESS, url, "its address is private")

    error = failure_of(Gateway(refuse, ["http://10.0.0.1"]), file)
    assert error.failure is Failure.FORBIDDEN_ADDRESS
    assert len(asked) == 1
