"""What a re-cleansing would have to do, told before it does anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.files import write_atomically
from models.planning import Plan, dataset_folder
from models.policy import Policy
from models.recleansing.carrying import has_output
from models.recleansing.motifs import by_looks

_FILE: Final = "recleansed.json"


@dataclass(frozen=True, slots=True)
class StageForecast:
    """What one stage has to do.

    Attributes:
        stage: which.
        known: shards whose output is there.
        carried: shards whose output is carried over from an older register.
        missing: shards that have to be examined; it is not known yet how much of each.
        why: what has changed, in words; "" for nothing.
    """

    stage: str
    known: int
    carried: int
    missing: int
    why: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a re-cleansing would do.

    Attributes:
        assets, shards: how many the dataset has.
        stages: what each stage has to do.
        causes: what has changed since the last run, in words.
        seconds: estimate from the last re-cleansing of this dataset; None where there was none.
    """

    assets: int
    shards: int
    stages: tuple[StageForecast, ...]
    causes: tuple[str, ...]
    seconds: float | None


def count_outputs(
    workspace: Path,
    plan: Plan,
    fingerprints: Mapping[str, str],
    older: Mapping[str, tuple[str, ...]],
    why: Mapping[str, str],
) -> tuple[StageForecast, ...]:
    """Count for each stage the shards whose output is there, or can be carried over.

    Args:
        fingerprints: by stage, of the outputs that are asked for.
        older: by stage, the fingerprints that outputs can be carried over from.
        why: by stage, what has changed.
    """
    found = []
    for stage, fingerprint in fingerprints.items():
        known = carried = 0
        for shard, _ in plan.shards:
            if _has_any(workspace, stage, shard, fingerprint):
                known += 1
            elif any(_has_any(workspace, stage, shard, each) for each in older.get(stage, ())):
                carried += 1
        missing = len(plan.shards) - known - carried
        found.append(StageForecast(stage, known, carried, missing, why.get(stage, "")))
    return tuple(found)


def _has_any(workspace: Path, stage: str, shard: str, fingerprint: str) -> bool:
    return has_output(workspace, stage, shard, fingerprint) or (
        stage == "motifs" and has_output(workspace, stage, shard, by_looks(fingerprint))
    )


def tell_causes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs between what two runs decided on (``describe_state``), in words.

    Args:
        before: of the run before; empty where it is not known, and then nothing is said.
    """
    words = {
        "policy": _tell_policy(before, now),
        "rulings": "rulings of reviewers",
        "terms": "decided terms",
        "takedowns": "takedowns",
        "withdrawals": "withdrawn consent",
        "caption_edits": "edited captions",
        "evidence": "what was read outside the dataset",
    }
    return tuple(
        word for name, word in words.items() if before and before.get(name) != now.get(name)
    )


def _tell_policy(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    old, new = before.get("policy_label", ""), now.get("policy_label", "")
    if not new:
        return "the policy"
    if not old or old == new:
        return f"the policy ({new})"
    return f"the policy ({new}; it was {old})"


def describe_state(state: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """What a run decides on: ``models.freshness.read_state``, and the policy."""
    return {**state, "policy": policy.digest, "policy_label": policy.label}


def remember_state(
    workspace: Path,
    dataset: str,
    state: Mapping[str, Any],
    seconds: Mapping[str, float] | None = None,
) -> None:
    """Keep what a run decided on, and how long each step of a re-cleansing took.

    Only the next forecast reads it: where it cannot be written, the run goes on.

    Args:
        state: ``describe_state``.
        seconds: None for a run that is no re-cleansing: those of the last one stay.
    """
    if seconds is None:
        _, seconds = recall_state(workspace, dataset)
    content = {"state": state, "seconds": seconds}
    try:
        write_atomically(
            dataset_folder(workspace, dataset) / _FILE,
            json.dumps(content, sort_keys=True).encode(),
        )
    except OSError:
        return


def recall_state(workspace: Path, dataset: str) -> tuple[dict[str, Any], dict[str, float]]:
    """What ``remember_state`` kept; nothing where it is missing or damaged."""
    try:
        value = json.loads((dataset_folder(workspace, dataset) / _FILE).read_bytes())
        return dict(value["state"]), {k: float(v) for k, v in value["seconds"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}, {}
