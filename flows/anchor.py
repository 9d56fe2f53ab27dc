"""The flow that anchors the ledger's head, where a run could not or did not wait for it."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger

from flows.handing_over import handing_over
from flows.opening import settle
from models.ledger.chain.anchoring import open_anchorer
from models.ledger.chain.pace import RUN_PACE
from models.ledger.log import UsageLedger


@flow(name="anchor", persist_result=False, retries=2, retry_delay_seconds=60)
def anchor(settings: dict[str, Any] | None = None) -> str:
    """Anchor the head on the chain that the settings name, and go on with what is under way.

    Args:
        settings: overrides of the settings in force.

    Returns:
        How far the head has come: ``finalized``, ``mined`` …; "" where there is nothing to do.

    Raises:
        KiyomeError: the chain is away, or does not take the head; the next run tries again.
    """
    in_force = settle(settings)
    folder = in_force.workspace / "ledger"
    if in_force.ledger_chain == "files" or not (folder / "public" / "checkpoint").exists():
        return ""
    with handing_over(in_force):
        ledger = UsageLedger.open(folder, in_force.ledger_origin)
        with open_anchorer(in_force, ledger, pace=RUN_PACE) as anchorer:
            outcome = anchorer.anchor()
    state = outcome.state.value if outcome.state else ""
    get_run_logger().info("The head of %s entries is %s.", outcome.size, state or "anchored")
    return state
