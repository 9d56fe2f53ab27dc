"""Calibrating on a real run: no sample, too few rulings, a proposal, and what makes it void."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import ReviewError
from models.motifs.register.adding import add_motif
from models.review.items import WAITING
from models.review.quality.audit_sample import Aim
from models.review.quality.calibration import Evidence, Proposal, Refusal
from models.review.queue import decide, lease_item, list_items
from models.review.sampling.stored import Terms
from models.review.sampling.strata import Parting
from tasks.assurance import draw_planned, plan_sample
from tasks.calibration import Calibrated, Stage, calibrate
from tests.signing_parts import DATASET, SigningStudio

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]
TERMS = Terms(Parting.NOTHING, Aim.OVERALL, 0.3, 0.6, 0, "")


@pytest.fixture
def studio(tmp_path: Path, database_url: str) -> Iterator[SigningStudio]:
    more = '[motifs]\ncopy_action = "review"\n'
    made = SigningStudio(tmp_path, database_url, sign_off="none", pictures=10, more=more)
    with made.database.transaction() as session:
        add_motif(session, made.settings.workspace, made.root / "004.png", "A picture", "motif")
    yield made
    made.database.dispose()


def ask(studio: SigningStudio, stage: Stage = "motifs", alpha: float = 0.5) -> Calibrated:
    return calibrate(studio.settings, studio.database, DATASET, stage, alpha=alpha, confidence=0.5)


def rule_on_all(studio: SigningStudio) -> None:
    with studio.database.snapshot() as session:
        items = list_items(session, dataset=DATASET, states=WAITING, limit=100).items
    for item in items:
        ruling = ("exclude", "copied_motif") if item.name == "004.png" else None
        with studio.database.transaction() as session:
            held = lease_item(session, item.id, "mika")
            given = (*(ruling or ("approve", "nothing_found")), "", "mika")
            decide(session, held.id, held.lease_token, held.version, *given)


def test_from_no_sample_to_a_proposal_to_a_changed_register(studio: SigningStudio) -> None:
    studio.cleanse()
    with pytest.raises(ReviewError, match="has been sampled"):
        ask(studio)

    release = studio.released()
    assert release is not None
    draw_planned(
        studio.settings,
        studio.database,
        release,
        plan_sample(studio.settings, studio.database, release, TERMS),
    )
    refused = ask(studio)
    assert isinstance(refused.result, Refusal)
    assert "are needed" in refused.words.en
    assert refused.facts["drawn_ruled"] == 0

    rule_on_all(studio)
    found = ask(studio, alpha=0.9)
    assert isinstance(found.result, Proposal)
    assert (found.result.old, found.result.after.violations) == (0.5, 1)
    assert found.result.after.missed == 0
    assert found.facts["drawn_ruled"] == found.facts["drawn"]
    effect = found.facts["effect"]
    assert sum(effect["before"].values()) == sum(effect["after"].values()) == studio.pictures
    assert sum(each["violating"] for each in found.facts["bins"]) == 1
    names = ask(studio, "nouns")
    assert isinstance(names.result, Evidence)
    assert "Too few rulings" in names.words.en
    assert isinstance(ask(studio, alpha=0.01).result, Refusal)

    with studio.database.transaction() as session:
        add_motif(session, studio.settings.workspace, studio.root / "007.png", "Other", "motif")
    with pytest.raises(ReviewError, match="Motifs or the encoder have changed"):
        ask(studio)
    text = studio.settings.policy.read_text("utf-8").replace('version = "1"', 'version = "2"')
    studio.settings.policy.write_text(text, encoding="utf-8")
    with pytest.raises(ReviewError, match="another policy"):
        ask(studio)
