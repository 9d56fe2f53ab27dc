"""Recognisers that were learned: spaCy models, the user's own and other people's."""

from __future__ import annotations

import hashlib
import importlib.metadata
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.canonical import digest_of
from models.errors import KiyomeError
from models.nouns.forms import Form
from models.nouns.recognisers.beam_scoring import score_entities
from models.nouns.recognisers.labels import category_of
from models.nouns.recognisers.pieces import pieces_of, trim
from models.nouns.recognition import Certainty, NounText, Recogniser, Sighting, term_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

RECOGNISER = "ner/1"
META_KEY = "kiyome"
SPANS_KEY = "names"
UNSCORED = 0.6
"""The score of what a model gives no score for: more likely a name than not."""

_TOGETHER = 64
_EXPLAINING_FILES = frozenset({"README.md", "evaluation.json"})
_TRANSFORMERS = ("curated_transformer", "transformer", "spacy-transformers", "spacy_transformers")


class NameModelError(KiyomeError):
    """A model that looks for names cannot be loaded."""


@dataclass(frozen=True, slots=True)
class LearnedSpan:
    """What a model found in one piece of text: code points of the piece, label, score 0..1."""

    start: int
    end: int
    label: str
    score: float


class LearnedNames:
    """Finds what a spaCy model takes for a name: a folder, or an installed package.

    A model says that something looks like a name, not whose it is, so that its sightings are
    unknown terms. It is asked about texts of the forms it was made for: those in
    ``meta["kiyome"]["forms"]``, else Japanese for a Japanese model and English for any other.
    One model serves one thread at a time, behind a lock.

    Args:
        path_or_package: a folder that ``kiyome train-ner`` or spaCy wrote, or a package's name.

    Raises:
        NameModelError: there is no such model, or something that it needs is not installed.
    """

    def __init__(self, path_or_package: str | Path) -> None:
        self.nlp, files = _load(str(path_or_package))
        known = self.nlp.meta.get(META_KEY)
        about: Mapping[str, Any] = known if isinstance(known, dict) else {}
        self.forms = _forms_of(about, self.nlp.lang, str(path_or_package))
        self._labels = about.get("labels") if isinstance(about.get("labels"), dict) else None
        self.threshold = _threshold_of(about)
        if self.threshold is not None and "ner" not in self.nlp.pipe_names:
            raise NameModelError(
                f"The model {str(path_or_package)!r} has a threshold, but no component ner.",
                "Train it anew with `kiyome train-ner`.",
            )
        self._lock = threading.Lock()
        digest = digest_files(files)
        model = str(self.nlp.meta.get("name") or "model")
        self.model_name = model
        self.name = f"ner:{model}/{digest[:12]}"
        self.fingerprint = digest_of(
            {
                "recogniser": RECOGNISER,
                "files": digest,
                "libraries": versions_of("spacy", "thinc", *_libraries_of(self.nlp)),
            }
        )

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """For each text what the model takes for names in it."""
        pieces = list(pieces_of(texts, self.forms))
        if not pieces:
            return [[] for _ in texts]
        return see_all(
            texts,
            pieces,
            self._find([piece for _, _, piece in pieces]),
            self.name,
            self.model_name,
            lambda label: category_of(label, self._labels),
        )

    def _find(self, pieces: Sequence[str]) -> list[list[LearnedSpan]]:
        # A zone forgets the words it has seen; without one spaCy keeps every word for good.
        found: list[list[LearnedSpan]] = []
        for begin in range(0, len(pieces), _TOGETHER):
            together = pieces[begin : begin + _TOGETHER]
            with self._lock, self.nlp.memory_zone():
                docs = list(self.nlp.pipe(together, batch_size=_TOGETHER))
                found += self._score(docs)
        return found

    def _score(self, docs: Sequence[Doc]) -> list[list[LearnedSpan]]:
        if self.threshold is None:
            return [list(_spans_of(doc)) for doc in docs]
        return [
            [
                LearnedSpan(span.start_char, span.end_char, span.label_, score)
                for span, score in scored
                if score >= self.threshold
            ]
            for scored in score_entities(self.nlp, docs)
        ]


def load_models(names: Sequence[str]) -> tuple[Recogniser, ...]:
    """A recogniser for each model named, in order; the same model twice counts once.

    Args:
        names: a folder, a spaCy package (``en_core_web_sm``, ``ja_ginza``), or
            ``gliner:<model>``.

    Raises:
        NameModelError: one cannot be loaded.
    """
    from models.nouns.recognisers.external import GLINER_PREFIX, load_gliner

    loaded: dict[str, Recogniser] = {}
    for name in names:
        recogniser: Recogniser
        if name.startswith(GLINER_PREFIX):
            recogniser = load_gliner(name.removeprefix(GLINER_PREFIX))
        else:
            recogniser = LearnedNames(name)
        loaded.setdefault(recogniser.fingerprint, recogniser)
    return tuple(loaded.values())


def see_all(
    texts: Sequence[NounText],
    pieces: Sequence[tuple[int, int, str]],
    found: Sequence[Sequence[LearnedSpan]],
    detector: str,
    model: str,
    category: Callable[[str], str | None],
) -> list[list[Sighting]]:
    """The sightings in each text, from what a model found in its pieces.

    Args:
        texts: the texts.
        pieces: (index of the text, offset, piece) for each piece that was looked at.
        found: the spans in each piece.
        detector: the recogniser's name.
        model: what people call the model.
        category: the category of a label; None where it is no name of ours.
    """
    seen: list[list[Sighting]] = [[] for _ in texts]
    for (index, offset, piece), spans in zip(pieces, found, strict=True):
        text = texts[index].text
        for span in spans:
            kind = category(span.label)
            start, end = trim(piece, max(span.start, 0), min(span.end, len(piece)))
            if kind is None or start >= end:
                continue
            start, end = start + offset, end + offset
            surface = text[start:end]
            term = term_of(surface)
            if not term:
                continue
            seen[index].append(
                Sighting(
                    start=start,
                    end=end,
                    surface=surface,
                    certainty=Certainty.UNKNOWN,
                    category=kind,
                    detector=detector,
                    score=min(max(span.score, 0.0), 1.0),
                    explanation=_explain(surface, kind, span, model),
                    term=term,
                )
            )
    return seen


def _explain(surface: str, category: str, span: LearnedSpan, model: str) -> str:
    article = "an" if category[:1] in "aeiou" else "a"
    kind = f"the name of {article} {category}" if category else "a name"
    return f"The model {model!r} takes {surface!r} for {kind} (it says {span.label})."


def _spans_of(doc: Doc) -> Iterator[LearnedSpan]:
    group = doc.spans.get(SPANS_KEY)
    if group is not None:
        given = group.attrs.get("scores")
        scores = [UNSCORED] * len(group) if given is None else given.ravel().tolist()
        for span, score in zip(group, scores, strict=True):
            yield LearnedSpan(span.start_char, span.end_char, span.label_, score)
    for span in doc.ents:
        yield LearnedSpan(span.start_char, span.end_char, span.label_, UNSCORED)


def _load(name: str) -> tuple[Language, Path]:
    """The model and the folder of its files."""
    from models.nouns.spacy_import import spacy

    folder = Path(name).expanduser()
    if folder.is_dir():
        files = folder
    elif spacy.util.is_package(name):
        files = Path(spacy.util.get_package_path(name))
    else:
        raise NameModelError(
            f"There is no folder and no installed spaCy package {name!r}.",
            "Train one with `kiyome train-ner`, fetch a package with `kiyome models pull`, or "
            "correct noun_models in kiyome.toml.",
        )
    try:
        nlp = spacy.load(files if files is folder else name)
    except (OSError, ValueError, ImportError, KeyError, TypeError) as error:
        raise NameModelError(
            f"The model {name!r} cannot be loaded: {first_line(error)}.", _remedy(str(error))
        ) from error
    return nlp, files


def _remedy(message: str) -> str:
    if any(word in message for word in _TRANSFORMERS):
        return "It is a transformer pipeline: pip install 'kiyome[transformers]'."
    if "ginza" in message or "sudachi" in message.lower():
        return "It is a GiNZA model: pip install ginza ja-ginza, in an environment that has both."
    return "Check that it was made for the spaCy installed here, or train it anew."


def first_line(error: BaseException) -> str:
    """What an error says, as the middle of a sentence."""
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__


def _forms_of(about: Mapping[str, Any], language: str, name: str) -> frozenset[Form]:
    given = about.get("forms")
    if given is None:
        return frozenset({Form.JAPANESE if language == "ja" else Form.ENGLISH})
    try:
        return frozenset(Form(form) for form in given)
    except (ValueError, TypeError) as error:
        raise NameModelError(
            f"The model {name!r} names forms of text that there are not: {given!r}.",
            f"Its meta.json may name {', '.join(Form)} under {META_KEY}.forms.",
        ) from error


def _threshold_of(about: Mapping[str, Any]) -> float | None:
    """The score from which a span counts; None for a model that was not trained with one."""
    given = about.get("threshold")
    return float(given) if isinstance(given, int | float) else None


def digest_files(folder: Path) -> str:
    """Digest of every file that bears on what the model finds."""
    files = sorted(
        (path.relative_to(folder).as_posix(), path)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in _EXPLAINING_FILES
    )
    digests = []
    for name, path in files:
        with path.open("rb") as file:
            digests.append([name, hashlib.file_digest(file, "sha256").hexdigest()])
    return digest_of(digests)


def _libraries_of(nlp: Language) -> list[str]:
    libraries = []
    if any(name in _TRANSFORMERS for name in nlp.pipe_names):
        libraries += ["spacy-transformers", "spacy-curated-transformers", "torch"]
    if nlp.lang == "ja":
        libraries += ["sudachipy", "sudachidict-core", "ginza"]
    return libraries


def versions_of(*libraries: str) -> dict[str, str]:
    """The versions of those libraries that are installed."""
    found = {}
    for library in libraries:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
