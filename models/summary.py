"""The summary of a run: the figures that a person looks at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.assets.asset import Notice
from models.stages import StageRecord
from models.verdicts import Verdict

VERDICT_WORDS: dict[Verdict, str] = {
    Verdict.CLEAR: "clear",
    Verdict.EXCLUDE: "excluded",
    Verdict.REVIEW: "to review",
    Verdict.ERROR: "error",
}


@dataclass(frozen=True, slots=True)
class StageFigures:
    """What one stage did in a run, over all shards."""

    stage: str
    asked: int
    examined: int
    seconds: float
    faults: dict[str, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    Attributes:
        counts: verdict to number of assets; they add up to ``assets``.
        reasons: verdict to first reason to number of assets.
        stages: what each stage did; ``examined`` is 0 where everything was known.
        opt_in, opt_out: how many cleared assets rest on a grant or contract, and on silence.
        opt_in_target: by when the policy wants no silence left; "" where it accepts none.
        open_terms: how many unknown terms nobody has decided yet.
        duplicates: how many clusters of near-identical pictures there are, how many pictures are
            in one beside its representative, and how many the largest has.
        duplicates_failure: why no clusters could be looked for, or "".
        gathering: what was asked outside the dataset, and what could not be, as sentences.
        assurance: what the newest sample of the dataset's cleared assets shows, or "".
        fresh: nothing had changed since the last run, so nothing was done.
        sign_off: how its release waits to be signed off (``models.releases.proposal``), or "" where
            it is in force.
        seconds: from the start of the run to its end.
    """

    run: str
    dataset: str
    root: str
    layout: str
    policy: str
    encoder: str
    encoder_limits: str
    assets: int
    counts: dict[str, int]
    reasons: dict[str, dict[str, int]]
    stages: tuple[StageFigures, ...]
    notices: tuple[Notice, ...]
    release: int
    release_id: str
    release_folder: str
    release_is_new: bool
    removed: int
    ledger_size: int
    ledger_root: str
    open_items: int
    seconds: float
    names: int = 0
    motifs: int = 0
    opt_in: int = 0
    opt_out: int = 0
    opt_in_target: str = ""
    open_terms: int = 0
    duplicates: tuple[int, int, int] = (0, 0, 0)
    duplicates_failure: str = ""
    gathering: tuple[str, ...] = ()
    assurance: str = ""
    fresh: bool = False
    sign_off: str = ""

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; ``from_dict`` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Summary:
        """Read what ``as_dict`` wrote.

        Raises:
            TypeError, KeyError: it was written by another version.
        """
        stages = tuple(StageFigures(**stage) for stage in value["stages"])
        notices = tuple(
            Notice(n["kind"], n["message"], tuple(n["names"])) for n in value["notices"]
        )
        clusters, redundant, largest = value.get("duplicates", (0, 0, 0))
        read = {
            "stages": stages,
            "notices": notices,
            "gathering": tuple(value.get("gathering", ())),
            "duplicates": (clusters, redundant, largest),
        }
        return cls(**{**value, **read})


def describe_opt_in(summary: Summary) -> str:
    """How much of what is cleared rests on opt-in, and by when all of it is to."""
    cleared = summary.counts.get(Verdict.CLEAR.value, 0)
    share = 100 * summary.opt_in / cleared if cleared else 100.0
    text = f"Opt-in: {summary.opt_in} of {cleared} cleared assets ({share:.1f} %)"
    if summary.opt_in_target:
        text += f"; the policy's target is all of them by {summary.opt_in_target}"
    return text


def describe_duplicates(summary: Summary) -> str:
    """How many pictures are near-identical to another one."""
    if summary.duplicates_failure:
        return f"Near-identical pictures were not looked for: {summary.duplicates_failure}"
    clusters, redundant, largest = summary.duplicates
    if not clusters:
        return "Near-identical pictures: none"
    groups = "1 cluster" if clusters == 1 else f"{clusters} clusters"
    return (
        f"Near-identical pictures: {groups}, {redundant} pictures besides their representatives; "
        f"the largest has {largest}"
    )


def describe_gathering(gathered: Mapping[str, Any]) -> tuple[str, ...]:
    """What a gathering came to, as sentences.

    Args:
        gathered: ``tasks.gather.as_result``.
    """
    lines = []
    for carrier, looks in sorted(gathered["looks"].items()):
        if carrier == "original":
            count = sum(looks.values())
            lines.append(f"{count} files refuse by themselves; copies of them will inherit that.")
            continue
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(looks.items()))
        lines.append(f"Read outside the dataset, {carrier}: {told}.")
    return (*lines, *gathered["problems"])


def add_up_stages(records: Iterable[StageRecord]) -> tuple[StageFigures, ...]:
    """The figures of each stage over all shards, in the order in which the stages first appear."""
    by_stage: dict[str, list[StageRecord]] = {}
    for record in records:
        by_stage.setdefault(record.stage, []).append(record)
    return tuple(
        StageFigures(
            stage=stage,
            asked=sum(r.asked for r in found),
            examined=sum(r.examined for r in found),
            seconds=round(sum(r.seconds for r in found), 3),
            faults=dict(sorted(sum((Counter(r.faults) for r in found), Counter[str]()).items())),
        )
        for stage, found in by_stage.items()
    )


COUNTED = ("verdict", "reasons")
"""The columns of outcomes that are counted."""


def count_outcomes(outcomes: pa.Table) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """How many assets got each verdict, and for which first reason.

    Args:
        outcomes: ``models.releases.manifest.OUTCOMES``; ``COUNTED`` at least.
    """
    firsts = pc.list_element(outcomes["reasons"], 0)
    names = ["verdict", "reason"]
    pairs = pa.table([outcomes["verdict"], firsts], names=names)
    # In one thread groups come in the order in which they first appear.
    grouped = pairs.group_by(names, use_threads=False).aggregate([([], "count_all")])
    counts: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {verdict.value: Counter() for verdict in Verdict}
    for row in grouped.to_pylist():
        counts[row["verdict"]] += row["count_all"]
        reasons[row["verdict"]][row["reason"]] = row["count_all"]
    return (
        {verdict.value: counts[verdict.value] for verdict in Verdict},
        {verdict: dict(found.most_common()) for verdict, found in reasons.items()},
    )


def describe_sign_off(summary: Summary) -> str:
    """How the release waits to be signed off; "" where it is in force."""
    number = summary.release
    return {
        "": "",
        "refused": f"Release {number} was refused and is not published: nothing has changed since.",
        "approved": f"Release {number} is approved, and is published next.",
    }.get(
        summary.sign_off,
        f"Release {number} is not published: it waits to be signed off on the page Releases, or "
        f"with `kiyome releases sign {number}`.",
    )


def _assured(summary: Summary) -> tuple[str, ...]:
    return (f"Assurance: {summary.assurance}",) if summary.assurance else ()


def to_markdown(summary: Summary) -> str:
    """The summary as Markdown, for the Prefect UI."""
    lines = [
        f"# {summary.dataset}: release {summary.release}",
        "",
        f"{summary.assets} assets under policy *{summary.policy}*, {summary.seconds:.1f} s.",
        "",
        "| verdict | assets | most frequent reasons |",
        "|---|---:|---|",
    ]
    for verdict in Verdict:
        found = list(summary.reasons.get(verdict.value, {}).items())[:4]
        why = ", ".join(f"{code} {count}" for code, count in found)
        count = summary.counts.get(verdict.value, 0)
        lines.append(f"| {VERDICT_WORDS[verdict]} | {count} | {why} |")
    lines += ["", "| stage | asked | examined | seconds | faults |", "|---|---:|---:|---:|---|"]
    for stage in summary.stages:
        faults = ", ".join(f"{code} {count}" for code, count in stage.faults.items())
        lines.append(
            f"| {stage.stage} | {stage.asked} | {stage.examined} | {stage.seconds:.1f} | {faults} |"
        )
    folder = f"`{summary.release_folder}`" + ("" if summary.release_is_new else " (unchanged)")
    told = describe_sign_off(summary)
    paragraphs = [
        "\n".join(lines),
        *([f"**{told}**"] if told else []),
        f"Release folder: {folder}",
        f"Removed since the previous release: {summary.removed}",
        describe_opt_in(summary),
        describe_duplicates(summary),
        *summary.gathering,
        *_assured(summary),
        f"Usage ledger: {summary.ledger_size} entries, root `{summary.ledger_root[:16]}…`",
        f"Waiting for review: {summary.open_items}",
        f"Unknown terms to decide: {summary.open_terms}",
        f"Encoder: `{summary.encoder}`. {summary.encoder_limits}",
        *(f"Notice: {notice.message}" for notice in summary.notices),
    ]
    return "\n\n".join(paragraphs)
