"""Small datasets to cleanse, and the ways to cleanse them that tests share."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from models.releases.publishing import latest_release
from models.releases.release import Release
from models.settings import Settings, load_settings
from models.store.schema import open_database
from tests.forking import find_forker
from tests.prefect_server import find_shared_server

ROOT = Path(__file__).resolve().parents[1]
POLICY = """
name = "test"
version = "1"

[[consent.contract]]
id = "everything"
holder = "Studio"
purposes = ["generative_training"]
folder = "."
entered_by = "Aoki"
approved_by = "Baba"
issued = 2026-01-01
expires = 2099-01-01
"""


def draw_picture(path: Path, seed: int, size: int = 96) -> None:
    """A picture that differs from those of other seeds, also for a perceptual hash."""
    image = Image.new("RGB", (size, size), (seed * 37 % 256, seed * 91 % 256, seed * 17 % 256))
    draw = ImageDraw.Draw(image)
    for n in range(6):
        x, y = (seed * 13 + n * 29) % size, (seed * 7 + n * 17) % size
        colour = ((seed + n) * 53 % 256, (seed + n) * 11 % 256, (seed + n) * 71 % 256)
        draw.ellipse((x - 18, y - 18, x + 18, y + 18), fill=colour)
        draw.line((x, 0, size - y, size), fill=colour[::-1], width=3)
    image.save(path)


def draw_dataset(folder: Path, count: int, captions: Mapping[int, str] | None = None) -> Path:
    """A kohya dataset of ``count`` pictures with captions."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        draw_picture(folder / f"{n:03d}.png", n)
        caption = (captions or {}).get(n, f"a drawing of coloured circles, number {n}")
        (folder / f"{n:03d}.txt").write_text(caption, encoding="utf-8")
    return folder


def make_settings(tmp_path: Path, policy: str = POLICY, **overrides: Any) -> Settings:
    """Settings of a workspace and a policy of this test's own."""
    file = tmp_path / "policy.toml"
    file.write_text(policy, encoding="utf-8")
    given = {"workspace": tmp_path / "workspace", "policy": file, "workers": 2, "shard_size": 4}
    return load_settings(**{**given, **overrides})


def release_of(settings: Settings, dataset: str) -> Release:
    """The latest release."""
    database = open_database(settings.resolved_database_url)
    try:
        release = latest_release(database, dataset)
    finally:
        database.dispose()
    assert release is not None
    return release


def manifest_bytes(settings: Settings, dataset: str) -> bytes:
    """The latest release's manifest, as it lies on the disk."""
    folder = release_of(settings, dataset).path(settings.workspace)
    return (folder / "manifest.parquet").read_bytes()


def outcomes_of(settings: Settings, dataset: str) -> dict[str, tuple[str, str]]:
    """Verdict and first reason by file name, for the last run."""
    table = pq.read_table(settings.workspace / "datasets" / dataset / "outcomes.parquet")
    return {
        name: (row["verdict"], row["reasons"][0])
        for row in table.to_pylist()
        for name in row["names"]
    }


def run_kiyome(
    *words: str | Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
    own_server: bool = False,
) -> subprocess.CompletedProcess[str]:
    """`kiyome` in a process of its own; what it leaves behind when killed is ended with it.

    Args:
        own_server: it starts anew, with its imports and a Prefect server of its own, as it does
            for a user. Otherwise it is forked (``tests.forking``), and runs use the server that
            the tests of this process share.
    """
    if own_server:
        return _start_anew(words, env, timeout)
    if words[0] in ("cleanse", "demo"):
        env = {"PREFECT_API_URL": find_shared_server(), **(env or {})}
    return find_forker().start_apart(*words, env=env).finish(timeout)


def _start_anew(
    words: Sequence[str | Path], env: Mapping[str, str] | None, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Its output goes to files: a Prefect server that outlives it would hold a pipe open."""
    command = [sys.executable, "-m", "flows", *map(str, words)]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, code, out.read(), err.read())
