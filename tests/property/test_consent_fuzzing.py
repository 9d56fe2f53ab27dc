"""Real documents of every carrier, mutilated: nothing raises, no refusal gets lost, nothing gains.

A seed names the bytes of its refusal (``kept``: key and value, and what gives them their meaning,
such as the group that a rule of robots.txt stands in). A mutation is

anything   edits anywhere: nothing raises, and no trust is gained.
outside    edits anywhere but in those bytes: nothing clears, whatever is on file.
after      the file ends, or garbage begins, somewhere after those bytes: the refusal is still read.
harmless   what leaves the document the same to a reader of its format (the order of keys, of header
           lines and of groups, case, blanks, comments, another encoding, more of what nobody knows,
           a second value that grants): it still excludes.

``KIYOME_FUZZ_EXAMPLES`` sets how many examples each test tries.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.assets.asset import Location
from models.canonical import digest_bytes
from models.consent.carriers import carriers
from models.consent.chain.commit_data import read_commit_data
from models.consent.chain.metadata import read_metadata
from models.consent.chain.rpc import BlockView
from models.consent.chain.sources import Collection, TokenRef
from models.consent.declaring.signing import SigningKey, draft_statement, sign_statement
from models.consent.identity import identify
from models.consent.ipfs.cid import RAW, SHA2_256, Cid
from models.consent.iscc.tdmai import read_tdmai
from models.consent.optouts.lists import iterate_said, read_optouts
from models.consent.purposes import Preference, Purpose
from models.consent.resolution import resolve
from models.consent.signed.consent_statement import Scheme
from models.consent.stage import read_statements
from models.consent.statements import Condition, Statement, Trust
from models.consent.terms import ConsentPolicy
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.live import observe_web
from models.errors import KiyomeError
from models.fetching.fetched import Fetched
from models.verdicts import Verdict
from tests.consent_files import (
    asset_of,
    data_mining,
    gif_with,
    jpeg_with,
    picture,
    png_text,
    signed,
    tiff_with,
    webp_with,
    xmp,
)

EXAMPLES = int(os.environ.get("KIYOME_FUZZ_EXAMPLES", "25"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
NOW = 1_790_000_000
GT = Purpose.GENERATIVE_TRAINING
IMAGE = picture()
ASSET_ID = digest_bytes(IMAGE)
CID = Cid(1, RAW, SHA2_256, bytes.fromhex(ASSET_ID))
ON_FILE = ConsentPolicy.model_validate(
    {
        "contract": [
            {
                "id": "K-1",
                "holder": "Studio",
                "purposes": ["generative_training"],
                "folder": ".",
                "entered_by": "Aiko",
                "approved_by": "Ben",
                "issued": date(2026, 1, 1),
                "expires": date(2099, 1, 1),
            }
        ]
    }
)
REFUSED_ALOUD = Statement("optout", "a file that was not taken in", condition=Condition.MALFORMED)
Read = Callable[[bytes], Sequence[Statement]]


# Readers: from bytes to statements, by the way that the product takes


def beside(data: bytes) -> Sequence[Statement]:
    """A JSON file beside the image."""
    place = Location("a.png.json", "a.png.json", len(data), digest=digest_bytes(data))
    asset = asset_of(IMAGE, "a.png", place)
    identify(asset, IMAGE, lambda _: data)
    return read_statements(asset, IMAGE, carriers(), lambda _: data)


def inside(data: bytes) -> Sequence[Statement]:
    """The image itself."""
    return read_statements(asset_of(data), data, carriers(), lambda _: b"")


def at(path: str, media_type: str = "text/plain") -> Read:
    """A file of the image's site, with what stands behind its own pointers."""

    def read(data: bytes) -> Sequence[Statement]:
        origin, image = "https://a.example", "https://a.example/b/a.png"
        header = (("content-type", media_type),)
        pointer = b"License: https://a.example/licence.xml\n" if "licence" in path else b""
        captures = [Capture(origin + path, 200, header, data, NOW), Capture(image, 200)]
        if pointer:
            captures.append(Capture(origin + "/robots.txt", 200, (), pointer, NOW))
        page = origin + path if path == "/page" else ""
        return said_in(WebEvidence(image, page, tuple(captures)))

    return read


def as_headers(data: bytes) -> Sequence[Statement]:
    """The header lines of the image's answer."""
    lines = []
    for line in data.decode("latin-1").split("\n"):
        name, _, value = line.partition(":")
        if name.strip():
            lines.append((name.strip(), value.strip()))
    image = "https://a.example/b/a.png"
    return said_in(WebEvidence(image, "", (Capture(image, 200, tuple(lines), None, NOW),)))


def said_in(evidence: WebEvidence) -> Sequence[Statement]:
    return [said.statement for said in observe_web(evidence, NOW).said]


def on_chain(data: bytes) -> Sequence[Statement]:
    """A token's metadata in a recognised collection."""
    block = SimpleNamespace(timestamp=NOW - 10)
    view = cast("BlockView", SimpleNamespace(block=block, anchor="eip155:1/block:1/0x00"))
    contract = "0x" + "ab" * 20
    fetched = Fetched("data:", "data:", 200, (), data, NOW, verified=True)
    token = TokenRef("eip155:1", "erc1155", contract, 7)
    reading = read_metadata(fetched, view, Collection("eip155:1", contract, holder="S"), token)
    return [] if reading.statement is None else [reading.statement]


def committed(data: bytes) -> Sequence[Statement]:
    """The text of a commit."""
    found = read_commit_data(data, "a commit", CID).statement
    return [] if found is None else [found]


def declared(data: bytes) -> Sequence[Statement]:
    """A TDM·AI declaration; one that names no ISCC is refused aloud where it is taken in."""
    reading = read_tdmai(data, "a.json", NOW)
    said = [said.statement for said in reading.said]
    return said or [REFUSED_ALOUD] * bool(reading.problems)


def listed(data: bytes) -> Sequence[Statement]:
    """An opt-out list; one that cannot be used is refused aloud where it is taken in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(data)
        try:
            checked = read_optouts(path, "a", max_bad_share=0.5)
            return [
                said.statement
                for said in iterate_said(checked, NOW)
                if said.subject.value == ASSET_ID
            ]
        except KiyomeError:
            return [REFUSED_ALOUD]


# Seeds


@dataclass(frozen=True)
class Seed:
    """A real document.

    Attributes:
        name: for a reader.
        data: the document.
        read: from bytes to statements.
        kept: the bytes of its refusal; "" where it grants.
        form: what its syntax is: json, lines, headers, xml, html, image, table.
    """

    name: str
    data: bytes
    read: Read
    kept: bytes = b""
    form: str = "json"

    def __repr__(self) -> str:
        return self.name

    @property
    def span(self) -> range:
        """Where the refusal stands."""
        start = self.data.index(self.kept)
        return range(start, start + len(self.kept))


def metadata(uses: dict[str, str]) -> bytes:
    document = {
        "name": 'A picture, by "somebody"',
        "image": f"ipfs://{CID.canonical}",
        "external_url": "https://a.example/7",
        "attributes": [{"trait_type": "colour", "value": "pink"}],
        "dataMiningPreference": uses,
        "description": "Painted in 2024. /* not a comment */ // nor this",
    }
    return json.dumps(document, indent=1).encode()


NO, YES = {"aiTraining": "notAllowed"}, {"aiTraining": "allowed"}
SAID_NO = b'"aiTraining": "notAllowed"'
KEY = SigningKey(b"\x21" * 32)


def statement(uses: dict[str, str], scheme: Scheme = Scheme.EIP712) -> bytes:
    drafted = draft_statement(uses, NOW - 86_400, asset_cid=f"sha256:{ASSET_ID}", nonce=1)
    return sign_statement(drafted, uses, 1, KEY, scheme)


def record(**columns: Any) -> bytes:
    value = {"url": "https://a.example/b/a.png", "caption": "pink", "status": "success", **columns}
    return json.dumps(value, indent=1).encode()


def tdm(value: str) -> bytes:
    return xmp(f'xmlns:tdm="http://www.w3.org/ns/tdmrep#" tdm:reservation="{value}"').encode()


def rsl(terms: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rsl xmlns="https://rslstandard.org/rsl">\n'
        f' <content url="/">\n  <license>\n   {terms}\n  </license>\n </content>\n</rsl>\n'
    ).encode()


def reservation(value: int) -> bytes:
    # The first rule that matches counts: one before it could be damaged into one that matches.
    rules = [
        {"location": "/b/*", "tdm-reservation": value},
        {"location": "/other/*", "tdm-reservation": 0},
    ]
    return json.dumps(rules, indent=1).encode()


ISCC = "KECTBQHZY2QWP7BKYNBTBHR4T2HGP3MLVE64D3M36CMOITEYZHFULOQ"
PLUS_NO = b"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-GENAIMLTRAINING"
XAP = b"http://ns.adobe.com/xap/1.0/\0"
GPTBOT = b"\nUser-agent: GPTBot\nDisallow: /\n"
PROHIBITS = '<prohibits type="usage">ai-train</prohibits>'
LIST = f"sha256,status,note\n{'cd' * 32},opt-out,x\n".encode()


def _page(name: str, content: str) -> bytes:
    return (
        "<!doctype html><html><head><title>A page</title>\n"
        f'<meta name="{name}" content="{content}">\n'
        '<link rel="icon" href="/i.png"></head><body><p>Hello</p><img src="/b/a.png"></body></html>'
    ).encode()


@cache
def refusing() -> tuple[Seed, ...]:
    packet = data_mining("DMI-PROHIBITED-GENAIMLTRAINING").encode()
    notes = b"# a site\nUser-agent: *\nAllow: /\n"
    row = f"{ASSET_ID},opt-out,mine\n".encode()
    return (
        Seed("sidecar", metadata(NO), beside, SAID_NO),
        Seed("signed-712", statement(NO), beside, SAID_NO),
        Seed("signed-191", statement(NO, Scheme.EIP191), beside, SAID_NO),
        Seed("kept-header", record(x_robots_tag="noai"), beside, b'"x_robots_tag": "noai"'),
        Seed("token", metadata(NO), on_chain, SAID_NO),
        Seed("commit", metadata(NO), committed, SAID_NO),
        Seed(
            "tdmai",
            json.dumps({"iscc": f"ISCC:{ISCC}", "tdm-reservation": 1, "name": "x"}).encode(),
            declared,
            f'"iscc": "ISCC:{ISCC}", "tdm-reservation": 1,'.encode(),
        ),
        Seed("c2pa", signed(use="notAllowed"), inside, b"", "image"),
        Seed("plus-png", png_text(packet), inside, PLUS_NO, "image"),
        Seed("plus-jpeg", jpeg_with(XAP + packet), inside, PLUS_NO, "image"),
        Seed("plus-webp", webp_with(packet), inside, PLUS_NO, "image"),
        Seed("plus-gif", gif_with(packet), inside, PLUS_NO, "image"),
        Seed("plus-tiff", tiff_with(packet), inside, PLUS_NO, "image"),
        Seed("tdm-png", png_text(tdm("1")), inside, b'tdm:reservation="1"', "image"),
        Seed("robots.txt", notes + GPTBOT, at("/robots.txt"), GPTBOT, "lines"),
        Seed(
            "signals",
            b"# a site\n\nUser-agent: *\nContent-Signal: ai-train=no\nAllow: /\n",
            at("/robots.txt"),
            b"\nUser-agent: *\nContent-Signal: ai-train=no\n",
            "lines",
        ),
        Seed(
            "usage",
            b"# a site\n\nUser-agent: *\nContent-Usage: train-ai=n\nAllow: /\n",
            at("/robots.txt"),
            b"\nUser-agent: *\nContent-Usage: train-ai=n\n",
            "lines",
        ),
        Seed(
            "ai.txt",
            b"# terms\n\nUser-Agent: *\nDisallow: /\n",
            at("/ai.txt"),
            b"\nUser-Agent: *\nDisallow: /\n",
            "lines",
        ),
        Seed(
            "tdmrep",
            reservation(1),
            at("/.well-known/tdmrep.json", "application/json"),
            b'"location": "/b/*",\n  "tdm-reservation": 1\n',
        ),
        Seed(
            "rsl",
            rsl(PROHIBITS),
            at("/licence.xml", "application/rsl+xml"),
            PROHIBITS.encode(),
            "xml",
        ),
        Seed(
            "page",
            _page("robots", "index, noai"),
            at("/page", "text/html"),
            b'<meta name="robots" content="index, noai">',
            "html",
        ),
        Seed(
            "tag",
            b"Server: x\nX-Robots-Tag: noai\nCache-Control: public\n",
            as_headers,
            b"\nX-Robots-Tag: noai\n",
            "headers",
        ),
        Seed(
            "usage-header",
            b"Server: x\nContent-Usage: train-ai=n\nCache-Control: public\n",
            as_headers,
            b"\nContent-Usage: train-ai=n\n",
            "headers",
        ),
        Seed(
            "tdm-header",
            b"Server: x\ntdm-reservation: 1\nCache-Control: public\n",
            as_headers,
            b"\ntdm-reservation: 1\n",
            "headers",
        ),
        Seed("list", LIST + row, listed, b"sha256,status,note\n", "table"),
    )


@cache
def granting() -> tuple[Seed, ...]:
    allowed = data_mining("DMI-ALLOWED").encode()
    return (
        Seed("sidecar", metadata(YES), beside),
        Seed("signed-712", statement(YES), beside),
        Seed("signed-191", statement(YES, Scheme.EIP191), beside),
        Seed("kept", record(content_usage="train-ai=y"), beside),
        Seed("token", metadata(YES), on_chain),
        Seed("commit", metadata(YES), committed),
        Seed(
            "tdmai",
            json.dumps({"iscc": f"ISCC:{ISCC}", "tdm-reservation": 0}).encode(),
            declared,
        ),
        Seed("c2pa", signed(), inside, form="image"),
        Seed("plus", png_text(allowed), inside, form="image"),
        Seed("tdm", png_text(tdm("0")), inside, form="image"),
        Seed("ai.txt", b"User-Agent: *\nAllow: /\n", at("/ai.txt"), form="lines"),
        Seed(
            "signals",
            b"User-agent: *\nContent-Signal: ai-train=yes\n",
            at("/robots.txt"),
            form="lines",
        ),
        Seed("tdmrep", reservation(0), at("/.well-known/tdmrep.json")),
        Seed("rsl", rsl(PROHIBITS.replace("prohibits", "permits")), at("/licence.xml"), form="xml"),
        Seed("header", b"Content-Usage: train-ai=y\n", as_headers, form="headers"),
        Seed("list", LIST, listed, form="table"),
    )


WITH_SPAN = [seed for seed in refusing() if seed.kept and seed.form != "table"]


# What has to hold


def refuses(said: Sequence[Statement]) -> bool:
    return any(each.preference(GT) is Preference.NOT_ALLOWED for each in said)


def decide(said: Sequence[Statement]) -> Verdict:
    return resolve(asset_of(IMAGE), said, ON_FILE, NOW).verdict


def flags(trust: Trust) -> frozenset[str]:
    return frozenset(part.name for part in fields(trust) if getattr(trust, part.name))


def proven(said: Sequence[Statement]) -> frozenset[str]:
    return frozenset().union(*(flags(each.trust) for each in said)) if said else frozenset()


@pytest.mark.parametrize("seed", refusing(), ids=repr)
def test_a_seed_that_refuses_excludes(seed: Seed) -> None:
    assert decide(seed.read(seed.data)) is Verdict.EXCLUDE


@pytest.mark.parametrize("seed", granting(), ids=repr)
def test_a_seed_that_grants_leaves_the_contract_alone(seed: Seed) -> None:
    assert decide(seed.read(seed.data)) is Verdict.CLEAR


# Mutations

NOISE = [b"\0", b"\xff", b"\xef\xbb\xbf", b"\n", b"\r\n", b" ", b'"', b"{", b"}", b"[", b"]"]
NOISE += [b"<", b">", b"<!--", b"-->", b"/*", b"*/", b"//", b"#", b",", b":", b"\\", b"\xf0\x9f"]
NOISE += [b"allowed", b'"aiTraining": "allowed",', b"Allow: /\n", b"&amp;", b"\x1f\x8b", b"=", b"'"]

edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "insert", "delete", "double", "swap"]),
        st.integers(0, 2**31),
        st.integers(0, 255),
        st.sampled_from(NOISE),
    ),
    min_size=1,
    max_size=6,
)
Edits = list[tuple[str, int, int, bytes]]


def mutate(data: bytes, changes: Edits) -> bytes:
    """Anything anywhere."""
    for how, where, byte, noise in changes:
        if not data:
            return noise
        place = where % len(data)
        if how == "flip":
            data = data[:place] + bytes([data[place] ^ (byte or 1)]) + data[place + 1 :]
        elif how == "insert":
            data = data[:place] + noise + data[place:]
        elif how == "delete":
            data = data[:place] + data[place + 1 + byte % 16 :]
        elif how == "double":
            data = data[: place + byte] + data[place:]
        else:
            end = min(len(data), place + 2 + byte)
            middle = (place + end) // 2
            data = data[:place] + data[middle:end] + data[place:middle] + data[end:]
    return data


def mutate_outside(seed: Seed, changes: Edits) -> bytes:
    """Anything, before and after the refusal; its own bytes stay.

    Not before it in a page: a quotation mark there makes the refusal a part of an attribute.
    """
    if seed.form == "html":
        return seed.data[: seed.span.stop] + mutate(seed.data[seed.span.stop :], changes)
    before, after = seed.data[: seed.span.start], seed.data[seed.span.stop :]
    first = [c for i, c in enumerate(changes) if i % 2]
    second = [c for i, c in enumerate(changes) if not i % 2]
    return mutate(before, first) + seed.kept + mutate(after, second)


@pytest.mark.parametrize("seed", [*refusing(), *granting()], ids=repr)
@FUZZ
@given(changes=edits)
def test_nothing_raises_and_nothing_gains(seed: Seed, changes: Edits) -> None:
    whole = seed.read(seed.data)
    said = seed.read(mutate(seed.data, changes))
    assert proven(said) <= proven(whole)
    assert decide(said) in Verdict
    for each in said:
        Statement.from_dict(json.loads(json.dumps(each.as_dict())))


@pytest.mark.parametrize("seed", [*refusing(), *granting()], ids=repr)
@FUZZ
@given(end=st.floats(0, 1))
def test_what_is_cut_short_gains_nothing(seed: Seed, end: float) -> None:
    said = seed.read(seed.data[: int(end * len(seed.data))])
    assert proven(said) <= proven(seed.read(seed.data))


@pytest.mark.parametrize("seed", WITH_SPAN, ids=repr)
@FUZZ
@given(changes=edits)
def test_damage_around_a_refusal_never_clears(seed: Seed, changes: Edits) -> None:
    assert decide(seed.read(mutate_outside(seed, changes))) is not Verdict.CLEAR


@pytest.mark.parametrize("seed", WITH_SPAN, ids=repr)
@FUZZ
@given(more=st.integers(0, 400))
def test_what_is_cut_short_after_its_refusal_still_refuses(seed: Seed, more: int) -> None:
    said = seed.read(seed.data[: seed.span.stop + more])
    assert refuses(said)
    assert decide(said) is not Verdict.CLEAR


@pytest.mark.parametrize("seed", WITH_SPAN, ids=repr)
@FUZZ
@given(garbage=st.lists(st.sampled_from(NOISE), max_size=8).map(b"".join) | st.binary(max_size=64))
def test_garbage_at_the_end_lifts_no_refusal(seed: Seed, garbage: bytes) -> None:
    said = seed.read(seed.data + garbage)
    assert refuses(said)
    assert decide(said) is not Verdict.CLEAR


@pytest.mark.parametrize("seed", [s for s in WITH_SPAN if s.form != "image"], ids=repr)
@pytest.mark.parametrize("before", [b"\0", b"\0\0", b"\xff", b"\xef\xbb\xbf\0"])
def test_a_stray_byte_in_front_hides_no_refusal(seed: Seed, before: bytes) -> None:
    said = seed.read(before + seed.data)
    assert refuses(said)
    assert decide(said) is not Verdict.CLEAR


# Mutations that leave a document what it is

Draw = Callable[[st.SearchStrategy[Any]], Any]


def upset_json(data: bytes, draw: Draw) -> bytes:
    """Another order of keys, other blanks, unknown keys, and a byte order mark."""

    def upset(value: Any) -> Any:
        if isinstance(value, dict):
            pairs = [(key, upset(inner)) for key, inner in value.items()]
            pairs += [(f"x{n}", noise) for n, noise in enumerate(draw(unknown))]
            return dict(draw(st.permutations(pairs)))
        return [upset(item) for item in value] if isinstance(value, list) else value

    text = json.dumps(upset(json.loads(data)), indent=draw(st.sampled_from([None, 0, 1, "\t"])))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    end: bytes = draw(st.sampled_from([b"", b"\n", b" \r\n\t"]))
    return bytes(mark) + text.encode() + end


unknown: st.SearchStrategy[list[Any]] = st.lists(
    st.sampled_from([None, 0, True, "", "a", [], {}, {"a": [1, {"b": "c"}]}, [[]]]), max_size=3
)


def upset_lines(data: bytes, draw: Draw) -> bytes:
    """Other line ends, comments, blanks, case of names, and groups for other robots."""
    end = draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    others = [b"", b"# a comment", b"User-agent: FooBot\nDisallow: /x", b"Sitemap: https://a/b"]
    before = draw(st.lists(st.sampled_from(others), max_size=3))
    after = draw(st.lists(st.sampled_from(others), max_size=3))
    lines = []
    for line in data.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and not line.startswith(b"#"):
            name = draw(st.sampled_from([name, name.lower(), name.upper(), b" " + name]))
            value = draw(st.sampled_from([value, value + b"  ", value + b" # why"]))
        lines.append(name + colon + value)
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    whole = b"\n\n".join([*before, b"\n".join(lines), *after]) + b"\n"
    return bytes(mark) + whole.replace(b"\n", end)


def upset_headers(data: bytes, draw: Draw) -> bytes:
    """Another order, another case, other headers, and a second line that permits."""
    lines = [line for line in data.split(b"\n") if line]
    refusal = next(line for line in lines if line.strip() in data and b"Server" not in line)
    name = refusal.partition(b":")[0]
    permits = {b"X-Robots-Tag": b"all", b"Content-Usage": b"train-ai=y"}
    if name in permits:  # a reservation that is 0 and 1 at once is broken: a person decides
        lines += draw(st.lists(st.just(name + b": " + permits[name]), max_size=2))
    lines += draw(st.lists(st.sampled_from([b"X-A: b", b"Vary: *", b"X-Robots-Tag: noindex"])))
    case = draw(st.sampled_from([bytes.lower, bytes.upper, bytes.title, bytes.strip]))
    changed = [case(n) + c + v for n, c, v in (line.partition(b":") for line in lines)]
    return b"\n".join(draw(st.permutations(changed)))


def upset_xml(data: bytes, draw: Draw) -> bytes:
    """Comments, unknown elements, other quotation marks, and another encoding."""
    noise = [b"<!-- a -->", b"<other xmlns='urn:x'/>", b"\n\t", b""]
    for tag in (b"<license>", b"</license>", b"</content>"):
        data = data.replace(tag, draw(st.sampled_from(noise)) + tag, 1)
    if draw(st.booleans()):
        data = data.replace(b'"', b"'")
    encoding = draw(st.sampled_from(["UTF-8", "UTF-16"]))
    return data.decode().replace("UTF-8", encoding).encode(encoding)


def upset_html(data: bytes, draw: Draw) -> bytes:
    """Case, quotation marks, other tags and comments."""
    tag = draw(
        st.sampled_from(
            [
                b"<META NAME='robots' CONTENT='index, noai'>",
                b"<meta content=noai name=ROBOTS />",
                b'<meta\n  name="robots"\tcontent="NoAI, follow">',
                b'<meta name="robots" content="all"><meta name="robots" content="noai">',
            ]
        )
    )
    noise = draw(
        st.sampled_from([b"", b"<!-- a -->", b"<script>if (a<b) c()</script>", b"<p>&lt;"])
    )
    start, end = data.split(b"<meta", 1)[0], data.split(b'noai">', 1)[1]
    return start + bytes(noise + tag + noise) + end


UPSET = {
    "json": upset_json,
    "lines": upset_lines,
    "headers": upset_headers,
    "xml": upset_xml,
    "html": upset_html,
}
# What is signed may not be changed at all: another order of keys in it is the same document.
UPSETTABLE = [s for s in refusing() if s.form in UPSET and not s.name.startswith("signed")]


@pytest.mark.parametrize("seed", UPSETTABLE, ids=repr)
@FUZZ
@given(data=st.data())
def test_what_leaves_a_document_the_same_still_excludes(seed: Seed, data: st.DataObject) -> None:
    changed = UPSET[seed.form](seed.data, data.draw)
    assert decide(seed.read(changed)) is Verdict.EXCLUDE


SPELLINGS = ["notAllowed", "NOTALLOWED", "not_allowed", "Not Allowed", "not-allowed", "notallowed"]
KEYS = ["aiTraining", "AITraining", "ai_training", "ai-training", "aiGenerativeTraining"]


@pytest.mark.parametrize("read", [beside, on_chain, committed], ids=["beside", "token", "commit"])
@FUZZ
@given(
    key=st.sampled_from(KEYS),
    value=st.sampled_from(SPELLINGS),
    others=st.lists(st.sampled_from([*KEYS[:-1], "dataMining"]), max_size=3),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"]),
    end=st.sampled_from(["", "}", "\0", "// more", "]]", '{"aiTraining": "allowed"}']),
)
def test_a_refusal_is_read_in_any_dress(
    read: Read, key: str, value: str, others: list[str], encoding: str, end: str
) -> None:
    # What is said of generative training alone would win over what is said of all training.
    uses = [f'"{other}": "allowed"' for other in others if other != key]
    text = '{"dataMiningPreference": {' + ", ".join([*uses, f'"{key}": "{value}"']) + "}}" + end
    said = read(text.encode(encoding))
    assert refuses(said)
    assert decide(said) is not Verdict.CLEAR


@pytest.mark.parametrize("seed", granting(), ids=repr)
@FUZZ
@given(data=st.data())
def test_a_grant_in_another_dress_gains_no_trust(seed: Seed, data: st.DataObject) -> None:
    if seed.form in UPSET and seed.form not in ("headers", "html", "xml"):
        changed = UPSET[seed.form](seed.data, data.draw)
    else:
        changed = seed.data + data.draw(st.binary(max_size=32))
    assert proven(seed.read(changed)) <= proven(seed.read(seed.data))


# One process for everything

DEEP = """
import sys
sys.setrecursionlimit(100_000)  # as py_ecc, which comes with web3, does
from pathlib import Path
from tests.property.test_consent_fuzzing import read_deeply
read_deeply(Path(sys.argv[1]))
"""


def read_deeply(folder: Path) -> None:
    """Have every parser of strangers' bytes meet 100,000 brackets."""
    from models.assets.layouts.kohya import _read_metadata
    from models.assets.tables import read_columns, read_table
    from models.consent.chain.node import Node
    from models.consent.cose import CoseError, signing_certificate
    from models.consent.declarations import observe_declaration
    from models.consent.ipfs.cid import DAG_CBOR, DAG_JSON
    from models.consent.ipfs.dag import decode_dag
    from models.consent.ipfs.errors import IpfsError
    from models.consent.web.rsl_terms import parse_terms

    count = 100_000
    deep = [b"[" * count, b'{"a":' * count, b"[" * count + b"]" * count]
    deep += [b'{"dataMiningPreference":' + b"[" * count + b"]" * count + b"}"]
    deep += [b'{"kiyome": "consent-statement/1", "x": ' + b"[" * 499 + b'{"a":' * count]
    deep += [b"<a>" * count, b"<rsl xmlns='https://rslstandard.org/rsl'>" + b"<content>" * count]
    deep += [b"\x81" * count, b"\xd8\x2a" * count, b"(" * count, b"<!--" * count]
    xap = xmp("", "<rdf:Bag>" * count)
    reads: list[Read] = [beside, inside, on_chain, committed, declared, listed, as_headers]
    reads += [at(p) for p in ("/robots.txt", "/ai.txt", "/.well-known/tdmrep.json", "/licence.xml")]
    reads += [at("/page", "text/html")]
    for data in (*deep, png_text(xap.encode()), xap.encode()):
        for read in reads:
            read(data)
        parse_terms(data)
        for codec in (DAG_JSON, DAG_CBOR):
            with contextlib.suppress(IpfsError):
                decode_dag(codec, data)
        with contextlib.suppress(CoseError):
            signing_certificate(data, "x")
        with contextlib.suppress(KiyomeError):
            observe_declaration(data, "a.json", NOW)
        (folder / "a.jsonl").write_bytes(data)
        read_table(str(folder / "a.jsonl"))
        read_columns(str(folder / "a.jsonl"))
        tree = SimpleNamespace(outside=set(), path=lambda name: str(folder / name))
        _read_metadata(cast("Any", tree), "a.jsonl")
        node = Node("http://127.0.0.1:9")
        assert node._read(data) is None
        node.close()


def test_deep_nesting_ends_no_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DEEP, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def test_loading_a_node_leaves_the_recursion_limit_as_it_was() -> None:
    code = (
        "import sys; before = sys.getrecursionlimit();"
        "from models.consent.chain.node import Node; Node('http://127.0.0.1:9').close();"
        "assert 'py_ecc' in sys.modules; assert sys.getrecursionlimit() == before"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=60)
