"""The grammar of robots.txt (RFC 9309, section 2), read so that no refusal is lost.

Typing mistakes are tolerated where they can only add a refusal. A line that would permit
something has to be spelled as the standard spells it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from models.consent.web.robots_agents import Addressee, addressees_in


class Field(StrEnum):
    """The lines that matter here, by the letters of their names."""

    USER_AGENT = "useragent"
    ALLOW = "allow"
    DISALLOW = "disallow"
    CONTENT_USAGE = "contentusage"
    CONTENT_SIGNAL = "contentsignal"


_PROPER_NAMES = {
    "user-agent": Field.USER_AGENT,
    "allow": Field.ALLOW,
    "disallow": Field.DISALLOW,
    "content-usage": Field.CONTENT_USAGE,
    "content-signal": Field.CONTENT_SIGNAL,
}
_ODD_NAMES = {
    **{field.value: field for field in Field if field is not Field.ALLOW},
    **dict.fromkeys(
        ("dissallow", "dissalow", "disalow", "diasllow", "disallaw", "disallows"),
        Field.DISALLOW,
    ),
    **dict.fromkeys(("useragents", "usragent", "useragant", "usergent"), Field.USER_AGENT),
    **dict.fromkeys(("contentusages", "xcontentusage", "aicontentusage"), Field.CONTENT_USAGE),
    **dict.fromkeys(("contentsignals", "xcontentsignal"), Field.CONTENT_SIGNAL),
}
_MAX_NAME = 40
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_ODD_LINE_ENDS = re.compile("[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
# Lost line ends: "User-agent: GPTBot Disallow: /", also with "\n" written out.
_RUN_TOGETHER = re.compile(
    r"(?:\s|\\[rn])(?=(?:user-?agent|disallow|content-usage|content-signal)\s{0,4}:)", re.IGNORECASE
)
# "Disallow /private", "Disallow=/": the colon is missing, or belongs to the value.
_WITHOUT_COLON = re.compile(
    r"\W{0,8}(user[-_ ]?agent|diss?all?ow|content[-_ ]?usage|content[-_ ]?signal)"
    r"(?:[\s=]{1,8}|(?=[/*]))(\S.*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a group.

    Attributes:
        field: which line it is.
        value: what stands after the colon, without comment and outer spaces.
        proper: the line is spelled as its standard spells it; only then may it permit anything.
    """

    field: Field
    value: str
    proper: bool = True


@dataclass(slots=True)
class Group:
    """Agents and the rules for them. Without agents: rules that stand before any group."""

    addressees: dict[Addressee, None] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """A file in robots grammar, group by group in its own order."""

    groups: tuple[Group, ...]

    @property
    def is_robots_grammar(self) -> bool:
        """There is at least one proper group: an agent and a rule."""
        return any(
            group.addressees and any(rule.proper for rule in group.rules) for group in self.groups
        )

    @property
    def rules(self) -> int:
        """How many rules of any kind there are."""
        return sum(len(group.rules) for group in self.groups)


def parse_groups(text: str) -> RobotsFile:
    """Read robots grammar out of ``text``. Never fails; lines of other kinds are passed over.

    Consecutive ``User-agent`` lines share the rules that follow. Blank lines, comments and unknown
    lines change nothing about that (RFC 9309, section 2.2.4).
    """
    groups = [Group()]
    for line in _lines(text):
        rule = _read_line(line)
        if rule is None:
            continue
        if rule.field is not Field.USER_AGENT:
            groups[-1].rules.append(rule)
            continue
        if groups[-1].rules or len(groups) == 1:
            groups.append(Group())
        groups[-1].addressees.update(dict.fromkeys(addressees_in(rule.value)))
    return RobotsFile(tuple(group for group in groups if group.rules))


def _lines(text: str) -> list[str]:
    found = []
    for raw in _LINE_ENDS.split(text):
        line = raw.partition("#")[0]
        if not line or line.isspace():
            continue
        for part in _ODD_LINE_ENDS.split(line):
            found += _RUN_TOGETHER.split(part) if part.count(":") > 1 else [part]
    return found


def _read_line(line: str) -> Rule | None:
    name, colon, value = line.partition(":")
    if not colon:
        name, colon, value = line.partition("：")
    stripped = name.strip(" \t")
    if colon == ":" and stripped.lower() in _PROPER_NAMES:
        return Rule(_PROPER_NAMES[stripped.lower()], value.strip())
    if colon and len(stripped) <= _MAX_NAME and (odd := _ODD_NAMES.get(_letters(stripped))):
        return Rule(odd, value.strip(), proper=False)
    if bare := _WITHOUT_COLON.match(line):
        return Rule(_ODD_NAMES[_letters(bare[1])], bare[2].strip(), proper=False)
    return None


@lru_cache(maxsize=4096)
def _letters(text: str) -> str:
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return re.sub(r"[^a-z]", "", plain.casefold())
