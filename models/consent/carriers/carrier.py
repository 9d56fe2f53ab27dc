"""The carrier: one way in which a consent reaches us.

To add one, write a class with these three members and put it into ``carriers()``; nothing else
knows how many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from models.assets.asset import Asset, Location
from models.consent.statements import Statement

LoadSidecar = Callable[[Location], bytes]
"""Reads a sidecar's bytes; raises ``models.assets.faults.FaultError`` where it cannot."""


class Carrier(Protocol):
    """Reads what one kind of source says about an asset."""

    @property
    def name(self) -> str:
        """The ``carrier`` of its statements."""

    @property
    def fingerprint(self) -> str:
        """Changes with everything besides the asset that its statements depend on."""

    def read(self, asset: Asset, data: bytes | None, load_sidecar: LoadSidecar) -> list[Statement]:
        """Every statement about the asset; none where the source is silent.

        What cannot be read is a statement too, with its condition and a note saying what failed.

        Args:
            asset: the asset, with its locations and sidecars.
            data: its original bytes, or None where they cannot be had.
            load_sidecar: reads one of the asset's sidecars.
        """
