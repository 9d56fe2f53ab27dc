"""Training the model: a small spaCy entity recogniser, on captions that are made as it learns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from models.nouns.spacy_import import spacy
from models.nouns.training.evaluating import Trial, TrialSet, make_trials, try_model
from models.nouns.training.material import Material
from models.nouns.training.sampling import Sample, Sampler

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

LANGUAGE = "en"
LOOK_EVERY = 150
"""Steps between two looks at the held-out captions."""
PATIENCE = 8
"""Looks without improvement after which training ends."""

_SMALLEST_BATCH = 32
_LARGEST_BATCH = 96
_GROWING_STEPS = 20
_DROPOUT = 0.2
_LEARNING_RATE = 1e-3
_LONGEST_WARM_UP = 400
_WIDTH = 96
_MODEL: dict[str, Any] = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": True,
    "tok2vec": {
        "@architectures": "spacy.Tok2Vec.v2",
        "embed": {
            "@architectures": "spacy.MultiHashEmbed.v2",
            "width": _WIDTH,
            "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
            "rows": [5000, 1000, 2500, 1000],
            "include_static_vectors": False,
        },
        "encode": {
            "@architectures": "spacy.MaxoutWindowEncoder.v2",
            "width": _WIDTH,
            "window_size": 1,
            "maxout_pieces": 3,
            "depth": 4,
        },
    },
}


class Ending(StrEnum):
    """Why training ended."""

    STEPS = "all steps were taken"
    MINUTES = "the time was over"
    PATIENCE = "it did not improve any more"
    INTERRUPTED = "it was interrupted"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model.

    Attributes:
        nlp: as it was at its best look.
        steps: steps that were taken.
        best_step: the step of its best look.
        seconds: that training took.
        ending: why it ended.
        trials: the held-out captions it was looked at with.
    """

    nlp: Language
    steps: int
    best_step: int
    seconds: float
    ending: Ending
    trials: TrialSet


@dataclass(frozen=True, slots=True)
class Look:
    """What is told while a model is trained.

    Attributes:
        step: steps taken so far.
        trial: what came out of the last look at the held-out captions; None before the first.
        best: whether it was the best so far.
    """

    step: int
    trial: Trial | None
    best: bool


def fit(
    material: Material,
    *,
    steps: int,
    minutes: float | None,
    seed: int,
    false_alarms: float,
    tell: Callable[[Look], None] = lambda _: None,
) -> Fitted:
    """Train until the steps or the minutes are over, nothing improves, or Ctrl-C is pressed.

    The same material, steps and seed give the same model on the same kind of machine; ``minutes``
    depends on the machine's speed, and so does what it ends with.

    Args:
        steps: how many batches to learn at most.
        minutes: how long to learn at most; None for no limit.
        seed: of every random choice.
        false_alarms: the share of clean captions at which looks compare what is found.
        tell: told after every step.

    Raises:
        KeyboardInterrupt: Ctrl-C came before there was anything to keep.
    """
    began = time.monotonic()
    spacy.util.fix_random_seed(seed)
    nlp = spacy.blank(LANGUAGE)
    nlp.add_pipe("ner", config={"model": _MODEL})
    examples = _examples(nlp, iter(Sampler(material.captions, material.names, seed)))
    first = list(islice(examples, 400))
    nlp.initialize(lambda: first)
    trials = make_trials(material, seed)
    optimiser = _make_optimiser()
    best: tuple[float, int, bytes] | None = None
    looks_since = step = 0
    ending = Ending.STEPS
    try:
        while step < steps:
            size = min(_SMALLEST_BATCH + step // _GROWING_STEPS, _LARGEST_BATCH)
            optimiser.learn_rate = _rate(step, steps)
            nlp.update(list(islice(examples, size)), sgd=optimiser, drop=_DROPOUT)
            step += 1
            if step % LOOK_EVERY and step < steps:
                tell(Look(step, None, False))
                continue
            # Weights averaged over the last steps make far steadier models than the last weights.
            with nlp.use_params(optimiser.averages):
                trial = try_model(nlp, trials, false_alarms)
                improved = best is None or trial.recall > best[0]
                if improved:
                    best = (trial.recall, step, nlp.to_bytes())
            looks_since = 0 if improved else looks_since + 1
            tell(Look(step, trial, improved))
            if looks_since >= PATIENCE:
                ending = Ending.PATIENCE
                break
            if minutes is not None and time.monotonic() - began > minutes * 60:
                ending = Ending.MINUTES
                break
    except KeyboardInterrupt:
        if best is None:
            raise
        ending = Ending.INTERRUPTED
    assert best is not None
    nlp.from_bytes(best[2])
    return Fitted(nlp, step, best[1], time.monotonic() - began, ending, trials)


def _make_optimiser() -> Any:
    from thinc.api import Adam

    return Adam(_LEARNING_RATE, grad_clip=1.0, L2=0.01, L2_is_weight_decay=True, use_averages=True)


def _rate(step: int, steps: int) -> float:
    """Rising in the first tenth of the steps, then falling in a straight line to a tenth."""
    warm_up = min(_LONGEST_WARM_UP, steps // 10 + 1)
    return _LEARNING_RATE * min((step + 1) / warm_up, 1.0) * (1.0 - 0.9 * step / steps)


def _examples(nlp: Language, samples: Iterator[Sample]) -> Iterator[Example]:
    from spacy.training import Example

    for sample in samples:
        predicted, reference = nlp.make_doc(sample.text), nlp.make_doc(sample.text)
        spans = [
            reference.char_span(
                mention.start, mention.end, mention.category.upper(), alignment_mode="expand"
            )
            for mention in sample.mentions
        ]
        if _are_apart(spans):
            reference.set_ents(spans)
            yield Example(predicted, reference)


def _are_apart(spans: Sequence[Any]) -> bool:
    """Two names that share a word, as spaCy cuts it, cannot both be taught."""
    ordered = sorted(spans, key=lambda span: span.start)
    return None not in spans and all(one.end <= other.start for one, other in pairwise(ordered))
