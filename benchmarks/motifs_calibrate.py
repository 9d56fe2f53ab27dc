"""Learns the calibrations that come with Kiyome, on the tune half of the cases.

    python benchmarks/motif_local_learn.py scores FOLDER
    python benchmarks/motifs_calibrate.py --points FOLDER/scoring-unseen.json

It writes two files to ``--out``: one for the encoder, and ``points.json`` from fingerprints and
points alone, which holds for encoders that nobody has calibrated (``models.motifs.calibrations``).
Scores are kept in ``--cache``, as those of ``motifs_quality.py`` are. How well a calibration does
is measured on the report half, by ``motifs_quality.py``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_cases import load_cases
from benchmarks.motif_detectors import Seen, load_detector
from benchmarks.motif_report import leave_out_namesakes
from benchmarks.motif_risk import put_together
from benchmarks.motif_scores import Scored, score_cases
from models.motifs.calibration.fitting import learn
from models.motifs.calibration.pairs import LabelledPair
from models.motifs.copies import COPY_DISTANCE
from models.motifs.encoders import load_encoder
from models.motifs.evidence import DETECTORS
from models.motifs.risk import Calibration, Curve

BUNDLED = Path(__file__).resolve().parents[1] / "models" / "motifs" / "calibrated"
_OF_NO_ENCODER = ("pdq", "points")
_COPY_ODDS = 3.0
"""Log-odds of a pair whose fingerprints alone say that it is a copy."""


def main() -> None:
    """Learn, write, and say from how much."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", default="builtin:layout")
    parser.add_argument("--out", type=Path, default=BUNDLED, help="folder")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "kiyome-motifs")
    parser.add_argument(
        "--points", type=Path, required=True, help="scoring-unseen.json of motif_local_learn.py"
    )
    asked = parser.parse_args()

    detector = load_detector(f"cascade:{asked.encoder}")
    cases = load_cases("tune")
    looks = score_cases([detector], cases, asked.cache)[detector.name]
    unseen = json.loads(asked.points.read_text(encoding="utf-8"))
    scored = [
        _score_unseen(each, unseen[each.case.seed])
        for each in leave_out_namesakes(looks, cases.references)
        if each.case.seed in unseen
    ]
    name = asked.encoder.partition(":")[2].replace("/", "-")
    _learn(scored, DETECTORS, load_encoder(asked.encoder).identity, asked.out / f"{name}.json")
    _learn(scored, _OF_NO_ENCODER, "", asked.out / "points.json")


def _learn(scored: Sequence[Scored], ways: Sequence[str], encoder: str, out: Path) -> None:
    pairs, clean = [], []
    for each in scored:
        seen = put_together(each, ways)
        if each.case.truth is None:
            clean.append(list(seen.values()))
        else:
            pairs += [LabelledPair(e, label == each.case.truth) for label, e in seen.items()]
    learnt = learn(pairs, clean, name=out.stem, encoder=encoder)
    anchor = learnt.anchor
    text = f"{learnt.matches} matches, {learnt.others} others, {len(clean)} clean pictures"
    calibration = replace(_trust_fingerprints(learnt.calibration), learnt_from=text)
    out.write_text(json.dumps(calibration.as_dict(), indent=1) + "\n", encoding="utf-8")
    print(f"{out}: {text}")
    print(f"anchor {anchor.score:.2f} ({anchor.low:.2f} to {anchor.high:.2f}), by {anchor.method}")
    for way, curve in calibration.curves.items():
        knots = zip(curve.at, curve.adds, strict=True)
        print(f"  {way:<8}" + "  ".join(f"{at:g}:{adds:.1f}" for at, adds in knots))


def _score_unseen(scored: Scored, points: dict[str, float]) -> Scored:
    """With the scores of points by trees that have not learnt from the case.

    By trees that have, few clean pictures look like anything, and the threshold would be too low.
    """
    seen = {label: Seen(score) for label, score in points.items()}
    return replace(scored, scores={**scored.scores, "points": seen})


def _trust_fingerprints(calibration: Calibration) -> Calibration:
    """Let a fingerprint that says copy suffice by itself.

    A picture too plain for points and for an encoder is found by its fingerprint alone, and no
    clean picture of the cases comes near: they cannot teach what it is worth.
    """
    curve = calibration.curves["pdq"]
    enough = _COPY_ODDS - calibration.bias
    at = sorted({*curve.at, -float(COPY_DISTANCE)})
    read = {x: curve.read(x) for x in at}
    adds = [max(read[x], enough) if x >= -COPY_DISTANCE else read[x] for x in at]
    trusted = Curve(tuple(at), tuple(round(value, 6) for value in adds))
    return replace(calibration, curves={**calibration.curves, "pdq": trusted})


if __name__ == "__main__":
    main()
