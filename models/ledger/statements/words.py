"""The words of a statement's page, in English and Japanese."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "ja"]

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Statement of use", "利用明細書"),
    "period": ("Period", "対象期間"),
    "to": ("to", "〜"),
    "comma": (", ", "、"),
    "utc": ("UTC", "UTC"),
    "owner": ("Your reference", "権利者参照番号"),
    "number": ("Statement", "明細番号"),
    "made": ("Made on", "作成日"),
    "rules": ("Rules", "分配規則"),
    "version": ("version", "バージョン"),
    "policies": ("Policies", "判定方針"),
    "paid_now": ("Paid for this period", "今期のお支払額"),
    "carried": ("Carried over to the next period", "次期への繰越額"),
    "open": ("Not settled yet", "未確定"),
    "open_text": (
        "The period has not been paid yet. Your weight is what has been entered so far.",
        "この期間の支払いはまだ確定していません。ウェイトは現時点までの記録によるものです。",
    ),
    "used": ("Assets used for training", "学習に使われた作品"),
    "samples": ("Samples drawn", "抽出回数"),
    "excluded": ("Assets kept out", "除外された作品"),
    "held": ("Assets of yours in the ledger", "台帳にある作品の総数"),
    "sum": ("How the amount is made", "金額の計算"),
    "pot": ("Pot of the period", "分配原資"),
    "weight": ("Your weight", "ウェイト"),
    "total_weight": ("Weight of everybody", "全員のウェイト合計"),
    "gross": ("Your part of the pot", "分配額"),
    "carried_in": ("Carried over from earlier periods", "前期からの繰越額"),
    "net": ("Paid now", "今回の支払額"),
    "formula": (
        (
            "Part of the pot = pot × your weight ÷ weight of everybody, rounded so that all parts "
            "add up to the pot exactly. Weight = the sum of samples × the licence's multiplier."
        ),
        (
            "分配額 = 分配原資 × ウェイト ÷ 全員のウェイト合計(全員の合計が原資と"
            "正確に一致するように端数を処理)。ウェイト = 抽出回数 × ライセンス係数の合計。"
        ),
    ),
    "accounts": ("Where it goes", "支払先"),
    "account": ("Account", "口座"),
    "share": ("Share", "按分比"),
    "amount": ("Amount", "金額"),
    "by_hand": (
        "No account on a chain is on file for you: the amount is paid in the way agreed with you.",
        "ブロックチェーン上の口座が登録されていないため、別途取り決めた方法でお支払いします。",
    ),
    "late": (
        (
            "The lines come to a weight of {lines}, and the payout was made from {paid}: something "
            "was entered after it. Dispute it if you are not told how the difference is settled."
        ),
        (
            "明細のウェイトは {lines} ですが、支払いは {paid} に基づいて行われました。"
            "支払い後に記録が追加されています。差額の扱いについて説明がない場合は異議を申し立ててください。"
        ),
    ),
    "summary": ("Releases and training runs", "リリースと学習"),
    "dataset": ("Dataset", "データセット"),
    "release": ("Release", "リリース"),
    "run": ("Run", "学習"),
    "considered": ("Assets", "作品"),
    "used_short": ("Used", "利用"),
    "excluded_short": ("Kept out", "除外"),
    "revoked": ("Revoked", "撤回"),
    "violations": ("Violations", "違反"),
    "violation_text": (
        (
            "Assets of yours that were used although they had been withdrawn: {count}. The builder "
            "of the model has entered this; it is paid like any other use. A ledger cannot take a "
            "picture back out of a trained model."
        ),
        (
            "撤回済みの作品 {count} 点が利用されました。モデルの開発者はこれらを違反として"
            "記録しており、支払いは他の利用と同様に行われます。学習済みモデルから画像を取り除くことは"
            "台帳ではできません。"
        ),
    ),
    "why": ("Why assets were kept out", "除外の理由"),
    "lines": ("Every record of the period", "対象期間の全記録"),
    "entry": ("Entry", "記録"),
    "asset": ("Asset (SHA-256)", "作品(SHA-256)"),
    "what": ("What", "種別"),
    "license": ("Licence", "ライセンス"),
    "multiplier": ("Multiplier", "係数"),
    "line_weight": ("Weight", "ウェイト"),
    "consent": ("Consent", "同意"),
    "more_lines": (
        "{shown} of {all} records are shown here; statement.csv holds all of them.",
        "{all} 件のうち {shown} 件を表示しています。すべての記録は statement.csv にあります。",
    ),
    "no_lines": ("There is no record of yours in this period.", "この期間の記録はありません。"),
    "corrected": ("corrected by entry {index}", "記録 {index} により訂正"),
    "violation": ("violation", "違反"),
    "proofs": ("Proofs", "証明"),
    "proofs_text": (
        (
            "For every batch of the log there is a file that proves what it holds of you: all of "
            "your records, or that there are none."
        ),
        (
            "台帳のすべてのバッチについて、ご本人の記録がこれですべてであること、"
            "または一件もないことを証明するファイルがあります。"
        ),
    ),
    "batch": ("Batch", "バッチ"),
    "shown": ("Shown", "証明の内容"),
    "records": ("Records", "件数"),
    "completeness": ("these are all of your records", "記録はこれですべて"),
    "absence": ("there is none of yours", "記録なし"),
    "none": (
        "not provable: from before owner indexes, or before you were erased",
        "証明不可(索引導入前、または消去前の記録)",
    ),
    "anchored": (
        "The head of {size} entries stands on chain {chain}, contract {contract}, block {block}.",
        (
            "{size} 件時点の台帳は、チェーン {chain}、コントラクト {contract}、"
            "ブロック {block} に記録されています。"
        ),
    ),
    "not_anchored": (
        "No head of this log was anchored on a chain so far.",
        "この台帳はまだブロックチェーンに記録されていません。",
    ),
    "check": ("How to check this", "確認の方法"),
    "check_text": (
        (
            "statement.json holds everything above and is signed with the log's key. Take the key "
            "from a source that you trust, not from this page. Then check statement and proofs, "
            "without a network:"
        ),
        (
            "statement.json には上記のすべてが含まれ、台帳の鍵で署名されています。"
            "鍵はこのページからではなく、信頼できる情報源から入手してください。"
            "明細と証明は通信なしで確認できます。"
        ),
    ),
    "key": ("Key of the log", "台帳の鍵"),
    "head": ("Head", "台帳の先頭"),
    "entries": ("entries", "件"),
    "dispute": ("How to dispute it", "異議の申し立て"),
    "dispute_text": (
        (
            "Write to {contact} until {until} (UTC). Name the statement and the entries that you "
            "doubt, and say what you expected. Keep this folder: it is your evidence."
        ),
        (
            "{until}(UTC)までに {contact} へご連絡ください。明細番号と疑問のある記録番号、"
            "期待される内容をお知らせください。このフォルダは証拠となりますので保管してください。"
        ),
    ),
    "limits": (
        (
            "A ledger cannot prove that training used only what was entered, nor that whoever "
            "signed a consent owns the work."
        ),
        (
            "台帳は、記録されたものだけが学習に使われたことや、同意の署名者が権利者であることを"
            "証明するものではありません。"
        ),
    ),
    "skip": ("Skip to the amount", "金額へ移動"),
    "use": ("use", "利用"),
    "exclude": ("kept out", "除外"),
    "revoke": ("revoked", "撤回"),
    "decide": ("decision", "判定"),
    "correct": ("correction", "訂正"),
    "generative_training": ("generative training", "生成AIの学習"),
    "non_generative_training": ("non-generative training", "非生成AIの学習"),
    "inference": ("inference", "推論"),
    "data_mining": ("data mining", "データマイニング"),
}


def words(language: Language) -> dict[str, str]:
    """Every word by its name, in one language."""
    column = 1 if language == "ja" else 0
    return {name: pair[column] for name, pair in WORDS.items()}
