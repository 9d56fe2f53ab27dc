"""Finding the weights of an open_clip model on this machine, and fetching them when told to."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import EncoderError
from models.motifs.encoder import OPEN_CLIP_PREFIX, PullProgress

FOLDER_PREFIX = "folder:"
FOLDER_CONFIG = "open_clip_config.json"
WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth")
_FOLDER_SUFFIXES = (".safetensors", ".bin", ".pth")
_READ_SIZE = 1 << 20

_known_digests: dict[tuple[str, int, int], str] = {}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights that lie on this machine, and what open_clip must be told to use them rightly.

    Attributes:
        model: what open_clip calls the model: ``ViT-B-32``, or ``local-dir:<folder>``.
        file: the weights.
        name: short name for reports, without folders.
        preprocessing: keyword arguments for ``create_model_and_transforms``.
    """

    model: str
    file: Path
    name: str
    preprocessing: dict[str, Any] = field(default_factory=dict)


def find_checkpoint(spec: str) -> Checkpoint:
    """The weights that a spec means, without touching the network.

    Args:
        spec: see ``models.motifs.encoders.load_encoder``.

    Raises:
        EncoderError: the spec names nothing that is known, or its weights are not here.
    """
    if (folder := _folder_of(spec)) is not None:
        return _checkpoint_in(folder)
    model, source = _split(spec)
    tag = _tag_settings(model, source)
    if not tag:
        return _checkpoint_file(spec, model, source)
    for repository, filename in _hub_files(spec, tag):
        if path := _cached_file(repository, filename):
            return Checkpoint(model, path, f"{OPEN_CLIP_PREFIX}{model}/{source}", _arguments(tag))
    raise EncoderError(
        f"The weights of {spec} are not on this machine.",
        f"Fetch them with `kiyome models pull {spec}`; a run never downloads anything.",
    )


def pull_weights(spec: str, progress: PullProgress) -> Path:
    """Download the weights of a pretrained tag into the hub's local cache.

    Raises:
        EncoderError: the spec names a local file, or the hub cannot be reached.
    """
    if _folder_of(spec) is not None:
        raise _nothing_to_pull(spec)
    model, source = _split(spec)
    tag = _tag_settings(model, source)
    if not tag:
        _checkpoint_file(spec, model, source)
        raise _nothing_to_pull(spec)
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import RemoteEntryNotFoundError

    for repository, filename in _hub_files(spec, tag):
        try:
            return Path(hf_hub_download(repository, filename, tqdm_class=_reporter(progress)))
        except RemoteEntryNotFoundError:
            continue
        except Exception as error:
            raise EncoderError(
                f"The weights of {spec} could not be fetched from {repository}: "
                f"{type(error).__name__}: {_first_line(error)}.",
                "Check the network and try again; or fetch the file on another machine and name "
                f"it as open_clip:{model}/<path of the file>.",
            ) from error
    raise EncoderError(f"The hub has no weights for {spec}.", "Choose another pretrained tag.")


def digest_file(path: Path) -> str:
    """SHA-256 of a file, in hex; hashed once per process while size and time stay the same."""
    status = path.stat()
    key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
    if key not in _known_digests:
        state = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_READ_SIZE):
                state.update(block)
        _known_digests[key] = state.hexdigest()
    return _known_digests[key]


def _folder_of(spec: str) -> Path | None:
    body = spec.removeprefix(OPEN_CLIP_PREFIX)
    return Path(body.removeprefix(FOLDER_PREFIX)) if body.startswith(FOLDER_PREFIX) else None


def _checkpoint_in(folder: Path) -> Checkpoint:
    if not (folder / FOLDER_CONFIG).is_file():
        raise EncoderError(
            f"There is no {FOLDER_CONFIG} in {folder}.",
            "Put open_clip's model configuration there, beside one file of weights.",
        )
    files = sorted(path for path in folder.iterdir() if path.suffix in _FOLDER_SUFFIXES)
    if len(files) != 1:
        names = ", ".join(path.name for path in files) or "none"
        raise EncoderError(
            f"{folder} must hold exactly one file of weights ({', '.join(_FOLDER_SUFFIXES)}); "
            f"it holds {names}.",
            "Leave the one that is meant.",
        )
    name = f"{OPEN_CLIP_PREFIX}{folder.resolve().name}/{files[0].name}"
    return Checkpoint(f"local-dir:{folder.resolve()}", files[0], name)


def _split(spec: str) -> tuple[str, str]:
    """Model and source of a spec; the model is one that open_clip knows."""
    import open_clip

    model, slash, source = spec.removeprefix(OPEN_CLIP_PREFIX).partition("/")
    known = open_clip.list_models()
    if model not in known:
        near = difflib.get_close_matches(model, known, n=3)
        hint = (
            f"Did you mean {' or '.join(near)}?"
            if near
            else "`kiyome models list` shows what it knows."
        )
        raise EncoderError(f"open_clip knows no model {model!r} (from {spec!r}).", hint)
    if not slash or not source:
        raise EncoderError(
            f"{spec!r} does not say which weights to use.",
            f"Write open_clip:{model}/<pretrained tag or weights file>; random weights are never "
            "used.",
        )
    return model, source


def _tag_settings(model: str, source: str) -> dict[str, Any]:
    from open_clip.pretrained import get_pretrained_cfg

    return dict(get_pretrained_cfg(model, source))


def _checkpoint_file(spec: str, model: str, source: str) -> Checkpoint:
    from open_clip.pretrained import list_pretrained_tags_by_model

    path = Path(source)
    if not path.is_file():
        tags = ", ".join(list_pretrained_tags_by_model(model)) or "none"
        raise EncoderError(
            f"{source!r} is neither a file nor a pretrained tag of {model} (from {spec!r}).",
            f"Tags of {model}: {tags}. An absolute path gives two slashes: "
            f"open_clip:{model}//srv/weights.safetensors.",
        )
    if path.suffix not in WEIGHT_SUFFIXES:
        raise EncoderError(
            f"{path.name} is not a file of weights that can be checked for completeness.",
            f"Use one of {', '.join(WEIGHT_SUFFIXES)}.",
        )
    return Checkpoint(model, path, f"{OPEN_CLIP_PREFIX}{model}/{path.name}")


def _hub_files(spec: str, tag: dict[str, Any]) -> list[tuple[str, str]]:
    """Repository and file name of a tag's weights on the hub, safe formats first."""
    repository, _, filename = str(tag.get("hf_hub", "")).rpartition("/")
    if not repository:
        raise EncoderError(
            f"The weights of {spec} are not published on the hub.",
            "Fetch them by hand and name the file.",
        )
    if not filename:
        names = ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"]
    else:
        names = [str(Path(filename).with_suffix(".safetensors")), filename]
    return [(repository, name) for name in names]


def _cached_file(repository: str, filename: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repository, filename)
    return Path(found) if isinstance(found, str) else None


def _arguments(tag: dict[str, Any]) -> dict[str, Any]:
    """A tag's preprocessing, which naming the cached file alone would lose."""
    return {
        "image_mean": tag["mean"],
        "image_std": tag["std"],
        "image_interpolation": tag["interpolation"],
        "image_resize_mode": tag["resize_mode"],
        "force_quick_gelu": bool(tag.get("quick_gelu", False)),
    }


def _nothing_to_pull(spec: str) -> EncoderError:
    return EncoderError(f"{spec} names local weights; there is nothing to fetch.")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _reporter(progress: PullProgress) -> type:
    """A progress bar for the hub's client that draws nothing and tells ``progress``."""
    from huggingface_hub.utils.tqdm import tqdm

    bar: Any = tqdm

    class Reporter(bar):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})
            self._done = int(options.get("initial") or 0)
            self._all = int(options.get("total") or 0)

        def update(self, n: float | None = 1) -> None:
            self._done += int(n or 0)
            progress(self._done, max(self._all, int(self.total or 0)))

    return Reporter
