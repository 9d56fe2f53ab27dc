"""Loading an image encoder from its name in the settings."""

from __future__ import annotations

from pathlib import Path

from models.errors import EncoderError
from models.motifs.encoder import (
    BUILTIN,
    BUILTIN_ART,
    OPEN_CLIP_PREFIX,
    Encoder,
    PullProgress,
)
from models.motifs.towers import Backend


def load_encoder(spec: str, backend: Backend = "torch") -> Encoder:
    """Load an encoder. Nothing is ever downloaded here, and no weights are ever made up.

    Args:
        spec: ``builtin:layout``; ``builtin:art``; ``open_clip:<model>/<pretrained tag>``;
            ``open_clip:<model>/<weights file>``, where an absolute path gives two slashes
            (``open_clip:ViT-B-32//srv/vit.safetensors``); or ``open_clip:folder:<path>``, a folder
            that holds ``open_clip_config.json`` and one weights file.
        backend: what runs its network; ``builtin:layout`` has none.

    Raises:
        EncoderError: the spec is not understood, the weights are absent, damaged or do not cover
            the model, or the backend cannot run it.
    """
    if spec == BUILTIN:
        from models.motifs.layout import LayoutEncoder

        return LayoutEncoder()
    if spec == BUILTIN_ART:
        from models.motifs.clip import load_art

        return load_art(backend)
    if spec.startswith(OPEN_CLIP_PREFIX):
        from models.motifs.clip import load_open_clip

        return load_open_clip(spec, backend=backend)
    raise _not_understood(spec)


def pull_encoder(spec: str, progress: PullProgress) -> Path | None:
    """Fetch an encoder's pretrained weights into the local cache.

    Args:
        spec: see ``load_encoder``.
        progress: told how far the download is.

    Returns:
        The weights file, or None for an encoder that needs none.

    Raises:
        EncoderError: the spec names no pretrained tag, or the hub cannot be reached.
    """
    if spec in (BUILTIN, BUILTIN_ART):
        return None
    if spec.startswith(OPEN_CLIP_PREFIX):
        from models.motifs.weights import pull_weights

        return pull_weights(spec, progress)
    raise _not_understood(spec)


def known_encoders() -> tuple[str, ...]:
    """Every spec that can be loaded after pulling at most: ours, then open_clip's by model."""
    from open_clip.pretrained import list_pretrained

    tags = [f"{OPEN_CLIP_PREFIX}{model}/{tag}" for model, tag in list_pretrained()]
    return (BUILTIN, BUILTIN_ART, *tags)


def _not_understood(spec: str) -> EncoderError:
    return EncoderError(
        f"There is no image encoder {spec!r}.",
        f"Set encoder to {BUILTIN}, {BUILTIN_ART}, or open_clip:<model>/<pretrained tag or file>.",
    )
