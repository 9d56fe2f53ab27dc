"""Whoever has records in a batch: proofs of all owners verify, and together they are the batch."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.ledger.log import UsageLedger
from models.ledger.merkle import verify_inclusion
from models.ledger.owners.index import IndexedOwner, OwnerIndex, hash_leaf, write_index
from models.ledger.owners.places import count_places, decode_places, encode_places
from models.ledger.owners.proving import OwnerProof
from models.ledger.proofs import verify_proof_file
from models.ledger.verification import verify_ledger
from tests.ledger_parts import ORIGIN, make_record, owner_ref

STAMP = 1_800_000_000
OWNERS = 6
_SLOW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _refer(number: int) -> str:
    return "" if number == 0 else owner_ref(number)


@_SLOW
@given(
    batches=st.lists(
        st.lists(st.integers(0, OWNERS), min_size=1, max_size=40), min_size=1, max_size=3
    ),
    erased=st.sets(st.integers(1, OWNERS), max_size=3),
)
def test_the_proofs_of_all_owners_are_together_the_batch(
    batches: list[list[int]], erased: set[int]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        ledger, path = UsageLedger.open(Path(name, "ledger"), ORIGIN), Path(name, "proof.json")
        for at, owners in enumerate(batches):
            records = [make_record(100 * at + n, _refer(o)) for n, o in enumerate(owners)]
            ledger.append(f"b{at}", records, STAMP)
        erased &= {owner for owners in batches for owner in owners}
        for owner in erased:
            ledger.erase_owner(_refer(owner), STAMP)
        report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
        assert report.failures == ()
        for at, owners in enumerate(batches):
            shown: list[int] = []
            batch = ledger.batch(f"b{at}")
            assert batch is not None
            for owner in set(range(OWNERS + 1)) - erased:
                kind = ledger.prove_owner(f"b{at}", _refer(owner), path)
                assert verify_proof_file(path, ledger.vkey).failures == ()
                assert (kind is OwnerProof.COMPLETENESS) == (owner in owners)
                if kind is OwnerProof.COMPLETENESS:
                    shown += [r["index"] for r in json.loads(path.read_bytes())["records"]]
            left = [n + batch.first_index for n, o in enumerate(owners) if o not in erased]
            assert sorted(shown) == left


@_SLOW
@given(entries=st.sets(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_every_leaf_of_any_index_stands_under_its_root(entries: set[bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "x.index")
        owners = [IndexedOwner(entry + bytes(32), b"") for entry in entries]
        size, root = write_index(path, bytes(16), owners)
        with OwnerIndex(path) as index:
            for tag in entries:
                place = index.find(tag)
                assert place is not None
                leaf = hash_leaf(index.entry(place))
                assert verify_inclusion(leaf, place, size, index.path(place), root)


@given(places=st.lists(st.integers(0, (1 << 64) - 1)))
def test_positions_read_back(places: list[int]) -> None:
    from array import array

    data = encode_places(array("Q", places))
    assert list(decode_places(data)) == places
    assert count_places(data + bytes(16)) == len(places)
