"""Every carrier in every fault: what the table says is what follows, through the real way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.anvil import Anvil, start_anvil
from tests.fault_matrix import (
    scenes_chain,
    scenes_files,
    scenes_lists,
    scenes_signed,
    scenes_web,
)
from tests.fault_matrix.axes import Carrier, Fault
from tests.fault_matrix.outcomes import Cell, NoCell
from tests.fault_matrix.page import PAGE, write_page
from tests.fault_matrix.scenes import SCENES
from tests.fault_matrix.table import MATRIX
from tests.fault_matrix.world import HURRIED, World

# Importing the modules of scenes fills SCENES.
assert all((scenes_chain, scenes_files, scenes_lists, scenes_signed, scenes_web))

CELLS = {(c, f): cell for c, row in MATRIX.items() for f, cell in row.items()}
APPLYING = {key: cell for key, cell in CELLS.items() if isinstance(cell, Cell)}
OFFLINE = [key for key in APPLYING if not SCENES[key].needs_chain]
ON_CHAIN = [key for key in APPLYING if SCENES[key].needs_chain]


def name(value: object) -> str:
    return value.name.lower() if isinstance(value, Carrier | Fault) else ""


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil() as anvil:
        yield anvil


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def bring_about(carrier: Carrier, fault: Fault, world: World) -> tuple[str, str, str]:
    if fault is Fault.TIMEOUT:
        world.patience = HURRIED
    SCENES[carrier, fault].arrange(world)
    return world.decide()


@pytest.mark.parametrize(("carrier", "fault"), OFFLINE, ids=name)
def test_a_fault_comes_to_what_the_table_says(
    carrier: Carrier, fault: Fault, tmp_path: Path, stack: ExitStack
) -> None:
    world = World(tmp_path, stack)
    assert bring_about(carrier, fault, world) == APPLYING[carrier, fault].outcome.decisions
    assert world.strayed == []


@pytest.mark.parametrize(("carrier", "fault"), ON_CHAIN, ids=name)
def test_a_fault_about_a_chain_comes_to_what_the_table_says(
    carrier: Carrier, fault: Fault, tmp_path: Path, stack: ExitStack, chain: Anvil
) -> None:
    world = World(tmp_path, stack, chain)
    assert bring_about(carrier, fault, world) == APPLYING[carrier, fault].outcome.decisions
    assert world.strayed == []


def test_the_table_has_a_cell_for_every_carrier_and_every_fault() -> None:
    assert list(CELLS.keys() ^ {(c, f) for c in Carrier for f in Fault}) == []
    assert len(CELLS) == len(Carrier) * len(Fault) == 24 * 13


def test_every_cell_that_applies_has_a_scene_and_no_other() -> None:
    assert SCENES.keys() == APPLYING.keys()


def test_a_cell_that_does_not_apply_says_why() -> None:
    assert all(cell.why for cell in CELLS.values() if isinstance(cell, NoCell))


def test_a_cell_clears_only_where_the_table_says_why() -> None:
    for cell in APPLYING.values():
        clears = any(decision.startswith("clear ") for decision in cell.outcome.decisions)
        assert bool(cell.outcome.clears) is clears


def test_in_no_fault_does_anything_clear_but_the_contract_or_the_profile() -> None:
    faults = {key: cell for key, cell in APPLYING.items() if key[1] is not Fault.GRANTED}
    clearing = {d for cell in faults.values() for d in cell.outcome.decisions if "clear" in d}
    assert clearing == {"clear consent_contract", "clear consent_opt_out_profile"}


def test_a_grant_by_the_proven_holder_clears_by_itself() -> None:
    granted = [cell for key, cell in APPLYING.items() if key[1] is Fault.GRANTED]
    assert len(granted) == 8
    assert {cell.outcome.bare for cell in granted} == {"clear consent_granted"}


def test_the_control_of_every_carrier_that_can_refuse_excludes() -> None:
    for carrier in set(Carrier) - {Carrier.LICENCE, Carrier.CONTRACT}:
        assert set(APPLYING[carrier, Fault.SOUND].outcome.decisions) == {"exclude consent_refused"}


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.SERVER_ERROR], ids=name)
def test_credentials_that_lie_elsewhere_are_not_asked_for(
    fault: Fault, tmp_path: Path, stack: ExitStack
) -> None:
    world = World(tmp_path, stack)
    bring_about(Carrier.C2PA, fault, world)
    assert world.server.asked == []


@pytest.mark.parametrize(
    "fault", [Fault.TRUNCATED, Fault.TAMPERED, Fault.WRONG_TYPE, Fault.OVERSIZED], ids=name
)
def test_a_list_that_cannot_be_used_is_refused_aloud(
    fault: Fault, tmp_path: Path, stack: ExitStack
) -> None:
    world = World(tmp_path, stack)
    bring_about(Carrier.OPT_OUT, fault, world)
    assert len(world.refusals) == 1


def test_the_page_says_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == write_page(), "run: python -m tests.fault_matrix"
