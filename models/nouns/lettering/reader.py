"""Reading the lettering in a picture with RapidOCR and the models that it carries.

The models are PP-OCRv4 (https://github.com/PaddlePaddle/PaddleOCR) for Chinese and English: one
finds lines, one turns those that stand on their heads, one reads them. Nothing is downloaded.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import math
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image

from models.assets.decoding import decode_image
from models.assets.faults import FaultError
from models.canonical import digest_bytes, digest_of
from models.errors import KiyomeError
from models.nouns.lettering.lines import Box, Line
from models.reasons import Reason

READER = "lettering/1"
MODULE = "rapidocr_onnxruntime"
LONGEST_SIDE = 2560
"""Pixels: a longer picture is read smaller."""
MOST_PIXELS = 1024 * 1024
"""A picture with more is read smaller: what it costs grows with its pixels."""

_SHORTEST_SIDE = 512
_LARGEST_SCALE = 2.0
_STRIDE = 32
_MARGIN = 16
_MOST_TIMES_AS_LONG = 8
_PACKAGES = ("rapidocr-onnxruntime", "onnxruntime", "opencv-python", "opencv-python-headless")
_PLACES = 4
_OPTIONS: dict[str, Any] = {
    # Whoever runs the stage decides how many pictures are read at the same time; each takes a core.
    "intra_op_num_threads": 1,
    "inter_op_num_threads": 1,
    # What is handed over has its size already. Left to itself, the library makes the shorter side
    # 736 pixels long, and a strip of 30 x 3,000 pixels becomes 54 million.
    "det_limit_type": "min",
    "det_limit_side_len": _STRIDE,
    "max_side_len": 2 * LONGEST_SIDE,
    "width_height_ratio": -1,
    # Lines that are read together are padded to the longest, which changes what is read in them.
    "rec_batch_num": 1,
    "text_score": 0.3,
}

Pixels = npt.NDArray[np.uint8]
Found = tuple[Sequence[tuple[Sequence[Sequence[float]], str, float]] | None, Any]


class LetteringError(KiyomeError):
    """Lettering cannot be read, because what it takes is not there."""


class Engine(Protocol):
    """What is used of ``rapidocr_onnxruntime.RapidOCR``; it serves one thread at a time."""

    def __call__(self, img_content: Pixels) -> Found:
        """For BGR pixels each line as four corners, text and score, or None without any."""


class Reader(Protocol):
    """Reads lettering. Safe to use from several threads."""

    @property
    def workers(self) -> int:
        """How many pictures are read at the same time."""

    @property
    def fingerprint(self) -> str:
        """Digest of everything besides the picture that the lines depend on."""

    def read(self, data: bytes) -> list[Line]:
        """The lines in a picture, from top to bottom.

        Raises:
            FaultError: the picture cannot be decoded or read.
        """


class LetteringReader:
    """Reads lettering with RapidOCR.

    Safe to use from several threads: at most ``workers`` pictures are read at a time, each by an
    engine of its own on one core. It can be pickled; engines are loaded anew where it is used.

    Args:
        max_pixels: larger pictures are a fault.
        workers: how many pictures are read at the same time.

    Raises:
        LetteringError: the extra is not installed, or its models cannot be loaded.
    """

    def __init__(self, max_pixels: int, workers: int) -> None:
        self.max_pixels = max_pixels
        self.workers = workers
        self._places = threading.BoundedSemaphore(workers)
        # The first is loaded before any asset is examined: what is missing is told at once.
        self._idle: deque[Engine] = deque([load_engine()])
        self.fingerprint = digest_of(
            {
                "reader": READER,  # raise its number when a constant above changes
                "max_pixels": max_pixels,
                "options": {key: str(value) for key, value in _OPTIONS.items()},
                "packages": lettering_packages(),
                "pillow": PIL.__version__,
                "models": _digest_models(),
            }
        )

    def __reduce__(self) -> tuple[type[LetteringReader], tuple[int, int]]:
        return (type(self), (self.max_pixels, self.workers))

    def read(self, data: bytes) -> list[Line]:
        """The lines in a picture, from top to bottom, those on one height from left to right.

        Raises:
            FaultError: see ``decode_image``; STAGE_FAILED where the recognition gives way.
        """
        image = decode_image(data, max_pixels=self.max_pixels, fit=LONGEST_SIDE)
        width, height = choose_size(image.pixels.shape[1], image.pixels.shape[0])
        pixels, left, top = _prepare(image.pixels, width, height)
        try:
            with self._engine() as engine:
                found, _ = engine(pixels)
            lines = [
                Line(
                    text.strip(),
                    _box_of([(x - left, y - top) for x, y in corners], width, height),
                    _round(score),
                )
                for corners, text, score in found or ()
                if text.strip()
            ]
        except KiyomeError:
            raise
        except Exception as error:
            said = str(error).strip().splitlines() or [""]
            raise FaultError(
                Reason.STAGE_FAILED,
                f"the lettering cannot be read: {type(error).__name__}: {said[-1]}"[:500],
            ) from error
        return lines

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        with self._places:
            try:
                engine = self._idle.pop()
            except IndexError:
                engine = load_engine()
            yield engine
            self._idle.append(engine)  # one that gave way is not used again


def load_engine() -> Engine:
    """Load RapidOCR with the models that it carries.

    Raises:
        LetteringError: it is not installed, or its models cannot be loaded.
    """
    try:
        library = importlib.import_module(MODULE)
    except ImportError as error:
        raise LetteringError(
            f"read_lettering is on, but {MODULE} cannot be imported: {error}.",
            "Install the extra with `pip install 'kiyome[ocr]'`, or set read_lettering = false.",
        ) from error
    try:
        engine: Engine = library.RapidOCR(**_OPTIONS)
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise LetteringError(
            f"The models of {MODULE} cannot be loaded: {type(error).__name__}: {error}.",
            "Reinstall the extra with `pip install --force-reinstall 'kiyome[ocr]'`.",
        ) from error
    return engine


def lettering_packages() -> list[str]:
    """What is installed of the packages that read lettering, with versions; nothing is imported."""
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def choose_size(width: int, height: int) -> tuple[int, int]:
    """The size in pixels in which a picture is read.

    A large one is made smaller, a small one up to twice as large, because the recognition was
    trained on letters of at least about ten pixels.
    """
    wanted = max(1.0, min(_LARGEST_SCALE, _SHORTEST_SIDE / min(width, height)))
    limits = LONGEST_SIDE / max(width, height), math.sqrt(MOST_PIXELS / (width * height))
    scale = min(wanted, *limits)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _prepare(pixels: Pixels, width: int, height: int) -> tuple[Pixels, int, int]:
    """BGR pixels of that size with a margin, and how wide it is on the left and at the top.

    The margin continues the edges. Letters that touch an edge are missed without it, and so is a
    line as long as a narrow picture. With it the sides are whole strides of the network, so that
    the library stretches nothing.
    """
    if pixels.shape[:2] != (height, width):
        resample = Image.Resampling.BICUBIC
        pixels = np.asarray(Image.fromarray(pixels).resize((width, height), resample))
    shortest = -(-max(width, height) // _MOST_TIMES_AS_LONG)
    across, down = (max(side + 2 * _MARGIN, shortest) - side for side in (width, height))
    across += -(width + across) % _STRIDE
    down += -(height + down) % _STRIDE
    left, top = across // 2, down // 2
    margins = ((top, down - top), (left, across - left), (0, 0))
    return np.ascontiguousarray(np.pad(pixels, margins, mode="edge")[:, :, ::-1]), left, top


def _box_of(corners: Sequence[tuple[float, float]], width: int, height: int) -> Box:
    """What surrounds the corners, in fractions of the picture."""
    across = [min(max(x / width, 0.0), 1.0) for x, _ in corners]
    down = [min(max(y / height, 0.0), 1.0) for _, y in corners]
    return (_round(min(across)), _round(min(down)), _round(max(across)), _round(max(down)))


def _round(value: float) -> float:
    return round(float(value), _PLACES)


def _digest_models() -> list[list[str]]:
    """The models and the settings that the library carries; ``load_engine`` has found them."""
    spec = importlib.util.find_spec(MODULE)
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    files = sorted([*folder.glob("*.yaml"), *folder.glob("models/*")])
    return [[file.name, digest_bytes(file.read_bytes())] for file in files if file.is_file()]
