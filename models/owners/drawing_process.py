"""Drawing in a process apart: a picture that crashes its decoder does not end the page that asks.

The process is started with the first picture and draws one after the other. It is the first to go
where memory runs out, and ends with the process that asks.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING

from models.deaths import offer_to_die
from models.failpoints import reach
from models.owners.works_pictures import NoPicture, draw_work

if TYPE_CHECKING:
    from models.assets.asset import Location

LONGEST_S = 60.0
"""A picture that takes longer is given up."""

LONGEST_START_S = 300.0
"""On a busy machine the process may take long to start, which says nothing of the picture."""


class DrawingProcess:
    """Draws works' copies apart. Threads may share it; one draws at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: SpawnProcess | None = None
        self._asking: Connection | None = None

    def draw(
        self,
        asset_id: str,
        originals: Sequence[Location],
        folder: Path,
        sizes: Sequence[int],
        max_bytes: int,
        max_pixels: int,
    ) -> NoPicture | None:
        """``models.owners.works_pictures.draw_work``, survived.

        Returns:
            None once the copies are there; else why there are none. A picture that the process died
            of, or that takes too long, is unreadable.

        Raises:
            OSError: the folder cannot be written, or the process does not start.
        """
        with self._lock:
            asking = self._ready()
            answer: NoPicture | OSError | None = NoPicture.UNREADABLE
            ended = True
            try:
                asking.send((asset_id, tuple(originals), folder, sizes, max_bytes, max_pixels))
                if asking.poll(LONGEST_S):
                    answer, ended = asking.recv(), False
            except (EOFError, OSError):
                return NoPicture.UNREADABLE  # it died of the picture
            finally:
                if ended:
                    self._end()
        if isinstance(answer, OSError):
            raise answer
        return answer

    def close(self) -> None:
        """End the process; the next picture would start another."""
        with self._lock:
            self._end()

    def _ready(self) -> Connection:
        if self._process is None or self._asking is None or not self._process.is_alive():
            self._end()
            context = multiprocessing.get_context("spawn")
            self._asking, answering = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(answering,), name="drawing", daemon=True
            )
            self._process.start()
            answering.close()
            self._wait_for_start(self._asking)
        return self._asking

    def _wait_for_start(self, asking: Connection) -> None:
        with suppress(EOFError, OSError):  # it ended before it could draw anything
            if asking.poll(LONGEST_START_S):
                asking.recv()
                return
        self._end()
        raise OSError("The process that draws owners' pictures does not start.")

    def _end(self) -> None:
        if self._asking is not None:
            self._asking.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._asking = None


def _serve(answering: Connection) -> None:
    offer_to_die()
    answering.send(None)
    while True:
        try:
            work = answering.recv()
        except EOFError:
            return
        reach(f"drawing-{work[0]}")
        try:
            answering.send(draw_work(*work))
        except OSError as error:
            answering.send(error)
