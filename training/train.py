"""Trains the embedded encoder: a small open_clip model for copies and likenesses of drawn art.

The loss is SSCD's (Pizzi et al., "A Self-Supervised Descriptor for Image Copy Detection", 2022):
InfoNCE between two edited views and a term that spreads nearest neighbours apart (KoLeo). Two
things are added. Another picture of the same label may be the second view. And a mosaic of motifs
on one canvas goes through the network once, and each motif's window of the feature map is a view:
what the encoder's parts are used for is what they are trained for. Views get harder as the network
gets better: a network that finds no partner learns nothing. The text tower comes last, in
``training.export``.

On processors a few processes train together, each drawing its own views; on a GPU one process
trains and the others draw views for it.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import open_clip
import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing
import torch.nn.functional as functional

from training.augment import STRONG, Pixels, make_view
from training.batches import Pack, Settings, stream_batches

MEAN, STD = 0.5, 0.25
CONTEXT = 16
MODEL: dict[str, Any] = {
    "embed_dim": 256,
    "vision_cfg": {
        "timm_model_name": "resnet14t",
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": None,
        "timm_drop": 0.0,
        "timm_drop_path": 0.0,
        "image_size": 128,
    },
    "text_cfg": {
        "context_length": CONTEXT,
        "vocab_size": 49408,
        "width": 32,
        "heads": 2,
        "layers": 1,
    },
    "custom_text": True,
}


def to_input(views: torch.Tensor) -> torch.Tensor:
    """uint8, N x H x W x 3, to what the model takes."""
    scaled = (views.float() / 255 - MEAN) / STD
    return scaled.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def window_weights(boxes: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """How much of each cell of a feature map lies in each box, as weights that sum to 1.

    Args:
        boxes: N x 4, fractions (x0, y0, x1, y1).

    Returns:
        N x height x width.
    """

    def overlap(low: torch.Tensor, high: torch.Tensor, cells: int) -> torch.Tensor:
        edges = torch.arange(cells + 1, dtype=boxes.dtype, device=boxes.device) / cells
        inside = torch.minimum(high[:, None], edges[1:]) - torch.maximum(low[:, None], edges[:-1])
        return inside.clamp(min=1e-6)

    rows = overlap(boxes[:, 1], boxes[:, 3], height)
    columns = overlap(boxes[:, 0], boxes[:, 2], width)
    weights = rows[:, :, None] * columns[:, None, :]
    return weights / weights.sum(dim=(1, 2), keepdim=True)


def project(visual: Any, pooled: torch.Tensor) -> torch.Tensor:
    """Embeddings of pooled features: what the tower does after its pooling."""
    embedded = visual.head(visual.trunk.forward_head(pooled[:, :, None, None]))
    return functional.normalize(embedded, dim=1)


def map_features(visual: Any, views: torch.Tensor) -> torch.Tensor:
    """The trunk's feature maps of uint8 views, as float32."""
    # Half the time where bfloat16 is multiplied, and no worse for learning.
    with torch.autocast(views.device.type, torch.bfloat16):
        maps = visual.trunk.forward_features(to_input(views))
    return maps.float()


def pool_batch(visual: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Pooled features of the first views, and after them of the second."""
    pooled = map_features(visual, batch["views"]).mean(dim=(2, 3))
    maps = map_features(visual, batch["mosaics"])
    boxes = batch["windows"].reshape(-1, 4).float()
    weights = window_weights(boxes, *maps.shape[2:]).reshape(len(maps), -1, *maps.shape[2:])
    cut = torch.einsum("nchw,nkhw->nkc", maps, weights).flatten(0, 1)
    return torch.cat([pooled, cut])


def compare(
    first: torch.Tensor, second: torch.Tensor, labels: torch.Tensor, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """InfoNCE over pairs, and the KoLeo term: minus the mean log distance to the nearest other."""
    mine = torch.cat([first, second])
    cosines = mine @ mine.T
    known = torch.cat([labels, labels])
    partner = torch.arange(len(mine), device=mine.device).roll(len(labels))
    positive = cosines.gather(1, partner[:, None])
    negative = cosines.masked_fill(known[:, None] == known[None], -4.0)
    logits = torch.cat([positive, negative], dim=1) / temperature
    contrast = functional.cross_entropy(logits, torch.zeros_like(partner))
    nearest = negative.max(dim=1).values.clamp(max=1 - 1e-4)
    spread = -torch.log((2 - 2 * nearest).sqrt()).mean()
    return contrast, spread


@torch.inference_mode()
def watch(model: Any, pack: Pack, side: int, limit: int = 240) -> dict[str, float]:
    """How well held-out pictures are found again.

    ``top``: share of strong views whose nearest picture is the right one. ``low``: share found at a
    threshold that one wrong (view, picture) pair in a thousand reaches. ``same``: as ``low`` for
    pairs of different pictures of one label.
    """
    cv2.setNumThreads(1)
    rng = np.random.default_rng(5)
    chosen = np.random.default_rng(3).permutation(len(pack))[:limit]
    labels = np.array([pack.rows[i]["label"] or pack.rows[i]["sha256"] for i in chosen])

    def draw() -> Pixels:
        return pack.picture(int(rng.integers(len(pack))))

    plain = [squash(pack.picture(int(i)), side) for i in chosen]
    views = [make_view(pack.picture(int(i)), side, STRONG, rng, draw) for i in chosen]
    model.eval()
    device = next(model.parameters()).device
    references, queries = (
        torch.cat(
            [
                functional.normalize(model.visual(to_input(torch.from_numpy(part).to(device))))
                for part in (np.stack(batch[i : i + 60]) for i in range(0, len(batch), 60))
            ]
        )
        .cpu()
        .numpy()
        for batch in (plain, views)
    )
    model.train()
    same = labels[:, None] == labels[None]
    cosines = queries @ references.T
    threshold = float(np.quantile(cosines[~same], 0.999))
    right = np.diag(cosines)
    among = references @ references.T
    pairs = among[np.triu(same, 1)]
    level = float(np.quantile(among[~same], 0.999))
    return {
        "top": float((cosines.argmax(axis=1) == np.arange(len(chosen))).mean()),
        "low": float((right >= threshold).mean()),
        "same": float((pairs >= level).mean()) if len(pairs) else math.nan,
        "threshold": threshold,
    }


def squash(rgba: Pixels, side: int) -> Pixels:
    """The picture on white, as a square."""
    alpha = rgba[..., 3:].astype(np.uint16)
    flat = ((rgba[..., :3] * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)
    return cv2.resize(flat, (side, side), interpolation=cv2.INTER_AREA)


def main() -> None:
    """Train until the time is over; checkpoints go to ``--out`` and are resumed from there."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2, help="that train, on processors")
    parser.add_argument("--workers", type=int, default=8, help="that draw views for a GPU")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--start", type=Path, help="weights of a checkpoint to begin with")
    for name, default in Settings().__dataclass_fields__.items():
        parser.add_argument(f"--{name}", type=type(default.default), default=default.default)
    given = vars(parser.parse_args())
    settings = Settings(**{name: given[name] for name in Settings.__dataclass_fields__})
    given["out"].mkdir(parents=True, exist_ok=True)
    places = Places(given["pack"], given["out"], given["start"])
    gpu = given["device"] == "cuda" or (given["device"] == "auto" and torch.cuda.is_available())
    if gpu:
        torch.backends.cudnn.benchmark = True
        train(settings, places, torch.device("cuda"), workers=given["workers"])
        return
    (given["out"] / "meeting").unlink(missing_ok=True)
    # Processes of one thread each meet once a step; threads would meet at every layer, and wait
    # there for each other on a machine that does other work too.
    processes = given["processes"]
    multiprocessing.spawn(_join, (processes, settings, places), nprocs=processes)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run reads and writes: the corpus, its own folder, weights to begin with if any."""

    pack: Path
    out: Path
    start: Path | None


def _join(rank: int, processes: int, settings: Settings, places: Places) -> None:
    """Train as one of several processes on processors."""
    meeting = f"file://{places.out.resolve()}/meeting"
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes)
    torch.set_num_threads(1)
    train(settings, places, torch.device("cpu"), rank=rank, processes=processes)


def build_model() -> Any:
    """The open_clip model with fresh weights."""
    model = open_clip.CustomTextCLIP(**{k: v for k, v in MODEL.items() if k != "custom_text"})
    trunk: Any = model.visual.trunk
    # Features after a rectifier share a direction; taking the mean away keeps all embeddings from
    # starting, or ending, in one spot. ``training.export`` folds it into the layer before it.
    trunk.fc = torch.nn.Sequential(trunk.fc, torch.nn.BatchNorm1d(MODEL["embed_dim"], affine=False))
    return model


def train(
    s: Settings,
    places: Places,
    device: torch.device,
    *,
    workers: int = 0,
    rank: int = 0,
    processes: int = 1,
) -> None:
    """Train until the time is over; the first of several processes keeps the checkpoints.

    Args:
        workers: processes that draw the views; 0 for this one.
        rank, processes: of those that train together.
    """
    random.seed(0)
    torch.manual_seed(0)
    model: Any = build_model().to(device, memory_format=torch.channels_last)
    with torch.no_grad():
        model.logit_scale.fill_(math.log(1 / 0.07))
    visual: Any = model.visual
    decayed = [p for p in visual.parameters() if p.ndim > 1]
    others = [p for p in visual.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}],
        lr=s.rate,
        betas=(0.9, 0.98),
    )
    smooth = copy.deepcopy(model)
    spent, step, difficulty = 0.0, 0, 0.0
    saved = places.out / "last.pt"
    if saved.is_file():
        state = torch.load(saved, weights_only=True, map_location=device)
        model.load_state_dict(state["model"])
        smooth.load_state_dict(state["smooth"])
        optimizer.load_state_dict(state["optimizer"])
        spent, step, difficulty = state["spent"], state["step"], state["difficulty"]
    elif places.start is not None:
        state = torch.load(places.start, weights_only=True, map_location=device)
        model.load_state_dict(state["model"])
        smooth.load_state_dict(state["smooth"])
    pace = torch.tensor([difficulty, float(s.side)])
    batches = stream_batches(places.pack, s, step * processes + rank, pace, workers)
    watched = Pack(places.pack, "watch")
    begun, kept, looked = time.monotonic() - spent, spent, spent
    found = s.hits
    sums: dict[str, float] = defaultdict(float)
    model.train()
    while spent < s.seconds:
        share = spent / s.seconds
        heat = 0.1 + (s.temperature - 0.1) * share
        rate = s.rate * min(1, (step + 1) / 60) * (0.02 + 0.49 * (1 + math.cos(math.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        pace[0], pace[1] = difficulty, float(s.side if share < s.late else s.late_side)
        batch = {k: v.to(device, non_blocking=True) for k, v in next(batches).items()}
        first, second = project(visual, pool_batch(visual, batch)).chunk(2)
        contrast, spread = compare(first, second, batch["labels"], heat)
        loss = contrast + s.spread * share * spread
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        with torch.no_grad():
            found_at = (first @ second.T).argmax(dim=1)
            hits = found_at == torch.arange(len(first), device=device)
        clock = time.monotonic() - begun if rank == 0 else 0.0
        hit, spent = _average(visual, [float(hits.float().mean()) / processes, clock], processes)
        torch.nn.utils.clip_grad_norm_(visual.parameters(), 5.0)
        optimizer.step()
        step += 1
        found += 0.05 * (hit - found)
        difficulty = min(1.0, max(0.0, difficulty + (2e-3 if found > s.hits else -5e-4)))
        if rank > 0:
            continue
        _follow(smooth.visual, visual, min(0.998, step / (step + 20)))
        for name, value in (("contrast", contrast), ("spread", spread)):
            sums[name] += float(value.detach())
        sums["hits"] += hit
        if step % 50 == 0:
            line = {name: round(value / 50, 4) for name, value in sums.items()}
            _say(
                {
                    "step": step,
                    "spent": round(spent),
                    "rate": round(rate, 6),
                    "difficulty": round(difficulty, 3),
                    **line,
                }
            )
            sums.clear()
        if spent - kept > 100:
            _save(saved, model, smooth, optimizer, spent, step, difficulty)
            kept = spent
        if spent - looked > 240:
            _say({"watch": watch(smooth, watched, 2 * s.side)})
            looked = spent
    if processes > 1:
        distributed.barrier()
    if rank > 0:
        return
    _save(saved, model, smooth, optimizer, spent, step, difficulty)
    _say({"end": step, "watch": watch(smooth, watched, 2 * s.side)})


def _average(model: Any, numbers: list[float], processes: int) -> list[float]:
    """Average the gradients over the processes; gives the sums of the numbers to all."""
    if processes == 1:
        return numbers
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([*(gradient.reshape(-1) for gradient in gradients), torch.tensor(numbers)])
    distributed.all_reduce(flat)
    start = 0
    for gradient in gradients:
        end = start + gradient.numel()
        gradient.copy_(flat[start:end].view_as(gradient) / processes)
        start = end
    return [float(number) for number in flat[start:]]


@torch.no_grad()
def _follow(smooth: Any, model: Any, keep: float) -> None:
    """Move the running mean of the weights towards the present ones."""
    for mean, value in zip(smooth.state_dict().values(), model.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(value, 1 - keep)
        else:
            mean.copy_(value)


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _save(
    path: Path, model: Any, smooth: Any, optimizer: Any, spent: float, step: int, difficulty: float
) -> None:
    new = path.with_suffix(".new")
    weights = {"model": model.state_dict(), "smooth": smooth.state_dict()}
    progress = {"spent": spent, "step": step, "difficulty": difficulty}
    torch.save({**weights, "optimizer": optimizer.state_dict(), **progress}, new)
    new.replace(path)


if __name__ == "__main__":
    main()
