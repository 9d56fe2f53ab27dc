"""``noai``, ``noimageai`` and ``noml`` in ``X-Robots-Tag`` headers and robots ``<meta>`` elements.

The words come from DeviantArt (2022) and have no standard; the header's syntax is Google's
("Robots meta tag, data-nosnippet, and X-Robots-Tag specifications"). They refuse training of both
kinds and inference. No directive permits: ``all`` and ``index`` are about search.

A directive may be addressed: ``X-Robots-Tag: otherbot: noai``. One for everyone, for us, for an AI
agent, or for an agent that we do not know refuses. One for a known search engine is noted only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from models.consent.purposes import Purpose
from models.consent.statements import Statement
from models.consent.web.capture import WebEvidence
from models.consent.web.robots_agents import Role, addressees_in, plain_name
from models.consent.web.robots_readings import (
    Reading,
    read_headers,
    read_page_meta,
    statement_of,
)
from models.consent.web.robots_refusals import (
    TRAINING,
    find_loose_refusals,
    plain_text,
    refuse,
)

CARRIER = "robots-tag"
REFUSED = (Purpose.INFERENCE, *TRAINING)
_HEADER_NAMES = ("x-robots-tag", "x-robots", "robots-tag", "robots")

# The words in whatever dress: NoAI, no-ai, no_ai, "no ai", no-ai-training, noimageai, noml.
_REFUSAL = re.compile(
    r"(?<![a-z0-9])(?:no|dont|do[-_ ]?not)[-_ ]{0,3}"
    r"(?:(?:gen|generative|image)?[-_ ]{0,3}ai(?:[-_ ]{0,3}train(?:ing)?)?"
    r"|ml|llm|machine[-_ ]{0,3}learning|train(?:ing)?)(?![a-z0-9])"
)
# Directives with a value, whose colon names no agent.
_WITH_VALUE = frozenset(
    ("unavailableafter", "maxsnippet", "maximagepreview", "maxvideopreview", "maxage", "indexnow")
)
_PLAIN_DIRECTIVES = frozenset(
    (
        *("all", "none", "index", "follow", "noindex", "nofollow", "noarchive", "nocache"),
        *("nosnippet", "indexifembedded", "notranslate", "noimageindex", "noodp", "noydir"),
    )
)
_TO_EVERYONE = frozenset(("robots", "robot", "xrobotstag", "robotstag", "everyone"))
_AGENT = re.compile(r"[a-z*][\w\-./*]{0,59}")
_ENDS = re.compile(r"[,;\r\n]")
# A whole item that is one of the words: enough to be believed under a name that is no agent's.
_COMPACT = re.compile(r"(?:^|[,;])\s{0,8}no[-_]?(?:image|gen)?[-_]?(?:ai|ml)\s{0,8}(?:$|[,;])")
_BOT_NAME = re.compile(r"bot|crawler|spider|robots")


@dataclass(frozen=True, slots=True)
class Directive:
    """One word about AI.

    Attributes:
        word: as it was written, in lower case.
        agent: whom it addresses, as written; "" for everyone.
        refuses: it counts for us; False for a word to a search engine alone.
    """

    word: str
    agent: str = ""
    refuses: bool = True


def read_robots_tags(evidence: WebEvidence) -> list[Statement]:
    """What ``X-Robots-Tag`` headers of the image and its page, and the page's metas, say on AI."""
    return [
        *read_headers(
            evidence, CARRIER, _HEADER_NAMES, lambda values: _reading_of(directives_in(values))
        ),
        *read_page_meta(
            evidence,
            lambda page, pairs: read_robots_meta(
                pairs, page.url, observed_at=page.captured_at, evidence=page.body or b""
            ),
        ),
    ]


def read_robots_meta(
    pairs: Iterable[tuple[str, str]],
    source: str,
    *,
    observed_at: int | None = None,
    evidence: bytes = b"",
) -> list[Statement]:
    """What the robots ``<meta>`` elements of the image's page say about AI.

    Args:
        pairs: name, property or http-equiv in lower case, and content.
        source: the page, for a reader.
        observed_at: when the page was read, UTC seconds.
        evidence: the page's bytes.
    """
    found: dict[Directive, None] = {}
    for name, content in pairs:
        if plain_name(name) in _TO_EVERYONE:
            found.update(dict.fromkeys(directives_in([content])))
        elif _REFUSAL.fullmatch(plain_text(name).strip()):
            found[Directive(name.strip().casefold())] = None
        elif _is_agent_name(name) or _COMPACT.search(plain_text(content)):
            found.update(dict.fromkeys(directives_in([content], agent=name)))
    reading = _reading_of(tuple(found))
    if reading.is_silent:
        return []
    name = f"{source} (robots meta)"
    return [statement_of(reading, CARRIER, name, observed_at=observed_at, evidence=evidence)]


def directives_in(values: Iterable[str], agent: str = "") -> tuple[Directive, ...]:
    """Every directive about AI in header values or meta contents, each once.

    Args:
        values: one for each header line or element. An ``agent:`` prefix scopes the rest of its
            line. Software that joins header lines with commas makes one of several, so that after
            a prefix for a search engine only the first directive is sure to be meant for it; a
            later refusal counts.
        agent: whom all of it addresses, where the element's name says so.
    """
    found: dict[Directive, None] = {}
    for value in values:
        scope, sure = agent, bool(agent)
        for to, text, words in _scoped_parts(value):
            if to is not None:
                scope, sure = to, True
            for word in words:
                found[Directive(word, scope, _counts(scope) or not sure)] = None
            # An element's name holds for all of its content, a prefix surely for one directive.
            sure = sure and (bool(agent) or not text.strip())
    return tuple(found)


def _scoped_parts(value: str) -> Iterator[tuple[str | None, str, list[str]]]:
    """The parts of one line between commas and colons.

    Yields:
        The agent that the part newly addresses (None: the same as before), its text, and the
        refusals in it.
    """
    plain = plain_text(value)
    if not _REFUSAL.search(plain) and not find_loose_refusals(plain):
        return
    for part in _ENDS.split(plain):
        to: str | None = None
        pieces = part.split(":")
        for number, text in enumerate(pieces, 1):
            if not text or text.isspace():
                continue
            *before, last = text.split()
            addresses = number < len(pieces) and _is_prefix(last)
            own = " ".join(before) if addresses else text
            yield to, own, [match[0] for match in _REFUSAL.finditer(own)]
            to = None
            if addresses:
                to = "" if plain_name(last) in _TO_EVERYONE or last == "*" else last
        if loose := find_loose_refusals(part):
            yield to, "", [f"{key}: no" for key in loose]


def _is_prefix(word: str) -> bool:
    """Whether the word before a colon is an agent's name."""
    name = plain_name(word)
    return (
        _AGENT.fullmatch(word) is not None
        and name not in _WITH_VALUE
        and name not in _PLAIN_DIRECTIVES
        and not _REFUSAL.search(word)
    )


def _counts(agent: str) -> bool:
    return not agent or any(a.role is not Role.SEARCH for a in addressees_in(agent))


def _is_agent_name(name: str) -> bool:
    roles = {addressee.role for addressee in addressees_in(name)}
    return bool(roles - {Role.UNKNOWN}) or _BOT_NAME.search(name.casefold()) is not None


def _reading_of(directives: Sequence[Directive]) -> Reading:
    notes = []
    for directive in directives:
        to = f" to {directive.agent}" if directive.agent else ""
        aside = "" if directive.refuses else ": not for us"
        notes.append(f"{directive.word}{to}{aside}")
    refused = any(directive.refuses for directive in directives)
    return Reading(refuse(REFUSED) if refused else {}, tuple(notes))
