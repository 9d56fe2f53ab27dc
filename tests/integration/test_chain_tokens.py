"""Collections on a real chain: which tokens there are, and what each of them says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from models.consent.chain import enumeration
from models.consent.chain.enumeration import find_abilities, list_tokens
from models.consent.chain.rpc import ChainReader
from models.consent.chain.sources import ChainError, Collection
from models.consent.chain.tokens import TokenReading, read_collection
from models.consent.evidence.observation import Outcome
from models.consent.ipfs.cid import RAW, SHA2_256, Cid
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement, Trust
from models.consent.subjects import SubjectKind
from models.fetching.fetched import Failure
from tests.anvil import CHAIN, Anvil, Contract, Shelf, start_anvil
from tests.faulty_node import FaultyNode, Reply, listed, pass_on, reply, start_faulty_node

IMAGE = hashlib.sha256(b"the image's bytes")
CID = Cid(1, RAW, SHA2_256, IMAGE.digest()).canonical
NO = Preference.NOT_ALLOWED
GT, NGT = Purpose.GENERATIVE_TRAINING, Purpose.NON_GENERATIVE_TRAINING


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil() as anvil:
        yield anvil


def metadata(**uses: str) -> bytes:
    return json.dumps({"image": f"ipfs://{CID}", "dataMiningPreference": uses}).encode()


def inline(document: bytes) -> str:
    return "data:application/json," + document.decode()


REFUSAL = metadata(aiTraining="notAllowed")
GRANT = metadata(aiTraining="allowed")


def read(
    chain: Anvil, contract: Contract | str, shelf: Shelf | None = None, url: str = "", **of: Any
) -> list[TokenReading]:
    address = contract if isinstance(contract, str) else contract.address
    chain.finalize()
    with_images = of.pop("with_images", False)
    with ChainReader(CHAIN, url or chain.url, timeout=40, sleep=lambda _: None) as reader:
        collection = Collection(CHAIN, address, **of)
        resolve = (shelf or Shelf()).resolve
        view = reader.open_view()
        return list(read_collection(view, collection, resolve, with_images=with_images))


def tokens(readings: list[TokenReading]) -> dict[int, TokenReading]:
    return {reading.token.token: reading for reading in readings if reading.token is not None}


def statements(reading: TokenReading) -> list[Statement]:
    """Each statement once: it is said of every subject."""
    found: list[Statement] = []
    for said in reading.observation.said:
        if said.statement not in found:
            found.append(said.statement)
    return found


def pictures(chain: Anvil, *uris: str, enumerable: bool = True, silent: bool = False) -> Contract:
    contract = chain.deploy("picture_tokens", enumerable, silent)
    for token, uri in enumerate(uris, 1):
        contract.send("mint", chain.accounts[1], token, uri)
    return contract


@pytest.mark.parametrize("enumerable", [True, False])
@pytest.mark.parametrize("silent", [True, False])
def test_all_tokens_are_found_by_index_or_by_their_transfers(
    chain: Anvil, enumerable: bool, silent: bool
) -> None:
    contract = pictures(chain, *[inline(REFUSAL)] * 5, enumerable=enumerable, silent=silent)
    found = tokens(read(chain, contract, holder="Studio"))
    assert sorted(found) == [1, 2, 3, 4, 5]
    assert all(statements(reading)[0].preference(GT) is NO for reading in found.values())


def test_tokens_that_were_minted_at_one_stroke_are_found(chain: Anvil) -> None:
    contract = chain.deploy("picture_tokens", False, False)
    contract.send("mint_range", chain.accounts[1], 10, 5, inline(REFUSAL))
    assert sorted(tokens(read(chain, contract))) == [10, 11, 12, 13, 14]


def test_a_contract_that_claims_endless_tokens_is_an_error(
    chain: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enumeration, "MAX_TOKENS", 1000)
    contract = chain.deploy("picture_tokens", False, False)
    contract.send("claim_range", 0, 2**256 - 1)
    chain.finalize()
    with ChainReader(CHAIN, chain.url) as reader:
        view, collection = reader.open_view(), Collection(CHAIN, contract.address)
        found = list_tokens(view, collection, find_abilities(view, collection))
        with pytest.raises(ChainError, match="more than 1,000 tokens"):
            list(found)


def test_a_token_speaks_of_itself_and_of_its_image_in_every_name(chain: Anvil) -> None:
    contract = pictures(chain, inline(REFUSAL))
    observation = tokens(read(chain, contract))[1].observation
    assert {str(said.subject) for said in observation.said} == {
        f"token:{CHAIN}/erc721:{contract.address}/1",
        f"cid:{CID}",
        f"sha256:{IMAGE.hexdigest()}",
    }
    assert observation.source == f"{CHAIN}/erc721:{contract.address}/1"
    assert observation.body == REFUSAL


def test_a_statement_says_at_which_block_it_was_true(chain: Anvil) -> None:
    contract = pictures(chain, inline(REFUSAL))
    statement = statements(tokens(read(chain, contract))[1])[0]
    number, digest = statement.anchor.removeprefix(f"{CHAIN}/block:").split("/")
    block = chain.ask("eth_getBlockByNumber", hex(int(number)), False)
    assert block["hash"] == digest
    assert statement.issued_at == statement.observed_at == int(block["timestamp"], 16)
    assert int(number) < chain.height


def test_a_recognised_contract_is_the_holder_who_speaks_of_verified_bytes(chain: Anvil) -> None:
    contract = pictures(chain, inline(GRANT))
    statement = statements(tokens(read(chain, contract, holder="Studio"))[1])[0]
    assert statement.trust == Trust(integrity=True, signer=True, control=True)
    assert statement.setter == f"{contract.address}/1"


def test_a_copy_minted_by_a_stranger_grants_nothing_and_refuses(chain: Anvil) -> None:
    contract = pictures(chain, inline(GRANT), inline(REFUSAL))
    found = tokens(read(chain, contract))
    assert not statements(found[1])[0].trust.signer
    assert any("recognises" in note for note in statements(found[1])[0].notes)
    assert statements(found[2])[0].preference(GT) is NO


def test_metadata_over_plain_http_grant_nothing(chain: Anvil) -> None:
    uris = {f"{scheme}://a.example/1": GRANT for scheme in ("https", "http", "ar", "ipns")}
    contract = pictures(chain, *uris)
    found = tokens(read(chain, contract, Shelf(dict(uris)), holder="Studio"))
    proven = [statements(found[i])[0].trust.control for i in (1, 2, 3, 4)]
    assert proven == [True, False, False, False]


@pytest.mark.parametrize("failure", [f for f in Failure if f is not Failure.MALFORMED])
def test_metadata_that_cannot_be_had_are_undetermined(chain: Anvil, failure: Failure) -> None:
    contract = pictures(chain, "https://a.example/1")
    reading = tokens(read(chain, contract, Shelf({"https://a.example/1": failure})))[1]
    assert reading.observation.outcome is Outcome.UNDETERMINED
    (said,) = reading.observation.said
    assert said.subject.kind is SubjectKind.TOKEN
    assert said.statement.condition is Condition.UNDETERMINED


@pytest.mark.parametrize(
    "uri",
    ["data:application/json", "nonsense", inline(b'{"dataMiningPreference": {"aiTraining": "al')],
)
def test_what_is_no_metadata_is_malformed(chain: Anvil, uri: str) -> None:
    reading = tokens(read(chain, pictures(chain, uri)))[1]
    assert reading.observation.outcome is Outcome.READ
    assert statements(reading)[0].condition is Condition.MALFORMED


def test_a_refusal_in_an_address_that_is_broken_is_salvaged(chain: Anvil) -> None:
    contract = pictures(chain, 'data:application/json;base64,{"aiTraining": "notAllowed"')
    (statement,) = statements(tokens(read(chain, contract))[1])
    assert statement.condition is Condition.MALFORMED
    assert statement.preference(GT) is NO


def test_json_in_place_of_an_address_is_read(chain: Anvil) -> None:
    contract = pictures(chain, REFUSAL.decode())
    assert statements(tokens(read(chain, contract))[1])[0].preference(GT) is NO


def test_metadata_without_a_preference_say_nothing(chain: Anvil) -> None:
    reading = tokens(read(chain, pictures(chain, inline(b"{}"), "")))
    for token in (1, 2):
        assert reading[token].observation.outcome is Outcome.READ
        assert reading[token].observation.said == ()


def test_a_burnt_token_is_absent_and_a_broken_one_undetermined(chain: Anvil) -> None:
    contract = pictures(chain, inline(GRANT), inline(GRANT), inline(GRANT))
    contract.send("burn", 1)
    contract.send("set_broken", 2)
    found = tokens(read(chain, contract, tokens=(1, 2, 3, 99)))
    assert [found[i].observation.outcome for i in (1, 2, 3, 99)] == [
        Outcome.ABSENT,
        Outcome.UNDETERMINED,
        Outcome.READ,
        Outcome.ABSENT,
    ]
    assert found[1].observation.said == ()


def test_the_default_of_a_collection_holds_where_a_token_is_silent(chain: Anvil) -> None:
    contract = pictures(chain, inline(b"{}"), inline(metadata(aiTraining="allowed")))
    contract.send("set_collection_uri", inline(metadata(dataMining="notAllowed")))
    readings = read(chain, contract, holder="Studio")
    silent, speaking = tokens(readings)[1], tokens(readings)[2]
    (default,) = statements(silent)
    assert (default.carrier, default.preference(Purpose.DATA_MINING)) == ("erc7572", NO)
    assert {s.carrier for s in statements(speaking)} == {"erc721", "erc7572"}
    assert readings[0].token is None
    assert readings[0].observation.carrier == "erc7572"


def test_a_token_takes_the_place_of_the_default_for_the_purposes_it_names(chain: Anvil) -> None:
    contract = pictures(chain, inline(metadata(aiTraining="allowed")))
    contract.send("set_collection_uri", inline(metadata(aiTraining="notAllowed")))
    (own,) = statements(tokens(read(chain, contract, holder="Studio"))[1])
    assert own.preference(GT) is Preference.ALLOWED
    assert any("takes the place" in note for note in own.notes)


def test_a_token_that_anybody_could_have_forged_lifts_no_default(chain: Anvil) -> None:
    contract = pictures(chain, "http://a.example/1", inline(GRANT + b"}"))
    contract.send("set_collection_uri", inline(metadata(aiTraining="notAllowed")))
    found = tokens(read(chain, contract, Shelf({"http://a.example/1": GRANT}), holder="Studio"))
    for reading in found.values():
        assert any(s.preference(GT) is NO for s in statements(reading))


def test_a_default_that_cannot_be_had_leaves_silent_tokens_undetermined(chain: Anvil) -> None:
    every = metadata(aiTraining="allowed", dataMining="allowed", aiInference="allowed")
    contract = pictures(chain, inline(b"{}"), inline(GRANT), inline(every))
    contract.send("set_collection_uri", "https://a.example/default")
    found = tokens(read(chain, contract, holder="Studio"))
    conditions = {i: {s.condition for s in statements(found[i])} for i in (1, 2, 3)}
    assert conditions == {
        1: {Condition.UNDETERMINED},
        2: {Condition.SOUND, Condition.UNDETERMINED},
        3: {Condition.SOUND},
    }


def test_the_id_is_filled_in_for_erc_1155_in_the_address_and_in_the_metadata(chain: Anvil) -> None:
    contract = chain.deploy("multi_tokens", "https://a.example/{id}.json")
    contract.send("mint", chain.accounts[1], 0x1F, 3)
    contract.send("mint_batch", chain.accounts[1], [2, 3])
    word = f"{0x1F:064x}"
    body = b'{"image": "https://a.example/{id}.png", "miningPreference": "notAllowed"}'
    shelf = Shelf({f"https://a.example/{word}.json": body})
    found = tokens(read(chain, contract, shelf))
    assert sorted(found) == [2, 3, 0x1F]
    observation = found[0x1F].observation
    assert f"url:https://a.example/{word}.png" in {str(s.subject) for s in observation.said}
    assert observation.carrier == "erc1155"
    assert observation.body == body
    assert statements(found[0x1F])[0].evidence_sha256 == hashlib.sha256(body).hexdigest()


def test_an_erc_1155_token_that_does_not_exist_is_absent(chain: Anvil) -> None:
    contract = chain.deploy("multi_tokens", inline(REFUSAL))
    reading = tokens(read(chain, contract, tokens=(5,)))[5]
    assert reading.observation.outcome is Outcome.ABSENT


def test_a_contract_is_read_as_what_it_says_it_is(chain: Anvil) -> None:
    contract = chain.deploy("multi_tokens", inline(REFUSAL))
    contract.send("mint", chain.accounts[1], 5, 1)
    readings = read(chain, contract, standard="erc721", tokens=(5,))
    assert statements(tokens(readings)[5])[0].preference(GT) is NO
    assert "follows erc1155" in readings[0].observation.note


def test_an_image_below_a_folder_is_named_by_its_bytes_where_that_is_asked_for(
    chain: Anvil,
) -> None:
    address = f"ipfs://{CID}/7.png"
    body = json.dumps({"image": address, "dataMiningPreference": {"aiTraining": "allowed"}})
    contract = pictures(chain, inline(body.encode()), inline(b"{}"))
    shelf = Shelf({address: b"the image's bytes"})
    plain = tokens(read(chain, contract, shelf, holder="Studio"))[1]
    assert {s.subject.kind for s in plain.observation.said} == {SubjectKind.TOKEN, SubjectKind.URL}
    named = tokens(read(chain, contract, shelf, holder="Studio", with_images=True))[1]
    subjects = {str(said.subject) for said in named.observation.said}
    assert {f"sha256:{IMAGE.hexdigest()}", f"cid:{CID}"} <= subjects
    assert CID in named.claims
    unknown = tokens(read(chain, contract, Shelf(), holder="Studio", with_images=True))[1]
    assert "its image is not known" in unknown.observation.note


def test_where_there_is_no_contract_named_tokens_are_undetermined(chain: Anvil) -> None:
    readings = read(chain, "0x" + "77" * 20, tokens=(1, 2))
    assert [r.observation.outcome for r in readings] == [Outcome.UNDETERMINED] * 3
    assert all(statements(r)[0].condition is Condition.UNDETERMINED for r in readings[1:])


def test_a_contract_that_is_no_collection_is_undetermined(chain: Anvil) -> None:
    readings = read(chain, chain.deploy("commit_registry"))
    assert readings[-1].observation.outcome is Outcome.UNDETERMINED
    assert "neither ERC-721 nor ERC-1155" in readings[-1].observation.note


def test_an_unsettled_block_is_not_read(chain: Anvil) -> None:
    contract = pictures(chain, inline(GRANT))
    chain.finalize()
    contract.send("set_uri", 1, inline(REFUSAL))
    with ChainReader(CHAIN, chain.url) as reader:
        before = list(
            read_collection(
                reader.open_view(), Collection(CHAIN, contract.address), Shelf().resolve
            )
        )
    assert statements(tokens(before)[1])[0].preference(GT) is Preference.ALLOWED
    assert statements(tokens(read(chain, contract))[1])[0].preference(GT) is NO


def test_many_tokens_are_read_over_a_node_that_gets_in_the_way(chain: Anvil) -> None:
    contract = pictures(chain, *[inline(REFUSAL)] * 40, enumerable=False)

    def awkward(node: FaultyNode, body: Any) -> Reply | None:
        turn = len(node.seen)
        if turn % 7 == 3:
            return reply("", 429, {"Retry-After": "1"})
        if turn % 11 == 5:
            return None
        if len(listed(body)) > 10:
            return reply({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "batch"}})
        if isinstance(body, list) and turn % 5 == 2:
            return reply(node.forward(body)[: len(body) // 2])
        question = listed(body)[0]
        if question["method"] == "eth_getLogs":
            span = int(question["params"][0]["toBlock"], 16) - int(
                question["params"][0]["fromBlock"], 16
            )
            if span > 20:
                error = {"code": -32602, "message": f"range {span} exceeds limit of 20"}
                return reply({"jsonrpc": "2.0", "id": question["id"], "error": error})
        return pass_on(node, body)

    with start_faulty_node(awkward, chain.url) as node:
        found = tokens(read(chain, contract, url=node.url))
    assert sorted(found) == list(range(1, 41))
    assert all(statements(r)[0].preference(GT) is NO for r in found.values())


def test_calls_that_a_node_never_answers_leave_tokens_undetermined(chain: Anvil) -> None:
    contract = pictures(chain, inline(GRANT), inline(GRANT))

    def forgetful(node: FaultyNode, body: Any) -> Reply:
        answers = listed(node.forward(body))
        asked = {q["id"]: json.dumps(q) for q in listed(body)}
        wanted = "c87b56dd" + f"{2:064x}"
        kept = [a for a in answers if wanted not in asked[a["id"]]]
        return reply(kept if isinstance(body, list) else kept[0] if kept else [])

    with start_faulty_node(forgetful, chain.url) as node:
        found = tokens(read(chain, contract, url=node.url, holder="Studio"))
    assert found[1].observation.outcome is Outcome.READ
    assert found[2].observation.outcome is Outcome.UNDETERMINED
    assert statements(found[2])[0].condition is Condition.UNDETERMINED


def test_a_collection_of_another_chain_is_an_error(chain: Anvil) -> None:
    with ChainReader(CHAIN, chain.url) as reader:
        view = reader.open_view()
        with pytest.raises(ChainError, match="not on eip155:31337"):
            list(read_collection(view, Collection("eip155:1", "0x" + "1" * 40), Shelf().resolve))
