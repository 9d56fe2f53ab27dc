"""How each cell is brought about: a function that changes the world, by carrier and fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.fault_matrix.axes import Carrier, Fault
from tests.fault_matrix.world import World

Arrange = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Scene:
    """How one cell is brought about.

    Attributes:
        arrange: changes the world.
        needs_chain: it takes a real chain.
    """

    arrange: Arrange
    needs_chain: bool = False


SCENES: dict[tuple[Carrier, Fault], Scene] = {}
"""Filled where the modules of scenes are imported."""


def scene(
    carrier: Carrier, fault: Fault, *, needs_chain: bool = False
) -> Callable[[Arrange], Arrange]:
    """Enter a function as the scene of a cell.

    Raises:
        ValueError: the cell has one already.
    """

    def enter(arrange: Arrange) -> Arrange:
        if (carrier, fault) in SCENES:
            raise ValueError(f"two scenes for {carrier.name}, {fault.name}")
        SCENES[carrier, fault] = Scene(arrange, needs_chain)
        return arrange

    return enter
