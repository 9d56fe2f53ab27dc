"""Content Signals in robots.txt, headers and metas."""

import pytest

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.content_signals import (
    CONTENT_SIGNAL,
    read_content_signal,
    read_content_signals,
)
from models.consent.web.robots_usage import read_usage_meta
from models.fetching.fetched import Failure

IMAGE = "https://art.example/img/fox.jpg"
ROBOTS = "https://art.example/robots.txt"
INF = Purpose.INFERENCE
TRAINING = (Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING)
NO_TRAINING = dict.fromkeys(TRAINING, Preference.NOT_ALLOWED)
TRAINING_CLAIMED = dict.fromkeys(TRAINING, Preference.ALLOWED)


def signal(*values: str) -> dict[Purpose, Preference]:
    return read_content_signal(values).preferences


def robots(text: str) -> list[Statement]:
    capture = Capture(ROBOTS, 200, body=text.encode(), captured_at=9)
    return read_content_signals(WebEvidence(IMAGE, captures=(capture,)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("search=yes, ai-train=no", NO_TRAINING),
        ("search=yes,ai-input=no,ai-train=no", {INF: Preference.NOT_ALLOWED, **NO_TRAINING}),
        ("ai-train=yes", TRAINING_CLAIMED),
        ("ai-input=yes", {INF: Preference.ALLOWED}),
        ("search=no", {}),
        ("search=yes", {}),
        ("", {}),
        ("ai-train=yes, ai-train=no", NO_TRAINING),
        ("ai-train=no, ai-train=yes", NO_TRAINING),
    ],
)
def test_signals_are_read(value: str, expected: dict[Purpose, Preference]) -> None:
    assert signal(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *("ai-train=maybe", "ai-train=", "ai-train", "ai-train=NO", "ai-train=n", "ai-train=0"),
        *("ai-train=conditional", "ai-train=yes!", "AI-Train: no", "ai_train=no", "aitrain=no"),
        *("ai-train = no", "train-ai=n", "search=yes ai-train=no", "search=yes;ai-train=no"),
        *("ai–train=no", '"ai-train":"no"'),
    ],
)
def test_an_odd_refusal_is_a_refusal(value: str) -> None:
    preferences = signal(value)
    assert preferences[Purpose.GENERATIVE_TRAINING] is Preference.NOT_ALLOWED


@pytest.mark.parametrize("value", ["ai_train=yes", "aitrain=yes", "train=yes"])
def test_a_permission_under_another_name_is_not_read(value: str) -> None:
    reading = read_content_signal([value])
    assert reading.preferences == {}
    assert reading.notes


def test_a_limited_use_leaves_no_room_for_training() -> None:
    assert signal("search=yes,use=reference") == NO_TRAINING
    assert signal("use=immediate") == NO_TRAINING
    assert signal("use=full") == {}
    assert signal("ai-train=yes,use=reference") == TRAINING_CLAIMED


POLICY = """# As a condition of accessing this website, you agree to abide by the following
# content signals:
# (a) If a content-signal = yes, you may collect content for the corresponding use.
# (b) If a content-signal = no, you may not collect content for the corresponding use.
# ai-train=yes

User-Agent: *
Content-Signal: search=yes, ai-train=no
Allow: /

User-agent: CCBot
Disallow: /
"""


def test_the_published_policy_refuses_training() -> None:
    [statement] = robots(POLICY)
    assert statement.carrier == "content-signal"
    assert statement.preferences == NO_TRAINING
    assert statement.condition is Condition.SOUND
    assert statement.source == ROBOTS
    assert statement.observed_at == 9


def test_a_permission_is_a_claim() -> None:
    [statement] = robots("User-agent: *\nContent-Signal: ai-train=yes\nAllow: /")
    assert statement.preferences == TRAINING_CLAIMED
    assert statement.trust.levels == "L0"


def test_a_refusal_to_an_ai_agent_counts_and_a_permission_to_it_does_not() -> None:
    [refusal] = robots("User-agent: GPTBot\nContent-Signal: ai-train=no\n")
    assert refusal.preferences == NO_TRAINING
    assert robots("User-agent: GPTBot\nContent-Signal: ai-train=yes\n") == []


def test_a_signal_for_a_search_engine_alone_is_noted() -> None:
    [statement] = robots("User-agent: bingbot\nContent-Signal: ai-train=no\n")
    assert statement.preferences == {}


def test_a_signal_may_be_limited_to_a_path() -> None:
    assert robots("User-agent: *\nContent-Signal: /texts/ ai-train=no") == []
    assert len(robots("User-agent: *\nContent-Signal: /img/ ai-train=no")) == 1


def test_the_header_is_read() -> None:
    capture = Capture(IMAGE, 200, (("Content-Signal", "ai-train=no"),))
    [statement] = read_content_signals(WebEvidence(IMAGE, captures=(capture,)))
    assert statement.preferences == NO_TRAINING
    assert statement.source == f"{IMAGE} (content-signal header)"


def test_a_meta_refuses_and_never_permits() -> None:
    [statement] = read_usage_meta([("content-signal", "ai-train=no")], "page", CONTENT_SIGNAL)
    assert statement.preferences == NO_TRAINING
    assert read_usage_meta([("content-signal", "ai-train=yes")], "page", CONTENT_SIGNAL) == []


def test_failures_are_undetermined_and_absence_is_nothing() -> None:
    failed = Capture(ROBOTS, failure=Failure.SERVER_ERROR)
    [statement] = read_content_signals(WebEvidence(IMAGE, captures=(failed,)))
    assert statement.condition is Condition.UNDETERMINED
    assert read_content_signals(WebEvidence(IMAGE, captures=(Capture(ROBOTS, 404),))) == []
    assert read_content_signals(WebEvidence(IMAGE)) == []
