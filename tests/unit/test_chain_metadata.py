"""What metadata name and say, and the text of commits: hostile bytes included."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.consent.chain.commit_data import find_creator, read_commit_data
from models.consent.chain.metadata import Reading, apply_default
from models.consent.chain.naming import locate_in_ipfs, name_images
from models.consent.ipfs.cid import DAG_PB, RAW, SHA2_256, Cid
from models.consent.purposes import ALL_PURPOSES, Preference, stricter
from models.consent.reading_json import Pairs, read_json
from models.consent.statements import Condition, Statement

DIGEST = hashlib.sha256(b"image")
CID = Cid(1, DAG_PB, SHA2_256, DIGEST.digest())
LEAF = Cid(1, RAW, SHA2_256, DIGEST.digest())
NO = Preference.NOT_ALLOWED

PREFERENCES = st.dictionaries(
    st.sampled_from(ALL_PURPOSES),
    st.sampled_from([Preference.ALLOWED, Preference.CONSTRAINED, NO]),
)
STATEMENTS = st.none() | st.builds(
    Statement,
    st.just("erc721"),
    st.just("token"),
    PREFERENCES,
    st.sampled_from(list(Condition)),
)


def named(**fields: Any) -> list[str]:
    document = read_json(json.dumps(fields).encode())
    assert isinstance(document, Pairs)
    return [str(subject) for subject in name_images(document)]


@pytest.mark.parametrize(
    "image",
    [
        f"ipfs://{CID.canonical}",
        f"ipfs://ipfs/{CID.spellings[1]}",
        f"https://gateway.example/ipfs/{CID.canonical}?x=1",
        f"https://{CID.canonical}.ipfs.gateway.example/",
        f"IPFS://{CID.canonical}",
        CID.spellings[1],
    ],
)
def test_an_image_in_ipfs_is_named_by_one_cid_however_it_is_spelled(image: str) -> None:
    assert f"cid:{CID.canonical}" in named(image=image)


def test_a_file_below_a_folder_is_not_named_by_the_folders_cid() -> None:
    assert named(image=f"ipfs://{CID.canonical}/7.png") == [f"url:ipfs://{CID.canonical}/7.png"]


def test_a_cid_of_one_block_names_the_files_own_hash() -> None:
    assert f"sha256:{DIGEST.hexdigest()}" in named(assetCid=LEAF.canonical)


def test_hashes_addresses_and_images_on_chain_are_named() -> None:
    found = named(
        image="HTTPS://A.example:443/7.png#top",
        image_data="<svg/>",
        sha256="0x" + "AB" * 32,
        properties={"image_url": "data:image/png;base64,aGVsbG8="},
    )
    assert set(found) == {
        "url:https://a.example/7.png",
        f"sha256:{hashlib.sha256(b'<svg/>').hexdigest()}",
        f"sha256:{'ab' * 32}",
        f"sha256:{hashlib.sha256(b'hello').hexdigest()}",
    }


@pytest.mark.parametrize("value", [7, None, [], {}, "", "x" * 20000, "data:,", "http://", "//["])
def test_what_names_nothing_names_nothing(value: Any) -> None:
    assert named(image=value, assetCid=value, sha256=value) == []


def test_a_document_names_no_more_than_it_may() -> None:
    pairs = Pairs(("image", f"https://a.example/{n}.png") for n in range(1000))
    assert len(name_images(pairs)) == 32


@given(st.text(max_size=200))
def test_no_address_breaks_the_reader(text: str) -> None:
    named(image=text, assetCid=text, sha256=text, image_data=text)
    locate_in_ipfs(text)


@settings(deadline=None)
@given(STATEMENTS, STATEMENTS, st.booleans())
def test_a_default_is_lifted_only_by_a_tokens_own_sound_and_authentic_value(
    own: Statement | None, default: Statement | None, authentic: bool
) -> None:
    said = apply_default(Reading(own, (), authentic), default)
    for purpose in ALL_PURPOSES:
        value = Preference.UNKNOWN
        for statement in said:
            value = stricter(value, statement.preference(purpose))
        if default is None or default.preference(purpose) is not NO:
            continue
        lifts = (
            own is not None
            and authentic
            and own.condition is Condition.SOUND
            and default.condition in (Condition.SOUND, Condition.UNDETERMINED)
            and own.preference(purpose) is not Preference.UNKNOWN
        )
        assert value is NO or lifts


@settings(deadline=None)
@given(STATEMENTS, STATEMENTS, st.booleans())
def test_what_a_token_says_itself_always_stands(
    own: Statement | None, default: Statement | None, authentic: bool
) -> None:
    said = apply_default(Reading(own, (), authentic), default)
    if own is not None:
        assert replace(said[0], notes=()) == own


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace")))
def test_no_text_of_a_commit_breaks_the_reader(text: bytes) -> None:
    data = read_commit_data(text, "commit", CID)
    assert data.statement is None or data.statement.condition is not Condition.TAMPERED
    find_creator(text, text.decode("latin-1"), CID)


@pytest.mark.parametrize("key", ["assetTreeCid", "assetTreeCID", "asset_tree_cid", "AssetTreeCid"])
@pytest.mark.parametrize("value", [LEAF.canonical, f"ipfs://{LEAF.canonical}"])
def test_a_commit_names_its_asset_tree_in_any_spelling(key: str, value: str) -> None:
    data = read_commit_data(json.dumps({key: value}).encode(), "commit", CID)
    assert (data.tree, data.required) == (f"ipfs://{LEAF.canonical}", True)


def test_two_asset_trees_are_malformed() -> None:
    text = json.dumps({"assetTreeCid": LEAF.canonical, "assetTreeCID": CID.spellings[1] + "/x"})
    data = read_commit_data(text.encode(), "commit", CID)
    assert data.tree == ""
    assert data.statement is not None
    assert data.statement.condition is Condition.MALFORMED


def test_a_refusal_beside_a_broken_asset_tree_is_kept() -> None:
    text = b'{"assetTreeCid": 7, "dataMiningPreference": {"aiTraining": "notAllowed"}}'
    statement = read_commit_data(text, "commit", CID).statement
    assert statement is not None
    assert NO in statement.preferences.values()
    assert statement.condition is Condition.MALFORMED


def test_a_commit_that_repeats_the_assets_own_cid_names_no_tree() -> None:
    assert read_commit_data(CID.canonical.encode(), "commit", CID).tree == ""


def test_an_asset_tree_that_names_two_wallets_has_no_creator() -> None:
    wallet = "0x" + "1" * 40
    tree = f'{{"creatorWallet": "{wallet}", "creatorWallet": "{wallet}", "assetCid": "{CID}"}}'
    assert find_creator(tree.encode(), "0x" + "00" * 65, CID)[0] == ""
