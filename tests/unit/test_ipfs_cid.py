"""CIDs: one name for the same bytes, however it is spelled, and found wherever it stands."""

from __future__ import annotations

import base64
import hashlib

import pytest

from models.consent.ipfs.cid import DAG_PB, IDENTITY, RAW, CidError, find_cids, parse_cid

# Spellings as the JavaScript package multiformats 13 writes them.
V0 = "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR"
V1 = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
SPELLINGS = (
    V1,
    V0,
    "BAFYBEIGDYRZT5SFP7UDM7HU76UH7Y26NF3EFUYLQABF3OCLGTQY55FBZDI",
    "zdj7Wic6KcJAfWz1c9o4M6kq9Lwd5BfbxkVafnrojaaGiSFxM",
    "k2jmtxw8rjh1z69c6not3wtdxb0u3urbzhyll1t9jg6ox26dhi5sfi1m",
    "f01701220c3c4733ec8affd06cf9e9ff50ffc6bcd2ec85a6170004bb709669c31de94391a",
)
RAW_SPELLINGS = (
    "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
    "BAFKREIFZJUT3TE7NHYEKKLSS27NH3K72YSCO7Y32KOAO5EEI66WOF36N5E",
    "zb2rhj7crUKTnAexXeNtwwGab64iCucyZRUQMJpVT3ZfmdKw6",
    "k2cwued9o1pvrtdyeqv3ov1f7v2eyx94t97ynadv3gahvoxaj99ik8h5",
)
IPNS_NAME = "k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_read_as_the_same_cid(spelling: str) -> None:
    assert parse_cid(spelling) == parse_cid(V1)
    assert parse_cid(spelling).canonical == V1


def test_a_cid_is_spelled_in_every_way_that_people_use() -> None:
    assert set(parse_cid(V0).spellings) == set(SPELLINGS)


def test_a_cid_that_is_not_dag_pb_has_no_spelling_of_version_0() -> None:
    cid = parse_cid(RAW_SPELLINGS[0])
    assert cid.codec == RAW
    assert not any(spelling.startswith("Qm") for spelling in cid.spellings)
    assert {parse_cid(spelling) for spelling in cid.spellings} == {cid}


def test_raw_and_dag_pb_of_one_digest_are_different_cids() -> None:
    dag_pb = parse_cid(V1)
    raw = parse_cid("bafkrei" + V1.removeprefix("bafybei"))
    assert raw.codec == RAW
    assert raw.digest == dag_pb.digest
    assert raw != dag_pb


@pytest.mark.parametrize("prefix", ["c", "v", "V", "m", "u", "F", "K"])
def test_rarer_alphabets_are_read(prefix: str) -> None:
    data = b"\x01" + bytes([DAG_PB]) + parse_cid(V1).multihash
    text = {
        "c": base64.b32encode(data).decode().lower(),
        "v": base64.b32hexencode(data).decode().rstrip("=").lower(),
        "V": base64.b32hexencode(data).decode().rstrip("="),
        "m": base64.b64encode(data).decode().rstrip("="),
        "u": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "F": data.hex().upper(),
        "K": SPELLINGS[4][1:].upper(),
    }[prefix]
    assert parse_cid(prefix + text).canonical == V1


def test_a_host_name_that_lost_its_case_is_still_a_cid() -> None:
    assert parse_cid("bAfYbEi" + V1[7:].upper()).canonical == V1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "Qm",
        "hello",
        V1[:-1],
        V1 + "a",
        V1 + " ",
        "z" + V0,  # CIDv0 has no multibase prefix
        V0.lower(),
        V0.replace("Q", "0", 1),
        V1.replace("bafy", "baf1", 1),
        "f" + "02" + "551220" + "00" * 32,  # version 2
        "f" + "01551214" + "00" * 20,  # a shortened SHA-256 could be forged
        "f" + "015500" + "ff01" + "00" * 255,  # inline content beyond what anybody writes
        "f01551220" + "00" * 31,
        "f01551220" + "00" * 33,
        "f0155" + "80" * 12 + "00",
        "b" + "a" * 600,
        "bafkreié",
        "\ud800" * 46,
    ],
)
def test_what_is_not_a_cid_is_refused(text: str) -> None:
    with pytest.raises(CidError):
        parse_cid(text)


def test_inline_content_stands_in_the_cid_itself() -> None:
    cid = parse_cid("bafkqaddimvwgy3zao5xxe3debi")
    assert (cid.codec, cid.hash_code, cid.digest) == (RAW, IDENTITY, b"hello world\n")


@pytest.mark.parametrize(
    "text",
    [
        V0,
        f"ipfs://{V0}/1.json",
        f"ipfs://ipfs/{V0}",
        f"https://gateway.example/ipfs/{V1}/a%20b.png?x=1",
        f"https://{V1}.ipfs.dweb.link/1.json",
        f"https://{SPELLINGS[4]}.ipfs.example:8080",
        f"HTTPS://{V1.upper()}.IPFS.DWEB.LINK/",
        f'{{"image":"ipfs://{SPELLINGS[3]}"}}',
        f"see {V1}, please",
        f"{V0}.json",
        f"https://proxy.example/?url=ipfs%3A%2F%2F{V0}%2F1.json",
        f"https://proxy.example/?url=https%253A%252F%252Fgw.example%252Fipfs%252F{V0}",
        f"assetCid={SPELLINGS[5]}",
    ],
)
def test_cids_are_found_in_uris_paths_hosts_and_text(text: str) -> None:
    assert [cid.canonical for cid in find_cids(text)] == [V1]


def test_cids_are_found_in_order_and_once() -> None:
    text = f"{RAW_SPELLINGS[0]} ipfs://{V0} {V1} /ipfs/{RAW_SPELLINGS[2]}"
    assert [cid.canonical for cid in find_cids(text)] == [RAW_SPELLINGS[0], V1]


def test_inline_content_is_found_behind_ipfs_only() -> None:
    assert find_cids("ipfs://bafkqaddimvwgy3zao5xxe3debi") != ()
    assert find_cids("the word bafkqaddimvwgy3zao5xxe3debi alone") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"ipns://{IPNS_NAME}",
        f"https://{IPNS_NAME}.ipns.dweb.link",
        hashlib.sha256(b"x").hexdigest(),
        "f" + hashlib.sha256(b"x").hexdigest()[1:],
        "0x" + "f" * 64,
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzd",
        "supercalifragilisticexpialidocioussupercalifragilisticexpialidocious",
        "https://example.org/ipfs/readme.html",
    ],
)
def test_what_is_no_content_is_not_found(text: str) -> None:
    assert find_cids(text) == ()


def test_a_long_text_is_searched_in_linear_time() -> None:
    for text in ("k" + "a" * 500 + " ", "ipfs:", "/ipfs/", "a", "%25", "Qm"):
        assert find_cids(text * (300_000 // len(text))) == ()
