"""Weighing an asset again and again while its shard walks through the stages."""

from __future__ import annotations

import pytest

from models import judging
from models.assets.asset import Asset, Location
from models.consent.resolution import ConsentDecision
from models.judging import Bench, Consents, Observed
from models.policy import parse_policy

ASSET = Asset("a" * 64, (Location("a.png", "/nowhere/a.png"),), ())
BENCH = Bench(
    policy=parse_policy('name = "p"\nversion = "1"\n'),
    terms={},
    as_of=1_800_000_000,
    rulings={},
    takedowns=frozenset(),
)
SILENT = Observed(statements=())


def test_consent_is_decided_once_for_each_asset_of_a_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    resolve = judging.resolve

    def counting(asset: Asset, *rest: object) -> ConsentDecision:
        asked.append(asset.asset_id)
        return resolve(asset, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(judging, "resolve", counting)
    consents: Consents = {}
    first, again = (BENCH.weigh(ASSET, SILENT, consents) for _ in range(2))
    assert asked == [ASSET.asset_id]
    assert first == again == BENCH.weigh(ASSET, SILENT)


def test_an_asset_whose_consent_was_not_examined_has_no_consent_decision() -> None:
    consents: Consents = {}
    consent, decision = BENCH.weigh(ASSET, Observed(), consents)
    assert consent is None
    assert decision.verdict.value == "error"
    assert not consents
