"""Small pictures and dataset folders that the tests of the assets area build for themselves."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from models.assets.asset import Asset
from models.assets.scan import Scan, scan_dataset

MAX_BYTES = 1 << 20


def picture(seed: int = 0, format_: str = "PNG", size: tuple[int, int] = (6, 4)) -> bytes:
    """A file with one picture; another seed gives other bytes."""
    image = Image.new("RGB", size, ((seed * 37) % 256, (seed * 91) % 256, seed % 256))
    image.putpixel((0, 0), (255, 0, 0))
    return encoded(image, format_)


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    """The bytes of an image file."""
    sink = io.BytesIO()
    image.save(sink, format_, **options)
    return sink.getvalue()


def fill(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files below ``folder``; text as UTF-8, exactly as given."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def pack(members: Mapping[str, bytes | str]) -> bytes:
    """A tar with these members, in this order."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return sink.getvalue()


def scan(root: Path, layout: str = "auto", **options: Any) -> Scan:
    """Scan with what a small test needs."""
    return scan_dataset(
        str(root), layout=layout, **{"max_bytes": MAX_BYTES, "workers": 2, **options}
    )


def assets_by_name(found: Scan) -> dict[str, Asset]:
    """The assets of a scan by the name of their first location."""
    return {asset.name: asset for asset in found.assets}


def captions(asset: Asset) -> list[str]:
    """The texts of an asset's captions."""
    return [caption.text for caption in asset.captions]
