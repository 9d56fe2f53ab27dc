"""TDMRep and RSL: nothing done to a refusal makes a clearance of it, and nothing is ever raised."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.consent.purposes import ALL_PURPOSES, Preference
from models.consent.statements import Condition, Statement
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.rsl import discover_rsl, read_rsl
from models.consent.web.rsl_terms import parse_terms
from models.consent.web.tdm_locations import matches, path_with_query
from models.consent.web.tdm_policy import judge_policy, read_tdm_policy
from models.consent.web.tdm_xmp import read_tdm_xmp
from models.consent.web.tdmrep import discover_tdm_policies, read_tdm_meta, read_tdmrep

IMAGE = "https://example.com/images/cat.jpg"
PAGE = "https://example.com/cats.html"
FILE = "https://example.com/.well-known/tdmrep.json"
ROBOTS = "https://example.com/robots.txt"
LICENSE = "https://example.com/license.xml"
POLICY = "https://example.com/policy.json"
NS = "https://rslstandard.org/rsl"
REFUSED = Preference.NOT_ALLOWED


def tdmrep_of(body: bytes) -> list[Statement]:
    return read_tdmrep(WebEvidence(IMAGE, PAGE, (Capture(FILE, 200, body=body),)))


def rsl_of(body: bytes) -> list[Statement]:
    robots = Capture(ROBOTS, 200, body=b"License: /license.xml")
    return read_rsl(WebEvidence(IMAGE, PAGE, (robots, Capture(LICENSE, 200, body=body))))


def could_clear(statements: list[Statement]) -> bool:
    """Whether nothing refuses and nothing sends the image to a person."""
    return not any(
        said.condition is not Condition.SOUND or REFUSED in said.preferences.values()
        for said in statements
    )


def allows(statements: list[Statement]) -> bool:
    return any(Preference.ALLOWED in said.preferences.values() for said in statements)


spaces = st.text(" \t\n\r", max_size=3)
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=12)
noise = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
odd_names = st.sampled_from(
    ["tdm-reservation", "tdm_reservation", "TDM-Reservation", "tdmReservation", "tdm:reservation"]
)
odd_ones = st.sampled_from([1, "1", " 1 ", True, 1.0, 2, -1, [1], "yes", "reserved", {"v": 1}])


@st.composite
def reserving_files(draw: st.DrawFn) -> Any:
    """A file whose only rules about the image reserve, among noise and in any dress."""
    rule: dict[str, Any] = draw(st.dictionaries(st.text("xyz", min_size=1), noise, max_size=3))
    rule[draw(odd_names)] = draw(odd_ones)
    if draw(st.booleans()):
        rule["location"] = draw(st.sampled_from(["/", "/images/", "*", "images", "/*.jpg$"]))
    around = st.fixed_dictionaries({"location": st.just("/else/"), "tdm-reservation": st.just(0)})
    rules = [*draw(st.lists(around, max_size=3)), rule, *draw(st.lists(around, max_size=3))]
    return draw(st.sampled_from([rules, [rules], {"rules": rules}, rule, {"/": rule}]))


@settings(deadline=None)
@given(reserving_files())
def test_a_reservation_is_found_in_every_dress(document: Any) -> None:
    statements = tdmrep_of(json.dumps(document).encode())
    assert any(REFUSED in said.preferences.values() for said in statements)
    assert not allows(statements)


@settings(deadline=None)
@given(st.data())
def test_a_reserving_file_that_is_cut_short_never_clears(data: st.DataObject) -> None:
    body = json.dumps([{"location": "/", "tdm-reservation": 1, "tdm-policy": POLICY}]).encode()
    cut = data.draw(st.integers(0, len(body) - 1))
    assert not could_clear(tdmrep_of(body[:cut]))
    assert not allows(tdmrep_of(body[:cut]))


@settings(deadline=None)
@given(st.permutations(["1", "0", "0", "2", "x"]), st.integers(1, 5))
def test_the_order_of_headers_makes_no_difference(values: list[str], count: int) -> None:
    chosen = [*values[:count], "1"]
    for order in (chosen, chosen[::-1]):
        headers = tuple(("tdm-reservation", value) for value in order)
        [said] = read_tdmrep(WebEvidence(IMAGE, "", (Capture(IMAGE, 200, headers),)))
        assert REFUSED in said.preferences.values()


@settings(deadline=None)
@given(st.binary(max_size=300), st.text(max_size=80), st.text(max_size=80))
def test_arbitrary_input_never_raises(body: bytes, text: str, url: str) -> None:
    headers = (("tdm-reservation", text), ("tdm-policy", text), ("link", text), (text, text))
    places = (FILE, ROBOTS, LICENSE, POLICY, IMAGE, PAGE, url)
    for asset, page in ((IMAGE, PAGE), (url, text), (IMAGE, url)):
        evidence = WebEvidence(
            asset, page, tuple(Capture(place, 200, headers, body) for place in places)
        )
        for said in (*read_tdmrep(evidence), *read_rsl(evidence)):
            assert Statement.from_dict(said.as_dict()) == said
            assert said.trust.levels == "L0"
            json.dumps(said.as_dict()).encode("utf-8")
        discover_rsl(evidence)
        discover_tdm_policies(evidence)
    read_tdm_policy(body)
    read_tdm_xmp(text, url)
    read_tdm_xmp(f"<x tdm:reservation='1'>{text}", url)
    read_tdm_meta(((text, text), ("tdm-reservation", text)), url, base_url=text)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes_between_the_parts_of_a_reservation_never_clear_it(junk: bytes) -> None:
    for body in (
        b'[{"location":"/",' + junk + b'"tdm-reservation":1}]',
        b'[{"location":"/","tdm-reservation":1' + junk,
        junk + b'[{"location":"/","tdm-reservation":1}]',
    ):
        assert not allows(tdmrep_of(body))
        said = tdmrep_of(body)
        assert any(REFUSED in s.preferences.values() for s in said) or not could_clear(said)


# Policies


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                ("permission", [{"action": "tdm:mine"}]),
                ("uid", "https://example.com/1"),
                ("x", [{"y": 1}]),
                ("@type", "Offer"),
            ]
        ),
        max_size=6,
    ),
    st.sampled_from(["prohibition", "odrl:prohibition", "Prohibition", "prohibitions"]),
    st.integers(0, 6),
)
def test_a_prohibition_is_found_among_anything(
    parts: list[tuple[str, Any]], name: str, place: int
) -> None:
    parts = [("profile", "http://www.w3.org/ns/tdmrep"), *parts]
    parts.insert(place, (name, [{"action": "tdm:mine"}]))
    text = ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in parts)
    assert judge_policy(read_tdm_policy(f"{{{text}}}".encode()))[0] is REFUSED


@settings(deadline=None)
@given(noise)
def test_no_document_makes_a_policy_that_allows(document: Any) -> None:
    frame = {"profile": "http://www.w3.org/ns/tdmrep", "permission": [{"action": "tdm:mine"}]}
    for value in (document, {**frame, "x": document}, {**frame, "permission": document}):
        preference, _ = judge_policy(read_tdm_policy(json.dumps(value).encode()))
        assert preference in (REFUSED, Preference.CONSTRAINED)


# RSL

PROHIBITION = '<prohibits type="usage">ai-all</prohibits>'
elements = st.sampled_from(
    [
        '<permits type="usage">all</permits>',
        '<permits type="user">education</permits>',
        '<payment type="free"/>',
        '<payment type="attribution"/>',
        '<legal type="warranty">ownership</legal>',
        '<x:thing xmlns:x="urn:x">all</x:thing>',
        "<nonsense/>",
        "<!-- permits all -->",
        PROHIBITION,
    ]
)


@settings(deadline=None)
@given(st.lists(elements, max_size=5), st.lists(elements, max_size=5), st.integers(0, 3))
def test_nothing_beside_a_prohibition_lifts_it(
    before: list[str], after: list[str], extra: int
) -> None:
    free = '<license><permits type="usage">all</permits></license>'
    body = (
        f'<rsl xmlns="{NS}"><content url="/">{free * extra}<license>{"".join(before)}{PROHIBITION}'
        f'{"".join(after)}</license></content><content url="/images/">{free}</content></rsl>'
    )
    [said] = rsl_of(body.encode())
    assert said.preferences == dict.fromkeys(ALL_PURPOSES, REFUSED)


@settings(deadline=None)
@given(st.data())
def test_a_licence_that_is_cut_short_never_clears(data: st.DataObject) -> None:
    body = (
        f'<?xml version="1.0"?><rsl xmlns="{NS}"><content url="/"><license>'
        f'<permits type="usage">ai-input</permits>{PROHIBITION}</license></content></rsl>'
    ).encode()
    cut = data.draw(st.integers(0, len(body) - 1))
    assert not could_clear(rsl_of(body[:cut]))
    assert not allows(rsl_of(body[:cut]))


@settings(deadline=None)
@given(st.data(), st.binary(min_size=1, max_size=4))
def test_a_damaged_licence_never_grants_more(data: st.DataObject, junk: bytes) -> None:
    body = (
        f'<rsl xmlns="{NS}"><content url="/"><license><permits type="usage">all</permits>'
        '<payment type="purchase"/></license></content></rsl>'
    ).encode()
    place = data.draw(st.integers(0, len(body)))
    assert not allows(rsl_of(body[:place] + junk + body[place:]))


@settings(deadline=None)
@given(st.lists(elements, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_terms_makes_no_difference(terms: list[str], random: Any) -> None:
    shuffled = list(terms)
    random.shuffle(shuffled)
    said = []
    for order in (terms, shuffled):
        inside = "".join(order)
        body = f'<rsl xmlns="{NS}"><content url="/"><license>{inside}</license></content></rsl>'
        said.append([s.preferences for s in rsl_of(body.encode())])
    assert said[0] == said[1]


@settings(deadline=None)
@given(st.text("/ab*$%2F", max_size=12), st.text("/ab$*", max_size=12))
def test_patterns_without_special_characters_are_prefixes(pattern: str, path: str) -> None:
    target = path_with_query(f"https://example.com/{path}")
    assert matches("*", target)
    assert matches("", target)
    if not set(pattern) & set("*$%"):
        assert matches(pattern, target) == target.startswith(pattern)


# Size: a reader that takes quadratic time runs into the timeout.

MEGABYTE = 1024**2 - 64


def fill(unit: str) -> bytes:
    return (unit * (MEGABYTE // len(unit))).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"[" + fill('{"location":"/*a*b*c$","tdm-reservation":0},') + b"0]",
        b"[" + fill('{"location":["/*a","/b"],"tdm_reservation":0},') + b"0]",
        b"[" + fill('{"/a":0},') + b"0]",
        b'{"a":[' + fill('{"reservation":0},') + b"0]}",
        b'[{"location":"' + fill("*a") + b'","tdm-reservation":1}]',
        b'[{"location":["' + fill('","/') + b'"],"reservation":[0]}]',
        fill("tdm-reservation: 0 "),
        fill("tdm-"),
        fill("["),
        fill('"'),
    ],
)
@pytest.mark.timeout(30)
def test_large_files_take_time_in_proportion_to_their_size(body: bytes) -> None:
    image = IMAGE + "?" + "a" * 8000
    statements = read_tdmrep(WebEvidence(image, PAGE, (Capture(FILE, 200, body=body),)))
    assert not allows(statements)


@pytest.mark.parametrize(
    "body",
    [
        fill("<prohibits>"),
        fill("<prohibits "),
        fill("prohibits"),
        fill("<a>"),
        f'<rsl xmlns="{NS}">'.encode() + fill("<content/>") + b"</rsl>",
        f'<rsl xmlns="{NS}"><content url="/"><license>'.encode()
        + fill('<prohibits type="usage">b</prohibits>')
        + b"</license></content></rsl>",
        b"<a>" * 60_000 + b"</a>" * 60_000,
        f'<rsl xmlns="{NS}">'.encode() + b"<content>" * 50_000 + b"</content>" * 50_000 + b"</rsl>",
        f'<rsl xmlns="{NS}"><license>'.encode()
        + b"<prohibits>" * 40_000
        + b"</prohibits>" * 40_000
        + b"</license></rsl>",
        f'<rsl xmlns="{NS}"><content url="/"><license><permits type="usage">'.encode()
        + fill("a ")
        + b"</permits></license></content></rsl>",
        f'<rsl xmlns="{NS}"><content url="{"*a" * 500_000}"><license/></content></rsl>'.encode(),
    ],
)
@pytest.mark.timeout(30)
def test_large_licences_take_time_in_proportion_to_their_size(body: bytes) -> None:
    assert not allows(rsl_of(body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"profile":"http://www.w3.org/ns/tdmrep","permission":['
        + fill('{"action":"tdm:mine"},')
        + b"0]}",
        b'{"profile":"http://www.w3.org/ns/tdmrep","permission":['
        + fill('{"duty":[{"action":"x"}]},')
        + b"0]}",
        b'{"permission":' + b'{"duty":' * 60 + b"[" + fill("1,") + b"1]" + b"}" * 61,
        b'{"assigner":[' + fill('{"uid":[]},') + b"0]}",
        b"{" + fill('"a:b/c#d":1,') + b'"e":1}',
    ],
)
@pytest.mark.timeout(30)
def test_large_policies_take_time_in_proportion_to_their_size(body: bytes) -> None:
    policy = read_tdm_policy(body)
    assert policy.sha256
    assert len(policy.offers) <= 100


@settings(deadline=None, max_examples=5)
@given(st.sampled_from(["<", "License:", "License: /a\n", "User-agent: *\n", "a ", "\n", "#"]))
@pytest.mark.timeout(60)
def test_large_robots_files_and_headers_do_not_hold_up_discovery(unit: str) -> None:
    text = fill(unit)
    headers = (("link", text.decode()), ("tdm-reservation", text.decode()))
    captures = (Capture(ROBOTS, 200, body=text), Capture(IMAGE, 200, headers))
    evidence = WebEvidence(IMAGE, "", captures)
    assert not allows(read_rsl(evidence))
    assert could_clear(read_tdmrep(evidence)) is False


@pytest.mark.timeout(30)
def test_a_packet_that_nests_reservations_is_read_once() -> None:
    inner = "<tdm:reservation>" * 20_000 + "</tdm:reservation>" * 20_000
    said = read_tdm_xmp(f'<x xmlns:tdm="http://www.w3.org/ns/tdmrep#">{inner}</x>', "cat.jpg")
    assert said is not None
    assert not allows([said])


def test_a_document_beyond_the_limit_is_malformed_and_still_refuses() -> None:
    terms = parse_terms(PROHIBITION.encode() + b" " * 2 * 1024**2)
    assert terms.problem
    assert terms.salvaged == {"ai-all"}
