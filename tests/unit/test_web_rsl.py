"""RSL: where licences are found, and what their terms mean for an image."""

import pytest

from models.canonical import digest_bytes
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.rsl import discover_rsl, read_rsl
from models.consent.web.rsl_discovery import license_lines
from models.fetching.fetched import Failure

IMAGE = "https://example.com/images/cat.jpg"
PAGE = "https://example.com/cats.html"
LICENSE = "https://example.com/license.xml"
ROBOTS = Capture(
    "https://example.com/robots.txt",
    200,
    body=b"User-agent: *\nAllow: /\nLicense: https://example.com/license.xml\n",
    captured_at=1_700_000_000,
)
NS = 'xmlns="https://rslstandard.org/rsl"'
DM, INF = Purpose.DATA_MINING, Purpose.INFERENCE
NGT, GT = Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING
ALLOWED, REFUSED = Preference.ALLOWED, Preference.NOT_ALLOWED
CONSTRAINED, UNKNOWN = Preference.CONSTRAINED, Preference.UNKNOWN


def license_of(terms: str, url: str = "/", attributes: str = "") -> str:
    return f'<rsl {NS}><content url="{url}" {attributes}><license>{terms}</license></content></rsl>'


def evidence(*captures: Capture, image: str = IMAGE, page: str = PAGE) -> WebEvidence:
    return WebEvidence(image, page, captures)


def read_all(document: str | bytes, image: str = IMAGE) -> list[Statement]:
    body = document.encode() if isinstance(document, str) else document
    served = Capture(LICENSE, 200, (("content-type", "application/rsl+xml"),), body, 5)
    return read_rsl(evidence(ROBOTS, served, image=image))


def read_one(document: str | bytes, image: str = IMAGE) -> Statement:
    [said] = read_all(document, image)
    return said


def values(said: Statement) -> tuple[Preference, ...]:
    return tuple(said.preference(purpose) for purpose in (DM, INF, NGT, GT))


# The examples of the specification


def test_search_only_prohibits_all_ai_use() -> None:
    said = read_one(license_of('<prohibits type="usage">ai-all</prohibits>'))
    assert values(said) == (REFUSED,) * 4
    assert said.condition is Condition.SOUND
    assert (said.carrier, said.source) == ("rsl", f"{LICENSE} (robots.txt)")
    assert said.observed_at == 5
    assert said.trust.levels == "L0"


def test_a_custom_licence_is_a_condition() -> None:
    said = read_one(
        license_of(
            '<permits type="usage">ai-all</permits>'
            "<payment><custom>https://example.com/ai-license-request</custom></payment>"
        )
    )
    assert values(said) == (CONSTRAINED,) * 4
    assert said.license_ref == "https://example.com/ai-license-request"


def test_payment_per_crawl_is_a_condition() -> None:
    said = read_one(
        license_of(
            '<payment type="crawl"><standard>https://example.com/pay-per-crawl</standard>'
            '<amount currency="USD">0.015</amount></payment>'
        )
    )
    assert values(said) == (CONSTRAINED,) * 4
    assert said.license_ref == "https://example.com/pay-per-crawl"


def test_attribution_is_an_obligation() -> None:
    said = read_one(
        license_of(
            '<permits type="usage">all</permits><payment type="attribution">'
            "<standard>https://creativecommons.org/licenses/by/4.0/</standard></payment>"
        )
    )
    assert values(said) == (ALLOWED,) * 4
    assert said.attribution


def test_a_narrower_prohibition_holds_against_a_broader_permission() -> None:
    document = (
        f'<rsl {NS}><content url="/"><license><permits type="usage">all</permits></license>'
        '</content><content url="/images/"><license><prohibits type="usage">ai-train</prohibits>'
        "</license></content></rsl>"
    )
    assert values(read_one(document)) == (ALLOWED, ALLOWED, REFUSED, REFUSED)
    outside = read_one(document, "https://example.com/else.png")
    assert values(outside) == (ALLOWED,) * 4


def test_a_broader_prohibition_holds_against_a_narrower_permission() -> None:
    document = (
        f'<rsl {NS}><content url="/"><license><prohibits type="usage">ai-all</prohibits></license>'
        '</content><content url="/images/"><license><permits type="usage">all</permits>'
        "</license></content></rsl>"
    )
    assert values(read_one(document)) == (REFUSED,) * 4


def test_a_list_of_permitted_uses_leaves_the_others_out() -> None:
    said = read_one(license_of('<permits type="usage">search ai-input</permits>'))
    assert values(said) == (REFUSED, ALLOWED, REFUSED, REFUSED)


def test_users_and_countries_are_conditions() -> None:
    said = read_one(
        license_of(
            '<permits type="usage">ai-input</permits>'
            '<permits type="user">non-commercial education</permits>'
            '<permits type="geo">US EU</permits>'
        )
    )
    assert values(said) == (REFUSED, CONSTRAINED, REFUSED, REFUSED)
    assert said.license_ref == LICENSE


# Combining licences


def test_of_several_licences_the_one_without_conditions_counts() -> None:
    document = (
        f'<rsl {NS}><content url="/"><license><permits type="usage">ai-train</permits>'
        '<payment type="purchase"/></license><license><permits type="usage">ai-train</permits>'
        '<payment type="free"/></license></content></rsl>'
    )
    assert values(read_one(document)) == (REFUSED, REFUSED, ALLOWED, ALLOWED)


def test_a_paid_licence_beside_a_free_one_for_search_is_an_offer() -> None:
    document = (
        f'<rsl {NS}><content url="/"><license><permits type="usage">search</permits></license>'
        '<license><permits type="usage">ai-train</permits><payment type="training"/></license>'
        "</content></rsl>"
    )
    assert values(read_one(document)) == (REFUSED, REFUSED, CONSTRAINED, CONSTRAINED)


def test_what_is_both_permitted_and_prohibited_is_prohibited() -> None:
    terms = (
        '<permits type="usage">ai-all</permits><prohibits type="usage">ai-train</prohibits>'
        '<payment type="free"/>'
    )
    assert values(read_one(license_of(terms))) == (ALLOWED, ALLOWED, REFUSED, REFUSED)


def test_a_prohibition_alone_permits_nothing_else() -> None:
    said = read_one(license_of('<prohibits type="usage">ai-train</prohibits>'))
    assert values(said) == (UNKNOWN, UNKNOWN, REFUSED, REFUSED)


@pytest.mark.parametrize(
    ("payment", "attributes"),
    [
        ('<payment type="free"/>', 'server="https://licensing.example.com"'),
        ('<payment type="free"/>', 'encrypted="true"'),
        ('<payment type="free"/>', 'encrypted="TRUE"'),
        ('<payment type="free"><amount currency="USD">1</amount></payment>', ""),
        ('<payment type="free"><custom>/ask</custom></payment>', ""),
        (
            '<payment type="attribution"><standard>https://cc.example/by-nc/4.0/</standard></payment>',
            "",
        ),
        ('<payment type="Free"/>', ""),
        ('<payment type="gold"/>', ""),
        ("<payment/>", ""),
        ('<payment type="free"/><reporting type="audit" profile="https://p.example"/>', ""),
        ('<payment type="contribution"/>', ""),
        ('<payment type="use"/>', ""),
        ('<payment type="subscription"/>', ""),
        ('<payment type="inference"/>', ""),
    ],
)
def test_whatever_is_asked_for_is_a_condition(payment: str, attributes: str) -> None:
    terms = f'<permits type="usage">all</permits>{payment}'
    said = read_one(license_of(terms, attributes=attributes))
    assert values(said) == (CONSTRAINED,) * 4
    assert said.license_ref
    assert not said.constraint_met


def test_the_public_domain_asks_for_nothing() -> None:
    zero = "https://creativecommons.org/publicdomain/zero/1.0/"
    said = read_one(
        license_of(
            '<permits type="usage">all</permits>'
            f'<payment type="free"><standard>{zero}</standard></payment>'
        )
    )
    assert values(said) == (ALLOWED,) * 4
    assert not said.attribution


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("all", (REFUSED,) * 4),
        ("AI-Train", (UNKNOWN, UNKNOWN, REFUSED, REFUSED)),
        ("ai-input", (UNKNOWN, REFUSED, UNKNOWN, UNKNOWN)),
        ("ai-index", (UNKNOWN, REFUSED, UNKNOWN, UNKNOWN)),
        ("train-genai", (UNKNOWN, UNKNOWN, UNKNOWN, REFUSED)),
        ("search,ai-train", (UNKNOWN, UNKNOWN, REFUSED, REFUSED)),
        ("ai-everything", (REFUSED,) * 4),
        ("model-training", (REFUSED,) * 4),
        ("text-and-data-mining", (REFUSED, UNKNOWN, REFUSED, REFUSED)),
    ],
)
def test_words_of_a_prohibition(word: str, expected: tuple[Preference, ...]) -> None:
    said = read_one(license_of(f'<prohibits type="usage">{word}</prohibits>'))
    assert values(said) == expected


def test_words_of_other_vocabularies_are_noted() -> None:
    terms = '<permits type="usage">all</permits><prohibits type="usage">x:print</prohibits>'
    said = read_one(license_of(terms))
    assert values(said) == (ALLOWED,) * 4
    assert said.condition is Condition.SOUND
    assert "x:print" in said.notes[0]


def test_a_prohibition_of_search_is_none_of_ours() -> None:
    assert read_all(license_of('<prohibits type="usage">search</prohibits>')) == []


# What it covers


@pytest.mark.parametrize(
    ("url", "covered"),
    [
        ("/", True),
        ("/images/*.jpg$", True),
        ("/videos/", False),
        ("https://example.com/images/", True),
        ("http://EXAMPLE.com/*", True),
        ("https://other.example/", False),
        ("//example.com/images/", True),
        ("images/", True),
    ],
)
def test_a_licence_covers_what_its_pattern_matches(url: str, covered: bool) -> None:
    statements = read_all(license_of('<prohibits type="usage">ai-all</prohibits>', url))
    assert bool(statements) is covered


def test_a_domains_refusal_holds_for_its_hosts_and_its_grant_does_not() -> None:
    image = "https://images.example.com/cat.jpg"
    robots = Capture(
        "https://images.example.com/robots.txt", 200, body=f"License: {LICENSE}".encode()
    )
    for terms, expected in (
        ('<prohibits type="usage">all</prohibits>', [(REFUSED,) * 4]),
        ('<permits type="usage">all</permits>', []),
    ):
        body = license_of(terms, "https://example.com/").encode()
        statements = read_rsl(evidence(robots, Capture(LICENSE, 200, body=body), image=image))
        assert [values(said) for said in statements] == expected


# What is not as it should be

PROHIBITION = '<prohibits type="usage">ai-all</prohibits>'


@pytest.mark.parametrize(
    "document",
    [
        license_of(PROHIBITION).replace(NS, ""),
        license_of(PROHIBITION).replace("https://", "http://"),
        license_of(PROHIBITION).replace("rsl", "RSL"),
        license_of(PROHIBITION).replace("prohibits", "Prohibits"),
        license_of(PROHIBITION).replace("prohibits", "prohibit"),
        license_of(PROHIBITION).replace("license>", "licence>"),
        license_of(PROHIBITION).replace("content", "contents"),
        license_of(PROHIBITION).replace(' type="usage"', ""),
        license_of(PROHIBITION).replace("usage", "Usage"),
        license_of(PROHIBITION).replace("ai-all", ""),
        license_of(PROHIBITION.replace("<", "[").replace(">", "]")),
        license_of(f"<terms>{PROHIBITION}</terms>"),
        license_of(f'<x:a xmlns:x="urn:x">{PROHIBITION}</x:a>'),
        f"<rsl {NS}>{PROHIBITION}</rsl>",
        f'<rsl {NS}><content url="/">{PROHIBITION}</content></rsl>',
        f"<rsl {NS}><license>{PROHIBITION}</license></rsl>",
        f'<rsl {NS}><content url="/a/"><content url="/b/">{PROHIBITION}</content></content></rsl>',
        license_of(PROHIBITION)[:-8],
        license_of(PROHIBITION) + "<",
        "<!DOCTYPE rsl>" + license_of(PROHIBITION),
        '<!DOCTYPE rsl [<!ENTITY a "b">]>' + license_of(PROHIBITION + "&a;"),
        "<html><body>" + license_of(PROHIBITION),
        license_of(PROHIBITION).encode("utf-16")[:-2],
    ],
)
def test_a_prohibition_is_believed_however_it_is_written(document: str | bytes) -> None:
    said = read_one(document)
    assert values(said) == (REFUSED,) * 4
    assert said.condition is Condition.MALFORMED
    assert said.notes[0].startswith("the licence is malformed")


def test_a_prohibition_for_no_path_goes_to_a_person() -> None:
    said = read_one(license_of(PROHIBITION, "example.com"))
    assert said.condition is Condition.MALFORMED
    assert said.preferences == {}


PERMISSION = '<permits type="usage">all</permits><payment type="free"/>'


def test_the_permission_that_the_next_test_spoils_is_sound() -> None:
    said = read_one(license_of(PERMISSION))
    assert values(said) == (ALLOWED,) * 4
    assert said.condition is Condition.SOUND


@pytest.mark.parametrize(
    "document",
    [
        license_of(PERMISSION).replace(NS, ""),
        license_of(PERMISSION).replace("https://", "http://"),
        license_of(PERMISSION).replace("permits", "Permits"),
        license_of(PERMISSION).replace("permits", "permit"),
        license_of(PERMISSION).replace('"usage"', '"use"'),
        license_of(PERMISSION).replace(">all<", ">ALL<"),
        license_of(PERMISSION).replace(">all<", ">all,search<"),
        license_of(PERMISSION).replace("payment", "Payment"),
        license_of(PERMISSION + "<fee>7</fee>"),
        license_of(PERMISSION + '<prohibits type="usage">everythng</prohibits>'),
        license_of(PERMISSION + " unless you ask"),
        license_of(PERMISSION + '<payment type="free"/>'),
        license_of(PERMISSION + '<permits type="usage">all</permits>'),
        license_of(PERMISSION).replace(' url="/"', ""),
        license_of(PERMISSION).replace("url=", "URL="),
        license_of(PERMISSION, url=""),
        license_of(PERMISSION, url="images/"),
        f"<rsl {NS}><license>{PERMISSION}</license></rsl>",
        license_of(PERMISSION)[:-3],
        license_of(PERMISSION).replace("</rsl>", '<content url="/"/></rsl>'),
    ],
)
def test_nothing_odd_permits(document: str) -> None:
    for said in read_all(document):
        assert ALLOWED not in values(said)


@pytest.mark.parametrize("document", [b"", b"\x00", b"<rsl/>", b"hello", b"<html><p>Licence"])
def test_what_is_no_licence_is_malformed(document: bytes) -> None:
    said = read_one(document)
    assert said.condition is Condition.MALFORMED
    assert said.preferences == {}
    assert said.evidence_sha256 == digest_bytes(document)


@pytest.mark.parametrize(
    "capture",
    [
        None,
        Capture(LICENSE, 404),
        Capture(LICENSE, 500),
        Capture(LICENSE, 200),
        Capture(LICENSE, failure=Failure.TIMEOUT),
    ],
)
def test_a_licence_that_cannot_be_had_is_undetermined(capture: Capture | None) -> None:
    [said] = read_rsl(evidence(ROBOTS, *((capture,) if capture else ())))
    assert said.condition is Condition.UNDETERMINED
    assert said.preferences == {}
    assert said.notes


# Where licences are found


def test_nothing_that_points_at_a_licence_says_nothing() -> None:
    robots = Capture(ROBOTS.url, 200, body=b"User-agent: *\nDisallow:\n")
    assert read_rsl(evidence(robots)) == []
    assert read_rsl(evidence()) == []
    assert read_rsl(WebEvidence("", "::", (Capture("http://[", 200),))) == []


@pytest.mark.parametrize(
    "link",
    [
        '<https://example.com/license.xml>; rel="license"; type="application/rsl+xml"',
        "<https://example.com/license.xml>;rel=license;type=application/rsl+xml",
        '</a.css>; rel=preload, </license.xml>; type="Application/RSL+XML"; rel="x license"',
        '</license.xml>; rel="license"',
    ],
)
def test_a_link_header_points_at_a_licence(link: str) -> None:
    for url in (IMAGE, PAGE):
        assert discover_rsl(evidence(Capture(url, 200, (("Link", link),)))) == (LICENSE,)


@pytest.mark.parametrize(
    "link",
    [
        '<https://creativecommons.org/licenses/by/4.0/>; rel="license"',
        '</feed.xml>; rel="alternate"; type="application/rss+xml"',
        '</sitemap.xml>; rel="sitemap"',
    ],
)
def test_other_links_are_not_rsl(link: str) -> None:
    assert discover_rsl(evidence(Capture(IMAGE, 200, (("link", link),)))) == ()


def test_a_link_element_points_at_a_licence() -> None:
    body = b'<base href="/x/"><link rel=license type=application/rsl+xml href="../license.xml">'
    page = Capture(PAGE, 200, body=body)
    assert discover_rsl(evidence(page)) == (LICENSE,)
    served = Capture(LICENSE, 200, body=license_of(PERMISSION, url="").encode())
    [said] = read_rsl(evidence(page, served))
    assert values(said) == (ALLOWED,) * 4


def test_a_script_element_holds_a_licence() -> None:
    text = license_of(PROHIBITION, url="")
    page = Capture(PAGE, 200, body=f'<script type="application/rsl+xml">{text}</script>'.encode())
    [said] = read_rsl(evidence(page))
    assert values(said) == (REFUSED,) * 4
    assert said.evidence_sha256 == digest_bytes(text.encode())


def test_a_page_can_refuse_and_not_grant_for_images_of_another_host() -> None:
    page = "https://blog.example/"
    for terms, expected in ((PROHIBITION, [(REFUSED,) * 4]), (PERMISSION, [])):
        text = license_of(terms, url="")
        body = f'<script type="application/rsl+xml">{text}</script>'.encode()
        statements = read_rsl(evidence(Capture(page, 200, body=body), page=page))
        assert [values(said) for said in statements] == expected


def test_a_feed_holds_licences() -> None:
    feed = (
        '<?xml version="1.0"?><rss xmlns:rsl="https://rslstandard.org/rsl" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item>'
        "<content:encoded>a cat</content:encoded><license>CC</license>"
        f'<rsl:content url="{IMAGE}"><rsl:license><rsl:prohibits type="usage">ai-train'
        "</rsl:prohibits></rsl:license></rsl:content></item></channel></rss>"
    )
    [said] = read_rsl(evidence(Capture(PAGE, 200, body=feed.encode())))
    assert values(said) == (UNKNOWN, UNKNOWN, REFUSED, REFUSED)
    assert said.condition is Condition.SOUND


def test_the_lines_of_robots_txt_and_whom_they_are_for() -> None:
    text = (
        "\ufefflicense: /a.xml # all\r\nUser-agent: OtherBot\nUser-agent: *\nLICENCE : /b.xml\n"
        "Disallow: /x\nUser-agent: OtherBot\nLicense: /c.xml\nSitemap: /s.xml\n"
    )
    assert list(license_lines(text)) == [("/a.xml", True), ("/b.xml", True), ("/c.xml", False)]


def test_a_licence_for_another_client_can_only_refuse() -> None:
    robots = Capture(ROBOTS.url, 200, body=b"User-agent: OtherBot\nLicense: /license.xml\n")
    for terms, expected in ((PROHIBITION, [(REFUSED,) * 4]), (PERMISSION, [])):
        served = Capture(LICENSE, 200, body=license_of(terms).encode())
        assert [values(s) for s in read_rsl(evidence(robots, served))] == expected


def test_a_line_that_names_no_address_is_malformed() -> None:
    robots = Capture(ROBOTS.url, 200, body=b"License: all rights reserved\n")
    [said] = read_rsl(evidence(robots))
    assert said.condition is Condition.MALFORMED
    assert discover_rsl(evidence(robots)) == ()


def test_a_licence_that_nobody_points_at_can_refuse() -> None:
    kind = (("content-type", "application/rsl+xml"),)
    for terms, expected in ((PROHIBITION, [(REFUSED,) * 4]), (PERMISSION, [])):
        served = Capture(LICENSE, 200, kind, license_of(terms).encode())
        assert [values(s) for s in read_rsl(evidence(served))] == expected


def test_more_licences_than_are_read_leave_something_undetermined() -> None:
    lines = "".join(f"License: /{n}.xml\n" for n in range(200))
    robots = Capture(ROBOTS.url, 200, body=lines.encode())
    assert len(discover_rsl(evidence(robots))) == 32
    statements = read_rsl(evidence(robots))
    assert len(statements) == 33
    assert all(said.condition is Condition.UNDETERMINED for said in statements)


def test_every_statement_can_be_stored() -> None:
    said = read_one(license_of(PROHIBITION))
    assert Statement.from_dict(said.as_dict()) == said
    assert set(said.preferences) == set(ALL_PURPOSES)


def test_a_part_of_a_licence_can_refuse() -> None:
    body = license_of(PROHIBITION)[:-9].encode()
    for document, expected in ((body, (REFUSED,) * 4), (b"<rsl", (UNKNOWN,) * 4)):
        part = Capture(LICENSE, 200, body=document, failure=Failure.TOO_LARGE)
        [said] = read_rsl(evidence(ROBOTS, part))
        assert said.condition is Condition.UNDETERMINED
        assert values(said) == expected


def test_what_a_redirect_leads_to_stands_for_the_licence() -> None:
    target = "https://www.example.com/license.xml"
    moved = Capture(LICENSE, 308, (("location", target),))
    served = Capture(target, 200, body=license_of(PROHIBITION).encode())
    [said] = read_rsl(evidence(ROBOTS, moved, served))
    assert values(said) == (REFUSED,) * 4


def test_every_licence_may_be_about_an_address_that_was_not_kept() -> None:
    unknown = "http://address-not-kept.invalid"
    robots = Capture(f"{unknown}/robots.txt", body=f"License: {LICENSE}".encode())
    for terms, refused in ((PROHIBITION, True), (PERMISSION, False)):
        served = Capture(LICENSE, 200, body=license_of(terms, "/videos/").encode())
        statements = read_rsl(WebEvidence(f"{unknown}/", "", (robots, served)))
        assert any(values(said) == (REFUSED,) * 4 for said in statements) is refused
        assert not any(ALLOWED in values(said) for said in statements)


def test_what_asks_for_more_than_payment_refers_to_the_whole_licence() -> None:
    custom = '<payment type="purchase"><custom>https://example.com/buy</custom></payment>'
    paid = license_of(f'<permits type="usage">all</permits>{custom}')
    assert read_one(paid).license_ref == "https://example.com/buy"
    for more in ('<permits type="user">education</permits>', PROHIBITION.replace("usage", "geo")):
        document = license_of(f'<permits type="usage">all</permits>{custom}{more}')
        assert read_one(document).license_ref == LICENSE


def test_several_paid_licences_refer_to_the_whole_document() -> None:
    licenses = "".join(
        f'<license><permits type="usage">all</permits><payment type="purchase">'
        f"<custom>https://example.com/{name}</custom></payment></license>"
        for name in ("a", "b")
    )
    document = f'<rsl {NS}><content url="/">{licenses}</content></rsl>'
    assert read_one(document).license_ref == LICENSE
