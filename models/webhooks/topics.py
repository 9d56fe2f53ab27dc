"""What can be told, and which facts leave the house with it: ids, digests, counts and codes.

Captions, notes and names stay here. Where a fact is somebody's name, their pseudonym goes out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models.canonical import canonical_json

TEST = "webhook.test"
"""Sent on request, to one webhook."""

_LONGEST = 200
_ALONG = ("came_with", "came_with_item")
_RULED = ("ruling_id", "item_id", "item_version", "dataset", "asset_id", "question", "ruling")


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of event.

    Attributes:
        name: what receivers know it by.
        about: what has happened, in a sentence.
        facts: keys of the posted payload that are told.
        person: the key that holds somebody's name, or "".
        posted_as: the name under which the outbox knows it.
    """

    name: str
    about: str
    facts: tuple[str, ...]
    person: str = ""
    posted_as: str = ""


TOPICS: tuple[Topic, ...] = (
    Topic(
        "ruling.taken",
        "A reviewer ruled on an item.",
        (*_RULED, "reason_code", "ruled_ms", *_ALONG),
        "reviewer",
        "ruling",
    ),
    Topic(
        "ruling.undone",
        "A ruling is no longer in force; its item is open again.",
        ("ruling_id", "item_id", "item_version", "ruling", "came_with"),
        "reviewer",
        "ruling_undone",
    ),
    Topic(
        "item.waits",
        "An item waits for somebody in particular: second, adjudication, lead or owner.",
        ("item_id", "waits_for"),
        posted_as="item_waits",
    ),
    Topic(
        "owner.answered",
        "An owner answered what was asked about an item.",
        ("item_id", "question"),
        posted_as="owner_answered",
    ),
    Topic(
        "takedown.acknowledged",
        "An owner's takedown request is in force.",
        ("asset_id", "acknowledged_ms"),
    ),
    Topic(
        "release.published",
        "A dataset has a new release.",
        (
            *("release_id", "dataset", "number", "manifest_sha256", "exclusions_sha256"),
            *("cleared", "removed"),
        ),
    ),
    Topic(
        "release.proposed",
        "A release was built and waits to be signed off.",
        (
            *("release_id", "dataset", "number", "manifest_sha256", "cleared", "removed"),
            "needed",
        ),
    ),
    Topic(
        "release.signed",
        "Somebody approved a proposed release.",
        ("release_id", "dataset", "number", "approvals", "needed"),
        "signer",
    ),
    Topic(
        "release.refused", "A proposed release was refused.", ("release_id", "dataset", "number")
    ),
    Topic(
        "request.acknowledged",
        "An owner's request was acknowledged.",
        ("request_id", "kind"),
    ),
    Topic("request.settled", "An owner's request was decided.", ("request_id", "kind", "ruling")),
    Topic("request.ended", "An owner's request is over.", ("request_id", "kind", "asset_id")),
    Topic("alert.raised", "Something needs a person.", ("kind",)),
    Topic("alert.cleared", "What needed a person is over.", ("kind",)),
    Topic("run.finished", "A run ended well.", ("run_id", "dataset", "release_id")),
    Topic("run.failed", "A run ended with an error.", ("run_id", "dataset")),
)
NAMES: tuple[str, ...] = tuple(topic.name for topic in TOPICS)
_BY_POSTED: Mapping[str, Topic] = {topic.posted_as or topic.name: topic for topic in TOPICS}


def find_topic(posted_as: str) -> Topic | None:
    """The topic of what was posted, or None where it is told to nobody."""
    return _BY_POSTED.get(posted_as)


def read_payload(payload: str) -> dict[str, Any]:
    """What was posted; nothing where it cannot be read."""
    try:
        value = json.loads(payload)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def choose_facts(topic: Topic, payload: Mapping[str, Any], pseudonym: str) -> dict[str, Any]:
    """The facts that are told: those that the topic names, as far as they are short and plain."""
    told = {key: payload[key] for key in topic.facts if _is_plain(payload.get(key))}
    if topic.person:
        told[topic.person] = pseudonym
    return told


def write_body(event_id: str, topic: str, number: int, at_ms: int, facts: Mapping[str, Any]) -> str:
    """The body of a delivery: canonical JSON, the same at every attempt.

    Args:
        number: which event of the webhook this is, counted from 1.
        at_ms: when it happened.
    """
    moment = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    said = {
        "id": event_id,
        "type": topic,
        "timestamp": moment.replace("+00:00", "Z"),
        "number": number,
        "data": dict(facts),
    }
    return canonical_json(said).decode()


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST
    return isinstance(value, bool | int)
