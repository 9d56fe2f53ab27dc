"""noai and its kin in X-Robots-Tag headers and robots metas."""

import pytest

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement, Trust
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.robots_tags import directives_in, read_robots_meta, read_robots_tags
from models.fetching.fetched import Failure

IMAGE = "https://art.example/img/fox.jpg"
PAGE = "https://art.example/gallery/fox"
REFUSED = {
    Purpose.INFERENCE: Preference.NOT_ALLOWED,
    Purpose.NON_GENERATIVE_TRAINING: Preference.NOT_ALLOWED,
    Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED,
}


def read(*headers: tuple[str, str], url: str = IMAGE) -> list[Statement]:
    capture = Capture(url, 200, headers, captured_at=1_700_000_000)
    return read_robots_tags(WebEvidence(IMAGE, PAGE, (capture,)))


def refuses(value: str) -> bool:
    return any(directive.refuses for directive in directives_in([value]))


@pytest.mark.parametrize(
    "value",
    [
        *("noai", "noimageai", "noml", "NoAI", "NOIMAGEAI", " noai ", "no-ai", "no_ai", "no ai"),
        *("noindex, noai", "noindex;noai", "noindex noai", "noai,noimageai", "noai:", "'noai'"),
        *("no-image-ai", "no–ai", "no\u200bai", "ｎｏａｉ", "noai-training", "do-not-train"),
    ],
)
def test_a_refusal_is_found_in_every_spelling(value: str) -> None:
    assert refuses(value)


@pytest.mark.parametrize(
    "value",
    [
        *("", "all", "index, follow", "none", "noindex, nofollow", "noimageindex", "noarchive"),
        *("max-snippet: 50, max-image-preview:large", "nosnippet", "ai", "noair", "casino ai"),
        "unavailable_after: 25 Jun 2010 15:00:00 PST",
        "unavailable_after: Sunday, 06-Nov-94 08:49:37 GMT",
    ],
)
def test_what_is_not_about_ai_says_nothing(value: str) -> None:
    assert directives_in([value]) == ()


@pytest.mark.parametrize(
    "date",
    [
        "25 Jun 2010 15:00:00 PST",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "2010-06-25T15:00:00+00:00",
    ],
)
def test_colons_and_commas_of_a_date_scope_nothing(date: str) -> None:
    [directive] = directives_in([f"unavailable_after: {date}, noai"])
    assert (directive.word, directive.agent, directive.refuses) == ("noai", "", True)


def test_a_prefix_scopes_the_rest_of_its_line() -> None:
    found = directives_in(["otherbot: noai, noindex, noimageai", "noml"])
    assert [(d.word, d.agent) for d in found] == [
        ("noai", "otherbot"),
        ("noimageai", "otherbot"),
        ("noml", ""),
    ]


@pytest.mark.parametrize("agent", ["gptbot", "CCBot", "Google-Extended", "img2dataset", "kiyome"])
def test_a_refusal_to_an_ai_agent_or_to_us_counts(agent: str) -> None:
    assert refuses(f"{agent}: noai")


def test_a_refusal_to_an_agent_nobody_knows_counts() -> None:
    assert refuses("otherbot: noai, noindex")


@pytest.mark.parametrize("agent", ["googlebot", "bingbot", "Pinterest", "Googlebot/2.1"])
def test_a_refusal_to_a_search_engine_alone_is_noted_but_does_not_count(agent: str) -> None:
    [statement] = read(("X-Robots-Tag", f"{agent}: noai"))
    assert statement.preferences == {}
    assert statement.condition is Condition.SOUND
    assert "not for us" in statement.notes[0]


def test_a_later_directive_may_have_come_from_another_line_and_counts() -> None:
    assert refuses("googlebot: noindex, noai")


def test_a_second_prefix_ends_the_scope_of_the_first() -> None:
    found = directives_in(["googlebot: noai, gptbot: noai"])
    assert [d.refuses for d in found] == [False, True]


def test_a_star_and_the_word_robots_address_everyone() -> None:
    assert [d.agent for d in directives_in(["*: noai", "robots: noml"])] == ["", ""]


def test_a_header_of_the_image_refuses_training_and_inference() -> None:
    [statement] = read(("x-RoBoTs-tAg", "noindex"), ("X-Robots-Tag", "noai"))
    assert statement.carrier == "robots-tag"
    assert statement.preferences == REFUSED
    assert statement.trust == Trust()
    assert statement.observed_at == 1_700_000_000
    assert statement.source == f"{IMAGE} (x-robots-tag header)"
    assert len(statement.evidence_sha256) == 64


def test_a_header_of_the_page_refuses_too() -> None:
    [statement] = read(("X-Robots-Tag", "noimageai"), url=PAGE)
    assert statement.preferences == REFUSED


def test_a_misspelled_header_name_still_refuses() -> None:
    [statement] = read(("X_Robots_Tag", "noai"))
    assert statement.preferences == REFUSED


def test_no_header_is_no_statement() -> None:
    assert read(("Content-Type", "image/jpeg")) == []
    assert read_robots_tags(WebEvidence(IMAGE)) == []


@pytest.mark.parametrize(
    "capture",
    [
        Capture(IMAGE, failure=Failure.TIMEOUT),
        Capture(IMAGE, 503),
        Capture(IMAGE, 403, failure=Failure.DENIED),
        Capture(IMAGE, 302),
    ],
)
def test_an_image_that_could_not_be_asked_is_undetermined(capture: Capture) -> None:
    [statement] = read_robots_tags(WebEvidence(IMAGE, captures=(capture,)))
    assert statement.condition is Condition.UNDETERMINED
    assert statement.preferences == {}
    assert "could not be fetched" in statement.notes[0]


@pytest.mark.parametrize(
    "capture",
    [Capture(IMAGE, 404), Capture(IMAGE, 410), Capture(IMAGE, failure=Failure.ABSENT)],
)
def test_an_image_that_is_gone_says_nothing(capture: Capture) -> None:
    assert read_robots_tags(WebEvidence(IMAGE, captures=(capture,))) == []


def test_a_refusal_counts_even_on_an_error_response() -> None:
    capture = Capture(IMAGE, 503, (("X-Robots-Tag", "noai"),))
    [statement] = read_robots_tags(WebEvidence(IMAGE, captures=(capture,)))
    assert statement.condition is Condition.UNDETERMINED
    assert statement.preferences == REFUSED


def test_a_later_success_settles_an_earlier_failure_but_not_the_other_way_round() -> None:
    early = Capture(IMAGE, failure=Failure.TIMEOUT, captured_at=100)
    late = Capture(IMAGE, 200, captured_at=200)
    assert read_robots_tags(WebEvidence(IMAGE, captures=(late, early))) == []
    failed_again = Capture(IMAGE, failure=Failure.TIMEOUT, captured_at=300)
    assert len(read_robots_tags(WebEvidence(IMAGE, captures=(late, failed_again)))) == 1


def test_a_redirect_that_was_followed_is_no_failure() -> None:
    hop = Capture(IMAGE, 301, (("Location", "/img/fox-2.jpg"), ("X-Robots-Tag", "noai")))
    end = Capture("https://art.example/img/fox-2.jpg", 200)
    [statement] = read_robots_tags(WebEvidence(IMAGE, captures=(hop, end)))
    assert statement.condition is Condition.SOUND
    assert statement.preferences == REFUSED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("robots", "noindex, NoAI"),
        ("ROBOTS", "noimageai"),
        ("x-robots-tag", "noai"),
        ("gptbot", "noai"),
        ("brandnewbot", "noai"),
        ("noai", "noai"),
        ("something", "index, noai"),
    ],
)
def test_a_meta_refuses(name: str, content: str) -> None:
    [statement] = read_robots_meta([(name, content)], PAGE, observed_at=5, evidence=b"<meta>")
    assert statement.preferences == REFUSED
    assert statement.observed_at == 5
    assert statement.source == f"{PAGE} (robots meta)"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("robots", "index, follow"),
        ("description", "No AI was used to make this drawing."),
        ("viewport", "width=device-width"),
    ],
)
def test_other_metas_say_nothing(name: str, content: str) -> None:
    assert read_robots_meta([(name, content)], PAGE) == []


def test_a_meta_for_a_search_engine_is_noted_only_for_all_of_its_content() -> None:
    [statement] = read_robots_meta([("googlebot", "noindex, noai")], PAGE)
    assert statement.preferences == {}


def test_the_metas_of_the_captured_page_are_read() -> None:
    page = Capture(PAGE, 200, body=b'<html><head><meta name="robots" content="noai"></head>')
    [statement] = read_robots_tags(WebEvidence(IMAGE, PAGE, (page,)))
    assert statement.preferences == REFUSED
