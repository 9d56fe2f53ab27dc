"""Which calibration holds for an encoder: a user's own, one that comes with Kiyome, or neither."""

from __future__ import annotations

import math
from importlib.resources import files
from pathlib import Path
from typing import Final

from models.errors import EncoderError
from models.motifs.encoder import Encoder
from models.motifs.risk import Calibration, Curve
from models.policy import RECORDED_RISK

_BUNDLED: Final = "calibrated"
_RECORDED_ODDS: Final = math.log(RECORDED_RISK / (1 - RECORDED_RISK))


def choose_calibration(encoder: Encoder, given: Path | None) -> Calibration:
    """The calibration by which risks are made.

    Args:
        encoder: whose cosines it reads.
        given: a file of the user's own, or None for what comes with Kiyome.

    Raises:
        EncoderError: the file cannot be read, is no calibration, or is another encoder's.
    """
    if given is None:
        return _bundled_for(encoder) or extend_to(encoder, read_bundled("points"))
    try:
        text = given.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EncoderError(
            f"The calibration {given} cannot be read: {error}.",
            "Make one with `kiyome motifs calibrate`, or take motif_calibration out of the "
            "settings.",
        ) from error
    found = Calibration.from_json(text, str(given))
    if found.encoder not in ("", encoder.identity):
        raise EncoderError(
            f"The calibration {given} was learnt with another encoder than {encoder.name}.",
            "Make one for this encoder with `kiyome motifs calibrate`.",
        )
    return found


def read_bundled(name: str) -> Calibration:
    """A calibration that comes with Kiyome."""
    source = files("models.motifs") / _BUNDLED / f"{name}.json"
    return Calibration.from_json(source.read_text(encoding="utf-8"), name)


def extend_to(encoder: Encoder, base: Calibration) -> Calibration:
    """A calibration for an encoder that nobody has calibrated, from what it suggests itself.

    Fingerprints and points are read as in ``base``. The cosine of the whole pictures alone reaches
    a risk of 0.5 at the encoder's ``suggested_score`` and begins to count at its ``floor_score``;
    of parts, which are many, it asks for half as much again.
    """
    needed = -base.bias
    begins = max(0.0, needed + _RECORDED_ODDS)
    floor, suggested = encoder.floor_score, encoder.suggested_score
    whole = Curve((floor, suggested, 1.0), (begins, needed, 2 * needed))
    strict = suggested + (1 - suggested) / 2
    part = Curve((suggested, strict, 1.0), (begins, needed, 1.5 * needed))
    return Calibration(
        f"{base.name}, uncalibrated for {encoder.name}",
        encoder.identity,
        {**base.curves, "whole": whole, "part": part},
        base.bias,
        base.learnt_from,
    )


def _bundled_for(encoder: Encoder) -> Calibration | None:
    for source in sorted((files("models.motifs") / _BUNDLED).iterdir(), key=lambda f: f.name):
        if source.name.endswith(".json"):
            found = Calibration.from_json(source.read_text(encoding="utf-8"), source.name)
            if found.encoder == encoder.identity:
                return found
    return None
