"""Files that are more or other than a picture, on the route that draws owners' works on request."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from models.policy import load_policy
from models.reasons import Reason
from models.settings import Settings
from models.store.database import Database
from models.verdicts import Verdict
from review_ui.app import create_app
from tests.account_parts import cheap_passwords, signed_in
from tests.owner_works_parts import (
    HANAKO,
    OwnersStudio,
    judge_as,
    keep_asset,
    put_owner,
    say,
    shard,
)
from tests.pipeline import POLICY

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
SCRIPT = b"<script>alert(document.domain)</script>"
MAX_PIXELS = 1_000_000


def draw(kind: str, size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", size, "#5b7fb8").save(sink, kind, **options)
    return sink.getvalue()


def claim_size(side: int) -> bytes:
    """A PNG of a few bytes whose header names a picture of ``side`` times ``side`` pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checked = name + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


POLYGLOTS = {
    "page-behind.png": draw("PNG") + b"\n<html>" + SCRIPT,
    "page-in-a-comment.jpg": draw("JPEG", comment=SCRIPT),
    "archive-behind.gif": draw("GIF") + b"PK\x03\x04" + SCRIPT,
    "page-by-name.html": draw("PNG") + SCRIPT,
}
OTHERS = {
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>",
    "page.png": b"<!doctype html>" + SCRIPT,
    "program.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    "claims-much.png": claim_size(60_000),
    "holds-much.png": draw("PNG", (2000, 2000)),
    "cut-short.png": draw("PNG", (500, 500))[:60],
}


def test_pixels_are_all_that_is_drawn_and_nothing_of_what_is_too_large(
    tmp_path: Path, sqlite_database: Database
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    studio = OwnersStudio(tmp_path / "workspace", sqlite_database, load_policy(policy))
    put_owner(sqlite_database, "hanako", HANAKO)
    files = {**POLYGLOTS, **OTHERS}
    kept = {name: keep_asset(tmp_path / "data", name, data) for name, data in files.items()}
    granted = (Verdict.CLEAR, (Reason.CONSENT_CONTRACT,))
    studio.release(shard(*(judge_as(asset, *granted, say(HANAKO)) for asset in kept.values())))
    settings = Settings(workspace=studio.workspace, max_pixels=MAX_PIXELS)
    hanako = signed_in(create_app(settings, sqlite_database), "hanako").http
    for name, asset in kept.items():
        for size in (256, 768):
            answer = hanako.get(f"/works/set/{asset.asset_id}/picture/{size}")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.status_code == (200 if name in POLYGLOTS else 404), name
            if name in POLYGLOTS:
                assert answer.headers["content-type"] == "image/webp"
                assert SCRIPT not in answer.content
                with Image.open(io.BytesIO(answer.content), formats=["WEBP"]) as picture:
                    assert picture.size == (64, 48)
