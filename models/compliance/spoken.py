"""Sentences about a release that several documents share, in English and Japanese."""

from __future__ import annotations

from models.compliance.facts import Facts
from models.releases.notices import RemovalReason
from models.review.quality.wording import Words

REMOVAL_WORDS: dict[RemovalReason, Words] = {
    RemovalReason.TAKEDOWN: Words("taken down by the owner", "権利者による取り下げ"),
    RemovalReason.CONSENT: Words("no consent that can be relied on", "有効な同意がない"),
    RemovalReason.NAME: Words(
        "a protected name, or a possible one", "保護対象の名称（疑いを含む）"
    ),
    RemovalReason.MOTIF: Words(
        "a protected motif, or a possible one", "保護対象の図柄（疑いを含む）"
    ),
    RemovalReason.REVIEW: Words(
        "ruled out by a reviewer, or not yet decided", "審査で除外、または未判断"
    ),
    RemovalReason.UNVERIFIED: Words("could not be examined", "検査できなかった"),
    RemovalReason.ABSENT: Words("no longer in the dataset", "データセットに存在しない"),
}


def tell_collection(facts: Facts) -> Words:
    """How the data came here, as far as Kiyome knows."""
    return Words(
        f"{facts.outcomes.total:,} image files that the operator named as the dataset were read. "
        "Kiyome does not know how they were first obtained.",
        f"運用者がデータセットとして指定した{facts.outcomes.total:,}件の画像を読み込みました。画像の"
        "当初の入手方法は、Kiyomeには分かりません。",
    )


def tell_consent(facts: Facts) -> Words:
    """What the use of the cleared assets rests on."""
    share = facts.consent.share
    en = (
        f"Of {facts.release.cleared:,} cleared images, {share.opt_in:,} rest on a proven grant or "
        f"a contract, {share.opt_out:,} on silence, and {share.ruled:,} on a reviewer's ruling."
    )
    ja = (
        f"許可された{facts.release.cleared:,}件のうち、証明された許諾または契約によるものは"
        f"{share.opt_in:,}件、意思表示がないことによるものは{share.opt_out:,}件、審査担当者の判断に"
        f"よるものは{share.ruled:,}件です。"
    )
    if facts.consent.profile == "opt-out":
        name, day = facts.consent.opt_out_name, facts.consent.opt_in_target
        en += f" Silence is accepted under the profile {name}, until {day}."
        ja += f"意思表示がない画像の利用は、プロファイル「{name}」により{day}まで認められています。"
    return Words(en, ja)


def tell_screening(_: Facts) -> Words:
    """Which examinations every cleared asset went through."""
    return Words(
        "Every cleared image went through the same examinations: what owners say about AI use, "
        "protected names in captions, file names and embedded texts, and protected motifs in the "
        "picture. What is doubtful goes to a reviewer. A failed examination never clears an image.",
        "許可されたすべての画像に同じ検査を行いました。AI利用についての権利者の意思表示、キャプション・"
        "ファイル名・埋め込みテキストに含まれる保護対象の名称、画像に含まれる保護対象の図柄です。"
        "疑わしいものは審査担当者が判断します。検査に失敗した画像が許可されることはありません。",
    )


def tell_kept_out(facts: Facts) -> Words:
    """How many assets were kept out, and why."""
    kept = facts.outcomes.kept_out
    if not kept:
        return Words("Nothing was kept out.", "除外した画像はありません。")
    en = "; ".join(f"{REMOVAL_WORDS[reason].en} ({count:,})" for reason, count in kept.items())
    ja = "、".join(f"{REMOVAL_WORDS[reason].ja}：{count:,}件" for reason, count in kept.items())
    total = sum(kept.values())
    return Words(f"{total:,} images were kept out: {en}.", f"{total:,}件を除外しました（{ja}）。")


def tell_captions(facts: Facts) -> Words:
    """What was done to captions."""
    made = facts.composition
    return Words(
        f"{made.rewritten:,} of {made.captions:,} captions were rewritten, to take protected names "
        "out or to correct them; the others are as they were found.",
        f"キャプション{made.captions:,}件のうち{made.rewritten:,}件は、保護対象の名称を除くため、"
        "または誤りを直すために書き換えました。ほかは入手時のままです。",
    )


def tell_people(facts: Facts) -> Words:
    """Who decided."""
    people = facts.composition.by_people
    return Words(
        f"Reviewers made {facts.review.rulings:,} rulings on this dataset up to the release; "
        f"{people:,} of the {facts.release.cleared:,} cleared images were cleared by a ruling, the "
        "others by the policy alone.",
        f"このリリースまでに、審査担当者はこのデータセットについて{facts.review.rulings:,}件の判断を"
        f"行いました。許可された{facts.release.cleared:,}件のうち{people:,}件は審査担当者の判断に"
        "より、残りはポリシーのみにより許可されました。",
    )


def tell_agreement(facts: Facts) -> Words:
    """How far reviewers agree."""
    raw, ac1 = facts.review.agreement.raw, facts.review.agreement.ac1
    if raw.absence is not None:
        return raw.words
    return Words(
        f"Two reviewers agreed on the same item in this share of cases: {raw.words.en}. "
        f"Gwet's AC1: {ac1.words.en}.",
        f"二人の審査担当者の判断が一致した割合：{raw.words.ja}。グウェットのAC1：{ac1.words.ja}。",
    )


def tell_maintenance(facts: Facts) -> Words:
    """How the dataset is kept up."""
    return Words(
        "A release never changes. What owners take down or withdraw is left out of the next "
        "release, and a removal notice signed with the ledger's key tells holders of earlier "
        f"releases what to delete. This is release {facts.release.number} of "
        f"{facts.removals.newest}.",
        "公開済みのリリースは変わりません。権利者が取り下げ、または同意を撤回した画像は次の"
        "リリースに含まれず、台帳の鍵で署名した削除通知により、以前のリリースの保有者に削除対象を"
        f"知らせます。全{facts.removals.newest}件のリリースのうち第{facts.release.number}リリースです。",
    )


def tell_since(facts: Facts) -> Words:
    """What happened to this release's assets since."""
    taken, withdrawn = len(facts.removals.taken_down_ms), len(facts.removals.withdrawn_ms)
    return Words(
        f"Since the release was made, {taken:,} of its images were taken down by their owners, and "
        f"for {withdrawn:,} consent was withdrawn.",
        f"公開後、権利者が取り下げた画像は{taken:,}件、同意が撤回された画像は{withdrawn:,}件です。",
    )


def tell_limits(_: Facts) -> tuple[Words, ...]:
    """What may not be concluded from any of it."""
    return (
        Words(
            "Registers are never complete: a name or motif that nobody registered is not found.",
            "登録簿は完全ではありません。登録されていない名称や図柄は検出できません。",
        ),
        Words(
            "That somebody signed a consent does not prove that they own the work.",
            "同意に署名した人がその作品の権利者であることまでは証明されません。",
        ),
        Words(
            "Kiyome does not look for illegal content, personal data or bias.",
            "Kiyomeは、違法なコンテンツ、個人データ、偏りの検査は行いません。",
        ),
    )
