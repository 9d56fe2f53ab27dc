"""The CIDs of a file are those that the common tools give it."""

from __future__ import annotations

import hashlib

import pytest

from models.consent.ipfs.cid import RAW, parse_cid
from models.consent.ipfs.hashing import cids_of, hash_leaf, root_of

MIB = 1024 * 1024


def pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


# Made with the JavaScript package ipfs-unixfs-importer 17.1.1 out of bytes that count to 250 over
# and over: its profile unixfs-v0-2015; 256 KiB pieces in CIDv1 with raw leaves; its profile
# unixfs-v1-2025; 256 KiB pieces in CIDv1 with wrapped leaves.
ADDED = {
    0: (
        "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y",
    ),
    1: (
        "QmS9JArPwa55ePgDnyg6TzX24mYTS1b1vLqWNebyVotKxQ",
        "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu",
        "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu",
        "bafybeibyqyrkx66boqbutl5oktknecxgnl43cipcls3knonfmi727rdtnu",
    ),
    262_144: (
        "QmeqfRyS3vkku7n6krqC3DgGMex3x2sCpSeKMDmrG13QQq",
        "bafkreibruh455iawsviqslif5c7uurdcfdemh22mtnytyzvnzn75kpejxy",
        "bafkreibruh455iawsviqslif5c7uurdcfdemh22mtnytyzvnzn75kpejxy",
        "bafybeihvfgtilxh7thaf7o5zmjiissdd4swdao3qfltyhm62x2v3ubyasi",
    ),
    262_145: (
        "QmUSjGawaz4ptvREcMKSMJneWCa5j8dAz2wSAAvHtW2rnB",
        "bafybeiexg2oqkfnj56l7fcmawswqbijt5shq4b5rg6a546uwpkqqzwjioi",
        "bafkreidkcavdl3yt2jt36sd4cuqnqk2p6vaxq66iykemz6mk527hnbqbni",
        "bafybeidas2dvcqxlierzany6rt2e43v3yojj5ls4b7o7owukcgsgiarvrq",
    ),
    1_048_576: (
        "QmXgkY4miMKJBrg8YYke4xw6C2n8WNsUc1GXLhN84k4QM3",
        "bafybeiedpcapwld4tkgtzwahfofgn4wex5ryysf4se6hwpmlrsh4ntnrau",
        "bafkreidddocae7lltzjlkooe5a3tmiwsgazn7logjvqk7bzttsidpzhxne",
        "bafybeig6dzltgwskimoljyivhmtis7azvhvf2gk2pbhv5eul47unt5ekte",
    ),
    1_048_577: (
        "QmXFGdWM6dMXHxGby9dZifmvH5ws2MwYCE1paUfJSp3Kj6",
        "bafybeig7rd7v2ygpkiiyu3kzsojmrj3ujtinivk7fxid5p33t6kdewzvsm",
        "bafybeidjogjfwuhbzwopgd4bn3skcf5m6oz72xshywcndzxgqb623nfclu",
        "bafybeicqvkomewi24wnb6wfqahaepbid4wjciwgtf4y7vhtpvwxc2av5yu",
    ),
    52_428_800: (
        "QmQMTBSHqHsUg1xgFQWfpJFC3A2gJkiL4YoKovHAF7iQpT",
        "bafybeib36v34v7aqrbffbhtongtcq3xseakzlsoddoblzg3tykpepq5gt4",
        "bafybeigchohdok35kacsoox7yh5krcg222y7bq6jgkx5ywbw7mjpbhxahy",
        "bafybeic2uhiftsnn5c2y2szosxpvtxnr4446y7zrv76it4pmzf6r2nx454",
    ),
}
# The same with pieces and links so few that small files have deep trees.
SMALL = [
    (
        1,
        4,
        3,
        "QmS9JArPwa55ePgDnyg6TzX24mYTS1b1vLqWNebyVotKxQ",
        "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu",
        "bafybeibyqyrkx66boqbutl5oktknecxgnl43cipcls3knonfmi727rdtnu",
    ),
    (
        4,
        4,
        3,
        "QmSpgrxS7GV2xivpNPmgy8YPyPhSDmTJumDwv3RGNBXjE9",
        "bafkreiafj3pmdubbd5re73imxsu5j6kabmheshcdoqvpfrnqvpv7bsmq3a",
        "bafybeicctvy32tvo74e2gbwz7soucjycipxm34vh5rw7bop6dscdzqk2ci",
    ),
    (
        12,
        4,
        3,
        "QmVyBTWKNq9Hrk6QDeg6qAqQrF1jiSchichpC3i6edekov",
        "bafybeiescpchc5ia7pu7ztozfeiu6k4yith5dbt3r43xshnyudv7krmtae",
        "bafybeifqkhojklranx2u2phzbac7onxnh23u27nk5o63d5l7uig6j37l4m",
    ),
    (
        13,
        4,
        3,
        "Qmc1Du5QVrAgTSdvJecBgekPgVZfaTxdYMrGXmQ62L9n5Q",
        "bafybeigioqx7mhmr5omwrkizhlha6jprh2gzlqmazplk4cj2ezmbx6lhei",
        "bafybeibhl43czazbnq4z3ypddlbv2slpkehjwod6gu4evlsclou6y5nhxe",
    ),
    (
        36,
        4,
        3,
        "QmSrLbaad7uec55vAJfn39XBCsppQtT8ivcRnAJMvzfhNA",
        "bafybeiazbw7qde46yxbdyyv4rzu3cbrk2cf7f3h7vtbpbzhooueqfws6ti",
        "bafybeig6czphcseoappgrmrz6zbhb2ofjx4c2qd43ikrhoc2ymngteqvz4",
    ),
    (
        37,
        4,
        3,
        "QmYD7tcjqnMfeEXS4sRvUBevtzcpxRLCFKSD83NXVEmX2J",
        "bafybeidiwnloirt3sptf4j5vz6iif5pod6yee4z23t57sftychzrp2n4ge",
        "bafybeicdejjdehcil464fkvqnbiy7e64ktz6yr2zz7ezl475riyx5wbc6i",
    ),
    (
        108,
        4,
        3,
        "QmdPVRLeYcnkUz63MEcFPWfnfLhzEMY4AjYK4iGUfX8nMe",
        "bafybeifkinfsm2fujjoekag7yheqoh2modzg4md4d3wlotmykqz3giqbay",
        "bafybeiarl6lz4adz75o5wwx2ag7khe7xx6ufya45whmshbgespfrkepb6q",
    ),
    (
        109,
        4,
        3,
        "QmThZomnMt4M1vQLJNm1BuHSnEQhK5j3Cv65eEpdoUGp3K",
        "bafybeihqjgih5vr3po3xckv2yf67fsl7qf6mgclby5ik7to5zm6knpzbli",
        "bafybeif2u6z2c4d26egj5vd4yllnq3qoi7jt7urcg2ak3dggk7s5oupuou",
    ),
    (
        1000,
        7,
        2,
        "QmPjWMYmUo9exzt1gTHZgdCu1AZbKnmm6C176eNSs4C7RH",
        "bafybeidgc3zzhi64i5xdyrpv2hbbddoaupeh3lyzmtwgmpdgkbvhdt2b4e",
        "bafybeibenlncv5dfko2z362oygkrvuhp7xxyvto4wy77b5vm6bpyhjp6oi",
    ),
]


@pytest.mark.parametrize("size", sorted(ADDED))
def test_a_file_has_the_cids_that_common_tools_give_it(size: int) -> None:
    data = pattern(size)
    raw = parse_cid("f01551220" + hashlib.sha256(data).hexdigest())
    assert set(cids_of(data)) == {raw, *map(parse_cid, ADDED[size])}


def test_the_raw_block_stands_first_whatever_the_size() -> None:
    for size in (0, 1, MIB, MIB + 1, 3 * MIB):
        first = cids_of(pattern(size))[0]
        assert first.codec == RAW
        assert first.digest == hashlib.sha256(pattern(size)).digest()


def test_a_small_file_has_one_cid_for_each_way_of_wrapping() -> None:
    assert [cid.version for cid in cids_of(b"small")] == [1, 0]


def test_a_view_of_bytes_has_the_cids_of_the_bytes() -> None:
    assert cids_of(memoryview(b"xhellox")[1:-1]) == cids_of(b"hello")


@pytest.mark.parametrize(("size", "cut", "width", "v0", "raw_leaves", "wrapped"), SMALL)
def test_trees_of_any_depth_are_those_that_common_tools_build(
    size: int, cut: int, width: int, v0: str, raw_leaves: str, wrapped: str
) -> None:
    pieces = [pattern(size)[at : at + cut] for at in range(0, size, cut)]
    for is_raw, version, expected in (
        (False, 0, v0),
        (True, 1, raw_leaves),
        (False, 1, wrapped),
    ):
        leaves = [hash_leaf(piece, is_raw=is_raw, version=version) for piece in pieces]
        assert root_of(leaves, width, version) == parse_cid(expected)
