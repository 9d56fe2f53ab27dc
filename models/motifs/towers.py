"""What runs a network: torch, or OpenVINO where it is installed and asked for.

OpenVINO takes the network as torch traced it, in single precision, and gives the same numbers to
six digits in about two thirds of the time on a processor. It cannot use NVIDIA's graphics cards;
torch can.
"""

from __future__ import annotations

import importlib.util
import math
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from models.errors import EncoderError

Floats = npt.NDArray[np.float32]
Backend = Literal["torch", "openvino"]
"""What runs an encoder's network."""

_WORTH_WHILE = 0.9
"""A larger batch is taken where a picture costs less than this share of what it cost before."""

Run = Callable[[Floats], Floats]
"""A network: a batch of pictures, N x 3 x height x width, to what it makes of each."""


def as_module(holder: Any, method: str, **options: Any) -> Any:
    """A torch module whose ``forward`` is another module's ``method`` with these options."""
    import torch

    class Calling(torch.nn.Module):  # type: ignore[misc]  # torch is not analysed
        def __init__(self) -> None:
            super().__init__()
            self.holder = holder

        def forward(self, batch: Any) -> Any:
            return getattr(self.holder, method)(batch, **options)

    return Calling().eval()


def run_with(backend: Backend, module: Any, device: Any, example: Floats, *, threads: int) -> Run:
    """Make a network ready to run.

    Args:
        backend: what runs it.
        module: a torch module in evaluation mode, of one input and one output.
        device: where torch runs it.
        example: a batch to trace the network with; others may differ in every size but the second
            where the network allows it.
        threads: how many OpenVINO uses; 0 for all. Torch uses as many as it was told.

    Raises:
        EncoderError: OpenVINO is not installed, or cannot take this network.
    """
    if backend == "openvino":
        return _run_with_openvino(module, example, threads)
    return _run_with_torch(module, device)


def check_backend(backend: Backend) -> None:
    """Make sure that a backend is installed.

    Raises:
        EncoderError: it is not.
    """
    if backend == "openvino" and importlib.util.find_spec("openvino") is None:
        raise EncoderError(
            "The setting encoder_backend is openvino, and OpenVINO is not installed.",
            'Install it with `pip install "kiyome[openvino]"`, or set encoder_backend to torch.',
        )


def choose_batch(measure: Callable[[int], float | None], sizes: Sequence[int]) -> int:
    """The batch size from which on larger ones gain next to nothing, or no longer fit.

    Args:
        measure: seconds that a batch of so many pictures takes, or None where the card's memory
            does not hold it.
        sizes: to try, ascending; the first is taken even where it does not fit.
    """
    best, fastest = sizes[0], math.inf
    for size in sizes:
        seconds = measure(size)
        if seconds is None:
            break
        if seconds / size < fastest * _WORTH_WHILE:
            best, fastest = size, seconds / size
    return best


def measure_on_card(run: Run, shape: tuple[int, ...]) -> Callable[[int], float | None]:
    """What ``choose_batch`` asks, of a network that torch runs on a graphics card."""
    import torch

    def measure(size: int) -> float | None:
        batch = np.zeros((size, *shape), np.float32)
        try:
            run(batch)  # the first of its size also chooses kernels and takes memory
            begun = time.perf_counter()
            run(batch)
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
            return None
        return time.perf_counter() - begun

    return measure


def _run_with_torch(module: Any, device: Any) -> Run:
    import torch

    def run(batch: Floats) -> Floats:
        with torch.inference_mode():
            found = module(torch.from_numpy(batch).to(device))
        made: Floats = found.float().cpu().numpy()
        return made

    return run


def _run_with_openvino(module: Any, example: Floats, threads: int) -> Run:
    check_backend("openvino")
    import openvino
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    try:
        # The steps of `openvino.convert_model`, which besides reports its use to its makers.
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore", FutureWarning)
            decoder = TorchScriptPythonDecoder(module, example_input=(torch.from_numpy(example),))
        frontend = FrontEndManager().load_by_framework("pytorch")
        network = frontend.convert(frontend.load(decoder))
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
        if threads:
            settings["INFERENCE_NUM_THREADS"] = threads
        compiled = openvino.Core().compile_model(network, "CPU", settings)
    except (RuntimeError, AttributeError, TypeError, ValueError) as error:
        words = " ".join(str(error).split())[:300]
        raise EncoderError(
            f"OpenVINO cannot run this encoder: {words}", "Set encoder_backend to torch."
        ) from error

    def run(batch: Floats) -> Floats:
        return np.array(compiled(batch)[0], dtype=np.float32)

    return run
