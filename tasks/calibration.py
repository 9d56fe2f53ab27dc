"""Calibrating a threshold on a dataset's newest sampled release; nothing changes by itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.consent.contract_register import with_registered
from models.detectors import load_detectors
from models.errors import ReleaseError, ReviewError
from models.motifs.motifs_stage import MotifsStage
from models.planning import read_plan
from models.policy import RECORDED_RISK, Policy, load_policy
from models.recleansing.motifs import by_looks
from models.releases.drawn import find_by_id
from models.releases.publishing import read_facts, read_manifest
from models.releases.release import Release
from models.review.quality.calibration import (
    THRESHOLDS,
    Evidence,
    Proposal,
    Refusal,
    examine_threshold,
    propose_threshold,
)
from models.review.quality.ruled_release import HELD, Known, gather_ruled, judge_ruling
from models.review.quality.wording import Words, percent, plain_percent
from models.review.sampling.stored import (
    Sample,
    SampledAsset,
    list_sampled,
    list_samples,
    read_blind_rulings,
    read_other_exclusions,
)
from models.review.sampling.strata import part_cleared
from models.review.stored_rulings import effective_rulings
from models.settings import Settings
from models.stages import read_output, read_record, stage_folder
from models.store.database import Database
from models.store.tables import RulingRow
from models.verdicts import Verdict

Stage = Literal["motifs", "nouns"]
BINS: Final = 18
"""Bins of the plot, from ``RECORDED_RISK`` to 1."""

_STEPS: Final = tuple(step for step in THRESHOLDS if step >= RECORDED_RISK)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What the rulings on a release say about a threshold.

    Attributes:
        release: which release was sampled.
        policy: under which it was made, and which is in force.
        result: a proposal, why there is none, or for names the evidence alone.
        words: the same as sentences.
        facts: JSON-ready, for the page: the guarantee, what would change, and the plot.
    """

    release: Release
    policy: Policy
    result: Proposal | Refusal | Evidence
    words: Words
    facts: dict[str, Any]


def calibrate(
    settings: Settings,
    database: Database,
    dataset: str,
    stage: Stage,
    *,
    alpha: float,
    confidence: float,
) -> Calibrated:
    """What a dataset's rulings say about the threshold of a stage.

    Raises:
        ReviewError: no release has been sampled, or policy, register or encoder have changed since
            the one that was.
        ReleaseError: its files are missing or damaged.
        KiyomeError: a detector cannot be loaded.
    """
    file = settings.policy.absolute()
    with database.snapshot() as session:
        policy = with_registered(load_policy(file), session)
        sample = next(iter(list_samples(session, dataset)), None)
        if sample is None:
            raise ReviewError(
                f"No release of {dataset!r} has been sampled: what was never flagged has not been "
                "looked at, so that nothing can be said about what is missed.",
                "Draw a sample with `kiyome assurance draw`, and rule on it.",
            )
        sampled = list_sampled(session, sample.release_id)
        rulings = _read_rulings(session, dataset, stage, sampled)
    release = find_by_id(database, sample.release_id)
    facts = read_facts(release, settings.workspace)
    _require_same(facts, policy, release)
    if stage == "motifs":
        scores = _score_motifs(settings, database, dataset, policy, facts, release)
    else:
        scores = None
    population = _list_population(settings, release, sample, policy, scores)
    drawn = {each.asset_id: each.stratum for each in sampled}
    ruled, least = gather_ruled(population, drawn, sample.strata, rulings)
    delta = 1 - confidence
    told = {
        "dataset": dataset,
        "stage": stage,
        "release": release.number,
        "release_id": release.id,
        "alpha": alpha,
        "confidence": confidence,
        "drawn": sample.total,
        "drawn_ruled": sum(asset_id in rulings for asset_id in drawn),
        "assets": len(population),
    }
    if stage == "nouns":
        evidence = examine_threshold(
            ruled, HELD / 2, alpha=alpha, delta=delta, least_probability=least
        )
        return Calibrated(release, policy, evidence, _tell_names(evidence, confidence), told)
    old = policy.motifs.risk
    result = propose_threshold(
        ruled,
        old,
        [HELD if each.otherwise else each.score for each in population],
        alpha=alpha,
        delta=delta,
        thresholds=_STEPS,
        least_probability=least,
    )
    told["bins"] = _count_bins(population, drawn, rulings)
    if isinstance(result, Proposal):
        told["before"], told["after"] = asdict(result.before), asdict(result.after)
        told["effect"] = _count_effect(settings, release, population, old, result.new)
        told["reviews"] = [result.reviews_before, result.reviews_after]
    told["words"] = {"en": result.words.en, "ja": result.words.ja}
    return Calibrated(release, policy, result, result.words, told)


def _require_same(facts: Mapping[str, Any], policy: Policy, release: Release) -> None:
    if facts.get("policy", {}).get("sha256") != policy.digest:
        raise ReviewError(
            f"Release {release.number} was sampled under another policy than the one in force.",
            "Run `kiyome cleanse`, and draw a sample of the release that it publishes.",
        )


def _read_rulings(
    session: Session, dataset: str, stage: Stage, sampled: Sequence[SampledAsset]
) -> dict[str, bool | None]:
    """Of each asset that was ruled on, whether it violates; what is unclear is left out.

    Those of the sample are the blind ones: whatever was ruled on them otherwise does not count, but
    that they were excluded.
    """
    found = {
        asset_id: judge_ruling(stage, ruling.ruling, ruling.reason_code)
        for asset_id, ruling in effective_rulings(session, dataset).items()
    }
    blind = read_blind_rulings(session, sampled)
    reasons: dict[tuple[str, str], str] = {}
    row = RulingRow
    items = {each.item_id: each for each in sampled}
    query = select(row.item_id, row.question, row.reason_code).where(row.dataset == dataset)
    for item_id, question, reason in session.execute(query.order_by(row.item_version)):
        if item_id in items:
            reasons[item_id, question] = reason
    others = read_other_exclusions(session, sampled)
    for each in sampled:
        if each.asset_id in blind:
            reason = reasons.get((each.item_id, each.question), "")
            found[each.asset_id] = judge_ruling(stage, blind[each.asset_id], reason)
        elif each.asset_id not in others:
            found.pop(each.asset_id, None)
    return {asset_id: said for asset_id, said in found.items() if said is not None}


def _score_motifs(
    settings: Settings,
    database: Database,
    dataset: str,
    policy: Policy,
    facts: Mapping[str, Any],
    release: Release,
) -> dict[str, float]:
    """The highest risk that was recorded of each asset; 0 where nothing was."""
    detectors = load_detectors(settings, policy, settings.policy.absolute().parent, database)
    made = (facts.get("registers", {}).get("motifs"), facts.get("encoder", {}).get("fingerprint"))
    if made != (detectors.index.version, detectors.encoder.fingerprint):
        raise ReviewError(
            f"Motifs or the encoder have changed since release {release.number} was made and "
            "sampled: its risks are not those of today.",
            "Run `kiyome cleanse`, and draw a sample of the release that it publishes.",
        )
    stage = MotifsStage(detectors.index, detectors.features.schema.empty_table())
    scores: dict[str, float] = {}
    for shard, _ in read_plan(settings.workspace, dataset).shards:
        folder = stage_folder(settings.workspace, stage.name, shard)
        for fingerprint in (stage.fingerprint, by_looks(stage.fingerprint)):
            record = read_record(folder, fingerprint)
            if record is not None:
                break
        if record is None:
            continue
        table = read_output(folder, record).select(["asset_id", "findings"])
        for row in table.to_pylist():
            risks = (float(json.loads(text)["score"]) for text in row["findings"] or ())
            scores[row["asset_id"]] = max(risks, default=0.0)
    return scores


def _list_population(
    settings: Settings,
    release: Release,
    sample: Sample,
    policy: Policy,
    scores: Mapping[str, float] | None,
) -> list[Known]:
    """Every asset of a release that the detector looked at.

    Args:
        scores: of each asset; None for names, where what a machine cleared has none.
    """
    manifest = read_manifest(release, settings.workspace)
    if manifest is None:
        raise ReleaseError(
            f"The manifest in {release.path(settings.workspace)} is missing or damaged.",
            "Restore it from a backup.",
        )
    strata = part_cleared(manifest, sample.terms.parting).strata
    stratum_of = {asset_id: name for name, assets in strata.items() for asset_id in assets}
    found = []
    for asset_id in _read_outcomes(settings, release)["asset_id"].to_pylist():
        stratum = stratum_of.get(asset_id, "")
        if scores is None:
            found.append(Known(asset_id, 0.0 if stratum else HELD, stratum))
            continue
        score = scores.get(asset_id)
        if score is None and stratum:
            raise ReviewError(
                f"The motifs of release {release.number} are no longer all known.",
                "Run `kiyome cleanse --again`, and calibrate then.",
            )
        if score is not None:
            otherwise = not stratum and score < policy.motifs.risk
            found.append(Known(asset_id, score, stratum, otherwise))
    return found


def _read_outcomes(settings: Settings, release: Release) -> pa.Table:
    path = release.path(settings.workspace) / "outcomes.parquet"
    try:
        return pq.read_table(path, columns=["asset_id", "verdict", "reasons", "decided_by"])
    except (OSError, pa.ArrowException) as error:
        raise ReleaseError(
            f"{path} cannot be read: {error}.", "Restore the release from a backup."
        ) from error


def _count_effect(
    settings: Settings, release: Release, population: Sequence[Known], old: float, new: float
) -> dict[str, Any]:
    """What the new threshold would have changed on the release, by verdict."""
    outcomes = _read_outcomes(settings, release)
    before = Counter(outcomes["verdict"].to_pylist())
    known = {each.asset_id: each for each in population}
    moved: Counter[tuple[str, str]] = Counter()
    for row in outcomes.to_pylist():
        asset = known.get(row["asset_id"])
        if asset is None or asset.otherwise:
            continue
        if asset.stratum and new <= asset.score < old:
            moved[Verdict.CLEAR.value, Verdict.REVIEW.value] += 1
        only_motifs = all(code.startswith("motif_") for code in row["reasons"])
        if row["verdict"] == Verdict.REVIEW.value and only_motifs and old <= asset.score < new:
            moved[Verdict.REVIEW.value, Verdict.CLEAR.value] += 1
    after = Counter(before)
    for (source, target), count in moved.items():
        after[source] -= count
        after[target] += count
    names = [verdict.value for verdict in Verdict]
    return {
        "before": {name: before[name] for name in names},
        "after": {name: after[name] for name in names},
    }


def _count_bins(
    population: Sequence[Known],
    drawn: Mapping[str, str],
    rulings: Mapping[str, bool | None],
) -> list[dict[str, Any]]:
    """How many assets were ruled what, by risk; what goes before people anyhow is left out."""
    width = (1 - RECORDED_RISK) / BINS
    bins: list[Counter[str]] = [Counter() for _ in range(BINS)]
    for each in population:
        if each.otherwise or each.score < RECORDED_RISK:
            continue
        place = min(int((each.score - RECORDED_RISK) / width), BINS - 1)
        ruling = rulings.get(each.asset_id)
        if each.stratum and each.asset_id not in drawn:
            kind = "unseen"
        elif ruling is None:
            kind = "open"
        else:
            kind = "violating" if ruling else "harmless"
        bins[place][kind] += 1
    kinds = ("violating", "harmless", "open", "unseen")
    return [
        {"from": round(RECORDED_RISK + n * width, 4), **{kind: each[kind] for kind in kinds}}
        for n, each in enumerate(bins)
    ]


def _tell_names(evidence: Evidence, confidence: float) -> Words:
    sure, most = plain_percent(confidence), percent(evidence.at_most)
    if not evidence.violations:
        return Words(
            "Too few rulings to say anything about names that are missed: no ruling named any.",
            "名前の見逃しについて述べるには判断が足りません（名前を理由とする判断は0件）。",
        )
    return Words(
        f"With {sure} confidence at most {most} of images with a protected name are missed "
        f"({evidence.missed:,} of {evidence.violations:,} in the rulings). The policy has no "
        "threshold for names: it says for each category what happens.",
        f"保護された名前を含む画像のうち、見逃されるのは信頼度{sure}で最大{most}です"
        f"（判断済み{evidence.violations:,}件中{evidence.missed:,}件）。名前にはしきい値がなく、"
        "方針では区分ごとに扱いを定めます。",
    )
