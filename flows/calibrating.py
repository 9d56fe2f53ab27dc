"""Labelled pictures against a workspace's register, as the motif commands need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.motifs.calibration.evaluating import Evaluation, evaluate
from models.motifs.calibration.examining import IndexExaminer
from models.motifs.calibration.fitting import Learnt, learn
from models.motifs.calibration.judging import Looked, gather_pairs, look_at
from models.motifs.calibration.labelled import LeftOut, read_labelled
from models.motifs.calibration.pairs import CalibrationError
from models.motifs.calibration.splitting import split_in_halves
from models.motifs.calibrations import choose_calibration
from models.motifs.encoders import load_encoder
from models.motifs.features_stage import FeaturesStage
from models.motifs.index import ReferenceIndex
from models.motifs.register import Reference, load_references
from models.motifs.risk import Calibration
from models.policy import load_policy
from models.settings import Settings
from models.store.database import Database
from models.unicode import escape_surrogates


@dataclass(frozen=True, slots=True)
class Bench:
    """Labelled pictures that were looked at, and what judges them.

    Attributes:
        references: the register's.
        calibration: in force.
        encoder: its name.
        encoder_identity: what its calibrations are bound to.
        risk: the policy's.
        looked: the pictures.
        left_out: rows of the list that do not count.
    """

    references: tuple[Reference, ...]
    calibration: Calibration
    encoder: str
    encoder_identity: str
    risk: float
    looked: tuple[Looked, ...]
    left_out: tuple[LeftOut, ...]

    def evaluate(self, calibration: Calibration, looked: tuple[Looked, ...]) -> Evaluation:
        """How a calibration does on some of the pictures."""
        return evaluate(
            looked,
            self.left_out,
            calibration,
            encoder=self.encoder,
            risk=self.risk,
            references=Counter(reference.label for reference in self.references),
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """A new calibration, and both on the pictures that it was not learnt from."""

    learnt: Learnt
    before: Evaluation
    after: Evaluation


def set_up_bench(
    folder: Path,
    settings: Settings,
    database: Database,
    progress: Callable[[int, int], None],
) -> Bench:
    """Look at every picture of a folder's list.

    Args:
        folder: with a ``pairs.csv``.
        progress: called with the number of pictures looked at and the number there are.

    Raises:
        KiyomeError: nothing is registered, or the list, the policy, the encoder or the calibration
            cannot be used.
    """
    risk = load_policy(settings.policy).motifs.risk
    with database.snapshot() as session:
        references = load_references(session, settings.workspace)
    if not references:
        raise CalibrationError(
            "No motifs are registered in this workspace.",
            "Register some with `kiyome register motifs add`, or name another with --workspace.",
        )
    listed = read_labelled(folder, {reference.label for reference in references})
    encoder = load_encoder(settings.encoder, settings.encoder_backend)
    calibration = choose_calibration(encoder, settings.motif_calibration)
    index = ReferenceIndex.build(
        references,
        encoder,
        calibration,
        settings.max_pixels,
        cache=settings.workspace / "indexes",
        workers=settings.workers,
        database=settings.motif_index_database,
    )
    stage = FeaturesStage(encoder, settings.max_bytes, settings.max_pixels, settings.workers)
    examiner = IndexExaminer(stage, index, settings.max_bytes)
    looked, unseen = look_at(listed, examiner, progress)
    return Bench(
        references,
        calibration,
        encoder.name,
        encoder.identity,
        risk,
        tuple(looked),
        tuple(sorted((*listed.left_out, *unseen), key=lambda each: each.line)),
    )


def try_calibrating(bench: Bench, name: str) -> Trial:
    """Learn on one half of the pictures, and check on the other.

    Raises:
        CalibrationError: there are too few pictures.
    """
    learning, checking = split_in_halves(bench.looked)
    pairs, clean = gather_pairs(learning, bench.calibration)
    learnt = learn(pairs, clean, name=escape_surrogates(name), encoder=bench.encoder_identity)
    kept = tuple(checking)
    return Trial(
        learnt,
        bench.evaluate(bench.calibration, kept),
        bench.evaluate(learnt.calibration, kept),
    )
