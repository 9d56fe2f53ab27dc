"""robots.txt (RFC 9309): whether the owner keeps agents that gather for AI away from the image.

A ``Disallow`` is about fetching and says nothing about use, with one exception. Whoever names
GPTBot, CCBot or Google-Extended and disallows a path has no other way in this file to say "no AI
training", and names agents because there was no general word. So a group that is addressed by name
to an agent that gathers for training, and covers the image's path, refuses training by anyone. One
that names an assistant (ChatGPT-User) refuses inference. An ``Allow`` permits fetching and grants
nothing. A group for ``*`` concerns the fetcher (``models.fetching.robots_gate``) and is only noted.

``Content-Usage`` and ``Content-Signal`` lines are read in ``aipref`` and ``content_signals``.
"""

from __future__ import annotations

from models.consent.purposes import Purpose
from models.consent.statements import Condition, Statement
from models.consent.web.capture import WebEvidence
from models.consent.web.robots_agents import Role, spell
from models.consent.web.robots_groups import RobotsFile, parse_groups
from models.consent.web.robots_paths import NO_MATCH, PathMatcher
from models.consent.web.robots_readings import Reading, read_site_files
from models.consent.web.robots_refusals import TRAINING, refuse
from models.consent.web.robots_text import decode_site_text

CARRIER = "robots-txt"
_REFUSED: dict[Role, tuple[Purpose, ...]] = {
    Role.TRAINING: TRAINING,
    Role.ASSISTANT: (Purpose.INFERENCE,),
}
_NAMED = 8


def read_robots_txt(evidence: WebEvidence) -> list[Statement]:
    """What robots.txt says to agents that gather for AI about the image's path."""
    return read_site_files(evidence, CARRIER, "/robots.txt", read_robots)


def read_robots(body: bytes, url: str) -> Reading:
    """What the robots.txt in ``body`` says about the path of ``url``.

    A web page in its place is the site's way of saying "not found", and is noted as such, unless
    there are refusing lines in it.
    """
    content = decode_site_text(body)
    file = parse_groups(content.text)
    kept_out = disallowed_agents(file, url)
    refused = sorted({r for r in kept_out.values() if r in _REFUSED}, key=list(Role).index)
    preferences = refuse(*(_REFUSED[role] for role in refused))
    notes = []
    for role in refused:
        names = [spell(name) for name, r in kept_out.items() if r is role]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        notes.append(f"{role.value} agents may not fetch this: {', '.join(names[:_NAMED])}{more}")
    if not refused and Role.EVERYONE in kept_out.values():
        notes.append("no agent may fetch this; that alone says nothing about AI")
    condition = Condition.SOUND
    if not content.is_whole:
        condition = Condition.UNDETERMINED
    if not content.is_text:
        condition = Condition.MALFORMED
        notes.append("the file is not text")
    if content.is_html:
        notes.append("a web page stands where robots.txt should be: read as no robots.txt")
        condition = Condition.MALFORMED if preferences else Condition.SOUND
    if not notes and condition is Condition.SOUND:
        return Reading()
    return Reading(preferences, (*notes, *content.notes), condition)


def disallowed_agents(file: RobotsFile, url: str) -> dict[str, Role]:
    """The agents, by plain name, that the groups addressed to them keep from ``url``.

    Groups for one agent count together, and the longest matching pattern decides (RFC 9309,
    section 2.2.2). Where a ``Disallow`` and an ``Allow`` are equally long this takes the
    ``Disallow``: the file contradicts itself, and here that is not about crawling.
    """
    matcher = PathMatcher(url)
    reach: dict[str, tuple[int, int]] = {}
    roles: dict[str, Role] = {}
    for group in file.groups:
        disallow, allow = matcher.longest(group.rules)
        for addressee in group.addressees:
            before = reach.get(addressee.name, (NO_MATCH, NO_MATCH))
            reach[addressee.name] = (max(before[0], disallow), max(before[1], allow))
            roles[addressee.name] = addressee.role
    return {
        name: roles[name]
        for name, (disallow, allow) in reach.items()
        if disallow != NO_MATCH and disallow >= allow
    }
