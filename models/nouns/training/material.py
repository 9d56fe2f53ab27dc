"""What a model is trained on: clean captions, names, and which of both are held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from models.canonical import digest_lines
from models.errors import KiyomeError
from models.nouns.forms import Form
from models.nouns.importing import ImportProblem, import_names
from models.nouns.matching.patterns import compile_names
from models.nouns.recognisers.registered import RegisteredNames
from models.nouns.recognition import Certainty, Recogniser, prepare
from models.nouns.register.storage import NameRegister, load_register
from models.nouns.training.sampling import TrainingName, to_training_name
from models.nouns.words import shipped_lexicon
from models.store.database import Database
from models.store.tables import Base
from models.unicode import replace_surrogates

FEWEST_CAPTIONS = 200
FEWEST_NAMES = 50
LONGEST_CAPTION = 400
"""Code points. Longer captions are left out: a swapped name is a small part of them."""

_BATCH = 1000
_FIELDS = ("text", "caption")
_Item = TypeVar("_Item")


class TrainingError(KiyomeError):
    """A model cannot be trained from what was given."""


@dataclass(frozen=True, slots=True)
class CaptionCounts:
    """What became of the captions that were read.

    Attributes:
        read: captions in the files.
        repeated: those that stood there before.
        long: longer than ``LONGEST_CAPTION``.
        other_form: lists of tags, or Japanese.
        named: those in which the register surely finds a name.
        kept: what is left.
    """

    read: int
    repeated: int
    long: int
    other_form: int
    named: int
    kept: int


@dataclass(frozen=True, slots=True)
class Material:
    """What a model is trained and tried on; nothing of the one is in the other.

    Attributes:
        captions, names: for training.
        held_captions, held_names: for the evaluation and for when to stop.
        counts: of the captions that were read.
        captions_digest: of all captions that were kept, sorted.
        register_version: of the register.
        sources: (source, licence, names) of the register's lists, as they were given.
    """

    captions: tuple[str, ...]
    names: tuple[TrainingName, ...]
    held_captions: tuple[str, ...]
    held_names: tuple[TrainingName, ...]
    counts: CaptionCounts
    captions_digest: str
    register_version: str
    sources: tuple[tuple[str, str, int], ...]


def gather_material(
    captions: Iterable[str],
    register: NameRegister,
    *,
    hold_out: float,
    progress: Callable[[int], None] = lambda _: None,
) -> Material:
    """Sort captions and names into those to learn from and those to be tried on.

    Names are held out by family: all entries whose names differ only in the qualifier go to the
    same side. What is held out depends on the text alone, so that it is the same in every run.

    Args:
        captions: English prose, as clean as it can be had.
        register: the protected names.
        hold_out: the share that is held out, 0..1 exclusive, of captions and of names.
        progress: called with the number of captions just looked through.

    Raises:
        TrainingError: too little is left.
    """
    kept, counts = _clean(captions, register, progress)
    names = [name for entry in register.entries if (name := to_training_name(entry))]
    if len(kept) < FEWEST_CAPTIONS:
        raise TrainingError(
            f"Only {len(kept)} of {counts.read} captions can be used, and {FEWEST_CAPTIONS} are "
            f"needed ({counts.other_form} are no English prose, {counts.named} hold registered "
            f"names, {counts.long} are longer than {LONGEST_CAPTION} characters).",
            "Give more captions of the kind that is to be cleansed, in English sentences.",
        )
    if len(names) < FEWEST_NAMES:
        raise TrainingError(
            f"Only {len(names)} names of the register are written in Latin letters, and "
            f"{FEWEST_NAMES} are needed.",
            "Import more names with `kiyome register names import`, or give a list with --names.",
        )
    learn, held = _split(kept, lambda caption: caption, hold_out)
    learn_names, held_names = _split(names, lambda name: name.family, hold_out)
    if not (learn and held and learn_names and held_names):
        raise TrainingError(
            f"With --hold-out {hold_out:g} nothing is left to learn from, or to be tried on.",
            "Choose a share such as 0.1.",
        )
    return Material(
        tuple(learn),
        tuple(learn_names),
        tuple(held),
        tuple(held_names),
        counts,
        digest_lines(sorted(kept)),
        register.version,
        _sources_of(register),
    )


def read_register(path: Path) -> tuple[NameRegister, tuple[ImportProblem, ...]]:
    """The names of a CSV file as a register of their own, and the rows that could not be used.

    Raises:
        RegisterError: the file cannot be read as a whole.
    """
    database = Database("sqlite://")
    try:
        Base.metadata.create_all(database.engine)
        with database.transaction() as session:
            report = import_names(session, path)
            return load_register(session), report.problems
    finally:
        database.dispose()


def read_captions(paths: Sequence[Path]) -> Iterator[str]:
    """The captions of text files, one a line, and of JSON Lines (``.jsonl``), whose objects have
    ``text`` or ``caption``. Lines that hold none are passed over.

    Raises:
        TrainingError: a file cannot be read.
    """
    for path in paths:
        try:
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                for line in file:
                    text = _caption_in(line) if path.suffix == ".jsonl" else line
                    if text.strip():
                        yield text.strip()
        except OSError as error:
            raise TrainingError(
                f"The captions {path} cannot be read: {error.strerror or error}.",
                "Check the path and its permissions.",
            ) from error


def _caption_in(line: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(row, dict):
        return ""
    found = next((row[field] for field in _FIELDS if isinstance(row.get(field), str)), "")
    return replace_surrogates(found)


def _clean(
    captions: Iterable[str], register: NameRegister, progress: Callable[[int], None]
) -> tuple[list[str], CaptionCounts]:
    """The captions that hold no registered name: a name among the clean ones would teach that
    it is none. A name that is only possible is kept; captions of any kind are full of them.
    """
    finder = RegisteredNames(compile_names(register, shipped_lexicon()))
    unique: dict[str, None] = {}
    read = repeated = long = other_form = 0
    for caption in captions:
        read += 1
        text = " ".join(caption.split())
        if len(text) > LONGEST_CAPTION:
            long += 1
        elif text in unique:
            repeated += 1
        elif prepare(text).form is not Form.ENGLISH:
            other_form += 1
        else:
            unique[text] = None
    texts = list(unique)
    kept: list[str] = []
    for begin in range(0, len(texts), _BATCH):
        together = texts[begin : begin + _BATCH]
        kept += _without_names(together, finder)
        progress(len(together))
    counts = CaptionCounts(read, repeated, long, other_form, len(texts) - len(kept), len(kept))
    return kept, counts


def _without_names(texts: Sequence[str], finder: Recogniser) -> list[str]:
    found = finder.recognise([prepare(text) for text in texts])
    return [
        text
        for text, seen in zip(texts, found, strict=True)
        if not any(sighting.certainty is Certainty.CERTAIN for sighting in seen)
    ]


def _split(
    items: Sequence[_Item], key: Callable[[_Item], str], share: float
) -> tuple[list[_Item], list[_Item]]:
    learn: list[_Item] = []
    held: list[_Item] = []
    for item in items:
        state = hashlib.sha256(b"hold-out\0" + key(item).encode("utf-8", "surrogatepass"))
        place = int.from_bytes(state.digest()[:8], "big") / 2**64
        (held if place < share else learn).append(item)
    return learn, held


def _sources_of(register: NameRegister) -> tuple[tuple[str, str, int], ...]:
    counted: dict[tuple[str, str], int] = {}
    for entry in register.entries:
        key = (entry.source, entry.licence)
        counted[key] = counted.get(key, 0) + 1
    return tuple((source, licence, number) for (source, licence), number in sorted(counted.items()))
