"""What is said to a person about a reference picture, in English and Japanese.

A remark is a warning, or the reason why a picture was refused. It is kept as a code with values,
so that the review page can say it in the language of whoever reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from models.assets.asset import Fault
from models.errors import RegisterError
from models.reasons import TEXTS, Reason

_FAULT: Final = "fault_"


@dataclass(frozen=True, slots=True)
class RemarkText:
    """What a remark says, and what a person can do about it."""

    en: str
    remedy: str
    ja: str
    remedy_ja: str


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing said about a picture.

    Attributes:
        code: key of ``REMARKS``, or ``fault_`` and a reason for what could not be decoded.
        values: what the sentences are filled with.
    """

    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)

    @classmethod
    def of(cls, code: str, **values: str | int) -> Self:
        """A remark with its values."""
        return cls(code, values)

    @classmethod
    def of_fault(cls, fault: Fault) -> Self:
        """Why a file could not be read or decoded."""
        return cls(f"{_FAULT}{fault.reason.value}", {"detail": fault.detail})

    def problem(self, language: str = "en") -> str:
        """What is the case."""
        if (reason := self._fault) is not None:
            text = TEXTS[reason]
            return text.ja if language == "ja" else f"{text.en} ({self.values.get('detail', '')})"
        words = REMARKS[self.code]
        return (words.ja if language == "ja" else words.en).format_map(self.values)

    def remedy(self, language: str = "en") -> str:
        """What can be done about it."""
        if (reason := self._fault) is not None:
            text = TEXTS[reason]
            return text.remedy_ja if language == "ja" else text.remedy
        words = REMARKS[self.code]
        return (words.remedy_ja if language == "ja" else words.remedy).format_map(self.values)

    def __str__(self) -> str:
        return f"{self.problem()} {self.remedy()}".strip()

    @property
    def _fault(self) -> Reason | None:
        return Reason(self.code.removeprefix(_FAULT)) if self.code.startswith(_FAULT) else None


class ReferenceRefusedError(RegisterError):
    """A reference is not registered, or not changed, and the remark says why."""

    def __init__(self, remark: Remark) -> None:
        super().__init__(remark.problem(), remark.remedy())
        self.remark = remark

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.remark,))


def write_remarks(remarks: Iterable[Remark]) -> str:
    """Remarks as JSON text; ``read_remarks`` reads it."""
    listed = [[remark.code, dict(remark.values)] for remark in remarks]
    return json.dumps(listed, ensure_ascii=False, sort_keys=True)


def read_remarks(text: str) -> tuple[Remark, ...]:
    """What ``write_remarks`` wrote; what this version does not know is left out."""
    return tuple(Remark(code, values) for code, values in json.loads(text) if code in REMARKS)


REMARKS: Final[Mapping[str, RemarkText]] = {
    "outside_folder": RemarkText(
        "It lies outside the folder that is registered.",
        "Put it into the folder, and name it by its path within.",
        "登録するフォルダーの外にあります。",
        "フォルダーの中に置き、その中でのパスで指定してください。",
    ),
    "no_label": RemarkText(
        "The picture has no label.",
        "Say what a person calls it.",
        "ラベルがありません。",
        "描かれているものの呼び名を入力してください。",
    ),
    "category": RemarkText(
        "There is no motif category {given!r}.",
        "Use one of {known}.",
        "分類「{given}」はありません。",
        "{known} のいずれかにしてください。",
    ),
    "right": RemarkText(
        "There is no kind of right {given!r}.",
        "Use one of {known}.",
        "権利の種類「{given}」はありません。",
        "{known} のいずれかにしてください。",
    ),
    "text": RemarkText(
        "The {name} holds a character that is not text.",
        "Type it anew, or save the list as UTF-8.",
        "入力に文字ではないものが含まれています（{name}）。",
        "入力し直すか、一覧を UTF-8 で保存してください。",
    ),
    "text_long": RemarkText(
        "The {name} is longer than {limit} characters.",
        "Shorten it.",
        "入力が {limit} 文字を超えています（{name}）。",
        "短くしてください。",
    ),
    "file_too_large": RemarkText(
        "The file has more than the {limit:,} bytes that a reference may have.",
        "Save it smaller: 2,000 pixels on the longer side are plenty.",
        "ファイルサイズが上限（{limit:,} バイト）を超えています。",
        "小さく保存し直してください。長辺 2,000 ピクセルあれば十分です。",
    ),
    "too_many_pixels": RemarkText(
        "The picture is too large: {detail}.",
        "Scale it down: 2,000 pixels on the longer side are plenty.",
        "画素数が上限（{limit:,} ピクセル）を超えています。",
        "縮小してください。長辺 2,000 ピクセルあれば十分です。",
    ),
    "too_small": RemarkText(
        "The picture is {width} x {height} pixels: too small to be recognised.",
        "Register one of at least {least} pixels on the shorter side.",
        "画像が {width} × {height} ピクセルしかなく、小さすぎて照合できません。",
        "短辺 {least} ピクセル以上の画像を登録してください。",
    ),
    "too_long": RemarkText(
        "The picture is {width} x {height} pixels: too long to be compared as a whole.",
        "Cut it, or draw a box around the motif, so that no side is more than {limit} times the "
        "other.",
        "{width} × {height} ピクセルと極端に細長く、全体として照合できません。",
        "長辺が短辺の {limit} 倍以内になるよう、切り抜くかモチーフを枠で囲んでください。",
    ),
    "plain": RemarkText(
        "The picture is plain: everything plain would look like a copy of it.",
        "Register one that shows the motif.",
        "無地の画像です。無地の画像すべてが複製と判定されてしまいます。",
        "モチーフが写っている画像を登録してください。",
    ),
    "gradient": RemarkText(
        "The picture shows soft shading and nothing else: every such picture would look like it.",
        "Register one that shows the motif, or draw a box around it.",
        "濃淡だけの画像です。似たような濃淡の画像すべてと一致してしまいます。",
        "モチーフが写っている画像を登録するか、モチーフを枠で囲んでください。",
    ),
    "transparent": RemarkText(
        "Everything in the picture is transparent.",
        "Export it again with the motif opaque, or without an alpha channel.",
        "画像全体が透明です。",
        "モチーフを不透明にするか、アルファチャンネルなしで書き出し直してください。",
    ),
    "nearly_transparent": RemarkText(
        "Nearly all of the picture is transparent: what is not takes {width} x {height} pixels.",
        "Register the motif larger: at least {least} pixels on the shorter side.",
        "画像のほとんどが透明で、見える部分は {width} × {height} ピクセルしかありません。",
        "短辺 {least} ピクセル以上になるよう、モチーフを大きくして登録してください。",
    ),
    "box_numbers": RemarkText(
        "The box {given!r} is not four numbers.",
        "Give left, top, right and bottom, in pixels or as fractions: 0.1,0.2,0.5,0.9.",
        "枠「{given}」が4つの数値になっていません。",
        "左、上、右、下の順に、ピクセルまたは割合で指定してください（例: 0.1,0.2,0.5,0.9）。",
    ),
    "box_outside": RemarkText(
        "The box {given!r} is empty or reaches outside the picture of {width} x {height} pixels.",
        "Give left, top, right and bottom inside the picture, in this order.",
        "枠「{given}」が空か、画像（{width} × {height} ピクセル）の外に出ています。",
        "画像の内側で、左、上、右、下の順に指定してください。",
    ),
    "box_percent": RemarkText(
        "The box {given} is not four numbers from 0 to 100.",
        "Give left, top, right and bottom in per cent, or leave all four empty.",
        "枠（{given}）が 0 から 100 までの4つの数値になっていません。",
        "左、上、右、下をパーセントで指定するか、4つとも空欄にしてください。",
    ),
    "box_small": RemarkText(
        "The box cuts out {width} x {height} pixels: too small to be recognised.",
        "Draw it larger: at least {least} pixels on the shorter side.",
        "枠の中が {width} × {height} ピクセルしかなく、小さすぎて照合できません。",
        "短辺 {least} ピクセル以上になるよう、枠を大きくしてください。",
    ),
    "claimed_by_other": RemarkText(
        "The picture looks the same as {label!r} ({id}), which {owner!r} has registered: "
        "{distance} of 256 bits differ.",
        "Ask who owns it; if both may claim it, it can be registered as disputed.",
        "「{owner}」が登録済みの「{label}」（{id}）と同じ画像に見えます（256 ビット中 {distance} "
        "ビットの違い）。",
        "権利者を確認してください。双方に権利がありうる場合は「係争中」として登録できます。",
    ),
    "refused_before": RemarkText(
        "This picture was submitted before and refused by {by!r}: {why}",
        "Ask the staff to register it, or submit another picture.",
        "この画像は以前に申請され、「{by}」により却下されています: {why}",
        "担当者に登録を依頼するか、別の画像を申請してください。",
    ),
    "not_kept": RemarkText(
        "The picture cannot be kept in {detail}.",
        "Free some disk space or make the workspace writable, then add it again.",
        "画像を保存できません（{detail}）。",
        "空き容量を増やすか書き込みを許可してから、もう一度登録してください。",
    ),
    "animated": RemarkText(
        "The file has {frames} frames, and only the first counts.",
        "Register other frames as pictures of their own.",
        "{frames} フレームのアニメーションです。最初の1枚だけが照合に使われます。",
        "ほかのフレームは1枚ずつ書き出して登録してください。",
    ),
    "long": RemarkText(
        "The picture is {ratio} times as long as it is wide or high.",
        "As a whole it is compared squashed; a box around the motif works better.",
        "一辺がもう一辺の {ratio} 倍ある細長い画像です。",
        "全体の照合では押しつぶされるため、モチーフを枠で囲むほうが確実です。",
    ),
    "few_features": RemarkText(
        "The picture shows little detail: it may only be found where it is copied whole.",
        "Register a larger or more detailed picture as well.",
        "細部が少ない画像です。全体が複製された場合にしか見つからないことがあります。",
        "より大きいか、より細部のある画像も登録してください。",
    ),
    "on_darker_ground": RemarkText(
        "The motif is white on transparency: it is compared on {ground}.",
        "Where it lies on white, nobody can see it, Kiyome included.",
        "透明な背景に白いモチーフです。背景を{ground_ja}にして照合します。",
        "白い背景の上では、人にも Kiyome にも見えません。",
    ),
    "near_duplicate": RemarkText(
        "It looks the same as {label!r} ({id}), which is registered: {distance} of 256 bits "
        "differ.",
        "Another view, pose or expression would find more.",
        "登録済みの「{label}」（{id}）と同じ画像に見えます（256 ビット中 {distance} ビットの"
        "違い）。",
        "別の角度、ポーズ、表情の画像を登録するほうが、多くの複製を見つけられます。",
    ),
    "disputed": RemarkText(
        "{owner!r} has registered the same picture as {label!r} ({id}): it is disputed.",
        "Both are protected until people settle whose it is.",
        "「{owner}」が同じ画像を「{label}」（{id}）として登録しています。係争中です。",
        "どちらのものか決まるまで、両方とも保護されます。",
    ),
    "label_category": RemarkText(
        "Other pictures labelled {label!r} are registered as {others}, this one as {given}.",
        "Correct one of them if they show the same.",
        "ラベル「{label}」のほかの画像は分類が {others} ですが、この画像は {given} です。",
        "同じものを表すなら、どちらかを訂正してください。",
    ),
    "label_owner": RemarkText(
        "Other pictures labelled {label!r} belong to {others}, this one to {given!r}.",
        "Correct one of them, or give this one a label of its own.",
        "ラベル「{label}」のほかの画像の権利者は {others} ですが、この画像は「{given}」です。",
        "どちらかを訂正するか、この画像に別のラベルを付けてください。",
    ),
}
