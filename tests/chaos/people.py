"""People who rule, undo, take down and withdraw over HTTP, and remember what they were answered.

Whoever gets no answer asks again, as a browser's user would, until there is one. What was answered
with success is ``acknowledged``; what was sent and never answered may or may not have happened.
"""

from __future__ import annotations

import random
import re
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from models.accounts.api_tokens import make_token, scopes_for
from models.accounts.keeping import create_account, set_password_hash
from models.accounts.passwords import hash_password
from models.accounts.roles import Role
from models.store.database import Database

PASSWORD = "seven umbrellas in the rain"
REVIEWER, OPS, OWNER = "mika", "rin", "aoi"
_REASONS = {"approve": "ordinary_word", "exclude": "names_protected"}


@dataclass(slots=True)
class Acknowledged:
    """What people were told is done, over all rounds.

    Attributes:
        rulings: item, version and ruling by the ruling's id.
        undone: ids of rulings.
        takedowns: assets, with the database's time of the acknowledgement.
        withdrawals: the asset by the form's id.
        unanswered: item and version of rulings, ids of undone rulings, assets and forms of which
            nobody knows whether they happened.
        refused: answers other than success, by status.
    """

    rulings: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)
    takedowns: set[str] = field(default_factory=set)
    withdrawals: dict[str, str] = field(default_factory=dict)
    unanswered: set[object] = field(default_factory=set)
    refused: dict[int, int] = field(default_factory=dict)
    lost: int = 0

    @property
    def count(self) -> int:
        """How much was acknowledged."""
        done = (self.rulings, self.undone, self.takedowns, self.withdrawals)
        return sum(map(len, done))


def put_people(database: Database) -> dict[str, str]:
    """Accounts, and a token of each that uses the API, by name."""
    tokens = {}
    with database.transaction() as session:
        for name, role in ((REVIEWER, Role.REVIEWER), (OPS, Role.LEAD), (OWNER, Role.OWNER)):
            account = create_account(session, name, role, "test")
            if role is Role.OWNER:
                set_password_hash(session, account.id, hash_password(PASSWORD), "test")
            else:
                made = make_token(session, account, "chaos", scopes_for(account), 30, name)
                tokens[name] = made[0]
    return tokens


class People(threading.Thread):
    """They act until they are told to stop; what is under way is asked for until it is answered."""

    def __init__(
        self,
        address: str,
        tokens: dict[str, str],
        known: Acknowledged,
        assets: Sequence[str],
        chance: random.Random,
    ) -> None:
        super().__init__(name="people", daemon=True)
        self._address, self._tokens, self._known = address, tokens, known
        self._assets, self._chance = list(assets), chance
        self._ended, self._gave_up = threading.Event(), False
        self.failure: Exception | None = None

    def run(self) -> None:
        """Act, with short pauses."""
        try:
            while not self._ended.is_set():
                self._act()
                time.sleep(self._chance.uniform(0, 0.15))
        except (AssertionError, httpx.HTTPError, KeyError, ValueError) as error:
            self.failure = error

    def stop(self, seconds: float) -> bool:
        """Let them finish; False if they still wait for an answer after so many seconds."""
        self._ended.set()
        self.join(seconds)
        finished = not self.is_alive()
        self._gave_up = True
        self.join(60)
        return finished

    def _act(self) -> None:
        drawn = self._chance.random()
        if drawn < 0.80:
            self._rule()
        elif drawn < 0.92:
            self._undo()
        elif drawn < 0.98 and len(self._known.takedowns) < len(self._assets) // 3:
            self._take_down()
        elif len(self._known.withdrawals) < len(self._assets) // 6:
            self._withdraw()

    def _rule(self) -> None:
        leased = self._ask(REVIEWER, "leases", {})
        if leased is None or leased.status_code != 200:
            return
        item = leased.json()
        ruling = self._chance.choice(sorted(_REASONS))
        sent = {
            "lease_token": item["lease"]["token"],
            "item_version": item["version"],
            "ruling": ruling,
            "reason_code": _REASONS[ruling],
        }
        place = (item["id"], item["version"])
        self._known.unanswered.add(place)
        answer = self._ask(REVIEWER, f"items/{item['id']}/ruling", sent)
        if answer is None:
            return
        if answer.status_code == 200:
            made = answer.json()["ruling_id"]
        elif answer.status_code == 409 and "ruling" in answer.json():
            made = answer.json()["ruling"]["id"]  # an answer was lost, and the ruling was not
        else:
            assert answer.status_code in (404, 409), answer.text
            self._known.unanswered.discard(place)
            return
        self._known.rulings[made] = (*place, ruling)
        self._known.unanswered.discard(place)

    def _undo(self) -> None:
        standing = sorted(self._known.rulings.keys() - self._known.undone)
        if not standing:
            return
        wanted = self._chance.choice(standing)
        self._known.unanswered.add(wanted)
        answer = self._ask(REVIEWER, f"rulings/{wanted}/undo", None)
        if answer is not None and answer.status_code == 200:
            self._known.undone.add(wanted)
            self._known.unanswered.discard(wanted)
        elif answer is not None and not answer.extensions["again"]:
            self._known.unanswered.discard(wanted)

    def _take_down(self) -> None:
        asset = self._chance.choice(self._assets)
        self._known.unanswered.add(asset)
        answer = self._ask(OPS, "takedowns", {"asset_id": asset, "requested_by": "Studio"})
        if answer is not None:
            assert answer.status_code in (200, 201), answer.text
            self._known.takedowns.add(asset)
            self._known.unanswered.discard(asset)

    def _withdraw(self) -> None:
        asset, form = self._chance.choice(self._assets), uuid.uuid4().hex
        self._known.unanswered.add(form)
        answer = self._until_answered(lambda: self._send_withdrawal(asset, form))
        if answer is not None:
            assert answer.headers["location"].startswith(f"/requests/{form}"), answer.headers
            self._known.withdrawals[form] = asset
            self._known.unanswered.discard(form)

    def _send_withdrawal(self, asset: str, form: str) -> httpx.Response:
        with httpx.Client(base_url=self._address, timeout=60) as browser:
            answer = self._send(browser, "/sign-in", name=OWNER, password=PASSWORD, next="/help")
            if answer.status_code != 303:
                return answer
            purposes = ("generative_training", "inference", "data_mining", "ai_training")
            return self._send(
                browser, "/requests/withdraw", form=form, asset=asset, purpose=purposes[:1]
            )

    def _send(self, browser: httpx.Client, action: str, **fields: Any) -> httpx.Response:
        page = browser.get("/sign-in" if action == "/sign-in" else "/requests/new")
        if page.status_code >= 500:
            return page
        if (found := re.search(r'name="csrf" value="(\w+)"', page.text)) is None:
            raise ValueError(f"{page.status_code}: no form")
        return browser.post(action, data={"csrf": found[1], **fields})

    def _ask(self, who: str, what: str, body: dict[str, Any] | None) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        where = f"{self._address}/api/v1/{what}"
        return self._until_answered(
            lambda: httpx.post(where, json=body, headers=headers, timeout=60)
        )

    def _until_answered(self, send: Callable[[], httpx.Response]) -> httpx.Response | None:
        """An answer that is none of a server in trouble; None if they gave up before."""
        again = False
        while not self._gave_up:
            try:
                answer = send()
            except httpx.TransportError:
                self._known.lost += 1
            else:
                if answer.status_code < 500:
                    answer.extensions["again"] = again
                    return answer
                refused = self._known.refused
                refused[answer.status_code] = refused.get(answer.status_code, 0) + 1
            again = True
            time.sleep(0.2)
        return None
