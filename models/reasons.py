"""Reason codes: why an asset got its verdict, in words for a person, in English and Japanese.

Every code that is ever written into a verdict, a manifest or a queue item is listed here.
``docs/reasons.md`` shows the same list to readers, and a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """A stable code; its value is what manifests store."""

    CONSENT_GRANTED = "consent_granted"
    CONSENT_CONTRACT = "consent_contract"
    CONSENT_OPT_OUT_PROFILE = "consent_opt_out_profile"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_ABSENT = "consent_absent"
    CONSENT_PARTIAL = "consent_partial"
    CONSENT_UNMET = "consent_unmet"
    GRANT_UNAUTHENTICATED = "grant_unauthenticated"
    GRANT_EXPIRED = "grant_expired"
    EVIDENCE_STALE = "evidence_stale"
    CONSENT_UNDETERMINED = "consent_undetermined"
    CONSENT_MALFORMED = "consent_malformed"
    CONSENT_TAMPERED = "consent_tampered"
    CONSENT_CONFLICT = "consent_conflict"
    NAME_PROTECTED = "name_protected"
    NAME_POSSIBLE = "name_possible"
    UNKNOWN_TERM = "unknown_term"
    NAME_LICENSED = "name_licensed"
    CAPTION_REWRITTEN = "caption_rewritten"
    CAPTION_EDITED = "caption_edited"
    CAPTION_CHANGED = "caption_changed"
    MOTIF_COPY = "motif_copy"
    MOTIF_CONTAINED = "motif_contained"
    MOTIF_RESEMBLES = "motif_resembles"
    IMAGE_ANIMATED = "image_animated"
    IMAGE_MISSING = "image_missing"
    IMAGE_EMPTY = "image_empty"
    IMAGE_FORMAT = "image_format"
    IMAGE_DAMAGED = "image_damaged"
    IMAGE_TOO_LARGE = "image_too_large"
    FILE_TOO_LARGE = "file_too_large"
    CAPTION_UNREADABLE = "caption_unreadable"
    BYTES_CHANGED = "bytes_changed"
    STAGE_FAILED = "stage_failed"
    PROCESS_LOST = "process_lost"
    RULING_APPROVED = "ruling_approved"
    RULING_EXCLUDED = "ruling_excluded"
    TAKEDOWN = "takedown"
    CONSENT_WITHDRAWN = "consent_withdrawn"


RETRIED: frozenset[Reason] = frozenset(
    {Reason.IMAGE_MISSING, Reason.BYTES_CHANGED, Reason.STAGE_FAILED, Reason.PROCESS_LOST}
)
"""Faults that may be gone at the next run without the bytes having changed."""


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What a reason means, and what a person can do about it."""

    en: str
    ja: str
    remedy: str
    remedy_ja: str


TEXTS: dict[Reason, ReasonText] = {
    Reason.CONSENT_GRANTED: ReasonText(
        "The rights holder's authenticated grant covers the purpose.",
        "権利者の認証済みの許諾が、この目的を対象としています。",
        "Nothing to do.",
        "対応は不要です。",
    ),
    Reason.CONSENT_CONTRACT: ReasonText(
        "A contract on file with the rights holder covers the purpose.",
        "権利者との契約が登録されており、この目的を対象としています。",
        "Nothing to do.",
        "対応は不要です。",
    ),
    Reason.CONSENT_OPT_OUT_PROFILE: ReasonText(
        "No refusal was found, and the policy's named opt-out profile accepts silence.",
        "拒否は見つからず、方針のオプトアウト設定が無回答を許容しています。",
        "Ask the owner for a grant before the profile's target date.",
        "設定の目標日までに、権利者へ許諾を依頼してください。",
    ),
    Reason.CONSENT_REFUSED: ReasonText(
        "A rights holder, or someone speaking for them, refuses this use.",
        "権利者またはその代理が、この利用を拒否しています。",
        "Leave the asset out, or ask the owner for a contract.",
        "この画像を除くか、権利者に契約を依頼してください。",
    ),
    Reason.CONSENT_ABSENT: ReasonText(
        "Nobody has said that this use is allowed.",
        "この利用を許可する意思表示がありません。",
        "Ask the owner for a grant, or enter a contract in the policy.",
        "権利者に許諾を依頼するか、方針に契約を登録してください。",
    ),
    Reason.CONSENT_PARTIAL: ReasonText(
        "There is a grant, but not for every purpose that the policy asks for.",
        "許諾はありますが、方針が求めるすべての目的を対象としていません。",
        "Ask the owner to widen the grant, or narrow the policy's purposes.",
        "権利者に許諾範囲の拡大を依頼するか、方針の目的を絞ってください。",
    ),
    Reason.CONSENT_UNMET: ReasonText(
        "The use is allowed under a condition that has not been met.",
        "条件付きの許諾ですが、その条件が満たされていません。",
        "Fetch the licence document and accept it in the policy.",
        "ライセンス文書を取得し、方針で承認してください。",
    ),
    Reason.GRANT_UNAUTHENTICATED: ReasonText(
        "Someone says the use is allowed, but nothing proves that the rights holder said so.",
        "許可の表示はありますが、権利者本人によるものと確認できません。",
        "Ask the owner to sign the grant, or enter a contract in the policy.",
        "権利者に許諾への署名を依頼するか、方針に契約を登録してください。",
    ),
    Reason.GRANT_EXPIRED: ReasonText(
        "The grant has expired.",
        "許諾の有効期限が切れています。",
        "Ask the owner to renew it.",
        "権利者に更新を依頼してください。",
    ),
    Reason.EVIDENCE_STALE: ReasonText(
        "The grant was last confirmed too long ago, and may have been withdrawn since.",
        "許諾の最終確認から時間が経っており、その後に撤回された可能性があります。",
        "Read the sources again: `kiyome consent recheck`.",
        "`kiyome consent recheck` で情報源を読み直してください。",
    ),
    Reason.CONSENT_UNDETERMINED: ReasonText(
        "A consent source exists but could not be read.",
        "同意情報の所在は分かりましたが、読み取れませんでした。",
        "Run again later; if it stays, a reviewer decides.",
        "時間をおいて再実行してください。解消しない場合は審査担当者が判断します。",
    ),
    Reason.CONSENT_MALFORMED: ReasonText(
        "A consent statement is not written as its standard asks.",
        "同意情報の記述が規格に合っていません。",
        "A reviewer reads it; ask the owner to mend it.",
        "審査担当者が内容を確認します。権利者に修正を依頼してください。",
    ),
    Reason.CONSENT_TAMPERED: ReasonText(
        "The signed content credentials do not match the file.",
        "署名付きの来歴情報がファイルと一致しません。",
        "A reviewer decides; get the original file from the owner.",
        "審査担当者が判断します。権利者から元のファイルを入手してください。",
    ),
    Reason.CONSENT_CONFLICT: ReasonText(
        "Statements about this asset contradict each other.",
        "この画像についての意思表示が互いに矛盾しています。",
        "A reviewer decides which one stands.",
        "どの意思表示が有効かを審査担当者が判断します。",
    ),
    Reason.NAME_PROTECTED: ReasonText(
        "A caption holds a protected name.",
        "キャプションに保護対象の名称が含まれています。",
        "Remove the name from the caption, or leave the asset out.",
        "キャプションから名称を除くか、この画像を除いてください。",
    ),
    Reason.NAME_POSSIBLE: ReasonText(
        "A caption holds a word that may be a protected name.",
        "キャプションに保護対象の名称かもしれない語が含まれています。",
        "A reviewer reads the caption.",
        "審査担当者がキャプションを確認します。",
    ),
    Reason.UNKNOWN_TERM: ReasonText(
        "A text holds a term that may be a name, and that nobody has decided yet.",
        "名称かもしれない、まだ判断されていない語が含まれています。",
        "Decide the term, once for the whole dataset: `kiyome terms`.",
        "`kiyome terms` で、この語をデータセット全体について一度だけ判断してください。",
    ),
    Reason.NAME_LICENSED: ReasonText(
        "A licence on file lets the protected name stand in the caption.",
        "登録済みのライセンスにより、保護対象の名称の使用が許可されています。",
        "Nothing to do.",
        "対応は不要です。",
    ),
    Reason.CAPTION_REWRITTEN: ReasonText(
        "Names were taken out of the caption; the release holds the rewritten one.",
        "キャプションから名称を除きました。リリースには書き換え後のものが含まれます。",
        "Nothing to do; the original is kept beside the release, with what was changed.",
        "対応は不要です。元のキャプションと変更内容はリリースの記録に残ります。",
    ),
    Reason.CAPTION_EDITED: ReasonText(
        "A person put another caption in the place of the original; the release holds that one.",
        "人がキャプションを書き換えました。リリースには書き換え後のものが含まれます。",
        "Nothing to do; the edit can be undone on the page Captions.",
        "対応は不要です。書き換えは「キャプション」のページで取り消せます。",
    ),
    Reason.CAPTION_CHANGED: ReasonText(
        "A person rewrote a caption of this image, and that caption has changed since.",
        "人が書き換えたキャプションの元の文が、その後変更されています。",
        "Read the caption as it is now: rewrite it again, or undo the edit on the page Captions.",
        "現在のキャプションを確認し、書き換え直すか、"
        "「キャプション」のページで書き換えを取り消してください。",
    ),
    Reason.MOTIF_COPY: ReasonText(
        "The picture is a copy of a registered motif.",
        "登録されたモチーフの複製です。",
        "Leave the asset out.",
        "この画像を除いてください。",
    ),
    Reason.MOTIF_CONTAINED: ReasonText(
        "A part of the picture shows a registered motif.",
        "画像の一部に登録されたモチーフがあります。",
        "A reviewer looks at the marked part beside the motif.",
        "審査担当者が印の付いた部分とモチーフを見比べます。",
    ),
    Reason.MOTIF_RESEMBLES: ReasonText(
        "The picture resembles a registered motif.",
        "登録されたモチーフに似ています。",
        "A reviewer compares the two pictures.",
        "審査担当者が二つの画像を見比べます。",
    ),
    Reason.IMAGE_ANIMATED: ReasonText(
        "The file holds several frames, and only the first was examined.",
        "複数のフレームがあり、最初の1枚だけを検査しました。",
        "A reviewer looks at the others, or export single frames.",
        "審査担当者が残りのフレームを確認するか、1枚ずつ書き出してください。",
    ),
    Reason.IMAGE_MISSING: ReasonText(
        "The dataset names an image that is not there or cannot be opened.",
        "データセットに記載された画像が存在しないか、開けません。",
        "Put the file back, or make it readable, and run again.",
        "ファイルを戻すか読み取れるようにして、再実行してください。",
    ),
    Reason.IMAGE_EMPTY: ReasonText(
        "The file is empty.",
        "ファイルが空です。",
        "Fetch the file again and run again.",
        "ファイルを取得し直して、再実行してください。",
    ),
    Reason.IMAGE_FORMAT: ReasonText(
        "The file is not in an image format that Kiyome decodes.",
        "対応していない画像形式です。",
        "Convert it to PNG, JPEG, WebP, GIF, BMP or TIFF.",
        "PNG、JPEG、WebP、GIF、BMP、TIFF のいずれかに変換してください。",
    ),
    Reason.IMAGE_DAMAGED: ReasonText(
        "The file is damaged or cut short.",
        "ファイルが破損しているか、途中で切れています。",
        "Fetch the file again and run again.",
        "ファイルを取得し直して、再実行してください。",
    ),
    Reason.IMAGE_TOO_LARGE: ReasonText(
        "The picture has more pixels than the settings allow to decode.",
        "画素数が設定の上限を超えています。",
        "Scale it down, or raise max_pixels in the settings.",
        "画像を縮小するか、設定の max_pixels を上げてください。",
    ),
    Reason.FILE_TOO_LARGE: ReasonText(
        "The file has more bytes than the settings allow to read.",
        "ファイルサイズが設定の上限を超えています。",
        "Shrink the file, or raise max_bytes in the settings.",
        "ファイルを小さくするか、設定の max_bytes を上げてください。",
    ),
    Reason.CAPTION_UNREADABLE: ReasonText(
        "A caption cannot be read as text.",
        "キャプションを文字として読み取れません。",
        "Save the caption as UTF-8 and run again.",
        "キャプションを UTF-8 で保存し、再実行してください。",
    ),
    Reason.BYTES_CHANGED: ReasonText(
        "The file changed while the run was going on.",
        "実行中にファイルが変更されました。",
        "Run again.",
        "再実行してください。",
    ),
    Reason.STAGE_FAILED: ReasonText(
        "A detector failed on this asset.",
        "この画像の検査中に障害が発生しました。",
        "Read the detail, mend the cause, and run again.",
        "詳細を確認し、原因を取り除いてから再実行してください。",
    ),
    Reason.PROCESS_LOST: ReasonText(
        "Processes that examined this asset died of it.",
        "この画像を検査したプロセスが異常終了しました。",
        "Save the picture anew, or give the machine more memory, and run again: it is tried anew "
        "in a process apart.",
        "画像を保存し直すかメモリを増やしてから、再実行してください。"
        "再実行時には、独立したプロセスで改めて検査します。",
    ),
    Reason.RULING_APPROVED: ReasonText(
        "A reviewer approved the asset.",
        "審査担当者が承認しました。",
        "Nothing to do.",
        "対応は不要です。",
    ),
    Reason.RULING_EXCLUDED: ReasonText(
        "A reviewer excluded the asset.",
        "審査担当者が除外しました。",
        "Nothing to do.",
        "対応は不要です。",
    ),
    Reason.TAKEDOWN: ReasonText(
        "The owner asked for the asset to be taken down.",
        "権利者から取り下げの申し出がありました。",
        "Leave the asset out of every later release.",
        "以後のすべてのリリースからこの画像を除いてください。",
    ),
    Reason.CONSENT_WITHDRAWN: ReasonText(
        "The owner has withdrawn their consent to this use.",
        "権利者がこの利用への同意を撤回しました。",
        "Leave the asset out of every later release, until the owner gives the consent back.",
        "権利者が同意を再び与えるまで、以後のすべてのリリースからこの画像を除いてください。",
    ),
}
