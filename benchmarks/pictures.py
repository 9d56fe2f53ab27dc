"""The dataset and the registers that a benchmark measures on: the same source, the same files."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


def draw_pictures(source: Path, folder: Path, count: int) -> int:
    """Fill a folder with distinct pictures: those of ``source``, then variants of them.

    Variants are mirrored, cropped and mirrored crops, encoded as JPEG, WebP and PNG in turn; the
    same source gives the same files.

    Returns:
        How many pictures of the source are among them.
    """
    from PIL import Image, ImageOps

    folder.mkdir(parents=True)
    seen: set[str] = set()
    originals: list[Path] = []

    def keep(data: bytes, suffix: str) -> bool:
        digest = hashlib.sha256(data).hexdigest()
        if digest in seen:
            return False
        (folder / f"{len(seen):06d}{suffix}").write_bytes(data)
        seen.add(digest)
        return True

    for path in sorted(source.rglob("*")):
        suffix = path.suffix.lower()
        if len(seen) < count and suffix in SUFFIXES and keep(path.read_bytes(), suffix):
            originals.append(path)
    if not originals:
        raise SystemExit(f"{source} holds no pictures: name a folder with --images.")
    for turn in range(1, 64):
        for number, path in enumerate(originals):
            if len(seen) >= count:
                return len(originals)
            try:
                with Image.open(path) as file:
                    picture = file.convert("RGBA" if file.has_transparency_data else "RGB")
            except OSError:
                continue  # a damaged file is an original like any other, and has no variants
            edge = turn // 2 * min(picture.size) // 40
            picture = ImageOps.crop(picture, edge)
            picture = ImageOps.mirror(picture) if turn % 2 else picture
            suffix, options = ((".jpg", {"quality": 85}), (".webp", {"quality": 80}), (".png", {}))[
                (turn + number) % 3
            ]
            buffer = io.BytesIO()
            picture = picture.convert("RGB") if suffix == ".jpg" else picture
            picture.save(buffer, {".jpg": "JPEG", ".webp": "WEBP"}.get(suffix, "PNG"), **options)
            keep(buffer.getvalue(), suffix)
    raise SystemExit(f"{source} holds too few pictures for --count {count}.")


def write_captions(file: Path | None, folder: Path) -> None:
    """Put a caption beside each picture: the lines of a text file, or the texts of a JSONL file."""
    texts = ["a drawing"]
    if file is not None:
        lines = file.read_text(encoding="utf-8").splitlines()
        texts = [json.loads(x)["text"] for x in lines] if file.suffix == ".jsonl" else lines
    for number, path in enumerate(sorted(folder.iterdir())):
        text = " ".join(texts[number % len(texts)].split()) or "a drawing"
        path.with_suffix(".txt").write_text(f"{text}\n", encoding="utf-8")


def fill_registers(workspace: Path, names: Path | None, images: Path, motifs: int) -> None:
    """Register names and motifs, as `kiyome register` does."""
    from models.errors import RegisterError
    from models.motifs.register import add_motif
    from models.nouns.importing import import_names
    from models.settings import load_settings
    from models.store.schema import open_database
    from models.workspace import prepare_workspace

    settings = load_settings(workspace=workspace)
    prepare_workspace(workspace)
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        if names is not None:
            report = import_names(session, names)
            print(f"names      {report.imported:,} of {report.rows:,} rows of {names.name}")
        added = 0
        for path, label in labelled(images):
            if added == motifs:
                break
            try:
                add_motif(session, workspace, path, label, "character")
            except RegisterError:
                continue  # blank or too small, as some sprites are: the next one
            added += 1
        print(f"motifs     {added:,}")
    database.dispose()


def labelled(images: Path) -> list[tuple[Path, str]]:
    """One picture for each label of the folder's manifest, then the others that have one."""
    try:
        with (images / "manifest.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("label")]
    except FileNotFoundError:
        return [(path, path.stem) for path in sorted(images.rglob("*.png"))]
    first = {row["label"]: row for row in reversed(rows)}
    chosen = [*first.values(), *(row for row in rows if first[row["label"]] is not row)]
    return [(images / row["file"], row["label"]) for row in chosen]
