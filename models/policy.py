"""The policy: the versioned file that turns statements, findings and rulings into verdicts."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from models.canonical import digest_of
from models.consent.terms import (
    AcceptedLicense,
    ConsentPolicy,
    Contract,
    RecognisedCollection,
    RecognisedRegistry,
)
from models.errors import PolicyError
from models.nouns.conditions import (
    FINDING_DEFAULTS,
    SOURCES,
    NameLicense,
    NounsPolicy,
    SourcePolicy,
)
from models.reasons import Reason
from models.sections import Section, Text, explain_problem

Action = Literal["exclude", "review", "allow"]
RECORDED_RISK = 0.1
"""Risk of a motif below which nothing is recorded."""

__all__ = ["FINDING_DEFAULTS", "Action", "Policy", "load_policy", "parse_policy"]


class MotifsPolicy(Section):
    """What to do when a picture matches a registered motif, and from which risk on.

    Every detector's evidence is calibrated into one risk (``models.motifs.risk``): 0.5 is what one
    clean picture in a thousand reaches by accident, whichever detector and encoder said it.
    ``named_risk`` takes the place of ``risk`` where a text of the asset names what the motif
    shows, and is never above it. Nothing below ``RECORDED_RISK`` is ever recorded, so a lower
    number finds no more.
    """

    copy_action: Action = "exclude"
    contained_action: Action = "review"
    resembles_action: Literal["review", "allow"] = "review"
    risk: float = Field(default=0.5, ge=RECORDED_RISK, le=1.0)
    named_risk: float = Field(default=0.3, ge=RECORDED_RISK, le=1.0)


class ImagesPolicy(Section):
    """What to do with unusual image files."""

    animated: Action = "review"


class ReviewPolicy(Section):
    """Which items two persons have to rule on; none unless it says so.

    ``two_persons`` names reasons for which an item is asked, ``two_persons_risk`` is the risk of a
    matched motif from which on, and ``two_persons_owned`` means every item in which somebody who is
    named has a say: a statement says whose it is, or a motif or name was found that has an owner.
    """

    two_persons: tuple[Reason, ...] = ()
    two_persons_risk: float | None = Field(default=None, ge=RECORDED_RISK, le=1.0)
    two_persons_owned: bool = False


class ReleasePolicy(Section):
    """What has to happen before a release is published; nothing unless it says so.

    ``sign_off`` is ``none``, ``lead`` (one person who may sign releases) or ``two`` (two of them).
    """

    sign_off: Literal["none", "lead", "two"] = "none"

    @property
    def signatures(self) -> int:
        """How many people have to approve a release before it is published."""
        return {"none": 0, "lead": 1, "two": 2}[self.sign_off]


class Policy(Section):
    """A policy file, validated."""

    name: Text
    version: Text
    consent: ConsentPolicy = ConsentPolicy()
    nouns: NounsPolicy = NounsPolicy()
    motifs: MotifsPolicy = MotifsPolicy()
    images: ImagesPolicy = ImagesPolicy()
    review: ReviewPolicy = ReviewPolicy()
    release: ReleasePolicy = ReleasePolicy()

    @property
    def digest(self) -> str:
        """SHA-256 of what the policy says; comments and spacing of the file do not count."""
        return digest_of(self.said)

    @property
    def said(self) -> dict[str, Any]:
        """What the policy says, JSON-ready: what its digest is over.

        One that says nothing of reviewers or of signing has the digest that it had before it could.
        """
        said = self.model_dump(mode="json")
        if self.review == ReviewPolicy():
            del said["review"]
        if self.release == ReleasePolicy():
            del said["release"]
        return said

    @property
    def label(self) -> str:
        """Name, version and consent profile, as every output shows them."""
        profile: str = self.consent.profile
        if profile == "opt-out":
            profile += f" ({self.consent.opt_out_name}, until {self.consent.opt_in_target})"
        return f"{self.name} {self.version}, {profile}"


_REPLACED = {
    "motifs.copy_distance": "one 'risk' for all that is seen takes its place",
    "motifs.resembles_score": "'risk' takes its place, and means the same for every encoder",
    "motifs.named_score": "'named_risk' takes its place, and means the same for every encoder",
}
"""Settings that there were, and what to write instead."""

_SECTIONS: dict[str, type[Section]] = {
    "consent": ConsentPolicy,
    "consent.contract": Contract,
    "consent.license": AcceptedLicense,
    "consent.collection": RecognisedCollection,
    "consent.registry": RecognisedRegistry,
    "nouns": NounsPolicy,
    "nouns.license": NameLicense,
    **{f"nouns.{source}": SourcePolicy for source in SOURCES},
    "motifs": MotifsPolicy,
    "images": ImagesPolicy,
    "review": ReviewPolicy,
    "release": ReleasePolicy,
}


def load_policy(path: Path) -> Policy:
    """Read and validate a policy file.

    Raises:
        PolicyError: the file is missing, is not TOML, or holds a key or value that the policy does
            not know; the message names the line and the field, and a near spelling where one fits.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PolicyError(
            f"There is no policy file at {path}.",
            "Write one with `kiyome init`, or name another with --policy.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"The policy file {path} cannot be read: {error}.") from error
    return parse_policy(text, str(path))


def parse_policy(text: str, source: str = "policy.toml") -> Policy:
    """Validate the text of a policy file; see ``load_policy``."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{source} is not valid TOML: {error}.") from error
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        problems = "\n".join(_explain(text, source, e) for e in error.errors())
        raise PolicyError(
            f"The policy cannot be used:\n{problems}\n", "Mend it and run again."
        ) from error


def _explain(text: str, source: str, error: Any) -> str:
    path = [
        part for part in error["loc"] if not (isinstance(part, str) and part.startswith("function"))
    ]
    field = ".".join(str(part) for part in path) or "(the file)"
    message = explain_problem(error)
    if error["type"] == "extra_forbidden":
        known = _known_keys(path[:-1])
        near = difflib.get_close_matches(str(path[-1]), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
        hint = _REPLACED.get(field, hint)
        message = f"no such setting; {hint}"
    elif error["type"] == "missing":
        message = "is missing"
    line = _line_of(text, path)
    return f"  {source}:{line}: {field}: {message}"


def _known_keys(path: list[Any]) -> list[str]:
    section: type[Section] = Policy
    names = [part for part in path if isinstance(part, str)]
    for depth in range(1, len(names) + 1):
        section = _SECTIONS.get(".".join(names[:depth]), section)
    return sorted(section.model_fields)


def _line_of(text: str, path: list[Any]) -> int:
    """The line that sets ``path``, or the line of the innermost table that encloses it."""
    table: list[Any] = []
    counts: dict[str, int] = {}
    best, depth = 1, -1
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"\s*\[\[\s*([^\]]+?)\s*\]\]", line):
            name = match[1]
            counts[name] = counts.get(name, -1) + 1
            table = [*name.split("."), counts[name]]
            here = table
        elif match := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
            table = list(match[1].split("."))
            here = table
        elif match := re.match(r"\s*([A-Za-z0-9_.\"-]+)\s*=", line):
            here = [*table, *match[1].replace('"', "").split(".")]
        else:
            continue
        if path[: len(here)] == here and len(here) > depth:
            best, depth = number, len(here)
    return best
