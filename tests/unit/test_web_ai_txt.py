"""ai.txt in Spawning's robots grammar, and what else goes by that name."""

import pytest

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition
from models.consent.web.ai_txt import read_ai_rules, read_ai_txt
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.robots_readings import Reading
from models.fetching.fetched import Failure

IMAGE = "https://art.example/img/fox.jpg"
AI_TXT = "https://art.example/ai.txt"
TRAINING = (Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING)
REFUSED = dict.fromkeys(TRAINING, Preference.NOT_ALLOWED)
ALLOWED = dict.fromkeys(TRAINING, Preference.ALLOWED)


def read(text: str, url: str = IMAGE, media_type: str = "") -> Reading:
    return read_ai_rules(text.encode(), url, media_type)


@pytest.mark.parametrize(
    "rule",
    [
        *("Disallow: /", "Disallow: *", "Disallow: *.jpg", "Disallow: *.JPG", "Disallow: /*.jpg$"),
        *("Disallow: .jpg", "Disallow: *.jpeg", "Disallow: /img/", "Disallow: /IMG/"),
        *("disallow : /", "Disallow: /\nAllow: /", "Allow: *.png\nDisallow: /"),
    ],
)
def test_a_matching_disallow_refuses_training(rule: str) -> None:
    reading = read(f"# Spawning AI\nUser-Agent: *\n{rule}\n")
    assert reading.preferences == REFUSED
    assert reading.condition is Condition.SOUND


@pytest.mark.parametrize("rule", ["Disallow: *.png", "Disallow: /texts/", "Disallow:", "X: y"])
def test_a_disallow_of_something_else_says_nothing(rule: str) -> None:
    assert read(f"User-Agent: *\n{rule}\nAllow: /nothing").is_silent


def test_an_allow_that_covers_the_image_is_a_claim() -> None:
    reading = read("User-Agent: *\nDisallow: /\nDisallow: *\nAllow: *.jpg\n")
    assert reading.preferences == ALLOWED


def test_an_allow_for_one_agent_is_not_for_us() -> None:
    assert read("User-Agent: GPTBot\nAllow: /").is_silent


def test_a_disallow_for_one_agent_refuses() -> None:
    assert read("User-Agent: GPTBot\nDisallow: /").preferences == REFUSED


def test_an_allow_for_everyone_does_not_lift_what_an_agent_is_refused() -> None:
    text = "User-Agent: *\nAllow: *.jpg\nUser-Agent: LAION\nDisallow: /"
    assert read(text).preferences == REFUSED


@pytest.mark.parametrize(
    ("url", "media_type", "refused"),
    [
        ("https://art.example/photo.php?id=7", "image/jpeg", True),
        ("https://art.example/photo.php?id=7", "image/png", False),
        ("https://art.example/photo/7", "", True),
        ("https://art.example/photo/7.jpg?width=200", "", True),
        ("https://art.example/photo/7.png", "", False),
    ],
)
def test_an_extension_rule_follows_the_images_type(
    url: str, media_type: str, refused: bool
) -> None:
    reading = read("User-Agent: *\nDisallow: *.jpg", url, media_type)
    assert (reading.preferences == REFUSED) is refused


def test_the_type_is_that_of_the_captured_image() -> None:
    image = "https://art.example/photo/7"
    captures = (
        Capture(image, 200, (("Content-Type", "image/png; q=1"),)),
        Capture(AI_TXT, 200, body=b"User-Agent: *\nDisallow: *.jpg\n"),
    )
    assert read_ai_txt(WebEvidence(image, captures=captures)) == []


@pytest.mark.parametrize(
    "text",
    [
        "# Our site\n\nWe paint foxes. See [the gallery](/gallery).\n",
        "---\ntitle: Foxes\n---\n# About\n",
        "Site-Name: Foxes\nSite-URL: https://art.example\nTraining: allow\n",
        '{"name": "Foxes", "training": "allow"}',
        "<!doctype html><title>Not found</title><script>x={'all':0,'train':0}</script>",
    ],
)
def test_other_formats_are_absent_with_a_note(text: str) -> None:
    reading = read(text)
    assert reading.preferences == {}
    assert reading.condition is Condition.SOUND
    assert "another format" in reading.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "Site-Name: Foxes\nTraining: deny\n",
        "training: disallow",
        "AI-Training: no",
        "Agent: GPTBot\n  Training: deny\n",
        '{"policies": {"training": "deny"}}',
        '{"ai_training": false}',
        "no-training: true",
        "Content-Usage: train-ai=n, train-genai=n",
        "<html>ai-training: no</html>",
        "Disallow: /",
    ],
)
def test_other_formats_that_refuse_are_malformed_refusals(text: str) -> None:
    reading = read(text)
    assert reading.preferences[Purpose.GENERATIVE_TRAINING] is Preference.NOT_ALLOWED
    assert reading.condition is Condition.MALFORMED


def test_words_of_another_format_beside_robots_grammar_refuse() -> None:
    reading = read("User-Agent: *\nAllow: /\nTraining: deny\n")
    assert reading.preferences == REFUSED


def test_an_archive_is_malformed() -> None:
    assert read_ai_rules(b"\x1f\x8b\x08\0", IMAGE).condition is Condition.MALFORMED


def test_an_empty_file_says_nothing() -> None:
    assert read("").is_silent
    assert read("\n \n").is_silent


@pytest.mark.parametrize("place", [AI_TXT, "https://art.example/.well-known/ai.txt"])
def test_both_places_are_read(place: str) -> None:
    capture = Capture(place, 200, body=b"User-Agent: *\nDisallow: /", captured_at=3)
    [statement] = read_ai_txt(WebEvidence(IMAGE, captures=(capture,)))
    assert statement.carrier == "ai-txt"
    assert statement.source == place
    assert statement.observed_at == 3
    assert statement.preferences == REFUSED


def test_a_claim_counts_for_the_image_and_not_for_its_pages_site() -> None:
    page = "https://blog.example/post"
    capture = Capture("https://blog.example/ai.txt", 200, body=b"User-Agent: *\nAllow: /")
    statements = read_ai_txt(WebEvidence(IMAGE, page, (capture,)))
    assert all(not statement.preferences for statement in statements)


def test_failures_are_undetermined_and_absence_is_nothing() -> None:
    failed = Capture(AI_TXT, failure=Failure.TIMEOUT)
    [statement] = read_ai_txt(WebEvidence(IMAGE, captures=(failed,)))
    assert statement.condition is Condition.UNDETERMINED
    assert read_ai_txt(WebEvidence(IMAGE, captures=(Capture(AI_TXT, 404),))) == []
    assert read_ai_txt(WebEvidence(IMAGE)) == []
