"""What every route needs: the database, the pictures, sessions, and how a page is rendered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.accounts.records import any_accounts
from models.accounts.roles import Role
from models.accounts.sessions import LONGEST_MS, TOKEN, find_session, touch_session
from models.fetching.addresses import AddressRules
from models.motifs.placement import read_number
from models.review.desk import Desk
from models.review.golden_items import GoldenShare
from models.review.listing import DatasetCounts
from models.review.viewing import Viewer
from models.store.database import Database
from review_ui.chain_check import ChainCheck
from review_ui.kept import Kept, WaitingCounts, keep_counts, keep_desk
from review_ui.language import LANGUAGE_COOKIE, LANGUAGES, Words, choose_language
from review_ui.own_files import VersionedLinks
from review_ui.picture_links import PictureLinks
from review_ui.security import (
    BEGAN_SECONDS,
    SESSION_COOKIE,
    SESSION_SECONDS,
    Began,
    Sessions,
    Visitor,
)

if TYPE_CHECKING:
    from models.captions.looking import CaptionLook
    from review_ui.provider import Provider
    from review_ui.wallets import Wallets

HERE = Path(__file__).parent
_FARTHEST = 1e6
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Site:
    """The parts that all routes share.

    Attributes:
        database: where the queue is.
        derivatives: folder of the pictures that may be shown.
        workspace: where the originals of references are kept.
        max_pixels: an uploaded picture with more is refused.
        sessions: signs what a browser keeps.
        templates: the pages.
        address: where browsers reach the page: the only thing that links are made from.
        provider: where people may sign in instead of with a password.
        new_role: role of an account that is made at a first sign-in there.
        wallets: which wallets may sign in, and the chains that are asked about contracts.
        webhook_rules: which addresses webhooks may be sent to.
        webhook_days: how long a delivery is tried before it is given up.
        look: looks for names in captions while they are written; None where nothing does.
        golden: which share of what a reviewer gets has a known answer; None where none has.
        answer_days: how long an owner has to answer a question.
        due_days: within how many days an item should be decided.
        counts: how many items of each dataset are in which state.
        waiting: how many items of one dataset wait, for the heading of an item's page.
        desk: the figures of the lead's desk.
        chain: verifies the audit chain.
    """

    database: Database
    derivatives: Path
    workspace: Path
    max_pixels: int
    sessions: Sessions
    templates: Environment
    address: str = "http://127.0.0.1"
    provider: Provider | None = None
    new_role: Role | None = None
    wallets: Wallets | None = None
    webhook_rules: AddressRules = field(default_factory=AddressRules)
    webhook_days: int = 3
    look: CaptionLook | None = None
    golden: GoldenShare | None = None
    answer_days: int = 14
    due_days: int = 7
    counts: Kept[tuple[DatasetCounts, ...]] = field(default_factory=keep_counts)
    waiting: WaitingCounts = field(default_factory=WaitingCounts)
    desk: Kept[Desk] = field(default_factory=keep_desk)
    chain: ChainCheck = field(default_factory=ChainCheck)

    @property
    def picture_links(self) -> PictureLinks:
        """Makes and checks links to pictures that work without a session."""
        return PictureLinks(self.sessions.picture_key)

    @property
    def secure(self) -> bool:
        """Whether browsers reach the page over https."""
        return self.address.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session cookie's name; with the prefix, no other host can have set it."""
        return f"__Host-{SESSION_COOKIE}" if self.secure else SESSION_COOKIE

    def visitor(self, request: Request) -> Visitor | None:
        """Whose request it is, as far as its cookie proves it. Looked up once a request."""
        if not hasattr(request.state, "visitor"):
            # What is shown where this fails is a page without a visitor.
            request.state.visitor = None
            request.state.visitor = self._find_visitor(request.cookies.get(self.cookie, ""))
        return cast("Visitor | None", request.state.visitor)

    def _find_visitor(self, cookie: str) -> Visitor | None:
        if not TOKEN.fullmatch(cookie):
            visitor = self.sessions.read(cookie)
            if visitor and visitor.reviewer and self.has_accounts():
                return Visitor("", visitor.nonce)
            return visitor
        with self.database.snapshot() as session:
            found = find_session(session, cookie)
        if found is None:
            return None
        if found.stale:
            with self.database.transaction() as session:
                touch_session(session, found.id)
        return Visitor(found.account.name, found.id, found.account, found.id)

    def viewer(self, visitor: Visitor) -> Viewer:
        """Somebody as the review queue knows them."""
        tested = self.golden is not None
        return Viewer(visitor.reviewer, visitor.may("adjudicate"), tested)

    def golden_for(self, visitor: Visitor) -> GoldenShare | None:
        """How often somebody gets golden items: whoever marks them does not."""
        return None if visitor.account is None or visitor.may("mark_golden") else self.golden

    def has_accounts(self) -> bool:
        """Whether there are accounts: then nobody signs in with a name alone."""
        with self.database.snapshot() as session:
            return any_accounts(session)

    def words(self, request: Request, visitor: Visitor | None = None) -> Words:
        """The words in the visitor's language."""
        chosen = visitor.account.language if visitor and visitor.account else ""
        cookie = chosen or request.cookies.get(LANGUAGE_COOKIE)
        return Words(choose_language(cookie, request.headers.get("accept-language", "")))

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        visitor: Visitor | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A page. Half a surrogate pair, which UTF-8 cannot carry, is shown as U+FFFD."""
        visitor = visitor or self.visitor(request)
        words = self.words(request, visitor)
        here = request.url.path if request.method == "GET" else ""
        text = self.templates.get_template(template).render(
            t=words,
            visitor=visitor,
            csrf=self.sessions.csrf_token(visitor) if visitor else "",
            languages=LANGUAGES,
            here=here,
            path=request.url.path,
            **values,
        )
        return HTMLResponse(
            _SURROGATES.sub("\ufffd", text),
            status,
            {"Content-Language": words.language, "Vary": "Cookie, Accept-Language"},
        )

    def remember(self, response: Response, visitor: Visitor) -> None:
        """Put a visitor without an account into their browser."""
        response.set_cookie(
            self.cookie,
            self.sessions.write(visitor),
            max_age=SESSION_SECONDS,
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def keep_token(self, response: Response, token: str) -> None:
        """Put the token of a session on the server into a browser.

        ``lax``, so that a link to an item in a message opens it; forms are guarded by tokens.
        """
        response.set_cookie(
            self.cookie,
            token,
            max_age=LONGEST_MS // 1000,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def keep_began(self, response: Response, began: Began) -> None:
        """Put what was begun at the provider into the browser, until it comes back from there."""
        response.set_cookie(
            f"{self.cookie}_provider",
            self.sessions.write_began(began),
            max_age=BEGAN_SECONDS,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def find_began(self, request: Request) -> Began | None:
        """What this browser began at the provider, in the last minutes."""
        return self.sessions.read_began(request.cookies.get(f"{self.cookie}_provider", ""))

    def forget_began(self, response: Response) -> None:
        """It is good once."""
        response.delete_cookie(
            f"{self.cookie}_provider", secure=self.secure, httponly=True, samesite="lax"
        )

    def forget(self, response: Response) -> None:
        """Take the session out of a browser."""
        response.delete_cookie(self.cookie, secure=self.secure, httponly=True, samesite="lax")


def load_templates() -> Environment:
    """The templates: everything is escaped, and a name that is not there is an error."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        extensions=[VersionedLinks],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = format_moment
    environment.filters["second"] = format_second
    environment.filters["share"] = format_share
    return environment


def format_moment(milliseconds: float) -> str:
    """A time for a reader: ``2031-04-05 06:07 UTC``; the number where it is out of range."""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return str(milliseconds)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def format_second(milliseconds: float) -> str:
    """The same to the second, for what is true only just now."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def format_share(value: object) -> str:
    """A score from 0 to 1 with two places, or a dash for what is no number."""
    number = read_number(value, -_FARTHEST, _FARTHEST)
    return "–" if number is None else f"{number:.2f}"


def go(path: str, **query: str) -> RedirectResponse:
    """See other: the answer to every form that was taken."""
    tail = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items() if value)
    return RedirectResponse(f"{path}?{tail}" if tail else path, 303)


def address_of(request: Request) -> str:
    """Where a request comes from, as far as the guard believes it."""
    return request.client.host if request.client else ""


def agent_of(request: Request) -> str:
    """What the browser calls itself."""
    return request.headers.get("user-agent", "")


def get_site(request: Request) -> Site:
    """The site that a request is for."""
    return cast("Site", request.app.state.site)


async def _give_site(request: Request) -> Site:
    return get_site(request)


ThisSite = Annotated[Site, Depends(_give_site)]
