"""The training and data mining assertion of C2PA and CAWG (1.0 and 1.1).

Its ``ai_training`` means non-generative training only, unlike ERC-7517's ``aiTraining``.
"""

from __future__ import annotations

import re
from typing import Any

from models.consent.purposes import Preference, Purpose, stricter
from models.consent.reading_json import printable

ENTRY_PURPOSES = {
    "data_mining": Purpose.DATA_MINING,
    "ai_inference": Purpose.INFERENCE,
    "ai_training": Purpose.NON_GENERATIVE_TRAINING,
    "ai_generative_training": Purpose.GENERATIVE_TRAINING,
}
_USES = {p.value: p for p in Preference if p is not Preference.UNKNOWN}
_LABEL = re.compile(r"(?:c2pa|cawg)\.training-mining(?:\.v\d+)?(?:__\d+)?", re.IGNORECASE)
_KEY = re.compile(r"(?:c2pa|cawg)\.(" + "|".join(ENTRY_PURPOSES) + ")")
_ODD_KEY = re.compile(r"(?:[\w-]+[.:])?(" + "|".join(ENTRY_PURPOSES) + ")", re.IGNORECASE)


def is_training_mining(label: object) -> bool:
    """Whether an assertion's label is one of this assertion, with or without an instance number."""
    return isinstance(label, str) and _LABEL.fullmatch(label) is not None


def read_entries(
    data: Any,
) -> tuple[dict[Purpose, Preference], str, bool, tuple[str, ...]]:
    """The entries of one training-mining assertion.

    Version 1.1 keeps them under ``entries``; 1.0 left that out, so the root is read too.

    Returns:
        Preferences, licence reference, whether all entries are well-formed, and notes.
    """
    preferences: dict[Purpose, Preference] = {}
    notes: list[str] = []
    license_ref = ""
    sound = True
    if not isinstance(data, dict):
        return {}, "", False, ("the assertion is not a map of entries",)
    groups = [data]
    if "entries" in data:
        if isinstance(data["entries"], dict):
            groups.append(data["entries"])
        else:
            sound = False
            notes.append("entries is not a map")
    for key, value in ((str(k), v) for group in groups for k, v in group.items()):
        proper, odd = _KEY.fullmatch(key), _ODD_KEY.fullmatch(key)
        if odd is None:
            continue
        use = value.get("use") if isinstance(value, dict) else value
        purpose = ENTRY_PURPOSES[odd[1].lower()]
        if not isinstance(use, str):
            sound = False
            notes.append(printable(f"{key} does not say its use"))
            continue
        preference = _USES.get(use)
        if preference is None:
            preference = Preference.NOT_ALLOWED
            notes.append(printable(f"{key} has the unknown use {use!r}: read as notAllowed"))
        if (proper is None or not isinstance(value, dict)) and preference is Preference.ALLOWED:
            notes.append(printable(f"a grant under {key!r} is not read: it is spelled wrongly"))
            continue
        preferences[purpose] = stricter(preferences.get(purpose, Preference.UNKNOWN), preference)
        if isinstance(value, dict) and preference is Preference.CONSTRAINED:
            info = value.get("constraint_info", value.get("constraints_info", ""))
            license_ref = license_ref or (printable(info, 2000) if isinstance(info, str) else "")
    return preferences, license_ref, sound, tuple(notes[:16])
