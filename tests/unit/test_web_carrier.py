"""The carrier of kept web evidence: sidecars in, statements of every reader out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.assets.asset import Asset, Location
from models.assets.faults import FaultError
from models.canonical import digest_bytes
from models.consent.carriers.web import CapturedWebCarrier
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.web.reading import WEB_READERS
from models.reasons import Reason

URL = "https://a.example/cat.png"
RESERVED = [{"location": "/*", "tdm-reservation": 1}]


def read(document: Any, digest: str = "") -> list[Statement]:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    sidecar = Location("a.json", "a.json", len(content), None, digest)
    asset = Asset("ab" * 32, (Location("a.png", "a.png"),), sidecars=(sidecar,))
    return CapturedWebCarrier().read(asset, None, lambda _: content)


def refused(statements: list[Statement]) -> bool:
    return any(
        s.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED for s in statements
    )


@pytest.mark.parametrize(
    ("carrier", "columns"),
    [
        ("robots-tag", {"x_robots_tag": "noai"}),
        ("robots-tag", {"page_html": "<meta name=robots content=noai>"}),
        ("robots-tag", {"page_url": URL, "robots": "noai"}),
        ("ai-txt", {"ai_txt": "User-Agent: *\nDisallow: /"}),
        ("tdmrep", {"tdmrep": RESERVED}),
        ("tdmrep", {"tdm_reservation": 1}),
        ("aipref", {"content_usage": "train-ai=n"}),
        ("aipref", {"robots_txt": "User-agent: *\nContent-Usage: train-ai=n"}),
        ("content-signal", {"robots_txt": "User-agent: *\nContent-Signal: ai-train=no"}),
        (
            "rsl",
            {
                "page_html": "<script type='application/rsl+xml'>"
                "<rsl xmlns='https://rslstandard.org/rsl'><content url='/'><license>"
                "<prohibits type='usage'>all</prohibits></license></content></rsl></script>"
            },
        ),
    ],
)
def test_every_kind_of_kept_signal_refuses(carrier: str, columns: dict[str, Any]) -> None:
    statements = read({"url": URL, **columns})
    assert refused([s for s in statements if s.carrier == carrier])
    assert all(s.trust.levels == "L0" and "a.json" in s.source for s in statements)


def test_a_record_without_evidence_says_nothing() -> None:
    assert read({"url": URL, "caption": "noai", "status": "success"}) == []
    assert read(b"[]") == []


def test_a_sound_permission_is_read_and_proves_nothing() -> None:
    statements = read({"url": URL, "tdm_reservation": 0})
    assert statements
    assert not any(s.trust.may_grant for s in statements)


def test_a_refusal_in_a_record_that_is_cut_short_is_found() -> None:
    content = json.dumps({"url": URL, "x_robots_tag": "noai", "caption": "x"}).encode()[:-3]
    statements = read(content)
    assert refused(statements)
    assert {s.condition for s in statements} == {Condition.MALFORMED}


def test_a_broken_record_grants_nothing() -> None:
    content = json.dumps({"url": URL, "content_usage": "train-ai=y"}).encode()[:-1]
    statements = read(content)
    assert not any(Preference.ALLOWED in s.preferences.values() for s in statements)


def test_a_record_that_changed_since_the_scan_is_undetermined() -> None:
    statements = read({"url": URL, "x_robots_tag": "noai"}, digest="00" * 32)
    assert refused(statements)
    assert {s.condition for s in statements} == {Condition.UNDETERMINED}
    same = json.dumps({"url": URL, "x_robots_tag": "noai"}).encode()
    assert {s.condition for s in read(same, digest_bytes(same))} == {Condition.SOUND}


def test_a_sidecar_that_cannot_be_had_is_left_to_the_sidecar_carrier() -> None:
    def load(_: Location) -> bytes:
        raise FaultError(Reason.IMAGE_MISSING, "gone")

    asset = Asset("ab" * 32, (Location("a", "a"),), sidecars=(Location("a.json", "a.json"),))
    assert CapturedWebCarrier().read(asset, None, load) == []


def test_a_list_of_records_is_read_record_by_record() -> None:
    assert refused(read([{"url": URL}, {"url": URL, "x_robots_tag": "noai"}]))


def test_of_several_addresses_each_is_asked_about() -> None:
    rules = [{"location": "/private/*", "tdm-reservation": 1}]
    record = {"url": URL, "original_url": "https://a.example/private/1", "tdmrep": rules}
    assert refused(read(record))


def test_the_fingerprint_names_every_reader() -> None:
    carrier = CapturedWebCarrier()
    assert carrier.fingerprint.split() == ["web/2", *(reader.name for reader in WEB_READERS)]
    assert carrier.name == "web"
