"""How likely an unknown term is a name: learned from the user's own register and vocabulary.

A linear classifier over the features of ``models.nouns.tags.features``. The register's names are
what it should rank high, the vocabulary's tags, each looked at as if it were not listed, what it
should rank low. It is trained where it is used, in seconds: no list of anybody's is shipped.

Training is stochastic gradient descent with AdaGrad steps (Duchi, Hazan and Singer, 2011) on
``sqrt(1 + m²) - m``, a smooth loss of the margin ``m`` like the logistic one. It is made of
additions, multiplications, divisions and square roots in a fixed order alone, so that the same
lists give the same weights on every machine.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from models.canonical import digest_lines
from models.nouns.matching.folder import read_folder, write_folder
from models.nouns.recognition import term_of
from models.nouns.register.storage import NameRegister
from models.nouns.tags.cutting import split_term
from models.nouns.tags.features import FEATURES, TagCounts, describes

RANKING = "term-ranking/1"
FEWEST_NAMES = 1000
FEWEST_TAGS = 1000
_ROUNDS = 3
_BATCH = 1024
_STEP = 0.1
_SHRINK = 1e-5
_UNIT = 1024
_MOST_NAMES = 40_000
_HELD_BACK = 10
_MISSED = 0.005
_LEAST_CUT = 0.02
_WEIGHTS = "weights"
_SHUFFLE = 0x9E3779B97F4A7C15

Weights = npt.NDArray[np.int16]
_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


class TermRanking:
    """The trained classifier. Safe to use from several threads at once.

    Attributes:
        weights: one for each feature, in units of 1/1024.
        cut: the score that all but one in two hundred names reach; a term below it is described
            rather than named.
    """

    def __init__(self, counts: TagCounts, weights: Weights, cut: float = 0.0) -> None:
        self._counts = counts
        self.weights = weights
        self.cut = cut
        # One weight of an array costs a tenth of one of numpy's.
        self._weight_of = array("h", weights.tolist()).__getitem__

    def score(self, term: str) -> float:
        """How likely a key is a name, 0..1 with three digits; 0.5 where both are as likely, if
        unknown terms were names and descriptions in equal shares.
        """
        said, spelt = self._counts.features(term)
        margin = float(sum(map(self._weight_of, said)))
        if spelt:
            margin += float(sum(map(self._weight_of, spelt))) / math.sqrt(len(spelt))
        margin /= _UNIT
        return round(0.5 + 0.5 * margin / math.sqrt(1.0 + margin * margin), 3)


def rank_terms(
    counts: TagCounts, register: NameRegister, key: str, cache: Path | None = None
) -> TermRanking | None:
    """The ranking of what is known, from the cache or trained anew.

    Args:
        counts: the vocabulary.
        register: the protected names.
        key: digest of both, and of the dictionaries that ``counts`` was made with.
        cache: folder that keeps weights between processes. What is missing or damaged there, or
            cannot be written, costs time and nothing else.

    Returns:
        None where there are fewer than ``FEWEST_NAMES`` names or ``FEWEST_TAGS`` tags: too few to
        learn from.
    """
    if len(register.entries) < FEWEST_NAMES or len(counts.tags) < FEWEST_TAGS:
        return None
    path = cache / f"terms-{digest_lines([RANKING, key])[:32]}" if cache else None
    if path and (kept := _read_ranking(path, counts)):
        return kept
    fresh = train_ranking(counts, names_of(register, counts.tags))
    if path:
        # The same ranking is trained again where it cannot be kept.
        with suppress(OSError):
            write_folder(path, lambda folder: _write_ranking(folder, fresh))
    return fresh


def train_ranking(counts: TagCounts, names: Sequence[str]) -> TermRanking:
    """Train on nine names in ten, and set the cut by the tenth, whose heads are in none of them."""
    held_back = [name for name in names if _is_held_back(name)]
    ranking = TermRanking(counts, train([n for n in names if not _is_held_back(n)], counts))
    scores = sorted(map(ranking.score, held_back))
    if scores:
        ranking.cut = max(_LEAST_CUT, scores[int(len(scores) * _MISSED)])
    return ranking


def _is_held_back(name: str) -> bool:
    head = " ".join(split_term(name)[0])
    return crc32(head.encode("utf-8", "replace")) % _HELD_BACK == 0


def names_of(register: NameRegister, tags: frozenset[str]) -> list[str]:
    """Keys of the registered surfaces that tags could hold: in Latin letters, and no known tag.

    Of large registers an evenly drawn share.
    """
    found = {
        term
        for entry in register.entries
        for surface in entry.surfaces
        if surface.text.isascii() and (term := term_of(surface.text)) not in tags
    }
    names = sorted(found - {""})
    return names[:: max(1, -(-len(names) // _MOST_NAMES))]


def train(names: Sequence[str], counts: TagCounts) -> Weights:
    """Weights, in units of 1/1024, that tell names from the tags counted."""
    tags = sorted(filter(describes, counts.tags))
    examples = [counts.features(name) for name in names]
    examples += [counts.features(tag, listed=True) for tag in tags]
    truth = np.repeat(np.array([1.0, -1.0]), [len(names), len(tags)])
    # Each side weighs the same in all, however many there are of each.
    share = np.repeat(
        np.array([0.5 / max(1, len(names)), 0.5 / max(1, len(tags))]), [len(names), len(tags)]
    ) * len(examples)
    return _descend(*_lay_out(examples), truth, share)


def _lay_out(
    examples: Iterable[tuple[list[int], list[int]]],
) -> tuple[_Ints, _Floats, _Ints]:
    """(features, values, where each example begins) of all examples in one row."""
    features: list[int] = []
    values: list[float] = []
    begins = [0]
    for said, spelt in examples:
        features += said
        features += spelt
        values += [1.0] * len(said)
        if spelt:
            values += [1.0 / math.sqrt(len(spelt))] * len(spelt)
        begins.append(len(features))
    return np.array(features, np.int64), np.array(values), np.array(begins, np.int64)


def _descend(
    features: _Ints, values: _Floats, begins: _Ints, truth: _Floats, share: _Floats
) -> Weights:
    weights = np.zeros(FEATURES)
    squares = np.full(FEATURES, 1e-8)
    lengths = np.diff(begins)
    for turn in range(_ROUNDS):
        order = _shuffle(len(truth), turn)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            size = lengths[batch]
            row = np.repeat(np.arange(len(batch)), size)
            offset = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
            place = np.repeat(begins[batch], size) + offset
            at, value = features[place], values[place]
            margin = truth[batch] * np.bincount(row, weights[at] * value, len(batch))
            push = share[batch] * truth[batch] * (1.0 - margin / np.sqrt(1.0 + margin * margin))
            slope = np.bincount(at, push[row] * value, FEATURES) / (2 * len(batch))
            slope -= _SHRINK * weights
            squares += slope * slope
            weights += _STEP * slope / np.sqrt(squares)
    return np.clip(np.rint(weights * _UNIT), -32767, 32767).astype(np.int16)


def _shuffle(count: int, turn: int) -> _Ints:
    """An order of ``count`` things that depends on nothing but ``turn``."""
    keys = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_SHUFFLE + 2 * turn)
    keys ^= keys >> np.uint64(29)
    keys *= np.uint64(0xBF58476D1CE4E5B9)
    return np.argsort(keys ^ (keys >> np.uint64(32)), kind="stable")


def _read_ranking(path: Path, counts: TagCounts) -> TermRanking | None:
    """The ranking in a folder of the cache, or None where it is not there as it was written."""
    note = read_folder(path)
    if note is None:
        return None
    weights = np.fromfile(path / _WEIGHTS, "<i2").astype(np.int16)
    return TermRanking(counts, weights, float(note["cut"]))


def _write_ranking(folder: Path, ranking: TermRanking) -> dict[str, float]:
    (folder / _WEIGHTS).write_bytes(ranking.weights.astype("<i2").tobytes())
    return {"cut": ranking.cut}
