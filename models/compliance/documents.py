"""The documents for people: the draft summary, the datasheet and the README, in each language."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from models.compliance.facts import Facts
from models.compliance.writing import Html, Language, Markdown, render
from models.consent.contracts import CONTRACT_CARRIER
from models.releases.notices import RemovalReason
from models.review.quality.wording import Words

SUMMARY: Final = "draft-for-counsel-eu-art-53-1-d-summary"
DATASHEET: Final = "datasheet"
README: Final = "README"

_MEANINGS: Final[Mapping[str, Words]] = {
    "attribution.csv": Words(
        "Whom to name, for the images that are used on that condition.",
        "作者名の表示が条件の画像と、表示する名前。",
    ),
    "croissant.json": Words(
        "The release for machines, as Croissant 1.1 with RAI 1.0; put it beside manifest.parquet.",
        "機械可読な記述（Croissant 1.1、RAI 1.0）。manifest.parquet と同じ場所に置きます。",
    ),
    "decisions.parquet": Words(
        "What was decided about every image, why and by whom; no captions.",
        "すべての画像の判定、理由、判断した主体。キャプションは含みません。",
    ),
    "ledger.json": Words(
        "Where the usage ledger holds the release, and how to verify it.",
        "利用台帳での記録場所と検証方法。",
    ),
    "ledger/anchor.json": Words("What was anchored on a chain.", "チェーンに記録した内容。"),
    "ledger/batch.json": Words("The ledger's signed batch.", "署名された台帳のバッチ。"),
    "ledger/checkpoint": Words("The ledger's signed head.", "署名された台帳の先頭。"),
    "ledger/receipt.json": Words("Where on the chain it was anchored.", "チェーン上の記録場所。"),
    "licences.parquet": Words(
        "The licences of each cleared image.", "許可された画像ごとのライセンス。"
    ),
    "policy.toml": Words(
        "The policy that the release was made under.", "リリース作成時のポリシー。"
    ),
    "release.json": Words("What Kiyome wrote down about the release.", "リリースの記録。"),
    "removal-log.json": Words(
        "How much each release removed, and what was asked for since.",
        "各リリースで取り除いた件数と、その後の申し出。",
    ),
    "removal-notice.json": Words(
        "The signed notice of what holders of earlier releases have to remove.",
        "以前のリリースの保有者が削除すべき画像の、署名された通知。",
    ),
    "removals.parquet": Words(
        "What each release removed, and why.", "各リリースで取り除いた画像と理由。"
    ),
    "review.json": Words(
        "How far reviewers agree, and how many cleared images may violate.",
        "審査担当者の一致度と、見落としの上限。",
    ),
    "spdx.json": Words(
        "The release for machines, as SPDX 3.0.1 with the Dataset profile.",
        "機械可読な記述（SPDX 3.0.1、Datasetプロファイル）。",
    ),
}
_SUMMARY_MEANING = Words(
    "DRAFT for counsel: summary of training content, Art. 53(1)(d) of the EU AI Act.",
    "草案（弁護士確認用）：EU AI法第53条1項(d)の学習コンテンツの要約。",
)
_DATASHEET_MEANING = Words("Questions about the dataset, answered.", "データセットについての問答。")
_README_MEANING = Words("This page.", "このページ。")
_SIZES = (
    (10**6, Words("less than 1 million images", "100万件未満")),
    (10**9, Words("1 million to 1 billion images", "100万件以上10億件以下")),
)
_LARGEST = Words("more than 1 billion images", "10億件超")


def write_documents(facts: Facts, language: Language, others: Collection[str]) -> dict[str, bytes]:
    """The documents in a language, by their names in the bundle.

    Args:
        others: names of every file of the bundle that is not for people, or in another language.
    """
    made: dict[str, str] = {}
    markdown, page = Markdown(language), Html(language)
    terms = _terms(facts, language)
    made[f"{SUMMARY}.{language}.md"] = render("eu-summary", language, facts, markdown, terms)
    made[f"{SUMMARY}.{language}.html"] = render("eu-summary", language, facts, page, terms)
    made[f"{DATASHEET}.{language}.md"] = render("datasheet", language, facts, markdown, terms)
    readme = f"{README}.{language}.md"
    listed = sorted({*others, *made, readme})
    terms |= {
        "files": [(path, _pick(_explain(path), language)) for path in listed],
        "missing": [(each.path, _pick(each.why, language)) for each in facts.missing],
    }
    made[readme] = render("readme", language, facts, markdown, terms)
    return {path: text.encode("utf-8") for path, text in made.items()}


def list_documents(language: Language) -> tuple[str, ...]:
    """The names of the documents in a language."""
    return (
        f"{SUMMARY}.{language}.md",
        f"{SUMMARY}.{language}.html",
        f"{DATASHEET}.{language}.md",
        f"{README}.{language}.md",
    )


def _terms(facts: Facts, language: Language) -> dict[str, Any]:
    cleared = facts.release.cleared
    size = next((words for least, words in _SIZES if cleared <= least), _LARGEST)
    return {
        "size": _pick(size, language),
        "contracts": facts.consent.carriers.get(CONTRACT_CARRIER, 0),
        "no_consent": facts.outcomes.kept_out.get(RemovalReason.CONSENT, 0),
        "carriers": [(name, f"{count:,}") for name, count in facts.consent.carriers.items()],
    }


def _explain(path: str) -> Words:
    if path.startswith(SUMMARY):
        return _SUMMARY_MEANING
    if path.startswith(DATASHEET):
        return _DATASHEET_MEANING
    return _README_MEANING if path.startswith(README) else _MEANINGS[path]


def _pick(words: Words, language: Language) -> str:
    return words.ja if language == "ja" else words.en
