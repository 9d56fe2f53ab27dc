"""Signatures, waiting times and bodies of webhooks."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import WebhookError
from models.webhooks.backoff import FIRST_MS, LONGEST_MS, delay_after
from models.webhooks.signing import TOLERANCE_SECONDS, is_signed, make_secret, read_key, sign
from models.webhooks.topics import NAMES, TOPICS, choose_facts, find_topic, write_body

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(timestamp: int = 1614265330, signature: str = SIGNED) -> dict[str, str]:
    return {
        "webhook-id": ID,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }


def test_a_signature_is_that_of_standard_webhooks() -> None:
    """The test vector that the libraries of Standard Webhooks share."""
    assert sign(SECRET, ID, 1614265330, BODY) == SIGNED


def test_a_genuine_delivery_is_accepted() -> None:
    assert is_signed(SECRET, headers(), BODY, 1614265330)


def test_one_of_several_signatures_is_enough() -> None:
    assert is_signed(SECRET, headers(signature=f"v1,AAAA v1a,BBBB {SIGNED}"), BODY, 1614265330)


@pytest.mark.parametrize(
    ("given", "body", "now"),
    [
        (headers(), BODY + b" ", 1614265330),
        (headers(timestamp=1614265331), BODY, 1614265330),
        (headers(), BODY, 1614265330 + TOLERANCE_SECONDS + 1),
        (headers(), BODY, 1614265330 - TOLERANCE_SECONDS - 1),
        (headers(signature="v1,AAAA"), BODY, 1614265330),
        (headers(signature=""), BODY, 1614265330),
        ({**headers(), "webhook-timestamp": "-1"}, BODY, 0),
        ({**headers(), "webhook-timestamp": "1e9"}, BODY, 1e9),
        ({**headers(), "webhook-timestamp": "९"}, BODY, 9),
        ({}, BODY, 1614265330),
    ],
    ids=[
        *("body", "timestamp", "old", "future", "signature", "unsigned", "negative"),
        *("float", "digits", "bare"),
    ],
)
def test_anything_else_is_refused(given: dict[str, str], body: bytes, now: float) -> None:
    assert not is_signed(SECRET, given, body, now)


def test_a_new_secret_is_one_and_differs_each_time() -> None:
    made = {make_secret() for _ in range(10)}
    assert len(made) == 10
    assert {len(read_key(each)) for each in made} == {32}


@pytest.mark.parametrize(
    "given",
    ["", "whsec_", "whsec_AAAA", "whsec_%%%", SECRET.removeprefix("whsec_"), "whsec_" + "A" * 200],
    ids=["empty", "bare", "short", "letters", "prefix", "long"],
)
def test_what_is_no_secret_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(WebhookError) as raised:
        read_key(given)
    assert not given.removeprefix("whsec_") or given not in str(raised.value)


def test_the_waiting_time_grows_to_six_hours() -> None:
    waits = [delay_after(attempts, 1.0) for attempts in range(1, 30)]
    assert waits[:3] == [FIRST_MS, 3 * FIRST_MS, 9 * FIRST_MS]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_MS == 6 * 3600 * 1000


def test_facts_that_a_topic_does_not_name_stay_here() -> None:
    topic = find_topic("ruling")
    assert topic is not None
    given = {"ruling_id": "r", "note_sha256": "x", "reviewer": "mika", "asset_id": "a" * 201}
    told = choose_facts(topic, {**given, "dataset": {"name": "x"}, "item_version": 3}, "R-2345")
    assert told == {"ruling_id": "r", "item_version": 3, "reviewer": "R-2345"}


def test_what_nobody_may_be_told_has_no_topic() -> None:
    assert find_topic("account_created") is None
    assert find_topic("ruling.taken") is None  # the queue posts it as "ruling"


def test_a_body_says_what_when_and_which() -> None:
    body = json.loads(write_body("e1", "run.failed", 7, 1_790_000_000_123, {"run_id": "r"}))
    assert body == {
        "id": "e1",
        "type": "run.failed",
        "timestamp": "2026-09-21T14:13:20.123Z",
        "number": 7,
        "data": {"run_id": "r"},
    }


def test_topics_fit_their_columns() -> None:
    assert all(len(topic.posted_as or topic.name) <= 32 for topic in TOPICS)
    assert len(set(NAMES)) == len(NAMES)


def test_the_page_names_every_topic_with_its_facts() -> None:
    page = PAGE.read_text("utf-8")
    for topic in TOPICS:
        line = next(each for each in page.splitlines() if each.startswith(f"| `{topic.name}` |"))
        facts = [*topic.facts, *([topic.person] if topic.person else [])]
        assert re.findall(r"`([a-z_0-9]+)`", line.split("|")[3]) == facts


def test_the_python_example_for_receivers_verifies_and_refuses() -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert code
    known: dict[str, object] = {}
    exec(code[1], known)
    verify = known["verify"]
    assert callable(verify)
    assert verify(SECRET, headers(), BODY, now=1614265330)
    assert not verify(SECRET, headers(), BODY + b" ", now=1614265330)
    assert not verify(SECRET, headers(), BODY, now=1714265330)


def test_the_shell_example_for_receivers_verifies_and_refuses(tmp_path: Path) -> None:
    code = re.search(r"```sh\n(#!/bin/sh.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert code
    script, body = tmp_path / "verify.sh", tmp_path / "body"
    script.write_text(code[1])
    body.write_bytes(BODY)
    arguments = ["sh", script, body, ID, "1614265330", SIGNED]
    environment = {"PATH": "/usr/bin:/bin", "SECRET": SECRET}
    done = subprocess.run(arguments, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    body.write_bytes(BODY + b" ")
    done = subprocess.run(arguments, env=environment, capture_output=True, check=False)
    assert done.returncode != 0


def test_signing_needs_no_web_framework() -> None:
    """Importing what a page's start needs stays quick."""
    code = "import sys, models.webhooks.signing; print('fastapi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_key_is_what_the_base64_says() -> None:
    assert read_key(SECRET) == base64.b64decode(SECRET.removeprefix("whsec_"))
