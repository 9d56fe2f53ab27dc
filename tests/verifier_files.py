"""Ledger files built from their specification, without the part of the product that writes them.

Tests sign, forge and break these, and hold every verifier to them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.ledger.commitments import encode_canonical, leaf_of
from models.ledger.merkle import (
    hash_leaf,
    prove_consistency,
    prove_inclusion,
    root_of,
    subtree_of,
)
from models.ledger.note import Checkpoint, Signer, sign_checkpoint
from models.ledger.tiles import append_leaves

ORIGIN = "kiyome.test/verifier"
OWNERS_WIDTH = 16
Json = dict[str, Any]


def write(value: Any) -> bytes:
    """The bytes of a file."""
    return encode_canonical(value) + b"\n"


def number64(value: int) -> bytes:
    """8 bytes, the largest first."""
    return value.to_bytes(8, "big")


def digest(*parts: bytes) -> bytes:
    """SHA-256 over the parts."""
    return hashlib.sha256(b"".join(parts)).digest()


@dataclass
class OwnersTree:
    """The owner index of one batch: entries in order, and each owner's records."""

    entries: list[bytes]
    places: dict[str, list[int]]
    tags: dict[str, bytes]
    salts: dict[str, bytes]
    roots: dict[str, bytes]

    @property
    def leaves(self) -> list[bytes]:
        """The leaf hashes of the entries."""
        return [hash_leaf(entry) for entry in self.entries]


@dataclass
class SampleLog:
    """A log in memory. Owners take turns: leaf ``i`` is of owner ``i mod len(owners)``."""

    owners: Sequence[str] = ("aoi", "ren", "yui")
    signer: Signer = field(default_factory=lambda: Signer(ORIGIN, b"\7" * 32))
    leaves: list[bytes] = field(default_factory=list)
    openings: list[Json] = field(default_factory=list)
    batches: dict[str, Json] = field(default_factory=dict)
    trees: dict[str, OwnersTree] = field(default_factory=dict)

    @property
    def vkey(self) -> str:
        """The log's key."""
        return self.signer.verifier.vkey

    @staticmethod
    def owner_key(owner: str) -> bytes:
        """The key of an owner."""
        return digest(b"owner", owner.encode())

    def tag(self, owner: str, batch_id: str) -> bytes:
        """An owner's tag in a batch."""
        return hmac.digest(self.owner_key(owner), b"usage-tag" + batch_id.encode(), "sha256")

    def append(self, batch_id: str, count: int) -> None:
        """Append a batch of so many records."""
        first = len(self.leaves)
        places: dict[str, list[int]] = {}
        for position in range(count):
            index = first + position
            owner = self.owners[index % len(self.owners)]
            places.setdefault(owner, []).append(index)
            message = b"usage-salt" + batch_id.encode() + number64(position)
            salt = hmac.digest(self.owner_key(owner), message, "sha256")
            record = {"asset": {"sha256": digest(number64(index)).hex()}, "type": "use"}
            self.openings.append({"record": record, "salt": salt.hex()})
            self.leaves.append(leaf_of(salt, encode_canonical(record)))
        tree = self.trees[batch_id] = self.index_owners(batch_id, places)
        self.batches[batch_id] = self.sign_batch(self._describe(batch_id, first, tree))

    def sign_batch(self, batch: Json) -> Json:
        """A batch's file as an object."""
        text = f"{self.signer.name}\n{batch['format']}\n".encode() + encode_canonical(batch) + b"\n"
        return {"batch": batch, "signature": base64.b64encode(self.signer.sign(text)).decode()}

    def head(self, size: int | None = None) -> Checkpoint:
        """The head of a size."""
        count = len(self.leaves) if size is None else size
        return Checkpoint(self.signer.name, count, root_of(self.leaves[:count]))

    def checkpoint(self, size: int | None = None) -> str:
        """The signed head of a size."""
        return sign_checkpoint(self.head(size), self.signer).decode()

    def path(self, index: int, size: int | None = None) -> list[str]:
        """The path of a leaf."""
        count = len(self.leaves) if size is None else size
        return [step.hex() for step in prove_inclusion(index, count, subtree_of(self.leaves))]

    def inclusion(self, index: int, size: int | None = None) -> Json:
        """kiyome.inclusion/1"""
        return {
            "checkpoint": self.checkpoint(size),
            "format": "kiyome.inclusion/1",
            "index": index,
            "leaf": self.leaves[index].hex(),
            "opening": self.openings[index],
            "path": self.path(index, size),
            "vkey": self.vkey,
        }

    def consistency(self, old: int, new: int | None = None) -> Json:
        """kiyome.consistency/1"""
        count = len(self.leaves) if new is None else new
        path = prove_consistency(old, count, subtree_of(self.leaves))
        return {
            "format": "kiyome.consistency/1",
            "new": self.checkpoint(count),
            "old": self.checkpoint(old),
            "path": [step.hex() for step in path],
            "vkey": self.vkey,
        }

    def completeness(self, batch_id: str, owner: str, size: int | None = None) -> Json:
        """kiyome.completeness/1"""
        tree = self.trees[batch_id]
        place = next(i for i, e in enumerate(tree.entries) if e[:32] == tree.tags[owner])
        records = [
            {
                "index": index,
                "leaf": self.leaves[index].hex(),
                "opening": self.openings[index],
                "path": self.path(index, size),
            }
            for index in tree.places[owner]
        ]
        return {
            "batch": self.batches[batch_id],
            "checkpoint": self.checkpoint(size),
            "format": "kiyome.completeness/1",
            "owner": {
                "count": len(records),
                "index": place,
                "path": self._owner_path(tree, place),
                "root": tree.roots[owner].hex(),
                "salt": tree.salts[owner].hex(),
                "tag": tree.tags[owner].hex(),
            },
            "records": records,
            "vkey": self.vkey,
        }

    def absence(self, batch_id: str, tag: bytes, size: int | None = None) -> Json:
        """kiyome.absence/1"""
        tree = self.trees[batch_id]
        right = sum(entry[:32] < tag for entry in tree.entries)
        sides = {
            name: {
                "entry": tree.entries[place].hex(),
                "index": place,
                "path": self._owner_path(tree, place),
            }
            if 0 <= place < len(tree.entries)
            else None
            for name, place in (("left", right - 1), ("right", right))
        }
        return {
            "batch": self.batches[batch_id],
            "checkpoint": self.checkpoint(size),
            "format": "kiyome.absence/1",
            "tag": tag.hex(),
            "vkey": self.vkey,
            **sides,
        }

    def tlog_proof(self, index: int) -> bytes:
        """A C2SP tlog-proof."""
        steps = [base64.b64encode(bytes.fromhex(step)).decode() for step in self.path(index)]
        lines = ["c2sp.org/tlog-proof@v1", "extra a2l5b21l", f"index {index}", *steps, ""]
        return "\n".join(lines).encode() + b"\n" + self.checkpoint().encode()

    def anchor(self, size: int, since: int = 0) -> Json:
        """kiyome.anchor/1"""
        named = [
            {"id": name, "sha256": digest(write(value)).hex()}
            for name, value in self.batches.items()
            if since <= value["batch"]["first_index"] < size
        ]
        return {
            "batches": named,
            "format": "kiyome.anchor/1",
            "origin": self.signer.name,
            "root": self.head(size).root.hex(),
            "size": size,
        }

    def publish(self, public: Path) -> None:
        """Write the public folder, without anchors."""
        for name in ("batches", "checkpoints"):
            (public / name).mkdir(parents=True)
        (public / "vkey").write_text(self.vkey + "\n")
        (public / "checkpoint").write_text(self.checkpoint())
        size = 0
        for name, value in self.batches.items():
            (public / "checkpoints" / str(size)).write_text(self.checkpoint(size))
            end = value["batch"]["size"]
            append_leaves(public, size, self.leaves[size:end])
            (public / "batches" / f"{name}.json").write_bytes(write(value))
            size = end
        (public / "checkpoints" / str(size)).write_text(self.checkpoint())

    def index_owners(self, batch_id: str, places: dict[str, list[int]]) -> OwnersTree:
        """The owner index of a batch: who has the leaves at which places."""
        tree = OwnersTree([], places, {}, {}, {})
        for owner, indexes in places.items():
            key = self.owner_key(owner)
            salt = hmac.digest(key, b"usage-index" + batch_id.encode(), "sha256")
            root = root_of([hash_leaf(number64(i) + self.leaves[i]) for i in indexes])
            tag = tree.tags[owner] = self.tag(owner, batch_id)
            tree.salts[owner], tree.roots[owner] = salt, root
            tree.entries.append(tag + digest(b"own1", salt, root, number64(len(indexes))))
        width = OWNERS_WIDTH
        while width < len(tree.entries):
            width *= 2
        for number in range(width - len(tree.entries)):
            seed = batch_id.encode() + number64(number)
            tree.entries.append(digest(b"dummy", seed) + digest(b"rest", seed))
        tree.entries.sort()
        return tree

    def _describe(self, batch_id: str, first: int, tree: OwnersTree) -> Json:
        size = len(self.leaves)
        return {
            "batch_id": batch_id,
            "counts": {"decide": 0, "exclude": 0, "revoke": 0, "use": size - first},
            "first_index": first,
            "format": "kiyome.batch/2",
            "leaves_sha256": digest(*self.leaves[first:]).hex(),
            "manifest_sha256": "0" * 64,
            "owners": {
                "records": size - first,
                "root": root_of(tree.leaves).hex(),
                "size": len(tree.entries),
            },
            "policy_sha256": "1" * 64,
            "root": root_of(self.leaves).hex(),
            "size": size,
            "stamped_at": 1_800_000_000,
        }

    def _owner_path(self, tree: OwnersTree, place: int) -> list[str]:
        path = prove_inclusion(place, len(tree.entries), subtree_of(tree.leaves))
        return [step.hex() for step in path]


def make_log(*sizes: int) -> SampleLog:
    """A log with batches ``b0``, ``b1``, ... of the given sizes."""
    log = SampleLog()
    for number, size in enumerate(sizes):
        log.append(f"b{number}", size)
    return log
