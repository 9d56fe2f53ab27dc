"""Invariants of signatures, waiting times and bodies."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from models.webhooks.backoff import FIRST_MS, LONGEST_MS, delay_after
from models.webhooks.signing import is_signed, make_secret, sign
from models.webhooks.topics import TOPICS, choose_facts, write_body

SECRETS = st.builds(make_secret)
IDS = st.text("0123456789abcdef", min_size=32, max_size=32)
TIMES = st.integers(1, 4_000_000_000)
PLAIN = st.one_of(st.integers(-(2**53) + 1, 2**53 - 1), st.booleans(), st.text(max_size=300))
JSON = st.recursive(
    st.one_of(st.none(), PLAIN, st.floats(allow_nan=False)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
)


def signed(secret: str, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, event_id, timestamp, body),
    }


@given(SECRETS, IDS, TIMES, st.binary(max_size=200))
def test_what_was_signed_is_accepted(secret: str, event_id: str, at: int, body: bytes) -> None:
    assert is_signed(secret, signed(secret, event_id, at, body), body, at)


@given(SECRETS, IDS, TIMES, st.binary(min_size=1, max_size=200), st.data())
def test_a_changed_byte_is_refused(
    secret: str, event_id: str, at: int, body: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[place]))
    changed = body[:place] + bytes([other]) + body[place + 1 :]
    assert not is_signed(secret, signed(secret, event_id, at, body), changed, at)


@given(SECRETS, SECRETS, IDS, TIMES)
def test_another_secret_is_refused(secret: str, other: str, event_id: str, at: int) -> None:
    assert not is_signed(other, signed(secret, event_id, at, b"{}"), b"{}", at)


@given(SECRETS, st.dictionaries(st.text(max_size=20), st.text(max_size=50)), st.binary())
def test_no_headers_whatever_make_verifying_fail_with_an_error(
    secret: str, headers: dict[str, str], body: bytes
) -> None:
    assert not is_signed(secret, headers, body, 1e9)


@given(st.integers(-5, 10_000), st.floats(-1, 2), st.integers(-(10**9), 10**12))
def test_a_waiting_time_is_never_short_and_never_long(
    attempts: int, chance: float, asked: int
) -> None:
    assert FIRST_MS // 2 <= delay_after(attempts, chance, asked) <= LONGEST_MS


@given(st.integers(1, 100), st.floats(0, 1), st.floats(0, 1))
def test_the_next_waiting_time_is_longer_until_it_is_the_longest(
    attempts: int, chance: float, other: float
) -> None:
    shorter, longer = delay_after(attempts, chance), delay_after(attempts + 1, other)
    assert longer > shorter or longer >= LONGEST_MS // 2


@given(st.sampled_from(TOPICS), st.dictionaries(st.text(max_size=20), JSON), st.data())
def test_only_named_facts_that_are_short_and_plain_leave_the_house(
    topic: object, payload: dict[str, object], data: st.DataObject
) -> None:
    chosen = data.draw(st.sampled_from(TOPICS))
    posted = {**payload, **{key: data.draw(JSON) for key in chosen.facts}}
    told = choose_facts(chosen, posted, "R-2345")
    assert told.keys() <= {*chosen.facts, chosen.person} - {""}
    for key, value in told.items():
        assert isinstance(value, str | int | bool)
        assert value == "R-2345" or value == posted[key]
    body = json.loads(write_body("e", chosen.name, 1, 0, told))
    assert body["data"] == told
