"""The process apart: examines assets for ``tasks.apart``, and may die of it.

Reads lines of JSON: first what to work with, then assets to examine. Answers each with a line. It
ends with the process that asks, and is the first to go where memory runs out.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa

from models.captions.stage import EDITED
from models.deaths import offer_to_die
from models.errors import KiyomeError, WorkspaceError
from models.stages import Stage, examine_each
from tasks.order import Desk, ShardWork, read_order


def main() -> None:
    """Answer until nobody asks any more."""
    faulthandler.enable()
    offer_to_die()
    # What a library prints must not get between the answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        for answer in _answer_all(_questions()):
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


def _answer_all(questions: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    try:
        asked = next(questions)
        desk, stage = _prepare(asked)
        known = {asset.asset_id: asset for asset in desk.shard(asked["shard"]).assets}
        yield {"ready": True}
        for question in questions:
            assets = [known[asset_id] for asset_id in question["assets"]]
            rows = examine_each(stage, assets, lambda _: None)
            with (
                pa.OSFile(asked["output"], "wb") as sink,
                pa.ipc.new_file(sink, rows.schema) as out,
            ):
                out.write_table(rows)
            yield {"done": True}
    except KiyomeError as error:
        kind = type(error).__name__
        yield {"kind": kind, "problem": error.problem, "remedy": error.remedy}


def _questions() -> Iterator[dict[str, Any]]:
    """Every question; when nobody can ask any more, this process ends at once, whatever it does."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin.buffer:
            waiting.put(line)
        os._exit(0)

    threading.Thread(target=listen, name="questions", daemon=True).start()
    while True:
        yield json.loads(waiting.get())


def _prepare(asked: dict[str, Any]) -> tuple[Desk, Stage]:
    order = read_order(asked["order"])
    desk = Desk(replace(order, settings={**order.settings, "workers": asked["workers"]}))
    stage = _find_stage(desk, asked["stage"], asked["shard"])
    if stage.fingerprint != asked["fingerprint"]:
        raise WorkspaceError(
            f"The stage {stage.name} was changed while the run was going on, by an edit of a "
            "register, a caption or the policy.",
            "Run again: what was examined is kept.",
        )
    return desk, stage


def _find_stage(desk: Desk, name: str, shard: str) -> Stage:
    detectors = desk.detectors
    if name == EDITED:
        edited = desk.edited(desk.shard(shard).assets)
        if edited is None:
            raise WorkspaceError(
                "The captions that people had edited were changed while the run was going on.",
                "Run again: what was examined is kept.",
            )
        return edited
    if name == "motifs":
        return detectors.motifs(ShardWork(desk, detectors.features, shard, ()).read())
    stages: tuple[Stage, ...] = (
        detectors.consent,
        detectors.likeness,
        detectors.nouns,
        detectors.features,
    )
    return next(stage for stage in stages if stage.name == name)


if __name__ == "__main__":
    main()
