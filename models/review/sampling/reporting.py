"""What a release's sample shows so far, in numbers and in sentences."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from models.errors import ReviewError
from models.review.quality.assurance import (
    Assurance,
    Bound,
    StratumResult,
    bound_violations,
    count_rulings,
)
from models.review.quality.audit_sample import Aim
from models.review.quality.wording import Words, percent, plain_percent
from models.review.sampling.stored import (
    Sample,
    find_sample,
    list_sampled,
    list_samples,
    read_blind_rulings,
    read_other_exclusions,
)


class Standing(StrEnum):
    """Whether what the sample was planned for can be claimed."""

    SHOWN = "shown"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What a sample shows so far.

    Attributes:
        sample: as it was drawn.
        assurance: the bounds, with what has no ruling counted as violations.
        standing: whether the claim that was planned holds.
        reachable: the overall bound if everything without a ruling turned out to be harmless.
        ruled_before: of the drawn, how many a person had ruled on before, on another question.
        rulings: of each drawn asset that counts as ruled, whether it violates.
        drawn: the drawn assets by stratum.
    """

    sample: Sample
    assurance: Assurance
    standing: Standing
    reachable: Bound
    ruled_before: int
    rulings: dict[str, bool]
    drawn: dict[str, tuple[str, ...]]

    @property
    def ruled(self) -> int:
        """How many of the drawn have been ruled on."""
        return self.sample.total - self.assurance.overall.unruled

    @property
    def claim(self) -> Words:
        """The sentence that may be published."""
        if self.ruled:
            return self.assurance.claim
        return Words(
            f"Nothing can be claimed yet: none of the {self.sample.total:,} drawn assets has been "
            "ruled on.",
            f"抽出した{self.sample.total:,}件はいずれも未判断のため、まだ何も主張できません。",
        )

    @property
    def progress(self) -> Words:
        """How far the review has come, and what that does to the figure."""
        return _tell_progress(self)

    @property
    def outcome(self) -> Words:
        """Whether what was planned can be claimed."""
        return _tell_standing(self)

    @property
    def not_claimed(self) -> tuple[Words, ...]:
        """Sentences that belong beside the claim."""
        return (*_tell_left_out(self), *self.assurance.not_claimed)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary.

        The drawn assets are in it once all of them have been ruled on: before, whoever reads it
        could tell reviewers which they are.
        """
        sample, terms = self.sample, self.sample.terms
        value: dict[str, Any] = {
            "format": "kiyome/assurance/1",
            "release": sample.release_id,
            "dataset": sample.dataset,
            "drawn_at": datetime.fromtimestamp(sample.drawn_ms / 1000, UTC).isoformat(),
            "plan": {
                "by": terms.parting.value,
                "aim": terms.aim.value,
                "at_most": terms.at_most,
                "confidence": terms.confidence,
                "allowed": terms.allowed,
                "combination": sample.combination.value,
            },
            "seed": sample.seed,
            "ledger_root": sample.ledger_root,
            "public_value": terms.public_value,
            "approved_and_left_out": sample.approved,
            "ruled_before": self.ruled_before,
            "standing": self.standing.value,
            "overall": _bound_as_dict(self.assurance.overall),
            "strata": [_bound_as_dict(bound) for bound in self.assurance.strata],
            "claim": _words_as_dict(self.claim),
            "progress": _words_as_dict(self.progress),
            "outcome": _words_as_dict(self.outcome),
            "not_claimed": [_words_as_dict(words) for words in self.not_claimed],
        }
        if not self.assurance.overall.unruled:
            value["drawn"] = {
                name: [{"asset": asset, "violates": self.rulings[asset]} for asset in assets]
                for name, assets in self.drawn.items()
            }
        return value


def report_sample(session: Session, release_id: str) -> SampleReport:
    """What the sample of a release shows so far.

    Raises:
        ReviewError: none was drawn.
    """
    sample = find_sample(session, release_id)
    if sample is None:
        raise ReviewError(
            "No sample has been drawn from this release: nothing can be said about its cleared "
            "assets.",
            "Draw one with `kiyome assurance draw RELEASE`.",
        )
    return _report(session, sample)


def report_samples(session: Session, dataset: str | None = None) -> tuple[SampleReport, ...]:
    """What every sample shows, the newest first."""
    return tuple(_report(session, sample) for sample in list_samples(session, dataset))


def tell_newest(session: Session, dataset: str) -> str:
    """The claim of a dataset's newest sample and how far it has come, or "" without one."""
    sample = next(iter(list_samples(session, dataset)), None)
    if sample is None:
        return ""
    report = _report(session, sample)
    return f"{report.claim.en} {report.progress.en} (release {sample.release_id[:12]})"


def _report(session: Session, sample: Sample) -> SampleReport:
    sampled = list_sampled(session, sample.release_id)
    # A rewrite says that the caption should not have been released as it was.
    violating = {
        asset: ruling != "approve" for asset, ruling in read_blind_rulings(session, sampled).items()
    }
    violating |= dict.fromkeys(read_other_exclusions(session, sampled), True)
    drawn: dict[str, tuple[str, ...]] = {
        name: tuple(each.asset_id for each in sampled if each.stratum == name)
        for name in sample.strata
    }
    results = count_rulings(sample.populations, drawn, violating)
    assurance = _bound(sample, results)
    hoped = _bound(sample, [replace(each, clean=each.drawn - each.violations) for each in results])
    standing = Standing.OPEN
    if _shows(sample, assurance):
        standing = Standing.SHOWN
    elif not _shows(sample, hoped):
        standing = Standing.FAILED
    return SampleReport(
        sample=sample,
        assurance=assurance,
        standing=standing,
        reachable=hoped.overall,
        ruled_before=sum(each.ruled_before for each in sampled),
        rulings=violating,
        drawn=drawn,
    )


def _bound(sample: Sample, results: Collection[StratumResult]) -> Assurance:
    return bound_violations(
        results, combination=sample.combination, confidence=sample.terms.confidence
    )


def _shows(sample: Sample, assurance: Assurance) -> bool:
    """Whether the planned claim follows; a stratum without assets has nothing to violate it."""
    bounds = assurance.strata if sample.terms.aim is Aim.EACH else (assurance.overall,)
    return all(bound.share <= sample.terms.at_most for bound in bounds)


def _tell_progress(report: SampleReport) -> Words:
    total, unruled = report.sample.total, report.assurance.overall.unruled
    if not unruled:
        return Words(
            f"All {total:,} drawn assets have been ruled on.",
            f"抽出した{total:,}件すべてが判断済みです。",
        )
    best = percent(report.reachable.share)
    return Words(
        f"Too few are ruled on for a final figure: {report.ruled:,} of {total:,}. The other "
        f"{unruled:,} count as violations until they are; if none of them violates, it will be "
        f"at most {best}.",
        f"確定値を示すには判断が足りません（{total:,}件中{report.ruled:,}件）。残る{unruled:,}件は、"
        f"判断されるまで違反として数えます。違反がなければ、最大{best}になります。",
    )


def _tell_standing(report: SampleReport) -> Words:
    terms = report.sample.terms
    each = terms.aim is Aim.EACH
    most, sure = plain_percent(terms.at_most), plain_percent(terms.confidence)
    en = f"Planned: at most {most} {'in each stratum' if each else 'overall'} at {sure} confidence."
    ja = f"計画：信頼度{sure}で{'各層' if each else '全体'}の最大{most}。"
    endings = {
        Standing.SHOWN: ("The sample shows it.", "標本により示されました。"),
        Standing.OPEN: ("Not shown yet.", "まだ示されていません。"),
        Standing.FAILED: (
            "The sample does not show it: too many violations were found.",
            "違反が多く、標本からは示せません。",
        ),
    }
    ending = endings[report.standing]
    return Words(f"{en} {ending[0]}", f"{ja}{ending[1]}")


def _tell_left_out(report: SampleReport) -> tuple[Words, ...]:
    told = []
    if approved := report.sample.approved:
        told.append(
            Words(
                f"It leaves out {approved:,} assets of the release that a reviewer approved by "
                "ruling: whoever has looked at them cannot look at them blind.",
                f"審査担当者が承認した{approved:,}件は含まれません。すでに見た画像を、判定を伏せて"
                "審査することはできないためです。",
            )
        )
    if before := report.ruled_before:
        told.append(
            Words(
                f"{before:,} of the drawn assets had been ruled on before, on another question. "
                "The page did not show it, but a reviewer may remember.",
                f"抽出した画像のうち{before:,}件は、以前に別の問いで判断されています。画面には"
                "示していませんが、担当者が覚えている可能性があります。",
            )
        )
    return tuple(told)


def _bound_as_dict(bound: Bound) -> dict[str, Any]:
    return {
        "name": bound.name,
        "population": bound.population,
        "drawn": bound.drawn,
        "violations": bound.violations,
        "unruled": bound.unruled,
        "at_most": bound.most,
        "share": bound.share,
        "confidence": bound.confidence,
    }


def _words_as_dict(words: Words) -> dict[str, str]:
    return {"en": words.en, "ja": words.ja}
