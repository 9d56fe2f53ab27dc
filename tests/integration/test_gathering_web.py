"""Gathering from a real site, to the verdict that each situation leads to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.consent.evidence.observation import Outcome
from models.consent.evidence.view import view_evidence
from tests.fetching_servers import Server, redirect, respond, serving
from tests.studio import DAY, Studio, contract_on_file, now

CLEAR = ("clear", "consent_contract")
REFUSED = ("exclude", "consent_refused")
UNDETERMINED = ("review", "consent_undetermined")
IMAGE = "/art/1.png"


@pytest.fixture
def site() -> Iterator[Server]:
    with serving() as server:
        server.pages[IMAGE] = respond(b"\x89PNG\r\n\x1a\n", "200 OK", "Content-Type: image/png")
        yield server


@pytest.fixture
def studio(tmp_path: Path, site: Server) -> Iterator[Studio]:
    made = Studio(tmp_path)
    made.set_up(contract_on_file())
    made.draw("1.png", 1, url=site.url(IMAGE))
    yield made
    made.close()


def ask(studio: Studio, days: int = 0) -> tuple[str, str]:
    """Gather so many days from now, and decide."""
    moment = now() + days * DAY
    studio.gather("web", as_of=moment)
    return studio.verdict("1.png", as_of=moment)


def test_a_site_that_says_nothing_changes_nothing(studio: Studio, site: Server) -> None:
    assert ask(studio) == CLEAR
    (state,) = view_evidence(studio.database).sources("web:")
    assert state.outcome is Outcome.ABSENT
    assert {"/robots.txt", "/ai.txt", "/.well-known/tdmrep.json", IMAGE} <= set(site.asked)


def test_robots_txt_that_keeps_ai_trainers_out_excludes(studio: Studio, site: Server) -> None:
    site.pages["/robots.txt"] = respond(b"User-agent: GPTBot\nDisallow: /art/\n")
    assert ask(studio) == REFUSED


def test_a_reservation_in_tdmrep_json_excludes(studio: Studio, site: Server) -> None:
    rules = [{"location": "/art/*", "tdm-reservation": 1}]
    site.pages["/.well-known/tdmrep.json"] = respond(json.dumps(rules).encode())
    assert ask(studio) == REFUSED


@pytest.mark.parametrize(
    "header", ["X-Robots-Tag: noai", "x-robots-tag: NoImageAI", "tdm-reservation: 1"]
)
def test_a_header_of_the_image_excludes(studio: Studio, site: Server, header: str) -> None:
    site.pages[IMAGE] = respond(b"\x89PNG\r\n\x1a\n", "200 OK", "Content-Type: image/png", header)
    assert ask(studio) == REFUSED


def test_an_image_whose_address_is_not_known_is_not_excluded(studio: Studio, site: Server) -> None:
    site.pages["/robots.txt"] = respond(b"User-agent: GPTBot\nDisallow: /\n")
    studio.draw("2.png", 2)
    assert ask(studio) == REFUSED
    assert studio.verdict("2.png") == CLEAR


def test_what_a_site_refused_stands_while_it_is_down(studio: Studio, site: Server) -> None:
    site.pages[IMAGE] = respond(b"\x89PNG\r\n\x1a\n", "200 OK", "X-Robots-Tag: noai")
    assert ask(studio) == REFUSED
    site.pages[IMAGE] = respond(b"", "503 Service Unavailable")
    assert ask(studio, 2) == REFUSED
    site.pages[IMAGE] = respond(b"\x89PNG\r\n\x1a\n", "200 OK", "Content-Type: image/png")
    assert ask(studio, 4) == CLEAR


def test_a_site_that_was_never_reached_is_undetermined(studio: Studio, site: Server) -> None:
    site.pages["/robots.txt"] = respond(b"", "403 Forbidden")
    assert ask(studio) == UNDETERMINED
    del site.pages["/robots.txt"]
    assert ask(studio) == CLEAR


def test_without_an_opening_nothing_on_this_machine_is_asked(studio: Studio, site: Server) -> None:
    studio.set_up(contract_on_file(), fetch_allow=())
    assert ask(studio) == UNDETERMINED
    assert site.connections == 0


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/"]
)
def test_a_redirect_to_a_clouds_metadata_is_not_followed(
    studio: Studio, site: Server, target: str
) -> None:
    site.pages[IMAGE] = redirect(target)
    assert ask(studio) == UNDETERMINED
    (state,) = view_evidence(studio.database).sources("web:")
    assert "metadata" in state.note


def test_what_is_not_due_is_not_asked_again(studio: Studio, site: Server) -> None:
    ask(studio)
    asked = len(site.asked)
    assert studio.gather("web").looks == {}
    assert len(site.asked) == asked
    studio.gather("web", read_all=True)
    assert len(site.asked) > asked


def test_a_refusal_that_has_just_been_put_up_is_seen_when_everything_is_asked_again(
    studio: Studio, site: Server
) -> None:
    assert ask(studio) == CLEAR
    site.pages["/robots.txt"] = respond(b"User-agent: GPTBot\nDisallow: /art/\n")
    studio.gather("web", read_all=True)
    assert studio.verdict("1.png") == REFUSED


def test_a_failed_look_is_due_soon_and_a_sound_one_in_a_day(studio: Studio, site: Server) -> None:
    site.pages["/robots.txt"] = respond(b"", "403 Forbidden")
    failed = studio.gather("web", as_of=now())
    assert failed.due_at is not None
    assert failed.due_at <= now() + 3_600
    del site.pages["/robots.txt"]
    sound = studio.gather("web", as_of=now())
    assert sound.due_at is not None
    assert sound.due_at > now() + 3_600


def test_deleting_the_cache_loses_nothing(studio: Studio, site: Server) -> None:
    site.pages["/robots.txt"] = respond(
        b"User-agent: GPTBot\nDisallow: /art/\n", "200 OK", 'ETag: "1"'
    )
    assert ask(studio) == REFUSED
    shutil.rmtree(studio.settings.workspace / "fetched")
    assert ask(studio, 2) == REFUSED


def test_a_look_that_a_wrong_clock_dated_ahead_does_not_count_for_years(
    studio: Studio, site: Server
) -> None:
    assert ask(studio, days=400) == CLEAR
    site.pages[IMAGE] = respond(b"\x89PNG\r\n\x1a\n", "200 OK", "X-Robots-Tag: noai")
    assert ask(studio) == REFUSED
