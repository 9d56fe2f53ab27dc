"""The task that anchors the ledger's head on its chain, where the settings name one."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

from prefect import task

from models.errors import KiyomeError
from models.ledger.chain.anchoring import open_anchorer
from models.ledger.chain.errors import ForkedHeadError
from models.ledger.chain.journal import State
from models.ledger.chain.pace import RUN_PACE
from models.ledger.log import UsageLedger
from tasks.order import open_desk


@dataclass(frozen=True, slots=True)
class AnchorResult:
    """What anchoring came to in a run.

    Attributes:
        state: how far the head has come: ``finalized``, ``mined`` …; "" where it was not sent.
        warning: what a person should know; "" where there is nothing.
        settled: whether there is nothing left to do for a later run.
    """

    state: str = ""
    warning: str = ""
    settled: bool = True


@task(name="anchor", persist_result=False)
def anchor_head(order: str) -> dict[str, Any]:
    """Anchor the head, unless ``ledger_chain`` is ``files``.

    A chain that is away, an account without money and the like fail no run: the head stays
    unanchored, and the next run, or ``kiyome ledger anchor``, anchors it.

    Returns:
        ``AnchorResult`` as a dictionary.

    Raises:
        ForkedHeadError: the log does not lead to the head on the chain.
    """
    desk = open_desk(order)
    if desk.settings.ledger_chain == "files":
        return asdict(AnchorResult())
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always", UserWarning)
            ledger = UsageLedger.open(desk.workspace / "ledger", desk.settings.ledger_origin)
            with open_anchorer(desk.settings, ledger, pace=RUN_PACE) as anchorer:
                outcome = anchorer.anchor()
    except ForkedHeadError:
        raise
    except KiyomeError as error:
        return asdict(
            AnchorResult("", f"The ledger's head was not anchored. {error}", settled=False)
        )
    said = [str(each.message) for each in heard if each.category is UserWarning]
    state = outcome.state
    if state in (State.BUILT, State.SENT):
        said.append(
            f"The ledger's head of {outcome.size} entries is sent and in no block yet: "
            "`kiyome ledger anchor`, or the next run, goes on with it."
        )
    settled = state in (None, State.FINALIZED)
    return asdict(AnchorResult(state.value if state else "", " ".join(said), settled))
