"""How much is read of what a stranger published."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one read. They hold whatever the blocks claim.

    Attributes:
        max_bytes: of the content that comes out, and of a raw block.
        max_blocks: visited in one read; a block that is named twice is visited twice.
        max_depth: of links below each other, and of values inside a dag-cbor or dag-json block.
        max_overhead_bytes: of all that is read besides the content: directories and inner nodes.
        max_node_bytes: of a block that is not raw. 2 MiB is the most that IPFS nodes exchange.
        max_seconds: for one gateway to deliver what is asked for.
    """

    max_bytes: int = 64 * 1024**2
    max_blocks: int = 4096
    max_depth: int = 32
    max_overhead_bytes: int = 8 * 1024**2
    max_node_bytes: int = 2 * 1024**2
    max_seconds: float = 120.0


DEFAULT_LIMITS = Limits()
