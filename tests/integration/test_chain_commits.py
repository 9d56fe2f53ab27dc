"""Commits on a real chain: who may say what of which asset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from models.consent.chain.attribution import read_creator
from models.consent.chain.commit_authority import NOBODY, Authorities
from models.consent.chain.commits import follow_commits, read_commits
from models.consent.chain.control import DELEGATE_REGISTRY
from models.consent.chain.logs import LogCursor
from models.consent.chain.rpc import BlockView, ChainReader
from models.consent.chain.sources import Collection, CommitRegistry, TokenRef
from models.consent.chain.wallets import CallRevertedError, WalletCalls
from models.consent.evidence.observation import Observation, Outcome
from models.consent.ipfs.cid import DAG_PB, RAW, SHA2_256, Cid
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement, Trust
from models.fetching.fetched import Failure
from tests.anvil import CHAIN, KEYS, Anvil, Contract, Shelf, start_anvil
from tests.faulty_node import FaultyNode, Reply, listed, pass_on, refusal, start_faulty_node

IMAGE = Cid(1, DAG_PB, SHA2_256, hashlib.sha256(b"image").digest())
OTHER = Cid(1, RAW, SHA2_256, hashlib.sha256(b"other").digest())
TREE = f"ipfs://{Cid(1, RAW, SHA2_256, hashlib.sha256(b'tree').digest()).canonical}"
NO, YES = Preference.NOT_ALLOWED, Preference.ALLOWED
GT = Purpose.GENERATIVE_TRAINING
REFUSAL = '{"dataMiningPreference": {"aiTraining": "notAllowed"}}'
GRANT = '{"dataMiningPreference": {"aiTraining": "allowed"}}'


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil() as anvil:
        yield anvil


@pytest.fixture
def registry(chain: Anvil) -> Contract:
    return chain.deploy("commit_registry")


def open_view(chain: Anvil, url: str = "") -> BlockView:
    chain.finalize()
    return ChainReader(CHAIN, url or chain.url, sleep=lambda _: None).open_view()


def read(
    registry: Contract,
    shelf: Shelf | None = None,
    authorities: Authorities = NOBODY,
    custodians: Sequence[str] = (),
    url: str = "",
) -> list[Observation]:
    source = CommitRegistry(CHAIN, registry.address, 0, tuple(custodians))
    resolve = (shelf or Shelf()).resolve
    view = open_view(registry.chain, url)
    return list(read_commits(view, source, [IMAGE.canonical], resolve, authorities))


def statements(observations: Sequence[Observation]) -> list[Statement]:
    return [said.statement for observation in observations for said in observation.said]


def token_of(chain: Anvil, holder: int = 1) -> tuple[Contract, TokenRef]:
    """A token of account 1 in a contract of account 0."""
    contract = chain.deploy("picture_tokens", False, False)
    contract.send("mint", chain.accounts[holder], 7, "data:,")
    return contract, TokenRef(CHAIN, "erc721", contract.address, 7)


def claimed(*tokens: TokenRef, creators: Mapping[str, str] | None = None) -> Authorities:
    return Authorities({IMAGE.canonical: tokens}, creators or {})


@pytest.mark.parametrize("spelling", IMAGE.spellings)
def test_a_commit_is_found_under_every_spelling_of_its_cid(
    registry: Contract, spelling: str
) -> None:
    registry.send("commit", spelling, REFUSAL)
    found, summary = read(registry)
    assert found.said[0].statement.preference(GT) is NO
    assert str(found.said[0].subject) == f"cid:{IMAGE.canonical}"
    assert summary.outcome is Outcome.READ


def test_an_asset_without_a_commit_is_absent(registry: Contract) -> None:
    registry.send("commit", OTHER.canonical, REFUSAL)
    (summary,) = read(registry)
    assert (summary.outcome, summary.said) == (Outcome.ABSENT, ())


def test_events_that_cannot_be_read_leave_the_asset_undetermined(registry: Contract) -> None:
    def without_logs(node: FaultyNode, body: Any) -> Reply:
        if listed(body)[0]["method"] == "eth_getLogs":
            return refusal(body, -32601, "the method eth_getLogs does not exist")
        return pass_on(node, body)

    with start_faulty_node(without_logs, registry.chain.url) as node:
        (summary,) = read(registry, url=node.url)
    assert summary.outcome is Outcome.UNDETERMINED
    assert statements([summary])[0].condition is Condition.UNDETERMINED


def test_a_strangers_refusal_is_kept_and_a_strangers_grant_is_only_a_claim(
    registry: Contract,
) -> None:
    registry.send("commit", IMAGE.canonical, REFUSAL, sender=5)
    registry.send("commit", IMAGE.canonical, GRANT, sender=5)
    refusal_, grant = statements(read(registry))
    assert refusal_.preference(GT) is NO
    assert grant.preference(GT) is YES
    assert grant.trust == Trust(integrity=True)


def test_no_stranger_takes_back_what_another_said_through_the_same_address(
    registry: Contract,
) -> None:
    registry.send("commit", IMAGE.canonical, REFUSAL, sender=5)
    registry.send("commit", IMAGE.canonical, GRANT, sender=5)
    setters = [statement.setter for statement in statements(read(registry))]
    assert len(set(setters)) == 2
    assert all(setter.startswith(registry.chain.accounts[5]) for setter in setters)


def test_commits_are_ordered_by_block_and_place_in_it(registry: Contract) -> None:
    for _ in range(3):
        registry.send("commit", IMAGE.canonical, REFUSAL)
    found = statements(read(registry))
    assert [s.sequence for s in found] == sorted({s.sequence for s in found})
    times = [s.issued_at for s in found]
    assert times == sorted(times)
    number, digest = found[0].anchor.removeprefix(f"{CHAIN}/block:").split("/")
    assert registry.chain.ask("eth_getBlockByNumber", hex(int(number)), False)["hash"] == digest


@pytest.mark.parametrize(
    ("sender", "role"), [(0, "owner of the contract"), (1, "owner of the token")]
)
def test_who_controls_the_token_grants(
    chain: Anvil, registry: Contract, sender: int, role: str
) -> None:
    _, token = token_of(chain)
    registry.send("commit", IMAGE.canonical, GRANT, sender=sender)
    (statement,) = statements(read(registry, authorities=claimed(token)))
    assert statement.trust == Trust(integrity=True, signer=True, control=True)
    assert statement.setter == chain.accounts[sender]
    assert any(role in note for note in statement.notes)


def test_who_sold_the_token_grants_no_more(chain: Anvil, registry: Contract) -> None:
    contract, token = token_of(chain)
    registry.send("commit", IMAGE.canonical, GRANT, sender=1)
    contract.send("mint", chain.accounts[2], 7, "data:,")
    (statement,) = statements(read(registry, authorities=claimed(token)))
    assert not statement.trust.control


def test_a_delegate_of_the_owner_grants_until_that_is_revoked(
    chain: Anvil, registry: Contract
) -> None:
    delegates = chain.place("delegate_registry", DELEGATE_REGISTRY)
    _, token = token_of(chain)
    registry.send("commit", IMAGE.canonical, GRANT, sender=3)
    arguments = (chain.accounts[3], token.contract, token.token)
    delegates.send("delegateERC721", *arguments, True, sender=1)
    (statement,) = statements(read(registry, authorities=claimed(token)))
    assert statement.trust.control
    assert any("delegate of the owner of the token" in note for note in statement.notes)
    delegates.send("delegateERC721", *arguments, False, sender=1)
    (statement,) = statements(read(registry, authorities=claimed(token)))
    assert not statement.trust.control


def test_holding_some_of_an_erc_1155_token_is_no_authority(
    chain: Anvil, registry: Contract
) -> None:
    contract = chain.deploy("multi_tokens", "")
    contract.send("mint", chain.accounts[1], 1, 1)
    contract.send("mint", chain.accounts[1], 2, 2)
    only, many = (TokenRef(CHAIN, "erc1155", contract.address, token) for token in (1, 2))
    registry.send("commit", IMAGE.canonical, GRANT, sender=1)
    assert statements(read(registry, authorities=claimed(only)))[0].trust.control
    assert not statements(read(registry, authorities=claimed(many)))[0].trust.control


def test_a_token_on_another_chain_gives_no_authority(chain: Anvil, registry: Contract) -> None:
    _, token = token_of(chain)
    registry.send("commit", IMAGE.canonical, GRANT, sender=1)
    elsewhere = TokenRef("eip155:1", "erc721", token.contract, token.token)
    assert not statements(read(registry, authorities=claimed(elsewhere)))[0].trust.control


def test_control_that_cannot_be_read_is_not_control(chain: Anvil, registry: Contract) -> None:
    _, token = token_of(chain)
    registry.send("commit", IMAGE.canonical, GRANT, sender=1)

    def without_calls(node: FaultyNode, body: Any) -> Reply:
        if any(q["method"] == "eth_call" and q["params"][0]["data"] != "0x" for q in listed(body)):
            return refusal(body, -32601, "no calls today")
        return pass_on(node, body)

    with start_faulty_node(without_calls, chain.url) as node:
        (statement,) = statements(read(registry, authorities=claimed(token), url=node.url))
    assert not statement.trust.control
    assert any("could not be read" in note for note in statement.notes)


def sign_attribution(chain: Anvil, contract: Contract, key: str, struct: bytes) -> bytes:
    from eth_abi import encode
    from eth_account.messages import SignableMessage
    from eth_utils import keccak

    kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    domain = keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [keccak(text=kind), keccak(text="ERC7015"), keccak(text="1"), 31337, contract.address],
        )
    )
    return bytes(Account.sign_message(SignableMessage(b"\x01", domain, struct), key).signature)


def test_the_creator_who_signed_the_contract_grants(chain: Anvil, registry: Contract) -> None:
    contract, token = token_of(chain, holder=2)
    struct = hashlib.sha256(b"struct").digest()
    signature = sign_attribution(chain, contract, KEYS[1], struct)
    contract.send("attribute", struct, chain.accounts[1], signature)
    registry.send("commit", IMAGE.canonical, GRANT, sender=1)
    found = read_creator(open_view(chain), Collection(CHAIN, contract.address))
    assert found.creator == chain.accounts[1]
    authorities = claimed(token, creators={contract.address: found.creator})
    (statement,) = statements(read(registry, authorities=authorities))
    assert any("creator of the contract" in note for note in statement.notes)
    assert statement.trust.control


def test_a_contract_wallet_is_asked_for_its_own_signature(chain: Anvil) -> None:
    contract, _ = token_of(chain)
    wallet = chain.deploy("contract_wallet", chain.accounts[1])
    struct = hashlib.sha256(b"struct").digest()
    for key, expected in ((KEYS[1], wallet.address), (KEYS[0], "")):
        contract, _ = token_of(chain)
        signature = sign_attribution(chain, contract, key, struct)
        contract.send("attribute", struct, wallet.address, signature)
        found = read_creator(open_view(chain), Collection(CHAIN, contract.address))
        assert found.creator == expected


def test_an_attribution_that_somebody_else_signed_names_no_creator(chain: Anvil) -> None:
    contract, _ = token_of(chain)
    struct = hashlib.sha256(b"struct").digest()
    signature = sign_attribution(chain, contract, KEYS[0], struct)
    contract.send("attribute", struct, chain.accounts[1], signature)
    found = read_creator(open_view(chain), Collection(CHAIN, contract.address))
    assert (found.creator, "did not sign" in found.note) == ("", True)


def test_of_several_creators_nobody_speaks_for_all_tokens(chain: Anvil) -> None:
    contract, _ = token_of(chain)
    for number in (0, 1):
        struct = hashlib.sha256(b"%d" % number).digest()
        signature = sign_attribution(chain, contract, KEYS[number], struct)
        contract.send("attribute", struct, chain.accounts[number], signature)
    found = read_creator(open_view(chain), Collection(CHAIN, contract.address))
    assert (found.creator, "several creators" in found.note) == ("", True)


def tree_commit(
    creator: str, key: str, asset: Cid = IMAGE, use: str = "allowed"
) -> tuple[Shelf, str]:
    """An asset tree, and a commit that names it with its signature."""
    tree = json.dumps(
        {
            "assetCid": asset.canonical,
            "creatorWallet": creator,
            "dataMiningPreference": {"aiTraining": use},
        }
    ).encode()
    digest = hashlib.sha256(tree).hexdigest()
    signature = Account.sign_message(encode_defunct(text=digest), key).signature.hex()
    commit = {
        "assetTreeCid": TREE.removeprefix("ipfs://"),
        "assetTreeSha256": digest,
        "assetTreeSignature": signature,
    }
    return Shelf({TREE: tree}), json.dumps(commit)


def test_a_custodian_records_the_grant_that_the_creator_signed(
    chain: Anvil, registry: Contract
) -> None:
    creator, custodian = chain.accounts[1], chain.accounts[4]
    shelf, commit = tree_commit(creator, KEYS[1])
    registry.send("commit", IMAGE.canonical, commit, sender=4)
    (statement,) = statements(
        read(registry, shelf, custodians=[custodian.upper().replace("X", "x")])
    )
    assert statement.trust == Trust(integrity=True, signer=True, control=True)
    assert statement.setter == f"{custodian}/{creator}"


@pytest.mark.parametrize(
    ("custodian", "key", "asset"), [(5, KEYS[1], IMAGE), (4, KEYS[0], IMAGE), (4, KEYS[1], OTHER)]
)
def test_without_custodian_signature_or_asset_a_recorded_grant_is_a_claim(
    chain: Anvil, registry: Contract, custodian: int, key: str, asset: Cid
) -> None:
    shelf, commit = tree_commit(chain.accounts[1], key, asset)
    registry.send("commit", IMAGE.canonical, commit, sender=4)
    found = statements(read(registry, shelf, custodians=[chain.accounts[custodian]]))
    assert found[0].preference(GT) is YES
    assert not found[0].trust.signer


def test_an_asset_tree_that_cannot_be_had_is_undetermined(registry: Contract) -> None:
    _, commit = tree_commit("0x" + "1" * 40, KEYS[1])
    registry.send("commit", IMAGE.canonical, commit)
    observation, _ = read(registry, Shelf({TREE: Failure.UNVERIFIED}))
    assert observation.outcome is Outcome.UNDETERMINED
    assert statements([observation])[0].condition is Condition.UNDETERMINED


@pytest.mark.parametrize("text", [TREE, TREE.removeprefix("ipfs://")])
def test_a_commit_that_is_a_cid_says_what_lies_there(registry: Contract, text: str) -> None:
    registry.send("commit", IMAGE.canonical, text)
    (statement,) = statements(read(registry, Shelf({TREE: REFUSAL.encode()})))
    assert statement.preference(GT) is NO


def test_a_commit_that_holds_its_file_is_read(registry: Contract) -> None:
    registry.send("commit", IMAGE.canonical, "data:application/json," + REFUSAL)
    registry.send("commit", IMAGE.canonical, json.dumps({"nit": {"assetTreeCid": TREE}}))
    found = statements(read(registry, Shelf({TREE: REFUSAL.encode()})))
    assert [statement.preference(GT) for statement in found] == [NO, NO]


@pytest.mark.parametrize("text", ["", "Registered by the studio", "{}", '{"action": "mint"}', "7"])
def test_a_commit_about_something_else_says_nothing(registry: Contract, text: str) -> None:
    registry.send("commit", IMAGE.canonical, text)
    observation, _ = read(registry)
    assert (observation.outcome, observation.said) == (Outcome.READ, ())


@pytest.mark.parametrize(
    "text",
    [
        '{"dataMiningPreference": {"aiTra',
        '{"assetTreeCid": "not a CID"}',
        '{"assetTreeCid": 7}',
        "please note: aiTraining = notAllowed",
    ],
)
def test_a_commit_that_cannot_be_read_properly_is_malformed(registry: Contract, text: str) -> None:
    registry.send("commit", IMAGE.canonical, text)
    assert statements(read(registry))[0].condition is Condition.MALFORMED


def test_following_reads_each_commit_once_and_goes_on(registry: Contract) -> None:
    source = CommitRegistry(CHAIN, registry.address)
    cursor: LogCursor | None = None
    found: list[str] = []
    for text in (REFUSAL, GRANT):
        registry.send("commit", IMAGE.spellings[1], text)
        registry.send("commit", OTHER.canonical, text)
        pages = list(
            follow_commits(
                open_view(registry.chain), source, cursor, [IMAGE.canonical], Shelf().resolve
            )
        )
        cursor = pages[-1].cursor
        found += [o.source for page in pages for o in page.observations]
        assert sum(page.unmatched for page in pages) == 1
    assert len(found) == len(set(found)) == 2


def test_a_reorganisation_says_from_where_commits_are_void(registry: Contract) -> None:
    chain, source = registry.chain, CommitRegistry(CHAIN, registry.address)
    known = [IMAGE.canonical]
    chain.finalize()
    first = list(follow_commits(open_view(chain), source, None, known, Shelf().resolve))
    registry.send("commit", IMAGE.canonical, GRANT)
    cursor = first[-1].cursor
    pages = list(follow_commits(open_view(chain), source, cursor, known, Shelf().resolve))
    assert len(pages[-1].observations) == 1
    chain.reorganise(6)
    chain.mine(4)
    again = list(follow_commits(open_view(chain), source, pages[-1].cursor, known, Shelf().resolve))
    committed = int(pages[-1].observations[0].source.split("/")[-2])
    assert again[0].reread_from is not None
    assert again[0].reread_from <= committed
    assert [o for page in again for o in page.observations] == []


def test_wallets_can_be_asked_at_the_block_of_a_view(chain: Anvil) -> None:
    wallet = chain.deploy("contract_wallet", chain.accounts[1])
    calls = WalletCalls(open_view(chain))
    assert calls.call("0x" + "9" * 40, b"", "finalized") == b""
    with pytest.raises(CallRevertedError):
        calls.call(wallet.address, b"\x12\x34\x56\x78", "finalized")
