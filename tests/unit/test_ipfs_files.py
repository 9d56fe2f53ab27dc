"""Files out of verified blocks: every shape of tree, every kind of directory, and no forgery."""

from __future__ import annotations

import base64
import hashlib

import pytest

from models.consent.ipfs.blocks import Blocks, verify_block
from models.consent.ipfs.car import read_car
from models.consent.ipfs.cid import (
    BLAKE3,
    DAG_CBOR,
    DAG_JSON,
    DAG_PB,
    IDENTITY,
    RAW,
    SHA2_256,
    SHA2_512,
    Cid,
    parse_cid,
)
from models.consent.ipfs.errors import (
    LimitError,
    MalformedBlockError,
    MissingBlockError,
    NoSuchPathError,
    UnverifiableError,
    WrongBlockError,
)
from models.consent.ipfs.files import read_file, split_path
from models.consent.ipfs.limits import Limits
from models.consent.ipfs.murmur3 import hash_name
from tests.ipfs_dags import Dag, cid_of, fields, make_directory, make_file, pb_node

# A sharded directory of 25 files with 16 buckets, three levels deep, as ipfs-unixfs-importer
# 17.1.1 makes it: "0.json" to "23.json" hold "y" or "x" in turn, and one has a Japanese name.
SHARDED = "bafybeifh74zlv2gtcz4h4mfl4gzc34xajfjf3izxwyz4ht6kjjftw3sw4i"
SHARDED_CAR = """
OqJlcm9vdHOB2CpYJQABcBIgp/8yuujTFnh+MKvhsi3y4ElSXaM3tjPDz8pKSztuVuJndmVyc2lvbgGxBAFwEiCn/zK66NMW
eH4wq+GyLfLgSVJdoze2M8PPykpLO25W4hIrCiQBcBIgjABgAIqzEKSNii8Ey0/dvIwmVy696aM924YJs7TCDygSATAYdRIs
CiQBcBIgsDCO5A8uF4ZTD9FrcsxOz8GMhJbi89iWTWV0+JDCUJUSATEYqgESLAokAXASIHI+Lr4f3IAyQbbBX6zJGd954WFL
CM25HcLUYgLSw+QmEgEyGJICEjIKJAFVEiAtcRZCtyawRAFifKn7rDL1yFMPsZA8xNsCJYcXkhpIgRIIMzIxLmpzb24YARIr
CiQBcBIgNOV2SID2RKlf0b2bNIQGPR0J2mf4byLoBnu8MdzKJ5ESATQYdhIrCiQBcBIgYLxyCriElCdBJVMyhIYj5bZYXUQR
t8FOzIPn3gvjLKsSATUYcxIsCiQBcBIg2MfP5W02jKvjYgOXqOGry3j6u99jbeu7KynDyv/tEe0SATYYrgESLAokAXASIHEC
UhQyeV9P+yWdHEiKg7+dScHZEyzWktwpJUteCoA0EgE3GKkBEjEKJAFVEiCh/OQ2OFT/iIz/S454ddYAwmgjkEEqjPebN9Cx
EUiw+hIHODQuanNvbhgBEiwKJAFwEiCwEVErDg3qNQPJ3rKlNF2UXujj9NSpa0zinh1kUQ54MhIBORiHARIrCiQBcBIgHz2n
61jGjpuk80g1eKwNaTfJoyKp1uLswOH82QUoeRQSAUYYdgoKCAUSAoP/KCIwEJcBAXASIIwAYACKsxCkjYovBMtP3byMJlcu
vemjPduGCbO0wg8oEjEKJAFVEiCh/OQ2OFT/iIz/S454ddYAwmgjkEEqjPebN9CxEUiw+hIHNDIuanNvbhgBEjIKJAFVEiAt
cRZCtyawRAFifKn7rDL1yFMPsZA8xNsCJYcXkhpIgRIIRTE1Lmpzb24YAQoKCAUSAkAQKCIwECUBVRIgofzkNjhU/4iM/0uO
eHXWAMJoI5BBKoz3mzfQsRFIsPp5JQFVEiAtcRZCtyawRAFifKn7rDL1yFMPsZA8xNsCJYcXkhpIgXjLAQFwEiCwMI7kDy4X
hlMP0WtyzE7PwYyEluLz2JZNZXT4kMJQlRIyCiQBVRIgofzkNjhU/4iM/0uOeHXWAMJoI5BBKoz3mzfQsRFIsPoSCDIxOC5q
c29uGAESMgokAVUSIKH85DY4VP+IjP9Ljnh11gDCaCOQQSqM95s30LERSLD6EggzMTIuanNvbhgBEjIKJAFVEiCh/OQ2OFT/
iIz/S454ddYAwmgjkEEqjPebN9CxEUiw+hIINzIyLmpzb24YAQoJCAUSAYwoIjAQsQIBcBIgcj4uvh/cgDJBtsFfrMkZ33nh
YUsIzbkdwtRiAtLD5CYSMQokAVUSIKH85DY4VP+IjP9Ljnh11gDCaCOQQSqM95s30LERSLD6Egc1Ni5qc29uGAESMgokAVUS
IKH85DY4VP+IjP9Ljnh11gDCaCOQQSqM95s30LERSLD6EghBMTAuanNvbhgBEjEKJAFVEiAtcRZCtyawRAFifKn7rDL1yFMP
sZA8xNsCJYcXkhpIgRIHQzkuanNvbhgBEjEKJAFVEiAtcRZCtyawRAFifKn7rDL1yFMPsZA8xNsCJYcXkhpIgRIHRTUuanNv
bhgBEjIKJAFVEiAtcRZCtyawRAFifKn7rDL1yFMPsZA8xNsCJYcXkhpIgRIIRjE5Lmpzb24YAQoKCAUSAtQgKCIwEJgBAXAS
IDTldkiA9kSpX9G9mzSEBj0dCdpn+G8i6AZ7vDHcyieREjIKJAFVEiCh/OQ2OFT/iIz/S454ddYAwmgjkEEqjPebN9CxEUiw
+hIIQTIwLmpzb24YARIyCiQBVRIgofzkNjhU/4iM/0uOeHXWAMJoI5BBKoz3mzfQsRFIsPoSCEUxNi5qc29uGAEKCggFEgJE
ACgiMBCVAQFwEiBgvHIKuISUJ0ElUzKEhiPltlhdRBG3wU7Mg+feC+MsqxIxCiQBVRIgofzkNjhU/4iM/0uOeHXWAMJoI5BB
Koz3mzfQsRFIsPoSBzEwLmpzb24YARIxCiQBVRIgLXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIESBzMxLmpzb24Y
AQoJCAUSAQooIjAQXQFwEiDYx8/lbTaMq+NiA5eo4avLePq732Nt67srKcPK/+0R7RIrCiQBcBIg78CX/isWtkXg611rwoWd
UxKBWwfQbcwGRVwc57YI//gSAUIYdQoKCAUSAggAKCIwEJcBAXASIO/Al/4rFrZF4Otda8KFnVMSgVsH0G3MBkVcHOe2CP/4
EjIKJAFVEiCh/OQ2OFT/iIz/S454ddYAwmgjkEEqjPebN9CxEUiw+hIINTE0Lmpzb24YARIxCiQBVRIgofzkNjhU/4iM/0uO
eHXWAMJoI5BBKoz3mzfQsRFIsPoSB0M4Lmpzb24YAQoKCAUSAhAgKCIwEMoBAXASIHECUhQyeV9P+yWdHEiKg7+dScHZEyzW
ktwpJUteCoA0EjIKJAFVEiAtcRZCtyawRAFifKn7rDL1yFMPsZA8xNsCJYcXkhpIgRIIMDIzLmpzb24YARIxCiQBVRIgLXEW
QrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIESBzMzLmpzb24YARIxCiQBVRIgLXEWQrcmsEQBYnyp+6wy9chTD7GQPMTb
AiWHF5IaSIESB0Y3Lmpzb24YAQoKCAUSAoAJKCIwEKMBAXASILARUSsODeo1A8nesqU0XZRe6OP01KlrTOKeHWRRDngyEjIK
JAFVEiAtcRZCtyawRAFifKn7rDL1yFMPsZA8xNsCJYcXkhpIgRIINTEzLmpzb24YARI9CiQBVRIgAVq9f1zFei3ZS3WQ8ErY
CEJzkF7jPsXOvq5iJ2qX+GISEznjgZXjgY/jgokg6IqxLmpzb24YBwoKCAUSAgIgKCIwECsBVRIgAVq9f1zFei3ZS3WQ8ErY
CEJzkF7jPsXOvq5iJ2qX+GJ7ImEiOjF9mAEBcBIgHz2n61jGjpuk80g1eKwNaTfJoyKp1uLswOH82QUoeRQSMgokAVUSIC1x
FkK3JrBEAWJ8qfusMvXIUw+xkDzE2wIlhxeSGkiBEgg3MTcuanNvbhgBEjIKJAFVEiAtcRZCtyawRAFifKn7rDL1yFMPsZA8
xNsCJYcXkhpIgRIIOTExLmpzb24YAQoKCAUSAgKAKCIwEA==
"""


def blocks_of(dag: Dag) -> Blocks:
    blocks = Blocks()
    for cid, block in dag.items():
        blocks.add(cid, block)
    return blocks


def sharded() -> Blocks:
    return read_car(base64.b64decode(SHARDED_CAR)).blocks


@pytest.mark.parametrize("is_raw", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 9, 10, 40])
def test_a_file_of_any_number_of_pieces_is_read(count: int, is_raw: bool) -> None:
    dag: Dag = {}
    pieces = [bytes([number]) * (number + 1) for number in range(count)]
    root = make_file(pieces, dag, is_raw=is_raw, version=int(is_raw))
    assert read_file(root, "", blocks_of(dag)) == b"".join(pieces)


def test_an_empty_file_is_read() -> None:
    root = parse_cid("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")
    assert read_file(root, "", blocks_of({root: b"\x0a\x04\x08\x02\x18\x00"})) == b""


def test_a_node_may_hold_bytes_and_links() -> None:
    leaf = cid_of(RAW, b"world")
    block = pb_node([(leaf, b"")], fields((1, 2), (2, b"hello "), (3, 11), (4, 5)))
    root = cid_of(DAG_PB, block)
    assert read_file(root, "", blocks_of({root: block, leaf: b"world"})) == b"hello world"


def test_an_inline_piece_is_read_out_of_its_cid() -> None:
    inline = Cid(1, RAW, IDENTITY, b"inline")
    block = pb_node([(inline, b"")], fields((1, 2), (3, 6), (4, 6)))
    root = cid_of(DAG_PB, block)
    assert read_file(root, "", blocks_of({root: block})) == b"inline"


def test_packed_sizes_and_mode_and_time_change_nothing() -> None:
    leaf = cid_of(RAW, b"ab")
    data = fields((1, 2), (3, 4), (4, b"\x02\x02"), (7, 0o644), (8, fields((1, 7))))
    block = pb_node([(leaf, b""), (leaf, b"")], data)
    root = cid_of(DAG_PB, block)
    assert read_file(root, "", blocks_of({root: block, leaf: b"ab"})) == b"abab"


def test_a_path_leads_through_directories() -> None:
    dag: Dag = {}
    inner = make_directory({"1.json": make_file([b"{}"], dag)}, dag)
    root = make_directory({"さくら 花": inner, "other": inner}, dag, version=0)
    blocks = blocks_of(dag)
    assert read_file(root, "さくら 花/1.json", blocks) == b"{}"
    assert read_file(root, "//other/./x/../1.json/", blocks) == b"{}"


@pytest.mark.parametrize("number", range(24))
def test_a_sharded_directory_is_searched(number: int) -> None:
    assert read_file(parse_cid(SHARDED), f"{number}.json", sharded()) == b"yx"[number % 2 :][:1]


def test_a_sharded_directory_is_searched_for_a_name_that_is_not_ascii() -> None:
    assert read_file(parse_cid(SHARDED), "さくら 花.json", sharded()) == b'{"a":1}'


@pytest.mark.parametrize("name", ["24.json", "x", "0", "00.json", "さくら", "0" * 300])
def test_a_name_that_a_sharded_directory_does_not_hold_is_absent(name: str) -> None:
    with pytest.raises(NoSuchPathError):
        read_file(parse_cid(SHARDED), name, sharded())


def test_names_are_hashed_as_the_specification_does() -> None:
    # MurmurHash3 x64 128, seed 0: first half, from the reference implementation.
    assert hash_name(b"") == 0
    assert hash_name(b"hello") == 0xCBD8A7B341BD9B02
    assert hash_name(b"hello, world") == 0x342FAC623A5EBC8E
    assert hash_name(b"The quick brown fox jumps over the lazy dog.") == 0xCD99481F9EE902C9


@pytest.mark.parametrize("path", ["2.json", "1.json/x", "1.json/x/y"])
def test_a_path_that_leads_nowhere_is_proven_absent(path: str) -> None:
    dag: Dag = {}
    root = make_directory({"1.json": make_file([b"{}"], dag)}, dag)
    with pytest.raises(NoSuchPathError):
        read_file(root, path, blocks_of(dag))


@pytest.mark.parametrize("path", ["", "inner"])
def test_a_directory_is_not_a_file(path: str) -> None:
    dag: Dag = {}
    root = make_directory({"inner": make_directory({}, dag)}, dag)
    with pytest.raises(MalformedBlockError, match="not a file but a directory"):
        read_file(root, path, blocks_of(dag))


def test_every_missing_block_is_noticed() -> None:
    whole: Dag = {}
    root = make_file([b"a", b"b", b"c", b"d", b"e"], whole)
    for missing in whole:
        rest = {cid: block for cid, block in whole.items() if cid != missing}
        with pytest.raises(MissingBlockError):
            read_file(root, "", blocks_of(rest))


@pytest.mark.parametrize(
    "data",
    [
        fields((1, 2), (3, 5), (4, 4)),  # filesize is not the sum
        fields((1, 2), (3, 5), (4, 5)),  # the piece is shorter than stated
        fields((1, 2), (3, 3), (4, 3)),  # ... and longer
        fields((1, 2), (3, 4)),  # a piece without a size
        fields((1, 2), (3, 8), (4, 4), (4, 4)),  # a size without a piece
        fields((1, 2), (3, 4), (4, 4), (3, 4)),  # said twice
        fields((1, 9), (3, 4), (4, 4)),
        fields((3, 4), (4, 4)),
        fields((1, 4), (2, b"/etc/passwd")),
        fields((1, 3)),
        b"\xff",
        b"",
    ],
)
def test_sizes_and_kinds_that_do_not_fit_are_refused(data: bytes) -> None:
    leaf = cid_of(RAW, b"1234")
    block = pb_node([(leaf, b"")], data)
    root = cid_of(DAG_PB, block)
    with pytest.raises(MalformedBlockError):
        read_file(root, "", blocks_of({root: block, leaf: b"1234"}))


def test_an_inner_node_has_to_be_as_large_as_its_parent_says() -> None:
    leaf = cid_of(RAW, b"1234")
    inner = pb_node([(leaf, b"")], fields((1, 2), (3, 4), (4, 4)))
    middle = cid_of(DAG_PB, inner)
    outer = pb_node([(middle, b"")], fields((1, 2), (3, 3), (4, 3)))
    root = cid_of(DAG_PB, outer)
    with pytest.raises(MalformedBlockError):
        read_file(root, "", blocks_of({root: outer, middle: inner, leaf: b"1234"}))


@pytest.mark.parametrize("fanout", [0, 1, 7, 12, 2048, 2**40])
def test_a_shard_with_an_odd_number_of_buckets_is_refused(fanout: int) -> None:
    block = pb_node([], fields((1, 5), (5, 0x22), (6, fanout)))
    root = cid_of(DAG_PB, block)
    with pytest.raises(MalformedBlockError):
        read_file(root, "x", blocks_of({root: block}))


def test_a_shard_of_another_hash_is_refused() -> None:
    block = pb_node([], fields((1, 5), (5, 0x12), (6, 256)))
    root = cid_of(DAG_PB, block)
    with pytest.raises(MalformedBlockError):
        read_file(root, "x", blocks_of({root: block}))


def test_two_entries_of_one_name_are_refused() -> None:
    one, two = cid_of(RAW, b"1"), cid_of(RAW, b"2")
    block = pb_node([(one, b"x"), (two, b"x")], fields((1, 1)))
    root = cid_of(DAG_PB, block)
    with pytest.raises(MalformedBlockError):
        read_file(root, "x", blocks_of({root: block, one: b"1", two: b"2"}))


def test_a_bomb_of_repeated_blocks_ends_at_the_limit() -> None:
    dag: Dag = {}
    block, size = b"x" * 1000, 1000
    cid = cid_of(RAW, block)
    dag[cid] = block
    for _ in range(10):
        size *= 10
        sizes = [(4, size // 10)] * 10
        block = pb_node([(cid, b"")] * 10, fields((1, 2), (3, size), *sizes))
        cid = cid_of(DAG_PB, block)
        dag[cid] = block
    with pytest.raises(LimitError):
        read_file(cid, "", blocks_of(dag))


def test_a_bomb_of_empty_blocks_ends_at_the_limit() -> None:
    dag: Dag = {}
    cid = make_file([b""], dag)
    for _ in range(20):
        block = pb_node([(cid, b"")] * 10, fields((1, 2), (3, 0), *[(4, 0)] * 10))
        cid = cid_of(DAG_PB, block)
        dag[cid] = block
    with pytest.raises(LimitError):
        read_file(cid, "", blocks_of(dag))


def test_a_bomb_of_blocks_that_are_slow_to_read_ends_at_the_limit() -> None:
    filler = fields((1, 2), (3, 0), *[(9, 0)] * 50_000)
    slow = pb_node([], filler)
    leaf = cid_of(DAG_PB, slow)
    block = pb_node([(leaf, b"")] * 4000, fields((1, 2), (3, 0), *[(4, 0)] * 4000))
    root = cid_of(DAG_PB, block)
    with pytest.raises(LimitError):
        read_file(root, "", blocks_of({root: block, leaf: slow}), Limits(max_overhead_bytes=10**6))


def test_a_block_of_more_fields_than_anybody_writes_is_refused() -> None:
    block = pb_node([], fields((1, 2), (3, 0), *[(9, 0)] * 70_000))
    root = cid_of(DAG_PB, block)
    with pytest.raises(MalformedBlockError):
        read_file(root, "", blocks_of({root: block}))


def test_a_chain_deeper_than_the_limit_is_refused() -> None:
    dag: Dag = {}
    cid = make_file([b"x"], dag)
    for _ in range(33):
        block = pb_node([(cid, b"")], fields((1, 2), (3, 1), (4, 1)))
        cid = cid_of(DAG_PB, block)
        dag[cid] = block
    with pytest.raises(LimitError):
        read_file(cid, "", blocks_of(dag))
    assert read_file(cid, "", blocks_of(dag), Limits(max_depth=33)) == b"x"


def test_a_file_beyond_the_limit_is_refused_before_its_pieces_are_asked_for() -> None:
    block = pb_node([(cid_of(RAW, b"x"), b"")], fields((1, 2), (3, 101), (4, 101)))
    root = cid_of(DAG_PB, block)
    with pytest.raises(LimitError):
        read_file(root, "", blocks_of({root: block}), Limits(max_bytes=100))


def test_a_raw_block_beyond_the_limit_is_refused() -> None:
    root = cid_of(RAW, b"x" * 101)
    with pytest.raises(LimitError):
        read_file(root, "", blocks_of({root: b"x" * 101}), Limits(max_bytes=100))


def test_a_path_leads_through_dag_cbor_and_dag_json() -> None:
    leaf = cid_of(RAW, b"image")
    link = b"\xd8\x2a\x58\x25\x00" + leaf.binary
    cbor = b"\xa1\x66images\x82\x00" + link
    outer = cid_of(DAG_CBOR, cbor)
    text = f'{{"a": {{"b": {{"/": "{outer}"}}}}}}'.encode()
    root = cid_of(DAG_JSON, text)
    blocks = blocks_of({leaf: b"image", outer: cbor, root: text})
    assert read_file(root, "a/b/images/1", blocks) == b"image"
    assert read_file(root, "", blocks) == text
    for path in ("a/c", "a/b/images/2", "a/b/images/x"):
        with pytest.raises(NoSuchPathError):
            read_file(root, path, blocks)
    with pytest.raises(MalformedBlockError):
        read_file(root, "a/b/images/0", blocks)


def test_a_codec_that_is_not_a_file_is_refused() -> None:
    root = cid_of(0x90, b"x")
    with pytest.raises(MalformedBlockError):
        read_file(root, "", blocks_of({root: b"x"}))


def test_blocks_are_verified_with_each_hash_that_is_accepted() -> None:
    blake3 = pytest.importorskip("blake3")
    for code, digest in (
        (SHA2_256, hashlib.sha256(b"x").digest()),
        (SHA2_512, hashlib.sha512(b"x").digest()),
        (BLAKE3, blake3.blake3(b"x").digest()),
        (IDENTITY, b"x"),
    ):
        verify_block(Cid(1, RAW, code, digest), b"x")
        with pytest.raises(WrongBlockError):
            verify_block(Cid(1, RAW, code, digest), b"y")


@pytest.mark.parametrize(
    "cid",
    [
        Cid(1, RAW, 0x11, hashlib.sha1(b"x").digest()),
        Cid(1, RAW, SHA2_256, hashlib.sha256(b"x").digest()[:4]),
        Cid(1, RAW, 0xD5, hashlib.md5(b"x").digest()),
    ],
)
def test_a_weak_or_shortened_hash_proves_nothing(cid: Cid) -> None:
    with pytest.raises(UnverifiableError):
        verify_block(cid, b"x")


def test_dots_in_a_path_lead_no_higher_than_its_root() -> None:
    assert split_path("../../a/../b/./c//") == (b"b", b"c")
    assert split_path("a\udcff") == (b"a\xff",)
    assert split_path("\ud800") == (b"\xed\xa0\x80",)
