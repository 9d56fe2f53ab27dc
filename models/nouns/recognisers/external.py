"""GLiNER behind the recogniser interface: a model that is told which kinds of names to look for.

Zaratiana et al., "GLiNER: Generalist Model for Named Entity Recognition using Bidirectional
Transformer", NAACL 2024. GiNZA and transformer pipelines of spaCy need nothing of their own:
``models.nouns.recognisers.learned`` loads them like any spaCy package.
"""

from __future__ import annotations

import hashlib
import importlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from models.canonical import digest_of
from models.nouns.forms import Form
from models.nouns.recognisers.learned import (
    LearnedSpan,
    NameModelError,
    digest_files,
    first_line,
    see_all,
    versions_of,
)
from models.nouns.recognisers.pieces import pieces_of
from models.nouns.recognition import NounText, Sighting

GLINER_PREFIX = "gliner:"
RECOGNISER = "gliner/1"
LABELS = {
    "fictional character": "character",
    "person": "person",
    "artist": "artist",
    "film, book, game or series": "work",
    "studio": "studio",
    "brand": "brand",
    "place": "place",
}
"""What the model is asked for, and the category that each stands for."""
THRESHOLD = 0.5

_TOGETHER = 16


class GlinerModel(Protocol):
    """What is used of ``gliner.GLiNER``."""

    def inference(
        self, texts: list[str], labels: list[str], *, threshold: float
    ) -> list[list[dict[str, Any]]]:
        """For each text its entities: ``start``, ``end`` (code points), ``label``, ``score``."""


class GlinerNames:
    """Finds what a GLiNER model takes for a name. Safe to use from several threads: they take
    turns.

    Args:
        model: the loaded model.
        model_name: what people call it.
        digest: of its files, or its revision.
        forms: the forms of text that it is asked about. GLiNER cuts texts into words at spaces, and
            so does not see the words of Japanese.
    """

    def __init__(
        self,
        model: GlinerModel,
        model_name: str,
        digest: str,
        forms: frozenset[Form] = frozenset({Form.ENGLISH}),
    ) -> None:
        self.model = model
        self.model_name = model_name
        self.forms = forms
        self.name = f"gliner:{model_name}/{digest[:12]}"
        self.fingerprint = digest_of(
            {
                "recogniser": RECOGNISER,
                "files": digest,
                "labels": sorted(LABELS),
                "threshold": str(THRESHOLD),
                "libraries": versions_of("gliner", "transformers", "torch"),
            }
        )
        self._lock = threading.Lock()

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """For each text what the model takes for names in it."""
        pieces = list(pieces_of(texts, self.forms))
        found: list[list[LearnedSpan]] = []
        with self._lock:
            for begin in range(0, len(pieces), _TOGETHER):
                together = [piece for _, _, piece in pieces[begin : begin + _TOGETHER]]
                answers = self.model.inference(together, list(LABELS), threshold=THRESHOLD)
                found += [_spans_of(answer) for answer in answers]
        return see_all(texts, pieces, found, self.name, self.model_name, LABELS.get)


def load_gliner(name: str) -> GlinerNames:
    """A GLiNER model: a folder, or the name of a model that is in the Hugging Face cache.

    Nothing is fetched from the network: a run does not depend on it.

    Raises:
        NameModelError: the package is missing, or the model cannot be loaded.
    """
    try:
        gliner = importlib.import_module("gliner")
    except ImportError as error:
        raise NameModelError(
            f"The model gliner:{name} needs the package gliner, which is not installed.",
            "Install it: pip install 'kiyome[gliner]'.",
        ) from error
    try:
        model = cast("GlinerModel", gliner.GLiNER.from_pretrained(name, local_files_only=True))
    except (OSError, ValueError, RuntimeError) as error:
        raise NameModelError(
            f"The model gliner:{name} cannot be loaded: {first_line(error)}.",
            "Fetch it first with `huggingface-cli download`, or give the folder that holds it.",
        ) from error
    folder = Path(name).expanduser()
    digest = digest_files(folder) if folder.is_dir() else _revision_of(model, name)
    return GlinerNames(model, folder.name if folder.is_dir() else name, digest)


def _revision_of(model: object, name: str) -> str:
    """What tells one version of a cached model from another: its configuration and its weights."""
    state = hashlib.sha256(name.encode())
    weights: Mapping[str, Any] = cast("Any", model).state_dict()
    for key in sorted(weights):
        state.update(key.encode())
        state.update(weights[key].detach().cpu().contiguous().view(-1).numpy().tobytes())
    return state.hexdigest()


def _spans_of(answer: Iterable[Mapping[str, Any]]) -> list[LearnedSpan]:
    return [
        LearnedSpan(
            int(entity["start"]), int(entity["end"]), str(entity["label"]), float(entity["score"])
        )
        for entity in answer
    ]
