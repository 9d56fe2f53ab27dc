"""Content Signals: ``Content-Signal: search=yes, ai-train=no`` in robots.txt and as a header.

The policy text is that of contentsignals.org (2025-09; ``use=`` since 2026-07), also written down
in draft-romm-aipref-contentsignals-00. ``yes`` permits, ``no`` refuses, a missing signal says
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement
from models.consent.web.capture import WebEvidence
from models.consent.web.robots_agents import plain_name
from models.consent.web.robots_groups import Field
from models.consent.web.robots_readings import Reading
from models.consent.web.robots_refusals import (
    TRAINING,
    add_preferences,
    find_loose_refusals,
    refuse,
)
from models.consent.web.robots_usage import UsageSignal, read_usage

CARRIER = "content-signal"

SIGNALS: dict[str, tuple[Purpose, ...]] = {
    "ai-train": TRAINING,
    "ai-input": (Purpose.INFERENCE,),
    "search": (),
}
_ODD_SIGNALS = {
    **{plain_name(key): key for key in SIGNALS},
    **dict.fromkeys(("trainai", "aitraining", "training", "train"), "ai-train"),
    **dict.fromkeys(("inputai", "aiuse", "inference"), "ai-input"),
}
# How much of the content a system may keep. Whoever allows no more than an excerpt with a link
# does not allow a copy in a training set.
_LIMITED_USES = ("immediate", "reference")
_PAIR = re.compile(r"(?<![\w\-])([\w\-]{1,40})(?:\s{0,8}[=:]\s{0,8}|$)([^\s,;]*)")
_ITEM_ENDS = re.compile(r"[,;]")


def read_content_signals(evidence: WebEvidence) -> list[Statement]:
    """What headers, robots.txt and the page's metas say in content signals."""
    return read_usage(evidence, CONTENT_SIGNAL)


def read_content_signal(values: Sequence[str]) -> Reading:
    """What ``Content-Signal`` lines say; of contradicting values the more restrictive counts.

    A value of a known signal that is neither ``yes`` nor ``no`` is read as ``no`` and flagged.
    """
    preferences: dict[Purpose, Preference] = {}
    notes: list[str] = []
    limited = ""
    text = ", ".join(values)
    for item in _ITEM_ENDS.split(text):
        for key, value in _PAIR.findall(item.strip()):
            name = key.casefold()
            word = value.strip("\"'?()").casefold()
            if name == "use" and word in _LIMITED_USES:
                limited = word
            signal = name if name in SIGNALS else _ODD_SIGNALS.get(plain_name(name), "")
            if not signal or not SIGNALS[signal]:
                continue
            preference = Preference.ALLOWED if value.casefold() == "yes" else Preference.NOT_ALLOWED
            if preference is Preference.ALLOWED and name not in SIGNALS:
                notes.append(f"{key}={value} does not permit: the signal is called {signal}")
                continue
            if preference is Preference.NOT_ALLOWED and value.casefold() != "no":
                notes.append(f"{key} has the unknown value {value!r}: read as no")
            add_preferences(preferences, dict.fromkeys(SIGNALS[signal], preference))
    for key, purposes in find_loose_refusals(text).items():
        meant = SIGNALS[_ODD_SIGNALS[key]] if key in _ODD_SIGNALS else purposes
        if any(preferences.get(p) is not Preference.NOT_ALLOWED for p in meant):
            add_preferences(preferences, refuse(meant))
            notes.append(f"{key} is refused in an odd spelling: {text}")
    if limited and not any(p in preferences for p in TRAINING):
        add_preferences(preferences, refuse(TRAINING))
        notes.append(f"use={limited} allows no copy that could be trained on")
    return Reading(preferences, tuple(notes))


CONTENT_SIGNAL = UsageSignal(
    CARRIER,
    ("content-signal", "x-content-signal", "content-signals"),
    Field.CONTENT_SIGNAL,
    read_content_signal,
)
"""Where content signals stand, and how they are read."""
