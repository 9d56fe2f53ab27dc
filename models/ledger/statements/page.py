"""A statement as one HTML file that opens, and prints, without a network."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from models.ledger.statements.amounts import write_amount
from models.ledger.statements.statement import Statement
from models.ledger.statements.words import Language, words
from models.reasons import TEXTS, Reason

SHOWN_LINES = 500
"""How many lines the page lists; the table has all of them."""


def render_page(statement: Statement, language: Language) -> str:
    """The page of a statement."""
    environment = Environment(
        loader=PackageLoader("models.ledger.statements"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    money = statement.money
    reasons: Counter[str] = Counter()
    for summary in statement.summaries:
        reasons.update(summary.excluded_by)
    runs = [summary for summary in statement.summaries if summary.run]

    def amount(text: str) -> str:
        return write_amount(int(text), money.digits) if text else "–"

    return environment.get_template("statement.html").render(
        language=language,
        t=words(language),
        statement=statement,
        money=money,
        amount=amount,
        day=_write_day,
        last_day=_write_day(statement.period_end - 1),
        lines=statement.lines[:SHOWN_LINES],
        used=len({line.asset for line in statement.lines if _is_use(line.run, line.superseded_by)}),
        samples=sum(summary.samples for summary in runs),
        excluded=len({line.asset for line in statement.lines if line.type == "exclude"}),
        violations=len({line.asset for line in statement.lines if line.is_violation}),
        reasons=[(code, _explain(code, language), n) for code, n in sorted(reasons.items())],
        late=money.is_settled and statement.weight_of_lines != money.weight,
    )


def _is_use(run: str, superseded_by: int | None) -> bool:
    return bool(run) and superseded_by is None


def _write_day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def _explain(code: str, language: Language) -> str:
    text = TEXTS[Reason(code)]
    return text.ja if language == "ja" else text.en
