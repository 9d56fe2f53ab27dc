"""IETF AI usage preferences, in headers, in robots.txt and in metas."""

import pytest

from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.web.aipref import CONTENT_USAGE, read_aipref, read_content_usage
from models.consent.web.aipref_vocabulary import VOCABULARIES
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.robots_usage import read_usage_meta
from models.fetching.fetched import Failure

IMAGE = "https://art.example/img/fox.jpg"
ROBOTS = "https://art.example/robots.txt"
DM, INF, NGT, GT = ALL_PURPOSES
NO, YES = Preference.NOT_ALLOWED, Preference.ALLOWED


def usage(*values: str) -> dict[Purpose, Preference]:
    return read_content_usage(values).preferences


def robots(text: str, url: str = IMAGE) -> list[Statement]:
    capture = Capture(ROBOTS, 200, body=text.encode(), captured_at=9)
    return read_aipref(WebEvidence(url, captures=(capture,)))


def rules(text: str, url: str = IMAGE) -> dict[Purpose, Preference]:
    found = robots(text, url)
    return found[0].preferences if found else {}


# draft-ietf-aipref-vocab-08, section 6.


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("train-ai=n", {GT: NO}),
        ("train-ai=y", {GT: YES}),
        ("train-ai=y, search=n", {GT: YES}),
        ("train-ai=n, ai-use=n, search=y", {GT: NO, INF: NO}),
        ("ai-use=y", {INF: YES}),
        ("search=n", {}),
        ("", {}),
        ("other=n, x-train=y", {}),
        ("train-ai;allow=n, train-ai=y", {GT: YES}),
        ('train-ai;has;parameters="?";', {}),
        ("train-ai=n;exceptions=cc-cr", {GT: NO}),
    ],
)
def test_the_current_vocabulary_is_read(value: str, expected: dict[Purpose, Preference]) -> None:
    assert usage(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bots=n", dict.fromkeys(ALL_PURPOSES, NO)),
        ("all=n", dict.fromkeys(ALL_PURPOSES, NO)),
        ("tdm=n", {DM: NO, NGT: NO, GT: NO}),
        ("ai=n", {NGT: NO, GT: NO}),
        ("genai=n", {GT: NO}),
        ("inference=n", {INF: NO}),
        ("ai-output=n", {INF: NO}),
        ("train-ai=y, train-genai=n", {GT: NO}),
        ("train-ai=n, train-genai=n", {NGT: NO, GT: NO}),
        ("bots=n, train-ai=y", dict.fromkeys(ALL_PURPOSES, NO)),
    ],
)
def test_labels_of_earlier_drafts_still_refuse(
    value: str, expected: dict[Purpose, Preference]
) -> None:
    assert usage(value) == expected


@pytest.mark.parametrize("value", ["bots=y", "all=y", "tdm=y", "ai=y", "train-genai=y"])
def test_labels_of_earlier_drafts_permit_nothing(value: str) -> None:
    assert usage(value) == {}


def test_a_later_duplicate_decides_but_does_not_undo_a_refusal() -> None:
    assert usage("train-ai=y, train-ai=n") == {GT: NO}
    reading = read_content_usage(["train-ai=n, train-ai=y"])
    assert reading.preferences == {GT: NO}
    assert reading.condition is Condition.SOUND
    assert "does not undo" in reading.notes[0]


def test_lines_of_one_response_are_one_dictionary() -> None:
    assert usage("train-ai=n", "search=y", "train-ai=y") == {GT: NO}


@pytest.mark.parametrize("value", ["train-ai", 'train-ai="y"', "train-ai=yes", "train-ai=?1"])
def test_only_the_token_y_permits(value: str) -> None:
    reading = read_content_usage([value])
    assert reading.preferences == {}
    assert reading.notes


@pytest.mark.parametrize(
    "value",
    [
        'train-ai="n"',
        "train-ai=no",
        "train-ai=?0",
        "train-ai=0",
        "train-ai=maybe",
        "train-ai=(n)",
        "train_ai=n",
    ],
)
def test_an_odd_value_is_read_as_a_refusal(value: str) -> None:
    reading = read_content_usage([value])
    assert reading.preferences == {GT: NO}
    assert reading.notes


@pytest.mark.parametrize(
    "value",
    [
        *("TRAIN-AI=n", "Train-AI=N", "train-ai=n,", "train-ai = n", "train-ai: n"),
        *('"train-ai": "n"', "train-ai=n; ;", "train–ai=n", "{train-ai=n}", "train-ai%3Dn ,"),
        "train-ai=no way, train-ai=n",
    ],
)
def test_a_refusal_that_cannot_be_parsed_is_malformed_and_refuses(value: str) -> None:
    reading = read_content_usage([value])
    assert reading.preferences == {GT: NO}
    assert reading.condition is Condition.MALFORMED


@pytest.mark.parametrize("value", ["TRAIN-AI=Y", "train-ai=y,", "é", "=n", "train-ai y"])
def test_what_cannot_be_parsed_is_malformed_and_permits_nothing(value: str) -> None:
    reading = read_content_usage([value])
    assert reading.preferences == {}
    assert reading.condition is Condition.MALFORMED
    assert reading.notes


def test_every_vocabulary_names_its_draft_and_date() -> None:
    assert [v.date for v in VOCABULARIES] == sorted((v.date for v in VOCABULARIES), reverse=True)
    assert all(v.draft.startswith("draft-ietf-aipref-vocab-") for v in VOCABULARIES)
    assert all("search" in v.purposes for v in VOCABULARIES)


# The header.


def headers(*lines: tuple[str, str], url: str = IMAGE) -> list[Statement]:
    capture = Capture(url, 200, lines, captured_at=9)
    return read_aipref(WebEvidence(IMAGE, "https://art.example/page", (capture,)))


def test_a_header_of_the_image_refuses() -> None:
    [statement] = headers(("content-usage", "train-ai=n"))
    assert statement.carrier == "aipref"
    assert statement.preferences == {GT: NO}
    assert statement.source == f"{IMAGE} (content-usage header)"
    assert statement.observed_at == 9
    assert statement.trust.levels == "L0"


def test_a_header_of_the_image_permits_as_a_claim() -> None:
    [statement] = headers(("Content-Usage", "train-ai=y"))
    assert statement.preferences == {GT: YES}
    assert not statement.trust.may_grant


def test_a_header_under_another_name_or_of_the_page_refuses_only() -> None:
    assert headers(("X-Content-Usage", "train-ai=y")) == []
    assert headers(("Content-Usage", "train-ai=y"), url="https://art.example/page") == []
    [other] = headers(("X-Content-Usage", "train-ai=n"))
    [page] = headers(("Content-Usage", "train-ai=n"), url="https://art.example/page")
    assert other.preferences == page.preferences == {GT: NO}


def test_a_malformed_header_never_permits() -> None:
    [statement] = headers(("Content-Usage", "ai-use=y, TRAIN-AI=y"))
    assert statement.condition is Condition.MALFORMED
    assert statement.preferences == {}


def test_a_header_that_could_not_be_asked_for_is_undetermined() -> None:
    for capture in (Capture(IMAGE, failure=Failure.TIMEOUT), Capture(ROBOTS, 500)):
        [statement] = read_aipref(WebEvidence(IMAGE, captures=(capture,)))
        assert statement.condition is Condition.UNDETERMINED


def test_absence_is_no_statement() -> None:
    captures = (Capture(ROBOTS, 404), Capture(IMAGE, 200))
    assert read_aipref(WebEvidence(IMAGE, captures=captures)) == []
    assert read_aipref(WebEvidence(IMAGE)) == []


# draft-ietf-aipref-attach-05, section 3.

EXAMPLE = """User-Agent: *
Allow: /
Disallow: /never/
Content-Usage: train-ai=n
Content-Usage: /ai-ok/ train-ai=y

User-Agent: ExampleBot
Allow: /
Content-Usage: / train-ai=y
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/test", {GT: NO}), ("/ai-ok/test", {GT: YES}), ("/never/test", {GT: NO})],
)
def test_the_drafts_example_is_read(path: str, expected: dict[Purpose, Preference]) -> None:
    # The draft gives paths that are not to be crawled no preference. A refusal is kept there.
    assert rules(EXAMPLE, f"https://art.example{path}") == expected


def test_nothing_is_permitted_where_nothing_may_be_fetched() -> None:
    text = "User-agent: *\nDisallow: /img/\nContent-Usage: train-ai=y"
    assert robots(text) == []


def test_the_longest_path_decides_for_each_purpose() -> None:
    text = "User-agent: *\nContent-Usage: / train-ai=n, ai-use=n\nContent-Usage: /img/ ai-use=y"
    assert rules(text) == {GT: NO, INF: YES}


def test_of_equal_paths_the_more_restrictive_counts() -> None:
    text = "User-agent: *\nContent-Usage: /img/ train-ai=y\nContent-Usage: /img/ train-ai=n"
    assert rules(text) == {GT: NO}


@pytest.mark.parametrize("path", ["/img/", "/*.jpg$", "*.jpg", "/img/fox", "/IMG/ /img/"])
def test_a_refusal_applies_where_its_path_matches(path: str) -> None:
    found = robots(f"User-agent: *\nContent-Usage: {path} train-ai=n")
    expected = [] if path.startswith("/IMG") else [{GT: NO}]
    assert [s.preferences for s in found] == expected


def test_a_refusal_for_another_path_does_not_apply() -> None:
    assert robots("User-agent: *\nContent-Usage: /texts/ train-ai=n") == []


@pytest.mark.parametrize("agent", ["GPTBot", "SomebodyNew", "kiyome", "*"])
def test_a_refusal_to_others_than_search_engines_counts(agent: str) -> None:
    assert rules(f"User-agent: {agent}\nContent-Usage: train-ai=n") == {GT: NO}


def test_a_refusal_to_a_search_engine_alone_is_noted() -> None:
    [statement] = robots("User-agent: Googlebot\nContent-Usage: train-ai=n")
    assert statement.preferences == {}
    assert "not for us" in statement.notes[0]


def test_a_permission_to_somebody_else_is_not_for_us() -> None:
    assert robots("User-agent: GPTBot\nContent-Usage: train-ai=y") == []


def test_a_line_before_any_group_refuses_only() -> None:
    assert rules("Content-Usage: train-ai=n") == {GT: NO}
    assert robots("Content-Usage: train-ai=y") == []


def test_a_permission_does_not_lift_what_another_agent_is_refused() -> None:
    text = "User-agent: *\nContent-Usage: train-ai=y\nUser-agent: GPTBot\nContent-Usage: train-ai=n"
    assert rules(text) == {GT: NO}


@pytest.mark.parametrize("line", ["Content-Usage train-ai=n", "ContentUsage: TRAIN-AI=N"])
def test_a_badly_typed_line_refuses(line: str) -> None:
    assert rules(f"User-agent: *\n{line}") == {GT: NO}


def test_a_malformed_line_does_not_hide_a_sound_one() -> None:
    [statement] = robots(
        "User-agent: *\nContent-Usage: / train-ai=n\nContent-Usage: /img/ ai use y"
    )
    assert statement.preferences == {GT: NO}
    assert statement.condition is Condition.MALFORMED


def test_a_comment_is_no_line() -> None:
    assert robots("User-agent: *\n# Content-Usage: train-ai=n\nContent-Usage: search=y # n") == []


def test_a_meta_refuses_and_never_permits() -> None:
    [statement] = read_usage_meta(
        [("content-usage", "train-ai=n")], "https://art.example/page", CONTENT_USAGE
    )
    assert statement.preferences == {GT: NO}
    assert read_usage_meta([("content-usage", "train-ai=y")], "p", CONTENT_USAGE) == []
    assert read_usage_meta([("description", "train-ai=n")], "p", CONTENT_USAGE) == []
