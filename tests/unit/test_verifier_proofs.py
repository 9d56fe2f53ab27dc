"""Each kind of proof file: what a good one shows, and that no forged one passes."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

import pytest

from models.ledger.commitments import encode_canonical
from models.ledger.merkle import prove_inclusion, root_of, subtree_of
from models.ledger.note import Signer, sign_checkpoint
from tests.verifier_files import ORIGIN, Json, SampleLog, make_log, write
from tests.verifiers import Question, ask_python, change_fields, failed
from verifier.merkle import hash_entry


@pytest.fixture(scope="module")
def log() -> SampleLog:
    return make_log(3, 2, 9)


STRANGER = Signer(ORIGIN, b"\x08" * 32)


def ask(log: SampleLog, value: Json | bytes, **given: Any) -> Json:
    data = value if isinstance(value, bytes) else write(value)
    return ask_python(Question(data, key=log.vkey, **given))


def good_files(log: SampleLog) -> dict[str, Json]:
    return {
        "inclusion": log.inclusion(7),
        "consistency": log.consistency(5),
        "completeness": log.completeness("b2", "aoi"),
        "absence": log.absence("b2", log.tag("mio", "b2")),
    }


KINDS = ["inclusion", "consistency", "completeness", "absence"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_file_holds(log: SampleLog, kind: str) -> None:
    report = ask(log, good_files(log)[kind])
    assert (report["outcome"], report["kind"], report["size"]) == ("holds", kind, 14)
    assert report["root"] == log.head().root.hex()


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_key_the_report_says_what_that_is_worth(log: SampleLog, kind: str) -> None:
    report = ask_python(Question(write(good_files(log)[kind])))
    assert report["outcome"] == "holds"
    assert report["checks"][0]["status"] == "note"
    assert "agrees with itself" in report["checks"][0]["detail"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_key_is_refused(log: SampleLog, kind: str) -> None:
    data = write(good_files(log)[kind])
    report = ask_python(Question(data, key=STRANGER.verifier.vkey))
    assert failed(report) == ["key"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_byte_of_a_file_can_change(log: SampleLog, kind: str) -> None:
    data = write(good_files(log)[kind])
    owner_key = log.owner_key("mio") if kind == "absence" else None
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << (position % 8)
        report = ask(log, bytes(changed), owner_key=owner_key)
        assert report["outcome"] == "fails", (position, data[position : position + 20])


@pytest.mark.parametrize("kind", KINDS)
def test_no_field_of_a_file_can_change(log: SampleLog, kind: str) -> None:
    value = good_files(log)[kind]
    owner_key = log.owner_key("mio") if kind == "absence" else None
    count = 0
    for changed in change_fields(value):
        if changed == value or _hides_only(value, changed):
            continue
        count += 1
        assert ask(log, changed, owner_key=owner_key)["outcome"] == "fails", changed
    assert count > 20


def _hides_only(value: Json, changed: Any) -> bool:
    """Whether the change leaves out no more than a record, which hides it and proves the rest."""
    if not isinstance(changed, dict):
        return False
    bare = json.loads(json.dumps(value))
    for record in [bare, *bare.get("records", [])]:
        record.pop("opening", None)
    shown = json.loads(json.dumps(changed))
    for record in [shown, *(shown.get("records") or [])]:
        if isinstance(record, dict) and record.get("opening") in _openings(value):
            del record["opening"]
    left_out = json.dumps(changed).count('"opening"') < json.dumps(value).count('"opening"')
    return left_out and bool(shown == bare)


def _openings(value: Json) -> list[Json]:
    return [
        record["opening"] for record in [value, *value.get("records", [])] if "opening" in record
    ]


def test_a_hidden_record_proves_that_the_leaf_is_there(log: SampleLog) -> None:
    value = log.inclusion(7)
    del value["opening"]
    assert ask(log, value)["outcome"] == "holds"


def test_the_record_of_another_leaf_is_refused(log: SampleLog) -> None:
    value = log.inclusion(7) | {"opening": log.openings[8]}
    assert failed(ask(log, value)) == ["opening"]


def test_a_head_that_a_stranger_signed_is_refused(log: SampleLog) -> None:
    value = log.inclusion(7)
    value["checkpoint"] = sign_checkpoint(log.head(), STRANGER).decode()
    assert failed(ask(log, value)) == ["checkpoint"]
    forged = value | {"vkey": STRANGER.verifier.vkey}
    assert failed(ask(log, forged)) == ["key"]


def test_a_head_that_belongs_to_another_log_is_refused(log: SampleLog) -> None:
    other = dataclasses.replace(log.head(), origin="kiyome.test/other")
    value = log.inclusion(7) | {"checkpoint": sign_checkpoint(other, log.signer).decode()}
    assert failed(ask(log, value)) == ["checkpoint"]


def test_a_witness_may_add_a_signature(log: SampleLog) -> None:
    witness = Signer("witness.test/w1", b"\x09" * 32)
    line = sign_checkpoint(log.head(), witness).decode().split("\n\n")[1]
    value = log.inclusion(7)
    value["checkpoint"] += line
    assert ask(log, value)["outcome"] == "holds"


def test_a_second_signature_by_the_log_that_does_not_hold_is_refused(log: SampleLog) -> None:
    line = log.checkpoint(5).split("\n\n")[1]
    value = log.inclusion(7)
    value["checkpoint"] += line
    assert failed(ask(log, value)) == ["checkpoint"]


def test_a_rewritten_log_is_not_consistent(log: SampleLog) -> None:
    other = make_log(3, 2, 9)
    other.leaves[1] = bytes(32)
    value = log.consistency(5) | {"new": other.checkpoint()}
    assert failed(ask(log, value)) == ["consistency"]


def test_a_shrunk_log_is_not_consistent(log: SampleLog) -> None:
    value = log.consistency(5)
    value["old"], value["new"] = value["new"], value["old"]
    assert failed(ask(log, value)) == ["consistency"]


def test_consistency_from_the_empty_log_shows_nothing(log: SampleLog) -> None:
    value = log.consistency(5) | {"old": log.checkpoint(0), "path": []}
    assert failed(ask(log, value)) == ["consistency"]


def test_an_empty_log_with_a_root_that_it_cannot_have_is_refused(log: SampleLog) -> None:
    head = dataclasses.replace(log.head(0), root=bytes(32))
    data = sign_checkpoint(head, log.signer)
    assert failed(ask(log, data)) == ["checkpoint"]


@pytest.mark.parametrize("owner", ["aoi", "ren", "yui"])
def test_an_owner_key_shows_that_the_tag_is_theirs(log: SampleLog, owner: str) -> None:
    value = log.completeness("b2", owner)
    assert ask(log, value, owner_key=log.owner_key(owner))["outcome"] == "holds"
    assert failed(ask(log, value, owner_key=log.owner_key("mio"))) == ["tag"]


def test_a_record_that_is_left_out_is_missed(log: SampleLog) -> None:
    value = log.completeness("b2", "aoi")
    value["records"].pop()
    assert failed(ask(log, value)) == ["completeness"]


def test_a_smaller_count_does_not_stand_in_the_index(log: SampleLog) -> None:
    value = log.completeness("b2", "aoi")
    value["records"].pop()
    value["owner"]["count"] -= 1
    assert failed(ask(log, value)) == ["owner"]


def test_records_of_another_batch_are_refused(log: SampleLog) -> None:
    value = log.completeness("b2", "aoi")
    value["records"][0] = log.completeness("b0", "aoi")["records"][0]
    assert failed(ask(log, value)) == ["inclusion"]


@pytest.mark.parametrize("places", [[0, 0], [2, 0]])
def test_records_that_are_counted_twice_or_out_of_order_are_refused_though_signed(
    places: list[int],
) -> None:
    log = make_log(3)
    tree = log.trees["b0"] = log.index_owners("b0", {"aoi": places, "ren": [1]})
    batch = log.batches["b0"]["batch"]
    batch["owners"]["root"] = root_of(tree.leaves).hex()
    log.batches["b0"] = log.sign_batch(batch)
    assert failed(ask(log, log.completeness("b0", "aoi"))) == ["inclusion"]


def test_a_batch_beyond_the_head_is_refused(log: SampleLog) -> None:
    value = log.completeness("b2", "aoi") | {"checkpoint": log.checkpoint(5)}
    assert failed(ask(log, value)) == ["batch"]


def test_a_batch_of_the_first_form_shows_nothing_about_owners(log: SampleLog) -> None:
    batch = dict(log.batches["b2"]["batch"])
    for name in ("manifest_sha256", "owners", "policy_sha256"):
        del batch[name]
    batch["format"] = "kiyome.batch/1"
    value = log.completeness("b2", "aoi") | {"batch": log.sign_batch(batch)}
    assert failed(ask(log, value)) == ["batch"]


def _sign_changed(log: SampleLog, **changes: Any) -> Json:
    batch = log.batches["b2"]["batch"] | changes
    return log.absence("b2", log.tag("mio", "b2")) | {"batch": log.sign_batch(batch)}


def test_sums_that_do_not_add_up_are_refused_though_they_are_signed(log: SampleLog) -> None:
    batch = log.batches["b2"]["batch"]
    assert failed(ask(log, _sign_changed(log, counts=batch["counts"] | {"use": 8}))) == ["sums"]
    owners = batch["owners"] | {"records": 8}
    assert failed(ask(log, _sign_changed(log, owners=owners))) == ["sums"]


def test_an_owner_index_that_tells_the_number_of_owners_is_refused(log: SampleLog) -> None:
    owners = log.batches["b2"]["batch"]["owners"]
    assert failed(ask(log, _sign_changed(log, owners=owners | {"size": 17}))) == ["batch"]
    assert failed(ask(log, _sign_changed(log, owners=owners | {"size": 8}))) == ["file"]


def test_a_signed_batch_with_another_root_than_the_head_of_its_size_is_refused(
    log: SampleLog,
) -> None:
    assert failed(ask(log, _sign_changed(log, root="0" * 64))) == ["batch"]


def test_absence_before_the_first_and_after_the_last_owner(log: SampleLog) -> None:
    for tag, side in ((bytes(32), "left"), (b"\xff" * 32, "right")):
        value = log.absence("b2", tag)
        assert value[side] is None
        assert ask(log, value)["outcome"] == "holds"


def test_an_owner_who_is_there_cannot_be_shown_absent(log: SampleLog) -> None:
    tree = log.trees["b2"]
    tag = tree.tags["aoi"]
    place = next(i for i, entry in enumerate(tree.entries) if entry[:32] == tag)

    def side(at: int) -> Json:
        path = prove_inclusion(at, len(tree.entries), subtree_of(tree.leaves))
        return {"entry": tree.entries[at].hex(), "index": at, "path": [p.hex() for p in path]}

    value = log.absence("b2", log.tag("mio", "b2")) | {"tag": tag.hex()}
    wide = value | {"left": side(place - 1), "right": side(place + 1)}
    on_it = value | {"left": side(place), "right": side(place + 1)}
    assert failed(ask(log, wide)) == ["absence"]
    assert failed(ask(log, on_it)) == ["absence"]
    for gone in ("left", "right"):
        assert failed(ask(log, value | {gone: None})) == ["absence"]
    assert failed(ask(log, value | {"left": None, "right": None})) == ["absence"]


def test_a_leaf_is_not_taken_for_an_entry_of_two_hashes(log: SampleLog) -> None:
    left, right = log.leaves[:2]
    assert hash_entry(left + right) != root_of([left, right])


def test_a_receipt_for_an_older_or_another_head_is_refused(log: SampleLog) -> None:
    receipt = {
        "block_hash": "0x" + "1" * 64,
        "block_number": 7,
        "chain_id": 1,
        "contract": "0x" + "2" * 40,
        "format": "kiyome.receipt/1",
        "log_index": 0,
        "manifest": "3" * 64,
        "root": log.head().root.hex(),
        "sequence": 1,
        "size": 14,
        "tx_hash": "0x" + "4" * 64,
    }
    report = ask(log, log.inclusion(7) | {"receipt": receipt})
    assert report["outcome"] == "holds"
    assert report["checks"][-1]["status"] == "note"
    for change in ({"size": 13}, {"root": "0" * 64}):
        value = log.inclusion(7) | {"receipt": receipt | change}
        assert failed(ask(log, value)) == ["receipt"]
    alone = ask(log, receipt)
    assert (alone["kind"], alone["outcome"]) == ("receipt", "unchecked")


def test_a_c2sp_proof_holds_for_its_leaf_only(log: SampleLog) -> None:
    data = log.tlog_proof(7)
    assert ask(log, data, leaf=log.leaves[7])["outcome"] == "holds"
    assert failed(ask(log, data, leaf=log.leaves[8])) == ["inclusion"]
    assert ask(log, data)["outcome"] == "unchecked"
    assert ask_python(Question(data, leaf=log.leaves[7]))["outcome"] == "unchecked"


def test_a_c2sp_proof_without_extra_data_or_with_one_leaf_holds() -> None:
    one = make_log(1)
    data = one.tlog_proof(0)
    assert ask(one, data, leaf=one.leaves[0])["outcome"] == "holds"
    assert (
        ask(one, data.replace(b"extra a2l5b21l\n", b""), leaf=one.leaves[0])["outcome"] == "holds"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"index 7", b"index 07"),
        (b"index 7", b"index -7"),
        (b"index 7", b"index 99999999999999999999"),
        (b"index 7", b"index 9007199254740993"),
        (b"index 7\n", b""),
        (b"extra a2l5b21l", b"extra a2l5b21"),
        (b"@v1\n", b"@v1\r\n"),
        (b"\n\n", b"\n"),
    ],
)
def test_a_c2sp_proof_that_is_written_otherwise_is_refused(
    log: SampleLog, old: bytes, new: bytes
) -> None:
    data = log.tlog_proof(7)
    assert old in data
    assert ask(log, data.replace(old, new), leaf=log.leaves[7])["outcome"] == "fails"


def test_no_byte_of_a_c2sp_proof_can_change_but_the_extra_data(log: SampleLog) -> None:
    data = log.tlog_proof(7).replace(b"extra a2l5b21l\n", b"")
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << (position % 8)
        report = ask(log, bytes(changed), leaf=log.leaves[7])
        assert report["outcome"] == "fails", position


def test_the_key_of_the_c2sp_example_is_read() -> None:
    # The example of https://c2sp.org/tlog-checkpoint cannot be verified without its key: it has to
    # be refused for that, and not for how it is written.
    note = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\N{EM DASH} example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    ).encode()
    report = ask_python(Question(note, key=STRANGER.verifier.vkey))
    assert failed(report) == ["checkpoint"]
    assert "not signed by the key" in report["checks"][-1]["detail"]
    assert ask_python(Question(note))["outcome"] == "unchecked"


def test_a_signature_says_nothing_about_a_text_of_another_kind(log: SampleLog) -> None:
    batch = log.batches["b2"]
    note = f"{ORIGIN}\nkiyome.batch/2\n" + encode_canonical(batch["batch"]).decode() + "\n\n"
    blob = log.signer.verifier.key_id + base64.b64decode(batch["signature"])
    note += f"\N{EM DASH} {ORIGIN} {base64.b64encode(blob).decode()}\n"
    assert failed(ask(log, note.encode())) == ["checkpoint"]
