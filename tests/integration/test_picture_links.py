"""Links to pictures that programs may show: whoever has one sees one picture, for a while."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.accounts.roles import Role
from models.owners.requests import Withdrawal, withdraw
from models.review.derivatives import THUMB, VIEW
from models.review.queue import enqueue, item_id_of
from models.store.database import Database
from models.takedowns import acknowledge_takedown
from review_ui.picture_links import LONGEST_S, PictureLinks
from tests.api_parts import client, make_app, signed_in_program
from tests.review_seed import DATASET, seed
from tests.rounds_seed import put_owner

LINKS = PictureLinks(b"k" * 32)
ITEM = "a" * 32
NOW = 1_900_000_000.0
STUDIO = "CN=Studio Tsukimachi"
"""Who speaks about the first seeded item."""


class Shared:
    """Seeded items, a program that may see them, and a browser that has nothing but links."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.database = database
        self.app = make_app(database, folder)
        self.assets = seed(database, folder / "workspace", 3)
        self.items = [item_id_of(DATASET, asset_id) for asset_id in self.assets]
        self.program = signed_in_program(self.app, database, Role.REVIEWER)
        self.browser = client(self.app)

    def links(self, number: int = 0) -> list[str]:
        shown = self.program.get(f"/api/v1/items/{self.items[number]}").json()["pictures"]
        assert [each["size"] for each in shown] == [VIEW, THUMB]
        address = self.app.state.site.address
        assert all(each["url"].startswith(f"{address}/shared/") for each in shown)
        return [each["url"].removeprefix(address) for each in shown]

    def status(self, link: str) -> int:
        answer = self.browser.get(link)
        if answer.status_code == 404:
            assert "image" not in answer.headers["content-type"]
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        return int(answer.status_code)


@pytest.fixture
def shared(tmp_path: Path, sqlite_database: Database) -> Shared:
    return Shared(tmp_path, sqlite_database)


def test_a_browser_shows_it_on_any_page_without_a_token(shared: Shared) -> None:
    large, small = (shared.browser.get(link) for link in shared.links())
    for answer in (large, small):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        kept = int(answer.headers["cache-control"].removeprefix("private, max-age="))
        assert 0 < kept <= LONGEST_S
        assert "set-cookie" not in answer.headers
    assert len(small.content) < len(large.content)
    assert shared.status(f"/pictures/{shared.assets[0]}/{THUMB}") == 303  # pages go by the session


def test_a_copy_that_the_browser_has_is_not_sent_again(shared: Shared) -> None:
    link = shared.links()[0]
    first = shared.browser.get(link)
    again = shared.browser.get(link, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    same = ("etag", "cache-control", "cross-origin-resource-policy")
    assert [again.headers[name] for name in same] == [first.headers[name] for name in same]
    assert shared.browser.get(link, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_link_to_another_picture_or_size_or_moment_shows_nothing(shared: Shared) -> None:
    link = shared.links()[1]
    said = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    path = urlsplit(link).path
    other = f"/shared/items/{shared.items[1]}/{THUMB}"
    signed = f"until={said['until']}&signature={said['signature']}"
    later = f"until={int(said['until']) + 300}&signature={said['signature']}"
    assert shared.status(f"{path}?{signed}") == 200
    wrong = [
        *(f"{other}?{signed}", f"/shared/items/{shared.items[0]}/{VIEW}?{signed}"),
        *(f"{path}?{later}", path, f"{path}?until={said['until']}", f"{path}?{signed[:-1]}"),
        f"{path}?until={said['until']}&signature={said['signature'].upper()}",
        f"{path}?until={said['until']}&signature={'0' * 64}",
        f"{path}?until=%20{said['until']}&signature={said['signature']}",
        f"{path}?until=-1&signature=%00",
        f"{path}?until=٣&signature=%ED%A0%80é",
        f"/shared/items/{'f' * 32}/{THUMB}?{signed}",
        f"/shared/items/{'f' * 32}%2F..%2F{shared.items[0]}/{THUMB}?{signed}",
    ]
    assert [(each, shared.status(each)) for each in wrong] == [(each, 404) for each in wrong]


def test_it_ends_and_none_is_good_for_long(shared: Shared) -> None:
    links = shared.app.state.site.picture_links
    assert shared.status(links.make(shared.items[0], THUMB, time.time()).path) == 200
    for moment in (time.time() - LONGEST_S - 1, time.time() + LONGEST_S):
        assert shared.status(links.make(shared.items[0], THUMB, moment).path) == 404


def test_a_key_of_another_workspace_signs_nothing(shared: Shared) -> None:
    assert shared.status(LINKS.make(shared.items[0], THUMB, time.time()).path) == 404


def test_a_takedown_ends_it_at_once(shared: Shared) -> None:
    links = [shared.links(number)[0] for number in (0, 2)]
    with shared.database.transaction() as session:
        acknowledge_takedown(session, shared.assets[0], "studio", "letter")
    assert [shared.status(link) for link in links] == [404, 200]
    shown = shared.program.get(f"/api/v1/items/{shared.items[0]}").json()
    assert shown["pictures"] == []  # no links that would show nothing
    assert (shown["taken_down"] is None, shown["state"]) == (False, "superseded")


def test_a_withdrawal_of_all_that_an_owner_spoke_about_ends_it(shared: Shared) -> None:
    links = [shared.links(number)[0] for number in (0, 2)]
    owner = put_owner(shared.database, identity=STUDIO)
    with shared.database.transaction() as session:
        withdraw(session, owner, "b" * 32, Withdrawal((), (STUDIO,)))
    assert [shared.status(link) for link in links] == [404, 200]
    shown = [shared.program.get(f"/api/v1/items/{shared.items[n]}").json() for n in (0, 2)]
    assert [each["withdrawn"] for each in shown] == [True, False]


def test_what_nobody_asks_about_any_more_is_not_shown(shared: Shared) -> None:
    link = shared.links()[0]
    with shared.database.transaction() as session:
        enqueue(session, DATASET, [], frozenset(shared.assets[1:]))
    assert shared.status(link) == 404


def test_a_link_keeps_its_address_for_a_while() -> None:
    made = {LINKS.make(ITEM, THUMB, NOW + seconds) for seconds in range(300)}
    assert len(made) <= 2
    assert all(LONGEST_S - 300 <= each.until - NOW <= LONGEST_S + 300 for each in made)


@given(
    item=st.sampled_from([ITEM, "b" * 32]),
    size=st.sampled_from([THUMB, VIEW]),
    until=st.one_of(st.just(""), st.text(max_size=14), st.integers(0, 10**12).map(str)),
    signature=st.one_of(st.just(""), st.text(max_size=70)),
    seconds=st.integers(0, LONGEST_S - 1),
)
def test_only_what_was_signed_is_believed_and_only_for_its_time(
    item: str, size: int, until: str, signature: str, seconds: int
) -> None:
    link = LINKS.make(ITEM, THUMB, NOW)
    good = parse_qs(urlsplit(link.path).query)
    sent = until or good["until"][0], signature or good["signature"][0]
    same = (item, size, *sent) == (ITEM, THUMB, good["until"][0], good["signature"][0])
    left = LINKS.left(item, size, *sent, NOW + seconds)
    assert left == (max(0, link.until - int(NOW) - seconds) if same else 0)
