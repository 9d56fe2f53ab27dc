"""A decision in words, English and Japanese, for whoever has to answer for it."""

from __future__ import annotations

from collections.abc import Sequence

from models.consent.moments import show_moment
from models.consent.purposes import Preference, Purpose
from models.consent.rules import RULES
from models.consent.statements import Condition, Statement
from models.consent.terms import ConsentPolicy
from models.consent.translation.translate import (
    Language,
    name_carrier,
    translate_note,
    translate_source,
)
from models.reasons import TEXTS, Reason
from models.verdicts import Verdict

_MAX_NAMED = 5
_MAX_NOTES = 3
_LANGUAGES: tuple[Language, ...] = ("en", "ja")

_VERDICTS = {
    Verdict.CLEAR: ("Cleared", "利用可"),
    Verdict.REVIEW: ("For review", "要審査"),
    Verdict.EXCLUDE: ("Excluded", "除外"),
    Verdict.ERROR: ("Error", "エラー"),
}
_PURPOSES = {
    Purpose.DATA_MINING: ("data mining", "データマイニング"),
    Purpose.INFERENCE: ("inference", "推論"),
    Purpose.NON_GENERATIVE_TRAINING: ("non-generative training", "非生成AIの学習"),
    Purpose.GENERATIVE_TRAINING: ("generative training", "生成AIの学習"),
}
_PREFERENCES = {
    Preference.ALLOWED: ("allowed", "許可"),
    Preference.NOT_ALLOWED: ("not allowed", "不許可"),
    Preference.CONSTRAINED: ("allowed under conditions", "条件付き許可"),
    Preference.UNKNOWN: ("not mentioned", "言及なし"),
}
_CONDITIONS = {
    Condition.SOUND: ("", ""),
    Condition.MALFORMED: ("malformed", "形式不正"),
    Condition.TAMPERED: ("tampered with", "改変あり"),
    Condition.UNDETERMINED: ("could not be read", "読み取り不能"),
}


def explain(
    verdict: Verdict,
    reasons: Sequence[Reason],
    deciding: Sequence[Statement],
    overridden: Sequence[Statement],
    policy: ConsentPolicy,
) -> tuple[str, str]:
    """Why a decision was made.

    Args:
        verdict: the decision.
        reasons: its reasons, the most decisive first.
        deciding: the statements that made it.
        overridden: refusals that a contract explicitly overrides.
        policy: the policy it was made under; an opt-out profile is named in every explanation.

    Returns:
        The explanation in English and in Japanese.
    """
    return (
        _in_language(0, verdict, reasons, deciding, overridden, policy),
        _in_language(1, verdict, reasons, deciding, overridden, policy),
    )


def _in_language(
    language: int,
    verdict: Verdict,
    reasons: Sequence[Reason],
    deciding: Sequence[Statement],
    overridden: Sequence[Statement],
    policy: ConsentPolicy,
) -> str:
    gap = ("", " ")[language == 0]
    comma = (", ", "、")[language]
    purposes = comma.join(_PURPOSES[purpose][language] for purpose in policy.purposes)
    texts = gap.join(TEXTS[reason].en if language == 0 else TEXTS[reason].ja for reason in reasons)
    parts = [
        (
            f"{_VERDICTS[verdict][0]} ({purposes}): {texts}",
            f"{_VERDICTS[verdict][1]}（{purposes}）：{texts}",
        )[language]
    ]
    parts += [_describe(statement, policy, language) for statement in deciding[:_MAX_NAMED]]
    if len(deciding) > _MAX_NAMED:
        more = len(deciding) - _MAX_NAMED
        parts.append((f"And {more} more.", f"ほか{more}件。")[language])
    if overridden:
        names = comma.join(
            translate_source(statement.source, _LANGUAGES[language])
            for statement in overridden[:_MAX_NAMED]
        )
        parts.append(
            (
                f"The contract explicitly overrides the refusal in {names}.",
                f"契約は次の拒否に明示的に優先します：{names}。",
            )[language]
        )
    if verdict is Verdict.CLEAR and any(statement.attribution for statement in deciding):
        parts.append(("The author has to be named.", "作者名の表示が必要です。")[language])
    if policy.profile == "opt-out":
        profile = f"{policy.opt_out_name}, {policy.opt_in_target}"
        parts.append((f"Opt-out profile: {profile}.", f"オプトアウト設定：{profile}。")[language])
    return gap.join(parts)


def write_chain(
    statements: Sequence[Statement],
    decided_by: Sequence[int],
    reasons: Sequence[Reason],
    policy: ConsentPolicy,
    language: Language,
) -> str:
    """Every statement, numbered, and the rules that made the decision: one line each.

    Args:
        statements: all statements about the asset.
        decided_by: indexes of those that made the decision.
        reasons: the reasons of the decision.
        policy: the policy it was made under.
        language: of the text.
    """
    chosen = _LANGUAGES.index(language)
    lines = [
        f"{'▶' if index in decided_by else ' '} {index + 1}. "
        f"{_describe(statement, policy, chosen)}{_date(statement, chosen)}"
        for index, statement in enumerate(statements)
    ]
    if not statements:
        lines.append(("  Nobody has said anything.", "  意思表示は見つかりませんでした。")[chosen])
    rule = ("Rule", "規則")[chosen]
    colon = (": ", "：")[chosen]
    lines += [f"{rule}{colon}{RULES[reason][chosen]}" for reason in reasons if reason in RULES]
    return "\n".join(lines)


def _date(statement: Statement, language: int) -> str:
    """When it was said, ends and was last read, as far as is known."""
    moments = (
        (statement.issued_at, ("issued", "発行")[language]),
        (statement.expires_at, ("ends", "期限")[language]),
        (statement.observed_at, ("read", "確認")[language]),
    )
    told = [f"{word} {show_moment(at)}" for at, word in moments if at is not None]
    if statement.anchor != statement.chain:
        told.append(statement.anchor)
    return (f" [{', '.join(told)}]" if language == 0 else f"［{'、'.join(told)}］") if told else ""


def _describe(statement: Statement, policy: ConsentPolicy, language: int) -> str:
    """One statement: where it stood, what is proven of it, what it says, what was noticed."""
    says = [
        f"{_PURPOSES[purpose][language]}: {_PREFERENCES[statement.preference(purpose)][language]}"
        for purpose in policy.purposes
    ]
    if condition := _CONDITIONS[statement.condition][language]:
        says.insert(0, condition)
    chosen = _LANGUAGES[language]
    says += [translate_note(note, chosen) for note in statement.notes[:_MAX_NOTES]]
    source, levels = translate_source(statement.source, chosen), statement.trust.levels
    if chosen == "en":
        return f"{source} ({statement.carrier}, {levels}): {'; '.join(says)}."
    return f"{source}（{name_carrier(statement.carrier, chosen)}、{levels}）：{'；'.join(says)}。"
