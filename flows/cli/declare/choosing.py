"""The options by which an owner chooses, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import click

from models.consent.purposes import Preference, Purpose

EVERYTHING = "all"

_NAMES = (*(purpose.value for purpose in Purpose), EVERYTHING)
_Function = TypeVar("_Function", bound=Callable[..., None])


def choice_options(function: _Function) -> _Function:
    """``--allow``, ``--refuse`` and ``--constrain``."""
    for option, does in (
        ("--constrain", "Allow this use under the conditions of a licence"),
        ("--refuse", "Refuse this use"),
        ("--allow", "Allow this use"),
    ):
        function = click.option(
            option,
            multiple=True,
            type=click.Choice(_NAMES),
            metavar="USE",
            help=f"{does}; may be repeated.",
        )(function)
    return function


def choose(
    allow: Sequence[str], refuse: Sequence[str], constrain: Sequence[str]
) -> dict[Purpose, Preference]:
    """The owner's choice by purpose. ``all`` stands for the purposes that no option names.

    Raises:
        KiyomeError: nothing is chosen, or one purpose gets two answers.
    """
    from models.errors import KiyomeError

    chosen: dict[Purpose, Preference] = {}
    rest: list[Preference] = []
    for preference, names in (
        (Preference.ALLOWED, allow),
        (Preference.NOT_ALLOWED, refuse),
        (Preference.CONSTRAINED, constrain),
    ):
        if EVERYTHING in names:
            rest.append(preference)
        for name in names:
            if name != EVERYTHING and (
                chosen.setdefault(Purpose(name), preference) is not preference
            ):
                raise KiyomeError(
                    f"{name} is given two answers that contradict each other.",
                    "Name it in one of --allow, --refuse and --constrain.",
                )
    if len(rest) > 1:
        raise KiyomeError(
            "'all' is given two answers that contradict each other.",
            "Give 'all' once, and name the exceptions: --refuse all --allow inference.",
        )
    for purpose in Purpose if rest else ():
        chosen.setdefault(purpose, rest[0])
    if not chosen:
        raise KiyomeError(
            "Nothing was chosen.",
            f"Give --refuse all, or one of {', '.join(_NAMES)} with --allow, --refuse or "
            "--constrain.",
        )
    return chosen


def describe_difference(
    chosen: Mapping[Purpose, Preference], read: Mapping[Purpose, Preference]
) -> Iterator[str]:
    """What will be read of the choice, a line a purpose, and where that is not what was chosen."""
    for purpose in Purpose:
        wanted = chosen.get(purpose, Preference.UNKNOWN)
        found = read.get(purpose, Preference.UNKNOWN)
        note = ""
        if found is Preference.UNKNOWN and wanted is not found:
            note = "  (it cannot be said in this form on its own: nobody may take that for a yes)"
        elif found is not wanted and wanted is Preference.UNKNOWN:
            note = "  (what you chose includes it in this form)"
        elif found is not wanted:
            note = "  (this form can only say it so)"
        if found is not Preference.UNKNOWN or note:
            shown = "not said" if found is Preference.UNKNOWN else found.value
            yield f"  {purpose.value}: {shown}{note}"
