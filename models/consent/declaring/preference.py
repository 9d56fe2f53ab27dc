"""From an owner's choice to every vocabulary in which it is read.

EIP-7517's ``aiTraining`` means generative and non-generative training. Where a choice cannot be
said exactly, what is written never grants more than the owner chose, and never refuses less.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from models.consent.carriers.plus import VALUES as PLUS_VALUES
from models.consent.eip7517 import EXPANSIONS, PREFERENCE_KEYS, parse_token_json
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.statements import Condition
from models.consent.training_mining import ENTRY_PURPOSES
from models.errors import KiyomeError

USES = ("allowed", "notAllowed", "constrained")

_WITH_AUTHORSHIP = "WithAuthorship"
_STRICTNESS = {value: rank for rank, value in enumerate(("allowed", "constrained", "notAllowed"))}
_DM, _INF = Purpose.DATA_MINING, Purpose.INFERENCE
_NGT, _GT = Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING
_ALLOWED, _REFUSED = Preference.ALLOWED, Preference.NOT_ALLOWED
_CONSTRAINED, _UNKNOWN = Preference.CONSTRAINED, Preference.UNKNOWN

Choice = Mapping[Purpose, Preference]
"""What the owner chose for each purpose; a missing purpose is left unsaid."""


def write_preference(
    uses: Mapping[str, str],
    *,
    attribution: bool = False,
    license_name: str = "",
    license_document: str = "",
    fields: Mapping[str, Any] | None = None,
) -> bytes:
    """A token metadata document (EIP-7517) that says what a work may be used for.

    Args:
        uses: EIP-7517's names (``dataMining``, ``aiInference``, ``aiTraining``,
            ``aiGenerativeTraining``, the last two also ``…WithAuthorship``) with ``allowed``,
            ``notAllowed`` or ``constrained``.
        attribution: training is allowed only if the author is named.
        license_name: what the licence is called.
        license_document: where it can be read: a CID or URL. Needed for ``constrained``.
        fields: the document's other fields, such as ``name``, ``image`` and ``assetCid``.

    Returns:
        UTF-8 JSON, indented, that ``models.consent.eip7517`` reads as exactly this.

    Raises:
        KiyomeError: a name or value does not exist, the uses contradict each other, a licence is
            needed and not given, or another field would be read as a preference.
    """
    preference = build_preference(uses, attribution=attribution)
    if "constrained" in preference.values() and not license_document.strip():
        raise KiyomeError(
            "A constrained use needs the licence that says how it is constrained.",
            "Give the licence's CID or URL, or choose allowed or notAllowed.",
        )
    document: dict[str, Any] = dict(fields or {})
    if taken := {*PREFERENCE_KEYS, "license"} & document.keys():
        raise KiyomeError(
            f"The field {min(taken)!r} is written from the uses.", "Leave it out of the fields."
        )
    document["dataMiningPreference"] = preference
    license_ = {"name": license_name, "document": license_document}
    if any(license_.values()):
        document["license"] = {name: text for name, text in license_.items() if text}
    try:
        data = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise KiyomeError(
            f"A field cannot be written as JSON: {error}.", "Use texts, numbers, lists and objects."
        ) from error
    _check_reading(data, preference)
    return data


def build_preference(uses: Mapping[str, str], *, attribution: bool = False) -> dict[str, str]:
    """The ``dataMiningPreference`` object for the uses that an owner chose.

    Args:
        uses: as for ``write_preference``.
        attribution: training is allowed only if the author is named.

    Raises:
        KiyomeError: a name or value does not exist, or the uses contradict each other.
    """
    if not uses:
        raise KiyomeError("No use was chosen.", f"Choose for one of {', '.join(EXPANSIONS)}.")
    for key, value in uses.items():
        if key not in EXPANSIONS:
            raise KiyomeError(f"There is no use {key!r}.", f"Use {', '.join(EXPANSIONS)}.")
        if value not in USES:
            raise KiyomeError(f"{key} cannot be {value!r}.", f"Write one of {', '.join(USES)}.")
    _refuse_doubled(uses)
    chosen = dict(uses)
    if attribution:
        chosen = {_with_authorship(key, value): value for key, value in uses.items()}
        if not any(
            key.endswith(_WITH_AUTHORSHIP) and value != "notAllowed"
            for key, value in chosen.items()
        ):
            raise KiyomeError(
                "The author cannot be asked to be named: no training is allowed.",
                "Leave attribution out, or allow a kind of training.",
            )
    _refuse_wider_general(chosen)
    return {key: chosen[key] for key in EXPANSIONS if key in chosen}


def preference_of(choice: Choice, *, attribution: bool = False) -> dict[str, str]:
    """The ``dataMiningPreference`` object for a choice by purpose.

    ``aiTraining`` is allowed only if both kinds of training are. Training that is not generative
    cannot be allowed on its own, so it is then left unsaid, which nobody may take for a yes. To
    refuse it on its own refuses generative training too, unless that is allowed or constrained.

    Args:
        choice: what the owner chose.
        attribution: training is allowed only if the author is named.

    Raises:
        KiyomeError: nothing that EIP-7517 can say was chosen, or attribution without training.
    """
    uses: dict[str, str] = {}
    general, generative = choice.get(_NGT, _UNKNOWN), choice.get(_GT, _UNKNOWN)
    for key, purpose in (("dataMining", _DM), ("aiInference", _INF)):
        if choice.get(purpose, _UNKNOWN) is not _UNKNOWN:
            uses[key] = choice[purpose].value
    covers_both = {
        _REFUSED: True,
        _CONSTRAINED: generative in (_CONSTRAINED, _ALLOWED),
        _ALLOWED: generative is _ALLOWED,
        _UNKNOWN: False,
    }[general]
    if covers_both:
        uses["aiTraining"] = general.value
    if generative is not _UNKNOWN and not (covers_both and generative is general):
        uses["aiGenerativeTraining"] = generative.value
    if not uses:
        raise KiyomeError(
            "EIP-7517 cannot say this choice: its aiTraining means generative training as well.",
            "Choose for generative training too, or sign the image's content credentials instead.",
        )
    return build_preference(uses, attribution=attribution)


def cawg_entries(choice: Choice) -> dict[str, str]:
    """The entries of a CAWG training and data mining assertion, for ``signing.sign_image``.

    Raises:
        KiyomeError: nothing was chosen.
    """
    entries = {
        key: choice[purpose].value
        for key, purpose in ENTRY_PURPOSES.items()
        if choice.get(purpose, _UNKNOWN) is not _UNKNOWN
    }
    if not entries:
        raise KiyomeError("Nothing was chosen.", "Choose for one of the four purposes.")
    return entries


def plus_value(choice: Choice, *, has_constraint_text: bool = False) -> str:
    """The PLUS value (``DMI-…``) that refuses everything refused, and as little else as it can.

    ``DMI-ALLOWED`` takes data mining and both kinds of training being allowed. A constrained use
    counts as refused where the value for constraints cannot be written.

    Args:
        choice: what the owner chose.
        has_constraint_text: the constraints will be written beside it (``other_constraints``).
    """
    said = {p: v for p in ALL_PURPOSES if (v := choice.get(p, _UNKNOWN)) is not _UNKNOWN}
    refused = {p for p, v in said.items() if v is _REFUSED}
    constrained = {p for p, v in said.items() if v is _CONSTRAINED}
    if constrained and not refused and has_constraint_text:
        return "DMI-PROHIBITED-SEECONSTRAINT"
    refused |= constrained
    if not refused:
        allowed = all(said.get(p) is _ALLOWED for p in (_DM, _NGT, _GT))
        return "DMI-ALLOWED" if allowed else "DMI-UNSPECIFIED"
    fitting = {
        value: purposes
        for value, meaning in PLUS_VALUES.items()
        if refused <= (purposes := {p for p, v in meaning.items() if v is _REFUSED})
    }
    # Equally wide are the plain prohibition and the one that lets search engines in: the plain.
    return min(fitting, key=lambda value: (len(fitting[value]), len(value)))


def _with_authorship(key: str, value: str) -> str:
    if key + _WITH_AUTHORSHIP in EXPANSIONS and value != "notAllowed":
        return key + _WITH_AUTHORSHIP
    return key


def _refuse_doubled(uses: Mapping[str, str]) -> None:
    for key in ("aiTraining", "aiGenerativeTraining"):
        if key in uses and key + _WITH_AUTHORSHIP in uses:
            raise KiyomeError(
                f"{key} is chosen with and without authorship, and only one of them can hold.",
                f"Keep {key}{_WITH_AUTHORSHIP} if the author has to be named, else {key}.",
            )


def _refuse_wider_general(uses: Mapping[str, str]) -> None:
    """``aiTraining`` includes generative training: who reads only it must not read too much."""
    general, generative = (
        next((uses[k] for k in (key, key + _WITH_AUTHORSHIP) if k in uses), None)
        for key in ("aiTraining", "aiGenerativeTraining")
    )
    if general and generative and _STRICTNESS[general] < _STRICTNESS[generative]:
        raise KiyomeError(
            f"aiTraining includes generative training, so it cannot be {general!r} where "
            f"aiGenerativeTraining is {generative!r}.",
            "Leave aiTraining out: training that is not generative is then simply not granted.",
        )
    if uses.get("aiTraining", "notAllowed") != "notAllowed" and (
        uses.get("aiGenerativeTraining" + _WITH_AUTHORSHIP, "notAllowed") != "notAllowed"
    ):
        raise KiyomeError(
            "aiTraining includes generative training, so it has to ask for the author as well.",
            "Choose aiTrainingWithAuthorship, or leave aiTraining out.",
        )


def _check_reading(data: bytes, preference: Mapping[str, str]) -> None:
    """Read back what was written: no other field may change what it means."""
    alone = json.dumps({"dataMiningPreference": preference}).encode()
    meant, read = parse_token_json(alone, ""), parse_token_json(data, "")
    if (
        meant is None
        or read is None
        or read.condition is not Condition.SOUND
        or (read.preferences, read.attribution) != (meant.preferences, meant.attribution)
    ):
        detail = "; ".join(read.notes) if read else "nothing is found"
        raise KiyomeError(
            f"The document would not be read as what was chosen: {detail}.",
            "Leave out the field that names a use, or write it elsewhere.",
        )
