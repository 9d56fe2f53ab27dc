"""URIs: what each leads to, and whether that is proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from models.consent.ipfs.cid import Cid
from models.consent.ipfs.gateway import Gateway
from models.consent.ipfs.limits import Limits
from models.consent.uris import Resolver, find_content_address
from models.fetching.fetched import Failure, Fetched, FetchError
from tests.ipfs_dags import Dag, LocalGateway, fetch_http, make_directory, make_file, serve

JSON = b'{"name":"#1 100%"}'
TX = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_aBcDe"
NAME = "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8"


@dataclass
class World:
    gateway: LocalGateway
    resolver: Resolver
    directory: Cid
    file: Cid


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    dag: Dag = {}
    file = make_file([JSON[:5], JSON[5:]], dag, is_raw=False, version=0)
    other = make_file([b"other"], dag)
    names = {
        "1.json": file,
        "a b.json": file,
        "7#1.json": file,
        "8?x=1.json": file,
        "50%25.json": file,
        "さくら.json": file,
        "q": other,
        "q?filename=x": file,
    }
    directory = make_directory(names, dag)
    with serve(LocalGateway(dag)) as gateway:
        gateway.plain = {
            "/x.json": b"plain",
            f"/{TX}": b"tx",
            f"/{TX}/a b": b"tx path",
            f"/ipns/{NAME}/1.json": b"name",
            "/ipns/example.org": b"site",
        }
        limits = Limits(max_bytes=100_000)
        yield World(
            gateway,
            Resolver(
                fetch_http,
                Gateway(fetch_http, [gateway.url], limits),
                [gateway.url + "/"],
                max_bytes=50_000,
                now=lambda: 1_700_000_000,
            ),
            directory,
            file,
        )


def failure_of(resolver: Resolver, uri: str) -> Failure:
    with pytest.raises(FetchError) as caught:
        resolver.resolve(uri)
    return caught.value.failure


@pytest.mark.parametrize(
    ("uri", "body", "media_type"),
    [
        ("data:,A%20brief%20note", b"A brief note", "text/plain;charset=US-ASCII"),
        ("data:;charset=utf-8,x", b"x", "text/plain;charset=utf-8"),
        ("data:text/plain;charset=iso-8859-7,%be%fe", b"\xbe\xfe", "text/plain;charset=iso-8859-7"),
        ("data:application/json;base64,e30=", b"{}", "application/json"),
        ("data:application/json;base64,e30", b"{}", "application/json"),
        ("DATA:application/json;BASE64,e3%30%3D", b"{}", "application/json"),
        ("data:application/json; base64,e3\n 0=", b"{}", "application/json"),
        ("data:a/b;charset=utf-8;base64,e30=", b"{}", "a/b;charset=utf-8"),
        ("data:application/json;utf8," + JSON.decode(), JSON, "application/json;utf8"),
        ("data:application/json,{\"a\":\"さ\"}", '{"a":"さ"}'.encode(), "application/json"),
        ("data:,", b"", "text/plain;charset=US-ASCII"),
        (" data:,x\n", b"x", "text/plain;charset=US-ASCII"),
        ("data:,\ud800", b"\xed\xa0\x80", "text/plain;charset=US-ASCII"),
    ],
)  # fmt: skip
def test_a_data_uri_holds_its_bytes(world: World, uri: str, body: bytes, media_type: str) -> None:
    found = world.resolver.resolve(uri)
    assert found.body == body
    assert found.headers == (("content-type", media_type),)
    assert found.verified
    assert (found.status, found.fetched_at) == (200, 1_700_000_000)


@pytest.mark.parametrize(
    "uri",
    [
        "data:",
        "data:application/json;base64",
        "data:;base64,e",
        "data:;base64,e30=====",
        "data:;base64,e*0=",
        "data:;base64,e30=e30=",
    ],
)
def test_a_data_uri_that_cannot_be_read_is_malformed(world: World, uri: str) -> None:
    assert failure_of(world.resolver, uri) is Failure.MALFORMED


def test_a_data_uri_beyond_the_limit_is_too_large(world: World) -> None:
    assert failure_of(world.resolver, "data:," + "x" * 50_001) is Failure.TOO_LARGE
    assert failure_of(world.resolver, "data:," + "x" * 500_000) is Failure.TOO_LARGE
    assert len(world.resolver.resolve("data:," + "%78" * 50_000).body) == 50_000


def test_a_failure_does_not_repeat_a_whole_data_uri(world: World) -> None:
    with pytest.raises(FetchError) as caught:
        world.resolver.resolve("data:" + "x" * 10_000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "form",
    [
        "ipfs://{d}/1.json",
        "IPFS://{d}/1.json",
        "ipfs://{D}/1.json",
        "ipfs://{k}/1.json",
        "ipfs://ipfs/{d}/1.json",
        "ipfs:/ipfs/{d}/1.json",
        "ipfs:{d}/1.json",
        "ipfs:///{d}/1.json",
        "ipfs://{d}//1.json",
        "dweb:/ipfs/{d}/1.json",
        "/ipfs/{d}/1.json",
        "ipfs/{d}/1.json",
        "{d}/1.json",
        "ipfs://{f}",
        "ipfs://{f}/",
        "ipfs://{f0}",
        "ipfs://ipfs/{f0}",
        "{f0}",
        "{f}",
        "https://gateway.example/ipfs/{d}/1.json",
        "http://gateway.example:8080/ipfs/{f0}?filename=x.json",
        "https://gateway.example//ipfs/{d}/1.json#x",
        "https://{d}.ipfs.dweb.link/1.json",
        "https://{k}.ipfs.gateway.example/1.json?x=1",
        "https://{D}.IPFS.DWEB.LINK/1.json",
        "https://{f}.ipfs.dweb.link",
        " ipfs://{d}/1.json\n",
    ],
)
def test_content_is_read_by_its_cid_however_that_is_spelled(world: World, form: str) -> None:
    _, _, upper, _, base36, _ = (*world.directory.spellings,)
    uri = form.format(
        d=world.directory, D=upper, k=base36, f=world.file, f0=world.file.spellings[1]
    )
    found = world.resolver.resolve(uri)
    assert found.body == JSON
    assert found.verified
    assert found.url == uri.strip()
    assert found.final_url.startswith("ipfs://bafy")


@pytest.mark.parametrize(
    "path",
    [
        "a%20b.json",
        "a b.json",
        "7%231.json",
        "7#1.json",  # wrong by the standard, and seen
        "8%3Fx=1.json",
        "8?x=1.json",
        "50%2525.json",
        "50%25.json",
        "%E3%81%95%E3%81%8F%E3%82%89.json",
        "さくら.json",
        "1.json?x=1",
        "1.json#x",
        "x/..//./1.json",
        "%31.json",
    ],
)
def test_a_path_is_read_as_the_standard_says_and_then_as_it_stands(world: World, path: str) -> None:
    assert world.resolver.resolve(f"ipfs://{world.directory}/{path}").body == JSON


def test_the_reading_of_the_standard_comes_first(world: World) -> None:
    found = world.resolver.resolve(f"ipfs://{world.directory}/q?filename=x")
    assert found.body == b"other"
    assert found.final_url == f"ipfs://{world.directory}/q"


def test_another_reading_is_tried_only_where_the_first_is_proven_absent(world: World) -> None:
    with serve(LocalGateway({}, "absent")) as gateway:
        resolver = Resolver(fetch_http, Gateway(fetch_http, [gateway.url]))
        assert failure_of(resolver, f"ipfs://{world.directory}/q?filename=x") is Failure.ABSENT
        assert len(gateway.asked) == 2  # the CAR and the root block


def test_a_name_that_is_not_there_is_absent(world: World) -> None:
    assert failure_of(world.resolver, f"ipfs://{world.directory}/2.json?x#y") is Failure.ABSENT


def test_a_gateway_named_in_a_uri_is_not_the_one_that_is_asked(world: World) -> None:
    asked = len(world.gateway.asked)
    world.resolver.resolve(f"https://liar.example/ipfs/{world.file}")
    assert len(world.gateway.asked) > asked


@pytest.mark.parametrize("form", ["ipfs://{}", "https://gateway.example/ipfs/{}"])
def test_content_without_a_gateway_of_ours_is_not_fetched(world: World, form: str) -> None:
    resolver = Resolver(fetch_http, None)
    assert failure_of(resolver, form.format(world.file)) is Failure.UNREACHABLE


def test_content_beyond_the_limit_is_too_large(world: World) -> None:
    small = Resolver(fetch_http, world.resolver.gateway, max_bytes=10)
    assert failure_of(small, f"ipfs://{world.file}") is Failure.TOO_LARGE


def test_what_a_server_says_is_not_proven(world: World) -> None:
    found = world.resolver.resolve(f"{world.gateway.url}/x.json")
    assert found.body == b"plain"
    assert not found.verified


def test_a_fetcher_cannot_claim_proof_for_http() -> None:
    def fetch(url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
        return Fetched(url, url, 200, (), b"x", 0, verified=True)

    assert not Resolver(fetch, None).resolve("https://a.example/").verified


def test_arweave_is_fetched_and_not_proven(world: World) -> None:
    for uri, body in (
        (f"ar://{TX}", b"tx"),
        (f"ar:{TX}?x=1", b"tx"),
        (f"AR://{TX}/a%20b", b"tx path"),
    ):
        found = world.resolver.resolve(uri)
        assert found.body == body
        assert found.url == uri
        assert not found.verified


@pytest.mark.parametrize("uri", ["ar://", "ar://short", f"ar://{TX}x", f"ar://{TX}@host", "ar:"])
def test_arweave_without_a_transaction_is_malformed(world: World, uri: str) -> None:
    assert failure_of(world.resolver, uri) is Failure.MALFORMED


def test_arweave_and_ipns_without_a_gateway_are_unreachable() -> None:
    resolver = Resolver(fetch_http, None)
    assert failure_of(resolver, f"ar://{TX}") is Failure.UNREACHABLE
    assert failure_of(resolver, f"ipns://{NAME}") is Failure.UNREACHABLE


def test_a_transaction_is_absent_only_if_every_gateway_says_so(world: World) -> None:
    missing = f"ar://{'x' * 43}"
    assert failure_of(world.resolver, missing) is Failure.ABSENT
    two = Resolver(fetch_http, None, [world.gateway.url, "http://127.0.0.1:1"])
    assert failure_of(two, missing) is Failure.UNREACHABLE


def test_a_name_of_ipns_is_fetched_and_not_proven(world: World) -> None:
    for uri, body in (
        (f"ipns://{NAME}/1.json?x", b"name"),
        (f"/ipns/{NAME}/1.json", b"name"),
        ("ipns://example.org", b"site"),
        (f"{world.gateway.url}/ipns/{NAME}/1.json", b"name"),
    ):
        found = world.resolver.resolve(uri)
        assert found.body == body
        assert not found.verified


@pytest.mark.parametrize("uri", ["ipns://", "ipns://a@b", "ipns://..", "ipns:///"])
def test_a_name_of_ipns_that_is_none_is_malformed(world: World, uri: str) -> None:
    assert failure_of(world.resolver, uri) is Failure.MALFORMED


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "ftp://a.example/",
        "javascript:alert(1)",
        "gopher://x",
        "ipfs+http://x",
        "FILE:///x",
        "bzz://x",
    ],
)
def test_other_schemes_are_forbidden(world: World, uri: str) -> None:
    assert failure_of(world.resolver, uri) is Failure.FORBIDDEN_SCHEME


@pytest.mark.parametrize(
    "uri",
    [
        "",
        " ",
        "1.json",
        "//host/x",
        "/ipfs/",
        "/ipfs/readme",
        "ipfs://",
        "ipfs://example.org/x",
        "ipfs://QMLOWER",
        f"ipfs://{NAME}",
        ":",
        "\x00",
        "ipfs://" + "a" * 10_000,
        "\ud800",
    ],
)
def test_what_names_nothing_is_malformed(world: World, uri: str) -> None:
    assert failure_of(world.resolver, uri) is Failure.MALFORMED


@pytest.mark.parametrize(
    "uri",
    [
        "https://a.example/x/ipfs/bafkqaaa",
        "https://ipfs.io/ipfs/readme.html",
        "https://example.ipfs.dweb.link/",
        "https://[bad/ipfs/bafkqaaa",
        f"https://{NAME}.ipns.dweb.link/",
        "https://a.example/?u=/ipfs/bafkqaaa",
    ],
)
def test_an_address_that_is_not_of_a_gateway_names_no_content(uri: str) -> None:
    assert find_content_address(uri) is None
