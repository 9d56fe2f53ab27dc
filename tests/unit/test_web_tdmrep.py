"""TDMRep: the file, the headers, the page, and what a policy leaves of a reservation."""

import json
from typing import Any

import pytest

from models.canonical import digest_bytes
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.tdm_locations import matches, path_with_query
from models.consent.web.tdm_xmp import read_tdm_xmp
from models.consent.web.tdmrep import discover_tdm_policies, read_tdm_meta, read_tdmrep
from models.fetching.fetched import Failure

IMAGE = "https://provider.example/directory-b/images/cat.jpg"
PAGE = "https://provider.example/cats.html"
FILE = "https://provider.example/.well-known/tdmrep.json"
POLICY = "https://provider.example/policies/policy.json"
MINED = (Purpose.DATA_MINING, Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING)
ALLOWED, REFUSED = Preference.ALLOWED, Preference.NOT_ALLOWED
CONSTRAINED = Preference.CONSTRAINED


def evidence(*captures: Capture, image: str = IMAGE, page: str = PAGE) -> WebEvidence:
    return WebEvidence(image, page, captures)


def file_of(document: Any, **parts: Any) -> Capture:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Capture(FILE, 200, body=body, captured_at=1_700_000_000, **parts)


def read_file(document: Any, image: str = IMAGE) -> list[Statement]:
    return read_tdmrep(evidence(file_of(document), image=image))


def values(statement: Statement) -> set[Preference]:
    return {statement.preference(purpose) for purpose in MINED}


def refuses(statements: list[Statement]) -> bool:
    return any(values(statement) == {REFUSED} for statement in statements)


def grants(statements: list[Statement]) -> bool:
    return any(ALLOWED in values(statement) for statement in statements)


# The examples of the report


def test_a_rule_for_the_root_reserves_everything() -> None:
    [said] = read_file([{"location": "/", "tdm-reservation": 1}])
    assert values(said) == {REFUSED}
    assert said.preference(Purpose.INFERENCE) is Preference.UNKNOWN
    assert said.condition is Condition.SOUND
    assert (said.carrier, said.source, said.observed_at) == ("tdmrep", FILE, 1_700_000_000)
    assert said.trust.levels == "L0"


THREE_GROUPS = [
    {"location": "/directory-a/", "tdm-reservation": 1},
    {"location": "/directory-b/html/", "tdm-reservation": 1, "tdm-policy": POLICY},
    {"location": "/directory-b/images/*.jpg", "tdm-reservation": 0},
]


@pytest.mark.parametrize(
    ("path", "expected", "reference"),
    [
        ("/directory-a/paper.pdf", REFUSED, ""),
        ("/directory-b/html/page.html", CONSTRAINED, POLICY),
        ("/directory-b/images/cat.jpg", ALLOWED, ""),
    ],
)
def test_each_group_of_files_gets_its_own_rule(
    path: str, expected: Preference, reference: str
) -> None:
    [said] = read_file(THREE_GROUPS, f"https://provider.example{path}")
    assert values(said) == {expected}
    assert said.license_ref == reference
    assert said.condition is Condition.SOUND


def test_a_url_that_no_rule_matches_is_not_spoken_of() -> None:
    assert read_file(THREE_GROUPS, "https://provider.example/else.png") == []


def test_headers_reserve() -> None:
    response = Capture(IMAGE, 200, (("tdm-reservation", "1"),), captured_at=7)
    [said] = read_tdmrep(evidence(response))
    assert values(said) == {REFUSED}
    assert said.evidence_sha256 == digest_bytes(b"tdm-reservation: 1\r\n")
    assert said.observed_at == 7


def test_headers_may_name_a_policy() -> None:
    headers = (("TDM-Reservation", " 1 "), ("Tdm-Policy", "/policies/policy.json"))
    [said] = read_tdmrep(evidence(Capture(IMAGE, 200, headers)))
    assert values(said) == {CONSTRAINED}
    assert said.license_ref == POLICY
    assert said.condition is Condition.SOUND


def test_a_meta_element_of_the_page_reserves() -> None:
    body = b'<!DOCTYPE html><meta name="tdm-reservation" content="1"><p>cats'
    [said] = read_tdmrep(evidence(Capture(PAGE, 200, body=body)))
    assert values(said) == {REFUSED}
    assert said.evidence_sha256 == digest_bytes(body)


# Order and patterns


def test_the_first_matching_rule_counts() -> None:
    rules = [
        {"location": "/directory-b/images/", "tdm-reservation": 0},
        {"location": "/", "tdm-reservation": 1},
    ]
    assert values(read_file(rules)[0]) == {ALLOWED}
    assert values(read_file(rules[::-1])[0]) == {REFUSED}


@pytest.mark.parametrize("order", [1, -1])
def test_a_location_that_is_given_twice_is_reserved(order: int) -> None:
    rules = [{"location": "/", "tdm-reservation": value} for value in (0, 1)]
    assert values(read_file(rules[::order])[0]) == {REFUSED}


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/any", True),
        ("/fish", "/fishheads/yummy.html", True),
        ("/fish", "/Fish.asp", False),
        ("/fish/", "/fish", False),
        ("/*.php$", "/folder/file.php", True),
        ("/*.php$", "/file.php?a=1", False),
        ("/*.php", "/file.php?a=1", True),
        ("/fish*.php", "/fishheads/catfish.php?x", True),
        ("/path/foo-%24", "/path/foo-$", True),
        ("/a%2a", "/a*", True),
        ("/a%2a", "/ab", False),
        ("/%7Ejoe", "/~joe", True),
        ("/caf%c3%a9", "/café", True),
        ("/a%2fb", "/a/b", False),
        ("/$", "/", True),
        ("/$", "/a", False),
        ("/*a*a$", "/xa", False),
        ("*.jpg", "/cat.jpg", True),
    ],
)
def test_patterns_match_as_in_robots_txt(pattern: str, path: str, expected: bool) -> None:
    assert matches(pattern, path_with_query(f"https://a.example{path}")) is expected


def test_a_refusal_is_not_lost_to_a_query() -> None:
    rules = [{"location": "/*.jpg$", "tdm-reservation": 1}]
    assert refuses(read_file(rules, IMAGE + "?width=200"))


def test_a_grant_needs_the_whole_path_to_match() -> None:
    rules = [{"location": "/*.jpg$", "tdm-reservation": 0}]
    assert read_file(rules, IMAGE + "?width=200") == []


# What is not as it should be


@pytest.mark.parametrize(
    "document",
    [
        [{"location": "/", "tdm-reservation": "1"}],
        [{"location": "/", "tdm-reservation": " 1 "}],
        [{"location": "/", "tdm-reservation": True}],
        [{"location": "/", "tdm-reservation": 1.0}],
        [{"location": "/", "tdm-reservation": 2}],
        [{"location": "/", "tdm-reservation": [0, 1]}],
        [{"location": "/", "tdm-reservation": {"value": "yes"}}],
        [{"location": "/", "tdm-reservation": "reserved"}],
        [{"location": "/", "tdm_reservation": 1}],
        [{"location": "/", "TDM-Reservation": 1}],
        [{"location": "/", "tdm:reservation": "1"}],
        [{"Location": "/", "tdm-reservation": 1}],
        [{"location": "directory-b/", "tdm-reservation": 1}],
        [{"location": "https://provider.example/*", "tdm-reservation": 1}],
        [{"location": ["/x/", "/directory-b/"], "tdm-reservation": 1}],
        [{"location": 7, "tdm-reservation": 1}],
        [{"tdm-reservation": 1}],
        [[{"location": "/", "tdm-reservation": 1}]],
        {"location": "/", "tdm-reservation": 1},
        {"rules": [{"location": "/", "tdm-reservation": 1}]},
        {"/": {"tdm-reservation": 1}},
        {"/": 1},
        [{"location": "/", "tdm-reservation": 0, "extra": {"tdm-reservation": 1}}],
        [{"location": "/", "tdm-reservation": 0, "TDM-RESERVATION": 1}],
        [
            {"location": "/", "tdm-reservation": 0},
            {"location": "/", "tdm_reservation": 1},
        ],
        b'[{"location": "/", "tdm-reservation": 0, "tdm-reservation": 1}]',
        b'[{"location": "/", "tdm-reservation": 1},]',
        b'[{"location": "/", "tdm-reservation": 1',
        b"[{'location': '/', 'tdm-reservation': 1}]",
        b'tdm-reservation: 1\nlocation: "/"',
        '[{"location": "/", "tdm-reservation": 1}]'.encode("utf-16"),
        b"<html><meta name='tdm-reservation' content='1'>not found",
    ],
)
def test_a_reservation_is_believed_however_it_is_written(document: Any) -> None:
    [said] = read_file(document)
    assert values(said) == {REFUSED}
    assert said.condition is Condition.MALFORMED
    assert said.notes


@pytest.mark.parametrize(
    "document",
    [
        [{"location": "/", "tdm-reservation": "0"}],
        [{"location": "/", "tdm-reservation": False}],
        [{"location": "/", "tdm-reservation": 0.0}],
        [{"location": "/", "tdm-reservation": None}],
        [{"location": "/", "tdm-reservation": [0]}],
        [{"location": "/", "tdm_reservation": 0}],
        [{"location": "/"}],
        [{"locaton": "/", "tdm-resrvation": 1}],
        [{"location": "?", "tdm-resrvation": 1}],
        [{"location": "images", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": "0"}],
        [{"location": "/", "tdm-reservation": 0, "tdm-policy": 7}],
        [{"location": "/", "tdm-reservation": 0}, "/"],
        {"location": "/", "tdm-reservation": 0},
        {"/": 0},
        {},
        0,
        b"",
        b'[{"location": "/", "tdm-reservation": 0},]',
        b'[{"location": "/", "tdm-reservation": 0 /* for now */}]',
    ],
)
def test_nothing_odd_says_that_rights_are_not_reserved(document: Any) -> None:
    [said] = read_file(document)
    assert said.preferences == {}
    assert said.condition is Condition.MALFORMED


@pytest.mark.parametrize("location", ["the images", "provider.example", "{", "./cats", "any"])
def test_a_reservation_for_no_path_goes_to_a_person(location: str) -> None:
    rules = [{"location": location, "tdm-reservation": 1}, {"location": "/", "tdm-reservation": 0}]
    [said] = read_file(rules)
    assert said.condition is Condition.MALFORMED
    assert said.preferences == {}


def test_a_comment_does_not_hide_a_reservation() -> None:
    [said] = read_file(b'[/* us */{"location": "/", "tdm-reservation": 1} // all\n]')
    assert values(said) == {REFUSED}


def test_foreign_keys_are_no_fault() -> None:
    [said] = read_file([{"location": "/", "tdm-reservation": 1, "comment": "ours", "n": [1]}])
    assert said.condition is Condition.SOUND


def test_an_odd_rule_about_another_path_is_no_matter() -> None:
    rules = [{"location": "/a/", "tdm_reservation": 1}, {"location": "/", "tdm-reservation": 0}]
    assert values(read_file(rules)[0]) == {ALLOWED}


@pytest.mark.parametrize(
    "headers",
    [
        (("tdm-reservation", "2"),),
        (("tdm-reservation", "0, 1"),),
        (("tdm-reservation", "0"), ("tdm-reservation", "1")),
        (("tdm-reservation", "0"), ("X-TDM-Reservation", "1")),
        (("TDM_Reservation", "true"),),
    ],
)
def test_an_odd_header_refuses(headers: tuple[tuple[str, str], ...]) -> None:
    [said] = read_tdmrep(evidence(Capture(IMAGE, 200, headers)))
    assert values(said) == {REFUSED}
    assert said.condition is Condition.MALFORMED


def test_a_header_about_other_reservations_is_none() -> None:
    response = Capture(IMAGE, 200, (("x-reservation-id", "81"), ("tdm-policy", POLICY)))
    assert read_tdmrep(evidence(response)) == []


def test_several_policies_are_none() -> None:
    headers = (("tdm-reservation", "1"), ("tdm-policy", "/a.json"), ("tdm-policy", "/b.json"))
    [said] = read_tdmrep(evidence(Capture(IMAGE, 200, headers)))
    assert values(said) == {REFUSED}


# Who may grant, and who disagrees


def test_a_page_grants_nothing_for_its_images() -> None:
    page = Capture(PAGE, 200, (("tdm-reservation", "0"),), b"<meta name=tdm-reservation content=0>")
    statements = read_tdmrep(evidence(page))
    assert len(statements) == 2
    assert not any(said.preferences for said in statements)


def test_the_file_of_the_pages_host_can_only_refuse() -> None:
    page = "https://shop.example/cats"
    file = "https://shop.example/.well-known/tdmrep.json"
    for value, expected in ((1, {REFUSED}), (0, {Preference.UNKNOWN})):
        body = json.dumps([{"location": "/cats", "tdm-reservation": value}]).encode()
        [said] = read_tdmrep(evidence(Capture(file, 200, body=body), page=page))
        assert values(said) == expected


def test_the_file_of_another_port_can_only_refuse() -> None:
    file = "http://provider.example/.well-known/tdmrep.json"
    for value, expected in ((1, {REFUSED}), (0, {Preference.UNKNOWN})):
        body = json.dumps([{"location": "/", "tdm-reservation": value}]).encode()
        [said] = read_tdmrep(evidence(Capture(file, 200, body=body)))
        assert values(said) == expected


def test_where_places_disagree_the_strictest_counts_and_a_note_says_so() -> None:
    statements = read_tdmrep(
        evidence(
            file_of([{"location": "/", "tdm-reservation": 1}]),
            Capture(IMAGE, 200, (("tdm-reservation", "0"),)),
        )
    )
    assert [values(said) for said in statements] == [{REFUSED}, {ALLOWED}]
    assert f"{FILE} is stricter: the most restrictive counts" in statements[1].notes


# Absent, undetermined, never fetched


@pytest.mark.parametrize("capture", [Capture(FILE, 404), Capture(FILE, failure=Failure.ABSENT)])
def test_no_file_says_nothing(capture: Capture) -> None:
    assert read_tdmrep(evidence(capture)) == []


def test_what_was_never_fetched_says_nothing() -> None:
    assert read_tdmrep(evidence()) == []
    assert read_tdmrep(WebEvidence("")) == []
    assert read_tdmrep(WebEvidence("http://[", "::", (Capture("http://]", 200),))) == []


@pytest.mark.parametrize(
    "capture",
    [
        Capture(FILE, 503),
        Capture(FILE, 403),
        Capture(FILE, 301),
        Capture(FILE, 206, body=b"[]"),
        Capture(FILE, 200),
        Capture(FILE, failure=Failure.TIMEOUT, detail="no answer in 10 s"),
    ],
)
def test_a_file_that_could_not_be_read_is_undetermined(capture: Capture) -> None:
    [said] = read_tdmrep(evidence(capture))
    assert said.condition is Condition.UNDETERMINED
    assert said.preferences == {}
    assert said.notes


def test_a_part_of_a_file_can_refuse() -> None:
    body = b'[{"location": "/", "tdm-reservation": 1}, {"loc'
    [said] = read_tdmrep(evidence(Capture(FILE, 200, body=body, failure=Failure.TOO_LARGE)))
    assert said.condition is Condition.UNDETERMINED
    assert values(said) == {REFUSED}


def test_a_web_page_in_place_of_the_file_is_noted_as_absence() -> None:
    page = Capture(FILE, 200, (("content-type", "text/html"),), b"<!doctype html><p>Page not found")
    [said] = read_tdmrep(evidence(page))
    assert (said.preferences, said.condition) == ({}, Condition.SOUND)
    assert "no such file" in said.notes[0]


# Policies


def policy_of(**parts: Any) -> Capture:
    document = {
        "@context": ["http://www.w3.org/ns/odrl.jsonld", {"tdm": "http://www.w3.org/ns/tdmrep#"}],
        "@type": "Offer",
        "profile": "http://www.w3.org/ns/tdmrep",
        "uid": "https://provider.example/policies/1",
        **parts,
    }
    return Capture(POLICY, 200, body=json.dumps(document).encode())


RESERVED = file_of([{"location": "/", "tdm-reservation": 1, "tdm-policy": POLICY}])


def test_a_policy_that_offers_mining_leaves_a_licence_to_be_had() -> None:
    policy = policy_of(permission=[{"action": "tdm:mine", "duty": [{"action": "obtainConsent"}]}])
    [said] = read_tdmrep(evidence(RESERVED, policy))
    assert values(said) == {CONSTRAINED}
    assert not said.constraint_met
    assert said.license_ref == POLICY
    assert any("consent" in note for note in said.notes)


def test_a_permission_without_duties_still_waits_for_an_operator() -> None:
    [said] = read_tdmrep(evidence(RESERVED, policy_of(permission=[{"action": "tdm:mine"}])))
    assert values(said) == {CONSTRAINED}
    assert any("no further conditions" in note for note in said.notes)


@pytest.mark.parametrize(
    "policy",
    [
        Capture(POLICY, 404),
        Capture(POLICY, 500),
        Capture(POLICY, failure=Failure.TIMEOUT),
        Capture(POLICY, 200, body=b"{"),
        Capture(POLICY, 200, body=b"[]"),
        policy_of(prohibition=[{"action": "tdm:mine"}]),
        policy_of(permission=[]),
    ],
)
def test_a_policy_that_cannot_be_used_leaves_the_refusal(policy: Capture) -> None:
    [said] = read_tdmrep(evidence(RESERVED, policy))
    assert values(said) == {REFUSED}


def test_the_strictest_capture_of_a_policy_counts() -> None:
    offer = policy_of(permission=[{"action": "tdm:mine"}])
    [said] = read_tdmrep(evidence(RESERVED, offer, Capture(POLICY, 500)))
    assert values(said) == {REFUSED}


@pytest.mark.parametrize("policy", ["ftp://a.example/p", "urn:x", "http://[", "javascript:0"])
def test_a_policy_without_an_address_leaves_the_refusal(policy: str) -> None:
    [said] = read_file([{"location": "/", "tdm-reservation": 1, "tdm-policy": policy}])
    assert values(said) == {REFUSED}


def test_a_policy_beside_0_is_not_processed() -> None:
    file = file_of([{"location": "/", "tdm-reservation": 0, "tdm-policy": POLICY}])
    [said] = read_tdmrep(evidence(file, Capture(POLICY, 500)))
    assert values(said) == {ALLOWED}
    assert discover_tdm_policies(evidence(file)) == ()


def test_policies_are_found_for_a_gatherer_wherever_they_are_named() -> None:
    found = discover_tdm_policies(
        evidence(
            RESERVED,
            Capture(IMAGE, 200, (("tdm-reservation", "1"), ("tdm-policy", "/h.json#x"))),
            Capture(
                PAGE,
                200,
                body=b"<meta name=tdm-reservation content=1><meta name=tdm-policy content=m.json>",
            ),
        )
    )
    host = "https://provider.example"
    assert found == (POLICY, f"{host}/h.json", f"{host}/m.json")


# The parsers below


def test_meta_elements_are_read_as_pairs() -> None:
    pairs = (("description", "cats"), ("TDM-Reservation", "1"), ("tdm-policy", POLICY))
    said = read_tdm_meta(pairs, PAGE, captures=[policy_of(permission=[{"action": "tdm:mine"}])])
    assert said is not None
    assert values(said) == {CONSTRAINED}
    assert read_tdm_meta((("reservation-phone", "1"),), PAGE) is None


XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:tdm="{namespace}">
 <rdf:Description {attribute}>{element}</rdf:Description></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize(
    "namespace", ["http://www.w3.org/ns/tdmrep#", "http://www.w3.org/ns/tdmrep/"]
)
@pytest.mark.parametrize(
    ("attribute", "element"),
    [('tdm:reservation="1"', ""), ("", "<tdm:reservation>1</tdm:reservation>")],
)
def test_xmp_reserves(namespace: str, attribute: str, element: str) -> None:
    packet = XMP.format(namespace=namespace, attribute=attribute, element=element)
    said = read_tdm_xmp(packet, "cat.jpg")
    assert said is not None
    assert values(said) == {REFUSED}
    assert said.condition is Condition.SOUND


def test_xmp_in_a_namespace_that_is_not_known_refuses_and_never_grants() -> None:
    packet = XMP.format(
        namespace="http://example.org/ns#", attribute='tdm:reservation="1"', element=""
    )
    said = read_tdm_xmp(packet, "cat.jpg")
    assert said is not None
    assert values(said) == {REFUSED}
    assert read_tdm_xmp(packet.replace('"1"', '"0"'), "cat.jpg") is None


def test_xmp_with_0_claims_a_grant_and_a_policy_constrains() -> None:
    namespace = "http://www.w3.org/ns/tdmrep#"
    said = read_tdm_xmp(
        XMP.format(namespace=namespace, attribute='tdm:reservation="0"', element=""), ""
    )
    assert said is not None
    assert values(said) == {ALLOWED}
    both = f'tdm:reservation="1" tdm:policy="{POLICY}"'
    said = read_tdm_xmp(XMP.format(namespace=namespace, attribute=both, element=""), "")
    assert said is not None
    assert (values(said), said.license_ref) == ({CONSTRAINED}, POLICY)


@pytest.mark.parametrize(
    ("packet", "refused"),
    [
        (XMP.format(namespace="urn:tdm", attribute='tdm:reservation="1"', element=""), True),
        (XMP.format(namespace="urn:tdm", attribute='tdm:reservation="0"', element=""), False),
        ('<x tdm:reservation="1">', True),
        ('<!DOCTYPE x><x tdm:reservation="1"/>', True),
    ],
)
def test_odd_xmp_refuses_and_never_grants(packet: str, refused: bool) -> None:
    said = read_tdm_xmp(packet, "cat.jpg")
    assert said is not None
    assert said.condition is Condition.MALFORMED
    assert (values(said) == {REFUSED}) is refused
    assert ALLOWED not in values(said)


def test_xmp_about_other_things_says_nothing() -> None:
    assert read_tdm_xmp("<x>All rights reserved</x>", "cat.jpg") is None
    assert read_tdm_xmp("<x><reservation>1</reservation></x>", "cat.jpg") is None


# Redirects, repeated looks, and addresses that were not kept


def test_what_a_redirect_leads_to_stands_for_the_file() -> None:
    target = "https://www.provider.example/.well-known/tdmrep.json"
    body = json.dumps([{"location": "/", "tdm-reservation": 1}]).encode()
    statements = read_tdmrep(
        evidence(Capture(FILE, 301, (("Location", target),)), Capture(target, 200, body=body))
    )
    assert [(values(said), said.source) for said in statements] == [({REFUSED}, FILE)]


def test_a_failure_does_not_count_where_the_file_was_read_later() -> None:
    failed = Capture(FILE, 503, captured_at=1)
    assert [said.condition for said in read_tdmrep(evidence(failed, RESERVED))] == [Condition.SOUND]
    later = Capture(FILE, 503, captured_at=2_000_000_000)
    assert len(read_tdmrep(evidence(later, RESERVED))) == 2


def test_a_redirect_of_the_image_can_refuse_and_not_grant() -> None:
    for value, expected in (("1", {REFUSED}), ("0", {Preference.UNKNOWN})):
        [said] = read_tdmrep(evidence(Capture(IMAGE, 302, (("tdm-reservation", value),))))
        assert values(said) == expected


def test_every_rule_may_be_about_an_address_that_was_not_kept() -> None:
    unknown = "http://address-not-kept.invalid"
    for value, refused in ((1, True), (0, False)):
        body = json.dumps([{"location": "/else/", "tdm-reservation": value}]).encode()
        file = Capture(f"{unknown}/.well-known/tdmrep.json", 200, body=body)
        statements = read_tdmrep(WebEvidence(f"{unknown}/", "", (file,)))
        assert refuses(statements) is refused
        assert not grants(statements)


def test_the_file_may_speak_of_the_page_where_it_is_silent_about_the_image() -> None:
    rules = [{"location": "/cats.html", "tdm-reservation": 1}]
    assert refuses(read_file(rules))
    assert not refuses(read_file([{"location": "/directory-b/", "tdm-reservation": 0}, *rules]))
