"""Forms of records: what is entered is what a record made for the asset would be."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import LedgerError
from models.ledger.merkle import Frontier
from models.ledger.owners.keys import RecordSalts, derive_record_salt
from models.ledger.records import ConsentRef
from models.ledger.written import FormedRecords, RecordForm
from tests.ledger_parts import make_record

OTHER = hashlib.sha256(b"another asset").hexdigest()
LEAVES = [hashlib.sha256(b"\x00%d" % number).digest() for number in range(600)]


@pytest.mark.parametrize("number", [0, 2])
def test_a_form_writes_the_record_that_would_be_made_for_the_asset(number: int) -> None:
    record = make_record(number)
    written = RecordForm(record).about(OTHER)
    expected = dataclasses.replace(record, asset_sha256=OTHER)
    assert written.canonical() == expected.canonical()
    assert (written.type, written.owner_ref) == (record.type, record.owner_ref)


def test_a_form_changes_nothing_but_the_asset_where_evidence_has_its_digest() -> None:
    record = make_record(0)
    own = ConsentRef(("c2pa",), (record.asset_sha256,))
    record = dataclasses.replace(record, consent=own)
    expected = dataclasses.replace(record, asset_sha256=OTHER)
    assert RecordForm(record).about(OTHER).canonical() == expected.canonical()


@pytest.mark.parametrize("name", ["", "a cat on a red sofa", OTHER.upper(), f"{OTHER}\n"])
def test_what_is_no_digest_never_gets_into_a_record(name: str) -> None:
    with pytest.raises(LedgerError, match="64 hex digits"):
        RecordForm(make_record(0)).about(name)


def test_many_records_are_written_by_their_forms_asset_by_asset_also_when_handed_over() -> None:
    use, exclusion, other = (RecordForm(make_record(number)) for number in range(3))
    assets = [hashlib.sha256(b"asset %d" % number).hexdigest() for number in range(4)]
    forms = [(use, other), (), (exclusion,)]
    records = FormedRecords(forms, assets, [2, 0, 1, 0])
    expected = [
        exclusion.about(assets[0]),
        *(form.about(assets[1]) for form in forms[0]),
        *(form.about(assets[3]) for form in forms[0]),
    ]
    assert list(records) == list(pickle.loads(pickle.dumps(records))) == expected


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.text(max_size=80), st.integers(0, 2**63))
def test_salts_of_many_records_are_those_of_each(key: bytes, batch: str, position: int) -> None:
    batch_id = batch.encode("ascii", "replace").decode()
    salts = RecordSalts(key, batch_id)
    for place in (position, 0):
        assert salts.derive(place) == derive_record_salt(key, batch_id, place)


@settings(deadline=None)
@given(st.lists(st.integers(0, 200), max_size=4))
def test_leaves_appended_together_give_the_tree_of_leaves_pushed_singly(runs: list[int]) -> None:
    singly, together = Frontier(), Frontier()
    for run in runs:
        some = LEAVES[singly.size :][:run]
        together.extend(some)
        for leaf in some:
            singly.push(leaf)
        assert (together.size, together.root()) == (singly.size, singly.root())
