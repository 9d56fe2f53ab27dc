"""Gathering from a real chain and a real gateway, to the verdict that each situation leads to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.canonical import digest_bytes
from models.consent.chain import enumeration
from models.consent.declarations import observe_declaration
from models.consent.declaring.signing import (
    SigningKey,
    draft_statement,
    sign_statement,
    write_document,
)
from models.consent.evidence.recording import record
from models.consent.ipfs.hashing import cids_of
from models.consent.resolution import ConsentDecision
from models.consent.signed.consent_statement import Scheme, digest_statement
from tests.anvil import CHAIN, KEYS, Anvil, Contract, start_anvil
from tests.faulty_node import FaultyNode, Reply, listed, pass_on, refusal, start_faulty_node
from tests.fetching_servers import respond, serving
from tests.ipfs_dags import LocalGateway, serve
from tests.studio import DAY, Studio, contract_on_file, inline, now, preference, table

GRANT = {"aiTraining": "allowed"}
REFUSAL = {"aiTraining": "notAllowed"}
CLEAR = ("clear", "consent_granted")
ABSENT = ("exclude", "consent_absent")
REFUSED = ("exclude", "consent_refused")
UNPROVEN = ("exclude", "grant_unauthenticated")


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    # Blocks that are mined at once are a second apart: begun today, they would lie in the future.
    with start_anvil("--timestamp", str(now() - DAY)) as anvil:
        yield anvil


@pytest.fixture
def studio(chain: Anvil, tmp_path: Path) -> Iterator[Studio]:
    made = Studio(tmp_path)
    with serve(LocalGateway(made.dag)) as gateway:
        made.set_up("", consent_rpc={CHAIN: chain.url}, ipfs_gateways=(gateway.url,))
        yield made
        made.close()


@pytest.fixture
def tokens(chain: Anvil) -> Contract:
    return chain.deploy("picture_tokens", True, False)


def recognised(contract: Contract, **terms: Any) -> str:
    """A collection of the policy."""
    return table("collection", chain=CHAIN, contract=contract.address, holder="Studio", **terms)


def of_image(data: bytes, uses: dict[str, str] | None, **more: Any) -> str:
    """Metadata on chain that names an image by its digest."""
    said = preference(**uses) if uses else {}
    return inline({"sha256": digest_bytes(data), **said, **more})


def named(contract: Contract, token: int) -> dict[str, Any]:
    """A sidecar that names a token."""
    return {"chain": 31337, "contract": contract.address, "token_id": token}


def gather(studio: Studio, chain: Anvil, **how: Any) -> None:
    """Gather from the chain, once everything so far is final."""
    chain.finalize()
    found = studio.gather("chain", **how)
    assert found.problems == []


def levels(decision: ConsentDecision) -> list[str]:
    return [decision.statements[i].trust.levels for i in decision.decided_by]


def test_verified_metadata_of_a_recognised_collection_clears_the_image_that_it_names(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("7.png", 7)
    studio.draw("8.png", 8)
    folder = studio.publish({"7.png": image, "6.png": b"another"})
    document = json.dumps({"image": f"{folder}/7.png", **preference(**GRANT)}).encode()
    tokens.send("mint", chain.accounts[1], 7, f"ipfs://{studio.publish_file(document)}")
    studio.set_up(recognised(tokens))
    gather(studio, chain)
    assert studio.verdict("7.png") == CLEAR
    assert levels(studio.decide("7.png")) == ["L1+L2+L3+L4"]
    assert studio.verdict("8.png") == ABSENT


def test_what_an_unrecognised_contract_grants_is_a_claim_and_what_it_refuses_counts(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    granted, refused = (studio.draw(f"{n}.png", n, **named(tokens, n)) for n in (1, 2))
    tokens.send("mint", chain.accounts[1], 1, of_image(granted, GRANT))
    tokens.send("mint", chain.accounts[1], 2, of_image(refused, REFUSAL))
    studio.set_up("")
    gather(studio, chain)
    assert studio.verdict("1.png") == UNPROVEN
    assert studio.verdict("2.png") == REFUSED


def test_a_contract_on_file_does_not_beat_the_token_that_a_sidecar_names(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1, **named(tokens, 1))
    tokens.send("mint", chain.accounts[1], 1, of_image(image, REFUSAL))
    studio.set_up(contract_on_file())
    assert studio.verdict("1.png") == ("clear", "consent_contract")
    gather(studio, chain)
    assert studio.verdict("1.png") == REFUSED


def test_a_collection_is_recognised_no_longer_than_the_policy_says(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, GRANT))
    studio.set_up(recognised(tokens))
    gather(studio, chain)
    assert studio.verdict("1.png") == CLEAR
    studio.set_up("")
    assert studio.verdict("1.png") == UNPROVEN
    assert "recognise" in " ".join(studio.decide("1.png").statements[0].notes)


def test_single_tokens_of_a_contract_may_be_recognised_and_others_can_refuse(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    for n in (1, 2, 3):
        image = studio.draw(f"{n}.png", n, **named(tokens, n))
        tokens.send("mint", chain.accounts[1], n, of_image(image, REFUSAL if n == 3 else GRANT))
    studio.set_up(recognised(tokens, tokens=[1]))
    gather(studio, chain)
    verdicts = [studio.verdict(f"{n}.png") for n in (1, 2, 3)]
    assert verdicts == [CLEAR, UNPROVEN, REFUSED]
    studio.set_up(recognised(tokens, tokens=[1, 2]))
    gather(studio, chain)
    assert studio.verdict("2.png") == CLEAR


def test_a_new_refusal_is_found_by_its_event_and_no_other_token_is_read(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    for n in (1, 2):
        image = studio.draw(f"{n}.png", n)
        tokens.send("mint", chain.accounts[1], n, of_image(image, GRANT))
    studio.set_up(recognised(tokens))
    gather(studio, chain)
    assert [studio.verdict(f"{n}.png") for n in (1, 2)] == [CLEAR, CLEAR]
    tokens.send("set_uri", 2, of_image((studio.folder / "set/2.png").read_bytes(), REFUSAL))
    chain.finalize()
    found = studio.gather("chain")
    assert dict(found.looks["erc721"]) == {"read": 1}
    assert [studio.verdict(f"{n}.png") for n in (1, 2)] == [CLEAR, REFUSED]
    assert studio.gather("chain").looks.get("erc721") is None


def test_a_collections_default_refuses_for_tokens_that_are_silent(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    silent, speaking = (studio.draw(f"{n}.png", n) for n in (1, 2))
    tokens.send("mint", chain.accounts[1], 1, of_image(silent, None))
    tokens.send("mint", chain.accounts[1], 2, of_image(speaking, GRANT))
    studio.set_up(recognised(tokens) + contract_on_file())
    gather(studio, chain)
    assert studio.verdict("1.png")[0] == "clear"
    tokens.send("set_collection_uri", inline(preference(**REFUSAL)))
    gather(studio, chain)
    assert studio.verdict("1.png") == REFUSED
    assert studio.verdict("2.png")[0] == "clear"


def test_the_id_of_an_erc_1155_token_stands_in_its_address(studio: Studio, chain: Anvil) -> None:
    images = [studio.draw(f"{n}.png", n) for n in (10, 11)]
    files = {
        f"{n:064x}.json": json.dumps({"sha256": digest_bytes(image), **preference(**uses)}).encode()
        for n, image, uses in zip((10, 11), images, (GRANT, REFUSAL), strict=True)
    }
    several = chain.deploy("multi_tokens", f"{studio.publish(files)}/{{id}}.json")
    for n in (10, 11):
        several.send("mint", chain.accounts[1], n, 5)
    studio.set_up(recognised(several))
    gather(studio, chain)
    assert studio.verdict("10.png") == CLEAR
    assert studio.verdict("11.png") == REFUSED


def test_a_token_that_is_burnt_grants_no_more(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, GRANT))
    studio.set_up(recognised(tokens))
    gather(studio, chain)
    tokens.send("burn", 1)
    gather(studio, chain)
    assert studio.verdict("1.png") == ABSENT


def test_a_token_that_a_whole_reading_does_not_find_any_more_grants_no_more(
    studio: Studio, chain: Anvil
) -> None:
    tokens = chain.deploy("picture_tokens", False, False)
    image = studio.draw("1.png", 1)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, GRANT))
    tokens.send("mint", chain.accounts[1], 2, of_image(b"another", GRANT))
    studio.set_up(recognised(tokens))
    gather(studio, chain)
    assert studio.verdict("1.png") == CLEAR
    tokens.send("burn", 1)
    gather(studio, chain, read_all=True)
    assert studio.verdict("1.png") == ABSENT


def test_metadata_that_could_not_be_had_is_asked_for_again_though_nothing_happened(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    other = studio.draw("2.png", 2)
    document = json.dumps({"sha256": digest_bytes(image), **preference(**REFUSAL)}).encode()
    address = f"ipfs://{studio.publish_file(document)}"
    missing = dict(studio.dag)
    studio.dag.clear()
    tokens.send("mint", chain.accounts[1], 1, address)
    tokens.send("mint", chain.accounts[1], 2, of_image(other, GRANT))
    studio.set_up(recognised(tokens) + contract_on_file())
    gather(studio, chain)
    assert studio.verdict("2.png")[0] == "clear"
    studio.dag.update(missing)
    gather(studio, chain)
    assert studio.verdict("1.png") == REFUSED


def test_a_gateway_that_fails_leaves_a_refusal_standing_and_asks_a_person_about_a_grant(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    for n, uses in ((1, GRANT), (2, REFUSAL)):
        image = studio.draw(f"{n}.png", n)
        document = json.dumps({"sha256": digest_bytes(image), **preference(**uses)}).encode()
        tokens.send("mint", chain.accounts[1], n, f"ipfs://{studio.publish_file(document)}")
    studio.set_up(recognised(tokens))
    gather(studio, chain)
    assert [studio.verdict(f"{n}.png") for n in (1, 2)] == [CLEAR, REFUSED]
    studio.dag.clear()
    (problem,) = studio.gather("chain", read_all=True).problems
    assert "Nothing of" in problem
    assert studio.verdict("2.png") == REFUSED
    assert studio.verdict("1.png") == ("review", "consent_undetermined")
    studio.gather("chain", read_all=True)
    assert studio.verdict("1.png") == ("review", "consent_undetermined")


def test_a_collection_that_could_never_be_read_lets_nothing_pass_for_silence(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, REFUSAL))
    chain.finalize()
    policy = recognised(tokens) + contract_on_file()
    for endpoints in ({}, {CHAIN: "http://127.0.0.1:9"}):
        studio.set_up(policy, consent_rpc=endpoints)
        found = studio.gather("chain")
        assert len(found.problems) == 1
        assert studio.verdict("1.png") == ("review", "consent_undetermined")
    studio.set_up(policy, consent_rpc={CHAIN: chain.url})
    gather(studio, chain)
    assert studio.verdict("1.png") == REFUSED
    tokens.send("set_uri", 1, of_image(image, None))
    gather(studio, chain)
    assert studio.verdict("1.png") == ("clear", "consent_contract")


def test_a_chain_that_cannot_be_asked_changes_nothing_of_what_was_read_before(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    for n, uses in ((1, GRANT), (2, REFUSAL)):
        image = studio.draw(f"{n}.png", n)
        tokens.send("mint", chain.accounts[1], n, of_image(image, uses))
    studio.set_up(recognised(tokens))
    gather(studio, chain)
    studio.set_up(recognised(tokens), consent_rpc={})
    found = studio.gather("chain")
    assert len(found.problems) == 1
    assert [studio.verdict(f"{n}.png") for n in (1, 2)] == [CLEAR, REFUSED]
    later = now() + 8 * DAY
    assert studio.verdict("1.png", as_of=later) == ("exclude", "evidence_stale")
    assert studio.verdict("2.png", as_of=later) == REFUSED


@pytest.fixture
def registry(chain: Anvil) -> Contract:
    return chain.deploy("commit_registry")


def registered(contract: Contract, **terms: Any) -> str:
    """A registry of the policy."""
    return table("registry", chain=CHAIN, contract=contract.address, **terms)


def commit_of(**uses: str) -> str:
    return json.dumps(preference(**uses))


def cid_of_file(data: bytes) -> str:
    """The CID under which common tools add a file."""
    return cids_of(data)[0].canonical


def test_a_commit_grants_where_its_recorder_owns_the_token_of_the_image(
    studio: Studio, chain: Anvil, tokens: Contract, registry: Contract
) -> None:
    images = [studio.draw(f"{n}.png", n) for n in (1, 2, 3)]
    for n, image in enumerate(images, 1):
        tokens.send("mint", chain.accounts[1], n, of_image(image, None))
    registry.send("commit", cid_of_file(images[0]), commit_of(**GRANT), sender=1)
    registry.send("commit", cid_of_file(images[1]), commit_of(**GRANT), sender=5)
    registry.send("commit", cid_of_file(images[2]), commit_of(**REFUSAL), sender=5)
    studio.set_up(recognised(tokens) + registered(registry))
    gather(studio, chain)
    assert [studio.verdict(f"{n}.png") for n in (1, 2, 3)] == [CLEAR, UNPROVEN, REFUSED]
    tokens.send("mint", chain.accounts[2], 1, of_image(images[0], None))
    gather(studio, chain)
    assert studio.verdict("1.png") == UNPROVEN


def test_the_owners_later_commit_takes_the_place_of_the_earlier(
    studio: Studio, chain: Anvil, tokens: Contract, registry: Contract
) -> None:
    image = studio.draw("1.png", 1)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, None))
    studio.set_up(recognised(tokens) + registered(registry))
    for uses, verdict in ((REFUSAL, REFUSED), (GRANT, CLEAR), (REFUSAL, REFUSED)):
        registry.send("commit", cid_of_file(image), commit_of(**uses), sender=1)
        gather(studio, chain)
        assert studio.verdict("1.png") == verdict
    registry.send("commit", cid_of_file(image), commit_of(**GRANT), sender=5)
    gather(studio, chain)
    assert studio.verdict("1.png") == REFUSED


@pytest.mark.parametrize(("last", "verdict"), [(GRANT, CLEAR), (REFUSAL, REFUSED)])
def test_of_two_commits_in_one_block_the_later_counts(
    studio: Studio,
    chain: Anvil,
    tokens: Contract,
    registry: Contract,
    last: dict[str, str],
    verdict: tuple[str, str],
) -> None:
    image = studio.draw("1.png", 1)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, None))
    studio.set_up(recognised(tokens) + registered(registry))
    first = REFUSAL if last is GRANT else GRANT
    with chain.one_block():
        for uses in (first, last):
            registry.post("commit", cid_of_file(image), commit_of(**uses), sender=1)
    gather(studio, chain)
    statements = [s for s in studio.decide("1.png").statements if s.carrier == "erc7053"]
    assert len({s.anchor for s in statements}) == 1
    assert len(statements) == 2
    assert studio.verdict("1.png") == verdict


def test_a_commit_that_a_reorganised_chain_has_dropped_says_nothing_any_more(
    studio: Studio, tmp_path: Path
) -> None:
    with start_anvil("--timestamp", str(now() - DAY)) as chain:
        image = studio.draw("1.png", 1)
        registry = chain.deploy("commit_registry")
        chain.finalize()
        registry.send("commit", cid_of_file(image), commit_of(**REFUSAL), sender=5)
        studio.set_up(registered(registry) + contract_on_file(), consent_rpc={CHAIN: chain.url})
        gather(studio, chain)
        assert studio.verdict("1.png") == REFUSED
        chain.reorganise(4)
        gather(studio, chain)
        assert studio.verdict("1.png") == ("clear", "consent_contract")


def test_a_token_that_a_reorganised_chain_has_dropped_grants_no_more(
    studio: Studio, tmp_path: Path
) -> None:
    with start_anvil("--timestamp", str(now() - DAY)) as chain:
        image = studio.draw("1.png", 1)
        tokens = chain.deploy("picture_tokens", False, False)
        tokens.send("mint", chain.accounts[1], 2, of_image(b"another", GRANT))
        chain.finalize()
        tokens.send("mint", chain.accounts[1], 1, of_image(image, GRANT))
        studio.set_up(recognised(tokens), consent_rpc={CHAIN: chain.url})
        gather(studio, chain)
        assert studio.verdict("1.png") == CLEAR
        chain.reorganise(4)
        gather(studio, chain)
        assert studio.verdict("1.png") == ABSENT


def without_logs(node: FaultyNode, body: Any) -> Reply:
    """A node that breaks down where events are asked for."""
    if any(question["method"] == "eth_getLogs" for question in listed(body)):
        return refusal(body, -32601, "the method eth_getLogs does not exist")
    return pass_on(node, body)


def test_events_that_cannot_be_read_never_turn_a_refusal_into_silence(
    studio: Studio, chain: Anvil, registry: Contract
) -> None:
    refused, new = (studio.draw(f"{n}.png", n) for n in (1, 2))
    registry.send("commit", cid_of_file(refused), commit_of(**REFUSAL), sender=5)
    policy = registered(registry) + contract_on_file()
    studio.set_up(policy)
    gather(studio, chain)
    assert [studio.verdict(f"{n}.png")[0] for n in (1, 2)] == ["exclude", "clear"]
    registry.send("commit", cid_of_file(new), commit_of(**REFUSAL), sender=5)
    with start_faulty_node(without_logs, chain.url) as node:
        studio.set_up(policy, consent_rpc={CHAIN: node.url})
        gather(studio, chain)
    assert studio.verdict("1.png") == REFUSED
    assert studio.verdict("2.png") == ("review", "consent_undetermined")
    studio.set_up(policy, consent_rpc={CHAIN: chain.url})
    gather(studio, chain)
    assert [studio.verdict(f"{n}.png") for n in (1, 2)] == [REFUSED, REFUSED]


def test_a_registry_that_could_never_be_read_lets_nothing_pass_for_silence(
    studio: Studio, chain: Anvil, registry: Contract
) -> None:
    studio.draw("1.png", 1)
    policy = registered(registry) + contract_on_file()
    studio.set_up(policy, consent_rpc={})
    assert len(studio.gather("chain").problems) == 1
    assert studio.verdict("1.png") == ("review", "consent_undetermined")
    studio.set_up(policy, consent_rpc={CHAIN: chain.url})
    gather(studio, chain)
    assert studio.verdict("1.png") == ("clear", "consent_contract")
    studio.set_up(policy, consent_rpc={})
    studio.gather("chain")
    assert studio.verdict("1.png") == ("clear", "consent_contract")
    studio.draw("2.png", 2)
    studio.gather("chain")
    assert studio.verdict("2.png") == ("review", "consent_undetermined")


def test_a_registry_is_read_though_a_collection_cannot_be(
    studio: Studio, chain: Anvil, registry: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enumeration, "MAX_TOKENS", 1000)
    image = studio.draw("1.png", 1)
    endless = chain.deploy("picture_tokens", False, False)
    endless.send("claim_range", 0, 2**256 - 1)
    registry.send("commit", cid_of_file(image), commit_of(**REFUSAL), sender=5)
    studio.set_up(recognised(endless) + registered(registry) + contract_on_file())
    chain.finalize()
    assert len(studio.gather("chain").problems) == 1
    assert studio.verdict("1.png")[1] == "consent_refused"


KEY = SigningKey(bytes.fromhex(KEYS[1].removeprefix("0x")))


def signed_for(data: bytes, uses: dict[str, str], key: SigningKey = KEY, **more: Any) -> bytes:
    """A consent statement for these bytes, signed by anvil's second account."""
    statement = draft_statement(uses, now() - DAY, asset_cid=f"sha256:{digest_bytes(data)}", **more)
    return sign_statement(statement, uses, 31337, key)


def test_who_signs_and_controls_the_token_grants_until_it_is_passed_on(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    studio.beside("1.png", signed_for(image, GRANT))
    tokens.send("mint", chain.accounts[1], 1, of_image(image, None))
    studio.set_up(recognised(tokens))
    assert studio.verdict("1.png") == UNPROVEN
    gather(studio, chain)
    assert studio.verdict("1.png") == CLEAR
    assert levels(studio.decide("1.png")) == ["L1+L2+L3+L4"]
    assert studio.verdict("1.png", as_of=now() + 8 * DAY) == ("exclude", "evidence_stale")
    tokens.send("mint", chain.accounts[2], 1, of_image(image, None))
    gather(studio, chain)
    assert studio.verdict("1.png") == UNPROVEN


def test_control_of_a_token_counts_only_while_its_contract_is_recognised(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    studio.beside("1.png", signed_for(image, GRANT))
    tokens.send("mint", chain.accounts[1], 1, of_image(image, None))
    studio.set_up(recognised(tokens))
    gather(studio, chain)
    studio.set_up("")
    assert studio.verdict("1.png") == UNPROVEN


def test_a_signed_declaration_grants_like_one_that_lies_beside_the_image(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, None))
    studio.set_up(recognised(tokens))
    data = signed_for(image, GRANT)
    record(
        studio.database,
        studio.settings.workspace,
        [observe_declaration(data, "consent.json", now())],
    )
    assert studio.verdict("1.png") == UNPROVEN
    gather(studio, chain)
    assert studio.verdict("1.png") == CLEAR


def test_a_contract_on_file_that_names_the_signer_needs_no_chain(studio: Studio) -> None:
    image = studio.draw("1.png", 1)
    studio.draw("2.png", 2)
    studio.beside("1.png", signed_for(image, GRANT))
    studio.set_up(contract_on_file(address=KEY.address), consent_rpc={})
    assert studio.verdict("1.png") == ("clear", "consent_contract")
    assert studio.verdict("2.png") == ABSENT


def test_a_wallets_signature_is_sound_once_the_wallet_confirms_it(
    studio: Studio, chain: Anvil
) -> None:
    image = studio.draw("1.png", 1)
    other = studio.draw("2.png", 2)
    wallet = chain.deploy("contract_wallet", chain.accounts[1])
    for name, data, key in (("1.png", image, KEY), ("2.png", other, SigningKey(b"\x41" * 32))):
        statement = draft_statement(GRANT, now() - DAY, asset_cid=f"sha256:{digest_bytes(data)}")
        signature = key.sign(digest_statement(statement, GRANT, 31337, Scheme.EIP712))
        studio.beside(
            name,
            write_document(statement, GRANT, 31337, wallet.address, signature, Scheme.EIP712),
        )
    studio.set_up(contract_on_file(address=wallet.address))
    assert studio.verdict("1.png")[0] == "review"
    gather(studio, chain)
    assert studio.verdict("1.png") == ("clear", "consent_contract")
    assert studio.verdict("2.png")[0] == "review"


def test_a_wallet_that_controls_the_token_grants(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    wallet = chain.deploy("contract_wallet", chain.accounts[1])
    statement = draft_statement(GRANT, now() - DAY, asset_cid=f"sha256:{digest_bytes(image)}")
    signature = KEY.sign(digest_statement(statement, GRANT, 31337, Scheme.EIP712))
    studio.beside(
        "1.png", write_document(statement, GRANT, 31337, wallet.address, signature, Scheme.EIP712)
    )
    tokens.send("mint", wallet.address, 1, of_image(image, None))
    studio.set_up(recognised(tokens))
    gather(studio, chain)
    assert studio.verdict("1.png") == CLEAR


LICENCE = b"You may train on this if you pay for the coffee."


def licensed(document: str, **more: Any) -> dict[str, Any]:
    return {**preference(aiTraining="constrained"), "license": {"document": document}, **more}


def accepted(document: str, data: bytes = LICENCE, **more: Any) -> str:
    """A licence that two people have read."""
    return table(
        "license",
        document=document,
        sha256=digest_bytes(data),
        purposes=["generative_training"],
        entered_by="Aoki",
        approved_by="Baba",
        **more,
    )


def test_a_condition_is_met_once_the_accepted_licence_has_been_fetched(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    address = f"ipfs://{studio.publish_file(LICENCE)}"
    image = studio.draw("1.png", 1)
    document = {"sha256": digest_bytes(image), **licensed(address)}
    tokens.send("mint", chain.accounts[1], 1, inline(document))
    studio.set_up(recognised(tokens) + accepted(address))
    gather(studio, chain)
    assert studio.verdict("1.png") == ("exclude", "consent_unmet")
    studio.gather("documents")
    assert studio.verdict("1.png") == CLEAR
    studio.set_up(recognised(tokens) + accepted(address, b"another text"))
    assert studio.verdict("1.png") == ("exclude", "consent_unmet")


def test_a_licence_that_changes_where_it_lies_meets_no_condition(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    with serving() as site:
        address = site.url("/licence.txt")
        site.pages["/licence.txt"] = respond(LICENCE)
        image = studio.draw("1.png", 1)
        document = {"sha256": digest_bytes(image), **licensed(address)}
        tokens.send("mint", chain.accounts[1], 1, inline(document))
        studio.set_up(recognised(tokens) + accepted(address))
        gather(studio, chain)
        studio.gather("documents")
        assert studio.verdict("1.png") == CLEAR
        assert studio.gather("documents").looks == {}
        site.pages["/licence.txt"] = respond(LICENCE + b" And for the cake.")
        later = now() + 2 * DAY
        studio.gather("documents", as_of=later)
        assert studio.verdict("1.png", as_of=later) == ("exclude", "consent_unmet")
        site.pages["/licence.txt"] = respond(b"", "503 Service Unavailable")
        studio.gather("documents", as_of=later + 2 * DAY)
        assert studio.verdict("1.png", as_of=later + 2 * DAY)[0] == "exclude"


def test_metadata_that_changed_in_place_is_read_anew_when_an_event_says_so(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    with serving() as site:
        image = studio.draw("1.png", 1)
        document = {"sha256": digest_bytes(image)}
        site.pages["/1.json"] = respond(json.dumps(document).encode())
        tokens.send("mint", chain.accounts[1], 1, site.url("/1.json"))
        studio.set_up(recognised(tokens) + contract_on_file())
        gather(studio, chain)
        assert studio.verdict("1.png") == ("clear", "consent_contract")
        document |= preference(**REFUSAL)
        site.pages["/1.json"] = respond(json.dumps(document).encode())
        tokens.send("announce", 1, 1)
        gather(studio, chain)
        assert studio.verdict("1.png") == REFUSED


def test_a_registry_beside_a_collection_does_not_make_every_token_be_read_again(
    studio: Studio, chain: Anvil, tokens: Contract, registry: Contract
) -> None:
    images = [studio.draw(f"{n}.png", n) for n in (1, 2)]
    for n, image in enumerate(images, 1):
        tokens.send("mint", chain.accounts[1], n, of_image(image, None))
    studio.set_up(recognised(tokens) + registered(registry))
    gather(studio, chain)
    registry.send("commit", cid_of_file(images[0]), commit_of(**GRANT), sender=1)
    tokens.send("set_uri", 2, of_image(images[1], REFUSAL))
    chain.finalize()
    found = studio.gather("chain")
    assert found.looks["erc721"].total() == 1
    assert [studio.verdict(f"{n}.png") for n in (1, 2)] == [CLEAR, REFUSED]


def test_tokens_that_sidecars_name_are_read_again_when_an_event_says_so(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    images = [studio.draw(f"{n}.png", n, **named(tokens, n)) for n in (1, 2)]
    for n, image in enumerate(images, 1):
        tokens.send("mint", chain.accounts[1], n, of_image(image, None))
    studio.set_up(contract_on_file())
    gather(studio, chain)
    assert studio.gather("chain").looks == {}
    tokens.send("set_uri", 2, of_image(images[1], REFUSAL))
    gather(studio, chain)
    assert [studio.verdict(f"{n}.png")[0] for n in (1, 2)] == ["clear", "exclude"]
    studio.draw("3.png", 3, **named(tokens, 2))
    gather(studio, chain)
    assert studio.verdict("3.png") == REFUSED


def test_a_token_that_a_sidecar_names_and_nobody_could_read_is_undetermined(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1, **named(tokens, 1))
    studio.draw("2.png", 2)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, REFUSAL))
    studio.set_up(contract_on_file(), consent_rpc={})
    studio.gather("chain")
    assert [studio.verdict(f"{n}.png")[0] for n in (1, 2)] == ["review", "clear"]
    studio.set_up(contract_on_file(), consent_rpc={CHAIN: chain.url})
    gather(studio, chain)
    assert studio.verdict("1.png") == REFUSED


def test_an_address_without_a_contract_is_no_silence(studio: Studio, chain: Anvil) -> None:
    studio.draw("1.png", 1)
    nobody = Contract(chain, "0x" + "9" * 40, "picture_tokens")
    studio.set_up(recognised(nobody) + contract_on_file())
    chain.finalize()
    (problem,) = studio.gather("chain").problems
    assert "there is no contract" in problem
    assert studio.verdict("1.png") == ("review", "consent_undetermined")


def test_a_doubt_ends_with_the_policy_that_named_the_contract(
    studio: Studio, tokens: Contract, registry: Contract
) -> None:
    """Else a mistyped chain would send every image to a person for ever."""
    studio.draw("1.png", 1)
    commits = table("registry", chain=CHAIN, contract=registry.address)
    for mistaken in (recognised(tokens), commits):
        studio.set_up(mistaken + contract_on_file(), consent_rpc={})
        studio.gather("chain")
        assert studio.verdict("1.png") == ("review", "consent_undetermined")
        studio.set_up(contract_on_file())
        assert studio.verdict("1.png") == ("clear", "consent_contract")


def test_the_same_doubt_is_recorded_once(studio: Studio, tokens: Contract) -> None:
    studio.draw("1.png", 1)
    studio.set_up(recognised(tokens), consent_rpc={})
    studio.gather("chain")
    assert studio.gather("chain").looks == {}
    studio.draw("2.png", 2)
    assert studio.gather("chain").looks != {}
