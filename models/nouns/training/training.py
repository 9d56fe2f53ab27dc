"""From captions and a register to a folder with a model, its evaluation and its card."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.nouns.forms import Form
from models.nouns.recognisers.learned import META_KEY
from models.nouns.training.evaluating import FALSE_ALARMS, Trial, try_model
from models.nouns.training.fitting import Fitted, Look, fit
from models.nouns.training.material import Material, TrainingError
from models.nouns.training.model_card import write_card

STEPS = 3000
LANGUAGES = ("en",)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model is trained.

    Attributes:
        out: the folder to write; there must be none, or an empty one, or one of an earlier model.
        steps: batches to learn at most.
        minutes: minutes to learn at most; None for no limit.
        seed: of every random choice.
        false_alarms: the share of clean captions in which something may be found.
        overwrite: whether a model that is there may be replaced.
    """

    out: Path
    steps: int = STEPS
    minutes: float | None = None
    seed: int = 0
    false_alarms: float = FALSE_ALARMS
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that was written.

    Attributes:
        folder: where it lies.
        fitted: how training went.
        trial: what it does with held-out captions.
    """

    folder: Path
    fitted: Fitted
    trial: Trial


def require_language(language: str) -> None:
    """Check that captions of a language can be trained on.

    Raises:
        TrainingError: they cannot.
    """
    if language == "ja":
        raise TrainingError(
            "A model for Japanese cannot be trained this way: swapping names into Japanese "
            "sentences teaches the seams, and what comes out finds little else.",
            "Leave Japanese to Kiyome's own recogniser, or name ja_ginza in noun_models.",
        )
    if language not in LANGUAGES:
        raise TrainingError(
            f"There is no training for the language {language!r}.",
            f"Use one of: {', '.join(LANGUAGES)}.",
        )


def require_folder(plan: Plan) -> None:
    """Check before hours of work that what comes out can be written.

    Raises:
        TrainingError: something else is there.
    """
    out = plan.out
    try:
        if out.is_symlink() or (out.exists() and not out.is_dir()):
            raise TrainingError(f"{out} is no folder.", "Choose a new folder with --out.")
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent):
            pass
        if not out.exists():
            out.mkdir()
            out.rmdir()
    except OSError as error:
        raise TrainingError(
            f"The folder {out} cannot be made: {error.strerror or error}.",
            "Choose another folder with --out.",
        ) from error
    if not out.exists() or not any(out.iterdir()):
        return
    if not (out / "evaluation.json").is_file() or not (out / "meta.json").is_file():
        raise TrainingError(
            f"The folder {out} holds something else than a model of `kiyome train-ner`.",
            "Choose a new folder with --out.",
        )
    if not plan.overwrite:
        raise TrainingError(
            f"The folder {out} holds a model already.",
            "Choose a new folder with --out, or replace it with --overwrite.",
        )


def train_names(
    material: Material, plan: Plan, tell: Callable[[Look], None] = lambda _: None
) -> Trained:
    """Train a model and write it; the folder appears whole, or not at all.

    Raises:
        TrainingError: the folder holds something else.
        KeyboardInterrupt: Ctrl-C came before anything was learned; later it ends the training, and
            what was learned is written.
    """
    require_folder(plan)
    fitted = fit(
        material,
        steps=plan.steps,
        minutes=plan.minutes,
        seed=plan.seed,
        false_alarms=plan.false_alarms,
        tell=tell,
    )
    trial = try_model(fitted.nlp, fitted.trials, plan.false_alarms)
    fitted.nlp.meta.update(
        {
            "name": _model_name(plan.out),
            "version": "1.0.0",
            "description": "Finds names in English captions; trained by kiyome train-ner.",
            META_KEY: {
                "forms": [Form.ENGLISH.value],
                "threshold": trial.threshold,
                "register": material.register_version,
                "captions": material.captions_digest,
                "seed": plan.seed,
                "step": fitted.best_step,
            },
        }
    )
    _write(plan, material, fitted, trial)
    return Trained(plan.out, fitted, trial)


def _write(plan: Plan, material: Material, fitted: Fitted, trial: Trial) -> None:
    plan.out.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{plan.out.name[:40]}.", dir=plan.out.parent))
    try:
        model = temporary / "model"
        fitted.nlp.to_disk(model)
        evaluation = {
            "held_out": {
                "names": len(material.held_names),
                "captions": len(material.held_captions),
            },
            "asked_false_alarms": plan.false_alarms,
            "ending": fitted.ending.value,
            **trial.as_dict(),
        }
        (model / "evaluation.json").write_text(
            json.dumps(evaluation, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        card = write_card(
            plan.out.name,
            material,
            fitted,
            trial,
            seed=plan.seed,
            false_alarms=plan.false_alarms,
        )
        (model / "README.md").write_text(card, encoding="utf-8")
        _sync(sorted(model.rglob("*")))
        if plan.out.exists():
            plan.out.rename(temporary / "before")
        model.rename(plan.out)
        _sync([plan.out.parent])
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sync(paths: Sequence[Path]) -> None:
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _model_name(folder: Path) -> str:
    """A name that spaCy takes: small letters, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", folder.name.lower()).strip("_") or "names"
