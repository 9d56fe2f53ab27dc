"""kill -9 in the middle of gathering, then again: nothing is lost, and nothing said twice."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from models.canonical import digest_bytes
from models.consent.evidence.view import view_evidence
from tests.anvil import CHAIN, Anvil, start_anvil
from tests.pipeline import run_kiyome
from tests.studio import DAY, Studio, inline, now, preference, table

pytestmark = pytest.mark.kill
VERDICTS = [("clear", "consent_granted"), ("exclude", "consent_refused")] * 2


def _make(folder: Path, chain: Anvil, policy: str) -> Studio:
    folder.mkdir()
    studio = Studio(folder)
    for n in range(4):
        studio.draw(f"{n}.png", n)
    studio.draw("original.png", 9, **preference(aiTraining="notAllowed"))
    studio.set_up(policy, consent_rpc={CHAIN: chain.url})
    studio.assets()
    return studio


def _gather(studio: Studio, failpoint: str = "") -> int:
    env = {
        "KIYOME_WORKSPACE": str(studio.settings.workspace),
        "KIYOME_POLICY": str(studio.settings.policy),
        "KIYOME_CONSENT_RPC": json.dumps(studio.settings.consent_rpc),
        **({"KIYOME_FAILPOINT": failpoint} if failpoint else {}),
    }
    done = run_kiyome("consent", "gather", "--from", "chain", env=env, timeout=60)
    assert failpoint or done.returncode == 0, done.stderr
    return done.returncode


def _told(studio: Studio) -> dict[str, Any]:
    """What every source says now, and of what."""
    view = view_evidence(studio.database)
    return {
        state.source: sorted(
            (str(h.subject), json.dumps(h.statement.told)) for h in view.from_source(state.source)
        )
        for state in view.sources()
    }


@pytest.mark.timeout(240)
def test_gathering_that_is_killed_again_and_again_ends_like_one_that_never_was(
    tmp_path: Path,
) -> None:
    with start_anvil("--timestamp", str(now() - DAY)) as chain:
        collections = [chain.deploy("picture_tokens", True, False) for _ in range(2)]
        registry = chain.deploy("commit_registry")
        policy = table("registry", chain=CHAIN, contract=registry.address)
        for contract in collections:
            policy += table("collection", chain=CHAIN, contract=contract.address, holder="Studio")
        whole = _make(tmp_path / "whole", chain, policy)
        for n in range(4):
            image = (whole.folder / f"set/{n}.png").read_bytes()
            uses = {"aiTraining": "notAllowed" if n % 2 else "allowed"}
            document = {"sha256": digest_bytes(image), **preference(**uses)}
            collections[n // 2].send("mint", chain.accounts[1], n, inline(document))
        chain.finalize()
        killed = _make(tmp_path / "killed", chain, policy)
        _gather(whole)
        for turn in (1, 2, 2):  # what was recorded before is not recorded again
            assert _gather(killed, f"evidence.recorded:{turn}") == -signal.SIGKILL, turn
        _gather(killed)
        told = _told(killed)
        assert told == _told(whole)
        assert sum(map(len, told.values())) > 4
        for studio in (whole, killed):
            assert [studio.verdict(f"{n}.png") for n in range(4)] == VERDICTS
            counts = [len(studio.decide(f"{n}.png").statements) for n in range(4)]
            assert counts == [1] * 4
            studio.close()
