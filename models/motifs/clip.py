"""Encoders from open_clip: CLIP, SigLIP, MobileCLIP and whatever else it can build.

Weights are real or there is no encoder: a checkpoint that leaves a single parameter of the model
uncovered is refused, because a randomly initialised network gives plausible nonsense.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from models.canonical import digest_lines
from models.errors import EncoderError
from models.motifs.encoder import Embeddings
from models.motifs.fingerprints import Pixels
from models.motifs.weights import Checkpoint, digest_file, find_checkpoint

_CODE_VERSION = "1"
_CPU_BATCH = 16
_GPU_BATCH = 128
_SUGGESTED_SCORE = 0.85
_FLOOR_SCORE = 0.7


class OpenClipEncoder:
    """The image tower of an open_clip model, on the GPU where there is one, in float32."""

    suggested_score = _SUGGESTED_SCORE
    floor_score = _FLOOR_SCORE

    def __init__(
        self,
        name: str,
        fingerprint: str,
        model: Any,
        preprocess: Callable[[Image.Image], Any],
        device: Any,
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.batch_size = _GPU_BATCH if device.type == "cuda" else _CPU_BATCH
        self.limits = (
            f"{name} is a general image encoder. Its cosines have not been calibrated on this "
            f"register: the suggested {_SUGGESTED_SCORE} is a starting point, to be replaced by "
            "policy.motifs.resembles_score once measured on pictures of your own. It looks at the "
            "whole picture at a small size, so a motif that fills a small part of it, or stands at "
            "the edge of a very long one, may be missed."
        )
        self._model = model
        self._preprocess = preprocess
        self._device = device
        # One forward pass at a time: the library's own threads already use every core.
        self._lock = threading.Lock()
        size = model.visual.image_size
        self.view_size = 2 * max(size if isinstance(size, (tuple, list)) else (size,))
        probe = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
        embedding = self._forward([probe])
        if not np.isfinite(embedding).all() or not embedding.any():
            raise EncoderError(
                f"{name} gives no finite embedding; its weights are damaged.",
                "Fetch or export the weights again.",
            )
        self.dimension = int(embedding.shape[1])

    def encode(self, images: Sequence[Pixels]) -> Embeddings:
        """See ``Encoder.encode``."""
        parts = [
            self._forward(images[start : start + self.batch_size])
            for start in range(0, len(images), self.batch_size)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.dimension), np.float32)

    def _forward(self, images: Sequence[Pixels]) -> Embeddings:
        import torch

        tensors = [self._preprocess(Image.fromarray(image)) for image in images]
        # A batch is always full: matrix kernels round differently for different sizes, and an
        # embedding must not depend on how many pictures came along.
        tensors += [torch.zeros_like(tensors[0])] * (self.batch_size - len(tensors))
        with self._lock, torch.inference_mode():
            batch = torch.stack(tensors).to(self._device, dtype=torch.float32)
            embeddings = self._model.encode_image(batch, normalize=True)
        found: Embeddings = embeddings[: len(images)].float().cpu().numpy()
        return found


def load_open_clip(spec: str) -> OpenClipEncoder:
    """Load an open_clip encoder from weights that lie on this machine.

    Raises:
        EncoderError: the weights are absent, damaged, or do not cover the model.
    """
    import torch

    checkpoint = find_checkpoint(spec)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, preprocess = _build(spec, checkpoint, device)
    model.eval()
    fingerprint = digest_lines(
        [
            "open_clip",
            _CODE_VERSION,
            digest_file(checkpoint.file),
            _model_settings(checkpoint),
            json.dumps(model.visual.preprocess_cfg, sort_keys=True, default=list),
            device.type,
        ]
    )
    return OpenClipEncoder(checkpoint.name, fingerprint, model, preprocess, device)


def _build(spec: str, checkpoint: Checkpoint, device: Any) -> tuple[Any, Any]:
    import open_clip

    in_folder = checkpoint.model.startswith("local-dir:")
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
