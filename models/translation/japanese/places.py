"""Where a text stands that is no caption."""

from __future__ import annotations

PLACES: tuple[tuple[str, str], ...] = (
    ("The file name '{name}'", "ファイル名「{name}」"),
    ("The PNG text '{keyword}'", "PNG のテキスト「{keyword}」"),
    ("The EXIF tag {tag:word}", "EXIF のタグ {tag}"),
    ("The IPTC object name", "IPTC のオブジェクト名"),
    ("The IPTC keywords", "IPTC のキーワード"),
    ("The IPTC headline", "IPTC の見出し"),
    ("The IPTC caption", "IPTC のキャプション"),
    ("The XMP metadata", "XMP のメタデータ"),
    ("The XMP {property:word}", "XMP の {property}"),
    ("'{key}' in the JSON beside it", "画像に添えられた JSON の「{key}」"),
    ("The lettering in the picture reads '{text}'", "画像内の文字「{text}」"),
)
