"""Names of carriers and of places in a source, in English and Japanese."""

from __future__ import annotations

CARRIERS: dict[str, tuple[str, str]] = {
    "sidecar": ("File beside the image", "画像に添えられたファイル"),
    "c2pa": ("Content credentials (C2PA)", "コンテンツ来歴情報 (C2PA)"),
    "plus": ("Metadata in the image (PLUS)", "画像内メタデータ (PLUS)"),
    "contract": ("Contract", "契約"),
    "original": ("An original of this picture", "この画像の元画像"),
    "signed": ("Signed statement", "署名付きの意思表示"),
    "erc721": ("Token metadata (ERC-721)", "トークンのメタデータ (ERC-721)"),
    "erc1155": ("Token metadata (ERC-1155)", "トークンのメタデータ (ERC-1155)"),
    "erc7572": ("Collection default (ERC-7572)", "コレクションの既定値 (ERC-7572)"),
    "erc7053": ("Commit on a chain (ERC-7053)", "チェーン上の記録 (ERC-7053)"),
    "tdmrep": ("TDM reservation", "TDM 留保"),
    "rsl": ("RSL licence", "RSL ライセンス"),
    "robots-tag": ("Robots directive", "ロボット向け指示"),
    "robots-txt": ("robots.txt", "robots.txt"),
    "ai-txt": ("ai.txt", "ai.txt"),
    "aipref": ("AI preference (AIPREF)", "AI 利用の意向 (AIPREF)"),
    "content-signal": ("Content signal", "コンテンツシグナル"),
    "optout": ("Opt-out list", "オプトアウト一覧"),
    "tdmai": ("Declaration by ISCC", "ISCC による宣言"),
    "web": ("Web site", "ウェブサイト"),
}
"""By ``Statement.carrier``: as the review page names them."""

PLACES: tuple[tuple[str, str], ...] = (
    ("no training-mining assertion", "training-mining アサーションなし"),
    ("ingredient, {label}", "素材、{label}"),
    ("the file", "ファイル全体"),
    ("extended APP1", "拡張 APP1"),
    ("raw profile", "生プロファイル"),
    ("XMP chunk", "XMP チャンク"),
    ("application extension", "アプリケーション拡張"),
    ("tag 700", "タグ 700"),
    ("kept in {name}", "{name} に記録"),
    ("for the page {url}", "ページ {url} について"),
    ("response header", "応答ヘッダー"),
    ("meta element", "meta 要素"),
    ("robots meta", "robots の meta 要素"),
    ("meta content-usage", "content-usage の meta 要素"),
    ("meta content-signal", "content-signal の meta 要素"),
    ("{name:word} header", "{name} ヘッダー"),
    ("Link header of the page", "ページの Link ヘッダー"),
    ("Link header of the image", "画像の Link ヘッダー"),
    ("link element of the page", "ページの link 要素"),
    ("script element of the page", "ページの script 要素"),
    ("the feed", "フィード"),
    ("no pointer", "参照なし"),
)
"""What stands in brackets behind a file or an address, or alone, in ``Statement.source``."""
