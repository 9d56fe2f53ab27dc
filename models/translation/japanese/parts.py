"""What a name is a name of."""

from __future__ import annotations

PARTS: tuple[tuple[str, str], ...] = (
    ("a character", "キャラクター"),
    ("a work", "作品"),
    ("an artist", "作家"),
    ("a studio", "スタジオ"),
    ("a brand", "ブランド"),
    ("a person", "人物"),
    ("a place", "場所"),
    ("a person or a company", "人物または会社"),
    ("an artist or a work", "作家または作品"),
    ("a work or a character", "作品またはキャラクター"),
    ("a name", "名称"),
    ("the name of {kind:known}", "{kind}の名称"),
)
