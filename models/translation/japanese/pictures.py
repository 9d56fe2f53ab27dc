"""What a picture shows: registered motifs, and frames that were not examined."""

from __future__ import annotations

SENTENCES: tuple[tuple[str, str], ...] = (
    (
        "This is the same file as {reference:known}",
        "{reference}と同じファイルです",
    ),
    (
        (
            "The PDQ fingerprints of this picture and of {reference:known} differ in "
            "{distance:number} of {bits:number} bits"
        ),
        "この画像と{reference}の PDQ 指紋の差は、{bits} ビット中 {distance} ビットです",
    ),
    (
        (
            "{encoder} gives this picture and {reference:known} a cosine of {score:word}; "
            "the limit that it suggests is {limit:word}"
        ),
        (
            "{encoder} によるこの画像と{reference}のコサイン類似度は {score} です"
            "（推奨される下限は {limit}）"
        ),
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
