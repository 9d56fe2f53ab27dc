"""What a re-cleansing of a million assets costs.

    python benchmarks/million.py make /data/million
    python benchmarks/million.py measure /data/million

``make`` fills a workspace with what a first cleansing of a dataset would have left: shards, and the
outputs of the stages consent, nouns, features and motifs, under the fingerprints of the stages as
they are. Captions are searched for names by the stage itself; statements, embeddings and points are
drawn by chance, because there are no pictures. ``measure`` then runs `kiyome recleanse` in
processes of their own: the first to publish, then one after each kind of change.
docs/benchmarks.md says how to read what is printed.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

DATASET = "million"
SHARD = 2000
PLANTED = 40
"""Assets that show the motif which is registered later, and whose captions hold the name."""
NAME = "Mizunami Karakuri"
POLICY = """\
name = "million"
version = "{version}"

[consent]
purposes = ["generative_training"]

[[consent.contract]]
id = "licensed"
holder = "the makers of the pictures"
purposes = ["generative_training"]
folder = "licensed"
entered_by = "one person"
approved_by = "another person"
issued = 2020-01-01
expires = 2099-01-01

[motifs]
risk = {risk}
"""
_SUBJECTS = (
    "fox",
    "girl",
    "castle",
    "boat",
    "old man",
    "street",
    "forest",
    "robot",
    "cat",
    "river",
)
_HOW = ("watercolor", "oil painting", "pencil sketch", "photo", "woodcut", "render")
_WHERE = ("in the snow", "at night", "under a bridge", "on a hill", "by the sea", "in the rain")
_LIGHT = ("soft light", "backlit", "golden hour", "overcast", "neon", "candle light")
_TAGS = (
    *("1girl", "solo", "long hair", "smile", "blue eyes", "hat", "outdoors", "sky", "cloud"),
    *("standing", "dress", "short hair", "open mouth", "flower", "tree", "window", "sitting"),
    *("night", "rain", "umbrella", "scarf", "gloves", "boots", "forest", "river", "snow"),
)


def main() -> None:
    """Run the step that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("step", choices=["make", "measure"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--assets", type=int, default=1_000_000)
    parser.add_argument("--points", type=int, default=24, help="kept of each picture; at most 600")
    parser.add_argument("--only", nargs="*", help="measure only these changes")
    given = parser.parse_args()
    if given.step == "make":
        make(given.folder, given.assets, given.points)
    else:
        measure(given.folder, given.only)


def settings_of(folder: Path) -> Any:
    """The settings of the workspace in a folder."""
    from models.settings import load_settings

    return load_settings(workspace=folder / "workspace", policy=folder / "policy.toml", workers=2)


def make(folder: Path, assets: int, points: int) -> None:
    """Fill the workspace; what is there already is made anew."""
    from models.detectors import load_detectors
    from models.motifs.register import add_motif
    from models.nouns.register.storage import add_name
    from models.planning import Plan, dataset_folder
    from models.policy import load_policy
    from models.store.schema import open_database
    from models.workspace import prepare_workspace

    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "policy.toml").write_text(POLICY.format(version="1", risk=0.5), encoding="utf-8")
    settings = settings_of(folder)
    prepare_workspace(settings.workspace)
    database = open_database(settings.resolved_database_url)
    for seed in range(4):
        _draw(folder / f"motif-{seed}.png", seed)
    with database.transaction() as session:
        for number in range(300):
            add_name(session, f"Hoshizora Mirena {number}", "character")
        for seed in range(3):
            add_motif(session, settings.workspace, folder / f"motif-{seed}.png", f"Motif {seed}")
    detectors = load_detectors(settings, load_policy(settings.policy), folder, database)
    from models.motifs.motifs_stage import MotifsStage

    empty = detectors.features.schema.empty_table()
    notes = {
        "folder": str(folder),
        "points": points,
        "assets": assets,
        "fingerprints": {
            "consent": detectors.consent.fingerprint,
            "features": detectors.features.fingerprint,
            "nouns": detectors.nouns.fingerprint,
            "motifs": MotifsStage(detectors.index, empty).fingerprint,
        },
        "shown": _features_of(folder / "motif-3.png", detectors.encoder),
    }
    from models.recleansing.origins import remember_origins

    remember_origins(detectors, settings.workspace)
    database.dispose()
    count = -(-assets // SHARD)
    with multiprocessing.get_context("spawn").Pool(2, _begin, (notes,)) as pool:
        shards = []
        for number, shard in enumerate(pool.imap(_make_shard, range(count), chunksize=1), 1):
            shards.append(shard)
            if number % 50 == 0:
                print(f"{number} of {count} shards, {time.monotonic() - started:.0f} s", flush=True)
    plan = Plan(DATASET, str(folder / "source"), "imagefolder", tuple(shards), ())
    path = dataset_folder(settings.workspace, DATASET) / "plan.json"
    path.write_text(json.dumps(asdict(plan), indent=1), encoding="utf-8")
    print(f"made {plan.assets:,} assets in {time.monotonic() - started:.0f} s")


_notes: dict[str, Any] = {}
_stage: Any = None


def _begin(notes: dict[str, Any]) -> None:
    """Load once in each process what all shards need."""
    global _stage
    from models.nouns.knowledge import load_knowledge
    from models.nouns.stage import NounsStage
    from models.store.schema import open_database

    _notes.update(notes)
    settings = settings_of(Path(notes["folder"]))
    database = open_database(settings.resolved_database_url)
    with database.snapshot() as session:
        knowledge = load_knowledge(session, settings)
    _stage = NounsStage(knowledge, settings.workspace / "indexes")
    database.dispose()


def _make_shard(number: int) -> tuple[str, int]:
    from models.assets.asset import Asset, Caption, Location
    from models.assets.shards import make_shard, write_shard
    from models.planning import dataset_folder

    workspace = settings_of(Path(_notes["folder"])).workspace
    chance = np.random.default_rng(number)
    size = min(SHARD, _notes["assets"] - number * SHARD)
    members = []
    planted = number % 7 == 3
    for place in range(size):
        serial = number * SHARD + place
        folder = "licensed" if chance.random() < 0.75 else "found"
        name = f"{folder}/{number:04d}/{serial:07d}.png"
        digest = hashlib.sha256(name.encode()).hexdigest()
        location = Location(name, f"/nowhere/{name}", 100_000, None, digest)
        text = _caption(chance)
        if planted and place == 11:
            text += f", with {NAME} beside"
        members.append(Asset(digest, (location,), (Caption(text, f"{name[:-4]}.txt"),)))
    shard = make_shard(members)
    write_shard(dataset_folder(workspace, DATASET) / "shards", shard)
    _store(workspace, "consent", shard.digest, _consent(members, chance))
    cleared = [a for a in members if a.name.startswith("licensed")]
    _store(workspace, "nouns", shard.digest, _stage.examine(cleared, lambda _: None))
    _store(workspace, "features", shard.digest, _features(cleared, chance, planted))
    _store(workspace, "motifs", shard.digest, _motifs(cleared))
    return shard.digest, size


def _caption(chance: np.random.Generator) -> str:
    if chance.random() < 0.5:
        chosen = chance.choice(_TAGS, size=int(chance.integers(6, 14)), replace=False)
        return ", ".join(chosen)
    parts = (_HOW, _SUBJECTS, _WHERE, _LIGHT)
    how, what, where, light = (part[chance.integers(len(part))] for part in parts)
    return f"a {how} of a {what} {where}, {light}, number {int(chance.integers(1000))}"


def _consent(members: Sequence[Any], chance: np.random.Generator) -> pa.Table:
    """Of ten assets one refuses by a sidecar as others do, and one of twenty in its own words."""
    from models.canonical import canonical_json
    from models.consent.purposes import Preference, Purpose
    from models.consent.stage import ConsentStage
    from models.consent.statements import Statement, Trust

    refusal = {Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED}
    rows = []
    for asset in members:
        drawn = chance.random()
        said = []
        if drawn < 0.10:
            said = [Statement("sidecar", "ai.txt", refusal, evidence_sha256="5" * 64)]
        elif drawn < 0.15:
            trust = Trust(integrity=True, bound=True)
            own = hashlib.sha256(asset.asset_id.encode()).hexdigest()
            said = [Statement("c2pa", "c2pa.assertions", refusal, trust=trust, evidence_sha256=own)]
        rows.append(
            {
                "asset_id": asset.asset_id,
                "statements": [canonical_json(s.as_dict()).decode() for s in said],
                "subjects": [f"sha256:{asset.asset_id}"],
            }
        )
    return pa.Table.from_pylist(rows, schema=ConsentStage(1).schema)


def _features(members: Sequence[Any], chance: np.random.Generator, planted: bool) -> pa.Table:
    from models.motifs.features import features_schema

    shown = _notes["shown"]
    dimension = len(shown["embedding"]) // 2
    count = len(members)
    wholes = chance.standard_normal((count, dimension)).astype(np.float32)
    wholes /= np.linalg.norm(wholes, axis=1, keepdims=True)
    embeddings = [row.tobytes() for row in wholes.astype("<f2")]
    hashes = [row.tobytes() for row in chance.integers(0, 256, (count, 32), np.uint8)]
    points = [_points(chance) for _ in range(count)]
    if planted:
        embeddings[7], hashes[7], points[7] = (
            shown["embedding"],
            shown["pdq"],
            shown["points"],
        )
    columns: dict[str, Any] = {
        "asset_id": [asset.asset_id for asset in members],
        "fault_code": [None] * count,
        "fault_detail": [None] * count,
        "width": chance.integers(512, 2048, count).tolist(),
        "height": chance.integers(512, 2048, count).tolist(),
        "format": ["png"] * count,
        "frames": [1] * count,
        "pdq": hashes,
        "pdq_quality": [100] * count,
        "embedding": embeddings,
        "parts": [b""] * count,
        "part_boxes": [b""] * count,
        "points": points,
        "findings": [[] for _ in range(count)],
    }
    return pa.Table.from_pydict(columns, schema=features_schema(dimension))


def _points(chance: np.random.Generator) -> bytes:
    from models.motifs.local import keypoints

    count = _notes["points"]
    records = np.zeros(count, keypoints._RECORD)
    raw = chance.integers(0, 256, (count, keypoints._RECORD.itemsize), np.uint8)
    for name in ("colour", "codes"):
        begin = keypoints._RECORD.fields[name][1]
        width = keypoints._RECORD.fields[name][0].itemsize
        view = records.view(np.uint8).reshape(count, -1)
        view[:, begin : begin + width] = raw[:, begin : begin + width]
    records["place"] = chance.integers(0, 2000, records["place"].shape)
    records["angle"] = chance.integers(0, 60, count)
    head: bytes = keypoints._HEADER.pack(keypoints._MAGIC, 512, 512, count, 0)
    return head + records.tobytes()


def _motifs(members: Sequence[Any]) -> pa.Table:
    from models.stages import BASE_FIELDS

    schema = pa.schema([*BASE_FIELDS, pa.field("findings", pa.list_(pa.string()))])
    rows = [{"asset_id": asset.asset_id, "findings": []} for asset in members]
    return pa.Table.from_pylist(rows, schema=schema)


def _store(workspace: Path, stage: str, shard: str, table: pa.Table) -> None:
    from models.stages import StageRecord, stage_folder, store_record, store_table

    fingerprint = _notes["fingerprints"][stage]
    folder = stage_folder(workspace, stage, shard)
    table = table.sort_by("asset_id")
    output, digest = store_table(folder, fingerprint, table)
    rows = table.num_rows
    record = StageRecord(stage, shard, fingerprint, output, digest, rows, rows, rows, 0.0, {})
    store_record(folder, fingerprint, asdict(record))


def _features_of(path: Path, encoder: Any) -> dict[str, bytes]:
    """What the features stage keeps of one picture."""
    from models.assets.asset import Asset, Location
    from models.motifs.features_stage import FeaturesStage

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    asset = Asset(digest, (Location(path.name, str(path), path.stat().st_size, None, digest),))
    stage = FeaturesStage(encoder, 1 << 26, 1 << 28, 1)
    (row,) = stage.examine([asset], lambda _: None).to_pylist()
    return {name: row[name] for name in ("embedding", "pdq", "points")}


def _draw(path: Path, seed: int) -> None:
    from PIL import Image, ImageDraw

    chance = np.random.default_rng(1000 + seed)
    image = Image.new("RGB", (320, 320), tuple(map(int, chance.integers(0, 256, 3))))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, w, h = map(int, chance.integers(0, 280, 4))
        box = (x, y, x + w // 3 + 8, y + h // 3 + 8)
        colour = tuple(map(int, chance.integers(0, 256, 3)))
        (draw.ellipse if chance.random() < 0.5 else draw.rectangle)(box, fill=colour)
    image.save(path)


def measure(folder: Path, only: Sequence[str] | None) -> None:
    """Run the changes one after the other, and print what each took."""
    adopt_orphans()
    for change in only or ("publish", "nothing", "policy", "name", "motif", "takedown", "nothing"):
        _change(folder, change)
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [
            *(sys.executable, "-m", "flows", "recleanse", DATASET, "--quiet"),
            *("--workspace", str(folder / "workspace"), "--policy", str(folder / "policy.toml")),
        ]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        wait_for_all()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        print(
            f"== {change}: {seconds:.1f} s, {cpu:.1f} s of CPU, load {os.getloadavg()[0]:.1f}, "
            f"largest process so far {used.ru_maxrss / 1024:.0f} MB, exit {finished.returncode}",
            flush=True,
        )
        print(finished.stdout[-3000:], finished.stderr[-3000:], flush=True)


def adopt_orphans() -> None:
    """Become the parent of what outlives a run, so that what its processes took is counted."""
    # PR_SET_CHILD_SUBREAPER of Linux: the walkers' parent outlives the run by a moment.
    ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)


def wait_for_all() -> None:
    """Wait until every process that a run started has ended."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _change(folder: Path, change: str) -> None:
    from models.motifs.register import add_motif
    from models.nouns.register.storage import add_name
    from models.store.schema import open_database
    from models.takedowns import acknowledge_takedown

    settings = settings_of(folder)
    policy = folder / "policy.toml"
    if change == "policy":
        version = str(int(time.time()))
        policy.write_text(POLICY.format(version=version, risk=0.45), encoding="utf-8")
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        if change == "name":
            add_name(session, NAME, "character")
        elif change == "motif":
            add_motif(session, settings.workspace, folder / "motif-3.png", "Motif 3")
        elif change == "takedown":
            for serial in range(8):
                name = f"licensed/0000/{serial:07d}.png"
                acknowledge_takedown(session, hashlib.sha256(name.encode()).hexdigest(), "me", "")
    database.dispose()


if __name__ == "__main__":
    main()
