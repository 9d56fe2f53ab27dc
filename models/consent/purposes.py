"""The four atomic purposes in which every consent vocabulary is expressed."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """One use of an asset that an owner may allow or refuse on its own."""

    DATA_MINING = "data_mining"
    INFERENCE = "inference"
    NON_GENERATIVE_TRAINING = "non_generative_training"
    GENERATIVE_TRAINING = "generative_training"


class Preference(StrEnum):
    """What one statement says about one purpose."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "notAllowed"
    CONSTRAINED = "constrained"
    UNKNOWN = "unknown"


ALL_PURPOSES: tuple[Purpose, ...] = tuple(Purpose)


_STRICTNESS = {
    Preference.UNKNOWN: 0,
    Preference.ALLOWED: 1,
    Preference.CONSTRAINED: 2,
    Preference.NOT_ALLOWED: 3,
}


def stricter(one: Preference, other: Preference) -> Preference:
    """The more restrictive of two values; what is unknown gives way to anything that is said."""
    return max(one, other, key=_STRICTNESS.__getitem__)
