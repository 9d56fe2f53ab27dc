"""The rules of consent in words: which one decided, for whoever has to answer for it."""

from __future__ import annotations

from models.reasons import Reason

RULES: dict[Reason, tuple[str, str]] = {
    Reason.CONSENT_REFUSED: (
        "One refusal is enough, whoever it comes from.",
        "拒否は、誰によるものであっても一つで足ります。",
    ),
    Reason.CONSENT_TAMPERED: (
        "What has been changed since it was signed is decided by a person.",
        "署名後に変更されたものは、人が判断します。",
    ),
    Reason.CONSENT_MALFORMED: (
        "What is not written as its standard asks is decided by a person.",
        "規格どおりに書かれていないものは、人が判断します。",
    ),
    Reason.CONSENT_UNDETERMINED: (
        "What could not be read is decided by a person; it is neither a yes nor silence.",
        "読み取れなかったものは、許可とも無回答ともみなさず、人が判断します。",
    ),
    Reason.CONSENT_CONFLICT: (
        "A proven grant and a refusal that is broken or has ended are weighed by a person.",
        "証明された許諾と、不完全または失効した拒否とが対立する場合は、人が判断します。",
    ),
    Reason.CONSENT_UNMET: (
        "A condition that is not met is a no.",
        "条件が満たされない限り、許可とはなりません。",
    ),
    Reason.CONSENT_GRANTED: (
        "A grant counts with a known signer (L2) who controls the asset (L3) and means it (L4).",
        "署名者が特定され（L2）、資産を管理し（L3）、対象が一致する（L4）許諾は有効です。",
    ),
    Reason.CONSENT_CONTRACT: (
        "A contract on file (L5) counts as a grant.",
        "登録された契約（L5）は許諾として有効です。",
    ),
    Reason.CONSENT_OPT_OUT_PROFILE: (
        "Under the named opt-out profile silence is accepted.",
        "指定されたオプトアウト設定では、無回答が許容されます。",
    ),
    Reason.GRANT_EXPIRED: (
        "A grant counts until it ends.",
        "許諾は期限までに限り有効です。",
    ),
    Reason.EVIDENCE_STALE: (
        "A grant that was read elsewhere counts only while its last reading is recent.",
        "外部で確認した許諾は、最近確認できている間だけ有効です。",
    ),
    Reason.CONSENT_PARTIAL: (
        "Every purpose needs a grant.",
        "すべての目的について許諾が必要です。",
    ),
    Reason.GRANT_UNAUTHENTICATED: (
        "A grant counts only from the proven rights holder, about exactly these bytes.",
        "許諾は、証明された権利者が、まさにこのデータについて与えたものに限り有効です。",
    ),
    Reason.CONSENT_ABSENT: (
        "Silence is a no.",
        "無回答は不許可とみなします。",
    ),
}
"""For each reason that ``models.consent.resolution`` gives: the rule behind it, in English and
Japanese."""
