"""What a reviewer may rule, and the codes that say why, in English and Japanese."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class RulingKind(StrEnum):
    """What a reviewer may do with an item. Only the first two are rulings that count."""

    APPROVE = "approve"
    EXCLUDE = "exclude"
    REWRITE = "rewrite"
    SKIP = "skip"


class RulingReason(StrEnum):
    """Why a reviewer ruled so; a stable code that is stored with the ruling."""

    OTHER_MOTIF = "other_motif"
    COMMON_MOTIF = "common_motif"
    ORDINARY_WORD = "ordinary_word"
    OTHER_NAME = "other_name"
    CONSENT_CONFIRMED = "consent_confirmed"
    FRAMES_HARMLESS = "frames_harmless"
    NOTHING_FOUND = "nothing_found"
    APPROVED_OTHERWISE = "approved_otherwise"
    COPIED_MOTIF = "copied_motif"
    DERIVED_MOTIF = "derived_motif"
    NAMES_PROTECTED = "names_protected"
    CONSENT_MISSING = "consent_missing"
    CONSENT_DOUBTFUL = "consent_doubtful"
    FRAMES_HARMFUL = "frames_harmful"
    EXCLUDED_OTHERWISE = "excluded_otherwise"
    NAMES_REMOVED = "names_removed"
    CAPTION_CORRECTED = "caption_corrected"
    REWRITTEN_OTHERWISE = "rewritten_otherwise"


@dataclass(frozen=True, slots=True)
class RulingReasonText:
    """Which ruling a code belongs to, what it means, and whether it needs a note."""

    ruling: RulingKind
    en: str
    ja: str
    needs_note: bool = False


RULING_REASONS: dict[str, RulingReasonText] = {
    RulingReason.OTHER_MOTIF: RulingReasonText(
        RulingKind.APPROVE,
        "It shows something other than the motif",
        "登録モチーフとは別のもの",
    ),
    RulingReason.COMMON_MOTIF: RulingReasonText(
        RulingKind.APPROVE,
        "The likeness is common to many works",
        "多くの作品に共通する表現",
    ),
    RulingReason.ORDINARY_WORD: RulingReasonText(
        RulingKind.APPROVE,
        "The word is used in its ordinary sense",
        "一般的な語として使われている",
    ),
    RulingReason.OTHER_NAME: RulingReasonText(
        RulingKind.APPROVE,
        "The name means someone or something else",
        "同名の別の人・もの",
    ),
    RulingReason.CONSENT_CONFIRMED: RulingReasonText(
        RulingKind.APPROVE,
        "I have seen proof of the owner's consent",
        "権利者の同意を証拠で確認した",
    ),
    RulingReason.FRAMES_HARMLESS: RulingReasonText(
        RulingKind.APPROVE,
        "I looked at every frame of the original",
        "元ファイルの全フレームを確認した",
    ),
    RulingReason.NOTHING_FOUND: RulingReasonText(
        RulingKind.APPROVE,
        "Nothing here breaks the policy",
        "方針に反する点は見当たらない",
    ),
    RulingReason.APPROVED_OTHERWISE: RulingReasonText(
        RulingKind.APPROVE,
        "Another reason (see note)",
        "その他（メモに記載）",
        needs_note=True,
    ),
    RulingReason.COPIED_MOTIF: RulingReasonText(
        RulingKind.EXCLUDE,
        "It is a copy of the motif",
        "登録モチーフの複製",
    ),
    RulingReason.DERIVED_MOTIF: RulingReasonText(
        RulingKind.EXCLUDE,
        "It is recognisably the motif",
        "登録モチーフと認められる",
    ),
    RulingReason.NAMES_PROTECTED: RulingReasonText(
        RulingKind.EXCLUDE,
        "The caption names someone or something protected",
        "保護対象を名指ししている",
    ),
    RulingReason.CONSENT_MISSING: RulingReasonText(
        RulingKind.EXCLUDE,
        "The owner has not consented",
        "権利者の同意がない",
    ),
    RulingReason.CONSENT_DOUBTFUL: RulingReasonText(
        RulingKind.EXCLUDE,
        "What is said about consent cannot be believed",
        "同意の表示が信用できない",
    ),
    RulingReason.FRAMES_HARMFUL: RulingReasonText(
        RulingKind.EXCLUDE,
        "Another frame shows something protected",
        "他のフレームに保護対象がある",
    ),
    RulingReason.EXCLUDED_OTHERWISE: RulingReasonText(
        RulingKind.EXCLUDE,
        "Another reason (see note)",
        "その他（メモに記載）",
        needs_note=True,
    ),
    RulingReason.NAMES_REMOVED: RulingReasonText(
        RulingKind.REWRITE,
        "The new caption names nobody and nothing protected",
        "保護対象の名称を除いた",
    ),
    RulingReason.CAPTION_CORRECTED: RulingReasonText(
        RulingKind.REWRITE,
        "The old caption was wrong",
        "元のキャプションが誤っていた",
    ),
    RulingReason.REWRITTEN_OTHERWISE: RulingReasonText(
        RulingKind.REWRITE,
        "Another reason (see note)",
        "その他（メモに記載）",
        needs_note=True,
    ),
}


ABOUT_CONSENT = (RulingReason.CONSENT_CONFIRMED, RulingReason.APPROVED_OTHERWISE)
"""The reasons that can approve where consent is in doubt: the first says that it was proven, the
second what else answers the doubt, in a note."""


def asks_about_consent(asked: Iterable[str]) -> bool:
    """Whether consent is among what is in doubt about an asset.

    Args:
        asked: the codes of the reasons for asking (``models.reasons.Reason``).
    """
    return any(code.startswith(("consent_", "grant_")) for code in asked)


def reasons_for(ruling: RulingKind, asked: Iterable[str] = ()) -> tuple[RulingReason, ...]:
    """The codes that may go with a ruling, in the order in which they are offered.

    Args:
        asked: the codes of the reasons for asking. A likeness or a name that turns out harmless
            says nothing about consent: where consent is in doubt too, only ``ABOUT_CONSENT``
            approves, and a new caption alone settles nothing.
    """
    codes = tuple(code for code in RulingReason if RULING_REASONS[code].ruling is ruling)
    if ruling in (RulingKind.EXCLUDE, RulingKind.SKIP) or not asks_about_consent(asked):
        return codes
    return tuple(code for code in codes if code in ABOUT_CONSENT)
