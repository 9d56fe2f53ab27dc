"""What a picture shows: registered motifs, and frames that were not examined."""

from __future__ import annotations

SENTENCES: tuple[tuple[str, str], ...] = (
    (
        "This is the same file as {reference:known}",
        "{reference}と同じファイルです",
    ),
    (
        "The risk that this picture shows {reference:known} is {risk:word}",
        "この画像が{reference}を示すリスクは {risk} です",
    ),
    (
        "{count:number} matched points agree on one place of it",
        "対応点 {count} 個が同じ位置を指しています",
    ),
    (
        "{count:number} matched points agree on one place of it mirrored",
        "対応点 {count} 個が、左右反転したときの同じ位置を指しています",
    ),
    (
        "The fingerprints differ in {distance:number} of {bits:number} bits",
        "指紋の差は {bits} ビット中 {distance} ビットです",
    ),
    (
        "The fingerprints differ in {distance:number} of {bits:number} bits ({view:known})",
        "指紋の差は {bits} ビット中 {distance} ビットです（{view}）",
    ),
    (
        "{encoder:word} gives the whole pictures a likeness of {score:word}",
        "{encoder} による画像全体の類似度は {score} です",
    ),
    (
        "{encoder:word} gives the whole pictures a likeness of {score:word} ({view:known})",
        "{encoder} による画像全体の類似度は {score} です（{view}）",
    ),
    (
        "{encoder:word} gives a part of this picture a likeness of {score:word}",
        "{encoder} によるこの画像の一部の類似度は {score} です",
    ),
    (
        "{encoder:word} gives a part of the reference a likeness of {score:word}",
        "{encoder} による登録モチーフの一部の類似度は {score} です",
    ),
    ("It has {count:number} frames", "フレームが {count} 枚あります"),
    ("It has at least {count:number} frames", "フレームが少なくとも {count} 枚あります"),
)

PARTS: tuple[tuple[str, str], ...] = (
    ("the reference '{label}'", "登録モチーフ「{label}」"),
    ("the reference '{label}' ({view:known})", "登録モチーフ「{label}」（{view}）"),
    # How the reference was shown.
    ("turned by {degrees:number} degrees", "{degrees} 度回転"),
    ("mirrored", "左右反転"),
    ("mirrored left to right", "左右反転"),
    ("mirrored top to bottom", "上下反転"),
    ("mirrored along the diagonal", "対角線で反転"),
    ("mirrored along the other diagonal", "もう一方の対角線で反転"),
    ("without its outer part", "周辺部を除いたもの"),
)
