"""Turns a training checkpoint into the folder that Kiyome loads: half precision, text tower fitted.

The text tower learns last, against the finished image tower, from the titles of the pictures:
CLIP's loss with one side locked (Zhai et al., "LiT", 2022).
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
import torch.nn.functional as functional
from safetensors.torch import save_file

from training.batches import Pack, Settings
from training.head import fit_head
from training.train import (
    CONTEXT,
    MEAN,
    MODEL,
    STD,
    build_model,
    squash,
    to_input,
)

_WEIGHTS = "open_clip_model.safetensors"


def with_text_tower(trained: Any, size: int) -> Any:
    """The trained image tower beside a fresh text tower with embeddings of the same length."""
    towers = {k: v for k, v in MODEL.items() if k != "custom_text"}
    model: Any = open_clip.CustomTextCLIP(**{**towers, "embed_dim": size})
    model.visual.load_state_dict(trained.visual.state_dict())
    return model.eval()


@torch.inference_mode()
def embed_plainly(model: Any, pack: Pack, side: int) -> torch.Tensor:
    """Embeddings of whole pictures on white."""
    device = next(model.parameters()).device
    parts = []
    for start in range(0, len(pack), 128):
        views = [squash(pack.picture(i), side) for i in range(start, min(start + 128, len(pack)))]
        parts.append(model.visual(to_input(torch.from_numpy(np.stack(views)).to(device))).cpu())
    return functional.normalize(torch.cat(parts), dim=1)


def fit_text(model: Any, pack: Pack, images: torch.Tensor, steps: int) -> dict[str, float]:
    """Train the text tower against fixed embeddings; a tenth of the titles is held back.

    Returns:
        How often, of 200 held-back pictures, the right title is among the nearest five, and how
        often it would be by chance.
    """
    titled = [i for i, row in enumerate(pack.rows) if row["title"]]
    order = torch.randperm(len(titled), generator=torch.Generator().manual_seed(1)).tolist()
    tokenizer = open_clip.SimpleTokenizer(context_length=CONTEXT)
    tokens = tokenizer([pack.rows[i]["title"] for i in titled])
    pictures = images[titled]
    held, used = order[: len(order) // 10], order[len(order) // 10 :]
    text = [p for n, p in model.named_parameters() if not n.startswith("visual.")]
    optimizer = torch.optim.AdamW(text, lr=2e-3, weight_decay=0.1)
    chance = torch.Generator().manual_seed(2)
    with torch.no_grad():
        model.logit_scale.fill_(math.log(1 / 0.1))
    for _ in range(steps):
        picked = [used[i] for i in torch.randint(0, len(used), (256,), generator=chance).tolist()]
        words = model.encode_text(tokens[picked], normalize=True)
        logits = pictures[picked] @ words.T * model.logit_scale.exp().clamp(max=50)
        truth = torch.arange(len(picked))
        loss = functional.cross_entropy(logits, truth) + functional.cross_entropy(logits.T, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tried = held[:200]
    with torch.inference_mode():
        words = model.encode_text(tokens[tried], normalize=True)
        near = (pictures[tried] @ words.T).topk(5, dim=1).indices
    found = (near == torch.arange(len(tried))[:, None]).any(dim=1).float().mean()
    return {"found": float(found), "by_chance": 5 / len(tried), "titles": len(titled)}


def write_folder(model: Any, pack: Pack, out: Path, side: int, size: int) -> None:
    """Write weights, configuration and the list of what the model was trained on."""
    state = {
        name: value.half() if value.dtype.is_floating_point else value
        for name, value in model.state_dict().items()
    }
    if not all(bool(torch.isfinite(v).all()) for v in state.values() if v.dtype == torch.half):
        raise SystemExit("A weight does not fit into half precision.")
    out.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in state.items()}, out / _WEIGHTS)
    config = json.loads(json.dumps(MODEL))
    config["embed_dim"] = size
    config["vision_cfg"]["image_size"] = side
    preprocess = {
        "size": [side, side],
        "mode": "RGB",
        "mean": [MEAN] * 3,
        "std": [STD] * 3,
        "interpolation": "bilinear",
        "resize_mode": "squash",
    }
    text = json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}, indent=2)
    (out / "open_clip_config.json").write_text(text + "\n", encoding="utf-8")
    with (out / "TRAINED_ON.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["package", "file", "licence", "sha256"])
        writer.writerows(
            [row["package"], _shorten(row["package"], row["file"]), row["licence"], row["sha256"]]
            for row in pack.rows
        )


def _shorten(package: str, file: str) -> str:
    """The path within the package, or the picture's name in the collection."""
    return file.removeprefix(f"{package}/")


def main() -> None:
    """Export a checkpoint."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--steps", type=int, default=600, help="of the text tower")
    parser.add_argument("--batches", type=int, default=320, help="that the last layer is fitted to")
    parser.add_argument(
        "--late_side", type=int, default=Settings().late_side, help="of their views"
    )
    parser.add_argument("--workers", type=int, default=0, help="processes that draw views")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(given.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build_model()
    state = torch.load(given.checkpoint, weights_only=True, map_location="cpu")
    model.load_state_dict(state["smooth"])
    model.eval().to(device)
    settings = Settings(groups=64, mosaics=16, late_side=given.late_side)
    fit_head(model, given.pack, settings, given.batches, given.workers)
    size = int(model.visual.trunk.fc.out_features)
    model = with_text_tower(model, size)
    pack = Pack(given.pack, "train")
    if given.steps:
        images = embed_plainly(model.to(device), pack, given.side)
        model.cpu()
        report = fit_text(model, pack, images, given.steps)
        sys.stdout.write(json.dumps(report) + "\n")
    write_folder(model, pack, given.out, given.side, size)


if __name__ == "__main__":
    main()
