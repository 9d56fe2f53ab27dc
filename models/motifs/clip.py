"""Encoders from open_clip: CLIP, SigLIP, MobileCLIP and whatever else it can build.

Weights are real or there is no encoder: a checkpoint that leaves a single parameter of the model
uncovered is refused, because a randomly initialised network gives plausible nonsense.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models.canonical import digest_lines
from models.errors import EncoderError
from models.motifs.dense import (
    DENSE_VERSION,
    LARGEST,
    SCALES,
    Boxes,
    crop_windows,
    is_convolutional,
    look_at_map,
    place_windows,
)
from models.motifs.encoder import BUILTIN_ART, Embeddings, Seen
from models.motifs.fingerprints import Pixels
from models.motifs.towers import (
    Backend,
    as_module,
    check_backend,
    choose_batch,
    measure_on_card,
    run_with,
)
from models.motifs.weights import Checkpoint, digest_file, find_checkpoint

_CODE_VERSION = "2"
_CPU_BATCH = 16
_GPU_BATCHES = (16, 32, 64, 128, 256, 512)
_SCORES_FILE = "scores.json"
_COHORT_FILE = "cohort.npy"
_MOST_COHORT = 20_000
_IN_FOLDER = "local-dir:"
_ART = Path(__file__).with_name("embedded")


@dataclass(frozen=True, slots=True)
class Scores:
    """What an encoder's cosines mean.

    Attributes:
        suggested: from where on a resemblance is worth a reviewer's look.
        floor: below it nothing is recorded.
        limits: what the encoder does not see; empty for the general words.
    """

    suggested: float = 0.85
    floor: float = 0.7
    limits: str = ""


class OpenClipEncoder:
    """The image tower of an open_clip model, on the GPU where there is one, in float32."""

    def __init__(
        self,
        name: str,
        identity: str,
        model: Any,
        preprocess: Callable[[Image.Image], Any],
        device: Any,
        scores: Scores,
        backend: Backend = "torch",
        cohort: Embeddings | None = None,
    ) -> None:
        self.name = name
        self.identity = identity
        self.fingerprint = digest_lines([identity, device.type, repr(scores), *_named(backend)])
        self.suggested_score = scores.suggested
        self.floor_score = scores.floor
        self.limits = scores.limits or _general_limits(name, scores.suggested)
        self._model = model
        self._preprocess = preprocess
        # One forward pass at a time: the library's own threads already use every core.
        self._lock = threading.Lock()
        self._sees_windows = is_convolutional(model.visual)
        size = model.visual.image_size
        sides = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
        self._side = int(max(sides))
        if self._sees_windows:
            # Every picture is a map of its own shape, so there is nothing to gain from a batch.
            self.batch_size, self.view_size = 1, round(2 * LARGEST * self._side)
            shape: tuple[int, ...] = (1, 3, 64, 96)
            network = as_module(model.visual.trunk, "forward_features")
        else:
            self.batch_size = _CPU_BATCH
            self.view_size = 2 * self._side
            shape = (self.batch_size, 3, *sides)
            network = as_module(model, "encode_image", normalize=True)
        example = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        self._run = run_with(backend, network, device, example, threads=int(self._sees_windows))
        if device.type == "cuda" and not self._sees_windows:
            self.batch_size = choose_batch(measure_on_card(self._run, shape[1:]), _GPU_BATCHES)
        probe = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
        embedding = self.encode([probe]) if self._sees_windows else self._forward([probe])
        if not np.isfinite(embedding).all() or not embedding.any():
            raise EncoderError(
                f"{name} gives no finite embedding; its weights are damaged.",
                "Fetch or export the weights again.",
            )
        self.dimension = int(embedding.shape[1])
        self.cohort = np.zeros((0, self.dimension), np.float32) if cohort is None else cohort
        if self.cohort.shape[1] != self.dimension:
            raise EncoderError(
                f"The cohort of {name} has embeddings of {self.cohort.shape[1]} numbers, and its "
                f"own have {self.dimension}.",
                "Make the cohort with these weights, or take it away.",
            )

    def encode(self, images: Sequence[Pixels]) -> Embeddings:
        """See ``Encoder.encode``."""
        if self._sees_windows:
            parts = [self._look_at(image)[0][:1] for image in images]
        else:
            parts = [
                self._forward(images[start : start + self.batch_size])
                for start in range(0, len(images), self.batch_size)
            ]
        return np.concatenate(parts) if parts else np.zeros((0, self.dimension), np.float32)

    def look(self, images: Sequence[Pixels]) -> list[Seen]:
        """See ``Encoder.look``: windows of the feature map, or crops where there is no map."""
        if self._sees_windows:
            looks = (self._look_at(image) for image in images)
            return [Seen(found[0], found[1:], boxes) for found, boxes in looks]
        windows = [place_windows(i.shape[1], i.shape[0], SCALES) for i in images]
        crops = [
            crop
            for image, boxes in zip(images, windows, strict=True)
            for crop in (image, *crop_windows(image, boxes))
        ]
        embedded = self.encode(crops)
        seen, start = [], 0
        for boxes in windows:
            end = start + 1 + len(boxes)
            seen.append(Seen(embedded[start], embedded[start + 1 : end], boxes))
            start = end
        return seen

    def _look_at(self, image: Pixels) -> tuple[Embeddings, Boxes]:
        visual = self._model.visual
        mean, std = visual.preprocess_cfg["mean"], visual.preprocess_cfg["std"]
        with self._lock:
            return look_at_map(visual, self._run, image, self._side, mean, std)

    def _forward(self, images: Sequence[Pixels]) -> Embeddings:
        import torch

        tensors = [self._preprocess(Image.fromarray(image)) for image in images]
        # A batch is always full: matrix kernels round differently for different sizes, and an
        # embedding must not depend on how many pictures came along.
        tensors += [torch.zeros_like(tensors[0])] * (self.batch_size - len(tensors))
        with self._lock:
            return self._run(torch.stack(tensors).float().numpy())[: len(images)]


def load_art(backend: Backend = "torch") -> OpenClipEncoder:
    """Load the encoder whose weights come with Kiyome.

    Raises:
        EncoderError: its files are missing or damaged, or the backend is not installed.
    """
    return load_open_clip(f"open_clip:folder:{_ART}", BUILTIN_ART, backend)


def load_open_clip(
    spec: str, name: str | None = None, backend: Backend = "torch"
) -> OpenClipEncoder:
    """Load an open_clip encoder from weights that lie on this machine.

    A folder may hold a ``scores.json`` with ``suggested_score``, ``floor_score`` and ``limits``,
    where its cosines have been measured, and a ``cohort.npy`` (see ``Encoder.cohort``).

    Args:
        spec: see ``models.motifs.encoders.load_encoder``.
        name: what findings and reports call it; the weights' own name by default.
        backend: what runs it.

    Raises:
        EncoderError: the weights are absent, damaged, or do not cover the model, or the backend
            is not installed or cannot run it.
    """
    import torch

    check_backend(backend)
    checkpoint = find_checkpoint(spec)
    scores = _read_scores(checkpoint)
    cohort_digest, cohort = _read_cohort(checkpoint)
    device = torch.device(_choose_device(backend))
    model, preprocess = _build(spec, checkpoint, device)
    model.eval()
    identity = digest_lines(
        [
            "open_clip",
            _CODE_VERSION,
            digest_file(checkpoint.file),
            _model_settings(checkpoint),
            json.dumps(model.visual.preprocess_cfg, sort_keys=True, default=list),
            DENSE_VERSION,
            *cohort_digest,
        ]
    )
    name = name or checkpoint.name
    return OpenClipEncoder(name, identity, model, preprocess, device, scores, backend, cohort)


def _choose_device(backend: Backend) -> str:
    import torch

    return "cuda" if backend == "torch" and torch.cuda.is_available() else "cpu"


def _named(backend: Backend) -> tuple[str, ...]:
    """What a fingerprint says of a backend: nothing of torch, which features were kept with."""
    return () if backend == "torch" else (backend,)


def _read_scores(checkpoint: Checkpoint) -> Scores:
    file = checkpoint.file.parent / _SCORES_FILE
    if not checkpoint.model.startswith(_IN_FOLDER) or not file.is_file():
        return Scores()
    try:
        stated = json.loads(file.read_text(encoding="utf-8"))
        scores = Scores(
            float(stated["suggested_score"]), float(stated["floor_score"]), str(stated["limits"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(
            f"{file} cannot be read as an encoder's scores: {type(error).__name__}: {error}.",
            "It needs suggested_score, floor_score and limits; or take the file away.",
        ) from error
    if not 0 < scores.floor < scores.suggested < 1:
        raise EncoderError(
            f"{file} has the scores {scores.floor} and {scores.suggested}.",
            "They must lie between 0 and 1, floor_score below suggested_score.",
        )
    return scores


def _read_cohort(checkpoint: Checkpoint) -> tuple[tuple[str, ...], Embeddings | None]:
    """The digest of a folder's cohort and its embeddings, or nothing and None without one."""
    file = checkpoint.file.parent / _COHORT_FILE
    if not checkpoint.model.startswith(_IN_FOLDER) or not file.is_file():
        return (), None
    try:
        cohort = np.load(file, allow_pickle=False).astype(np.float32)
    except (OSError, ValueError, EOFError, TypeError) as error:
        raise EncoderError(
            f"{file} cannot be read as a cohort: {type(error).__name__}: {error}.",
            "It is an array of embeddings, one a row, as numpy saves it; or take the file away.",
        ) from error
    lengths = np.linalg.norm(cohort, axis=1) if cohort.ndim == 2 else np.zeros(1)
    if not 0 < len(cohort) <= _MOST_COHORT or not np.allclose(lengths, 1, atol=0.01):
        raise EncoderError(
            f"{file} does not hold up to {_MOST_COHORT} embeddings of length 1.",
            "Make it from what the encoder gives, or take the file away.",
        )
    return (digest_file(file),), cohort


def _general_limits(name: str, suggested: float) -> str:
    return (
        f"{name} is a general image encoder. Its cosines have not been calibrated on this "
        f"register: the suggested {suggested} is a starting point, to be replaced once measured "
        "on pictures of your own. It looks at pictures at a small size, so a motif that fills a "
        "small part of one, or stands at the edge of a very long one, may be missed."
    )


def _build(spec: str, checkpoint: Checkpoint, device: Any) -> tuple[Any, Any]:
    import open_clip

    in_folder = checkpoint.model.startswith(_IN_FOLDER)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model, _, preprocess = open_clip.create_model_and_transforms(
                checkpoint.model,
                pretrained=None if in_folder else str(checkpoint.file),
                precision="fp32",
                device=device,
                pretrained_image=False,
                pretrained_text=False,
                weights_only=True,
                **checkpoint.preprocessing,
            )
    except Exception as error:
        raise EncoderError(
            f"{checkpoint.file} cannot be loaded as the weights of {spec}: "
            f"{_shortened(str(error) or type(error).__name__)}",
            "Use weights that were exported for exactly this model: every parameter must be there.",
        ) from error
    return model, preprocess


def _model_settings(checkpoint: Checkpoint) -> str:
    from open_clip.factory import get_model_config

    settings = [get_model_config(checkpoint.model), checkpoint.preprocessing]
    return json.dumps(settings, sort_keys=True, default=list)


def _shortened(message: str, length: int = 400) -> str:
    flat = " ".join(message.split())
    return flat if len(flat) <= length else f"{flat[:length]}…"
