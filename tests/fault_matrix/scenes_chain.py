"""Scenes of what stands on a chain, and of what tokens point at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from models.consent.ipfs.cid import RAW, Cid
from tests.anvil import CHAIN, Contract
from tests.fault_matrix.axes import Carrier, Fault
from tests.fault_matrix.nodes import ask_through, faults_of_node, is_of_another_chain
from tests.fault_matrix.scenes import scene
from tests.fault_matrix.scenes_files import GRANTS, REFUSES
from tests.fault_matrix.scenes_web import cut, hang
from tests.fault_matrix.world import DAY, METADATA_SERVICE, World
from tests.fetching_servers import Script, redirect, respond
from tests.ipfs_dags import LocalGateway, cid_of, serve

OTHER = Cid(1, RAW, 0x12, hashlib.sha256(b"another picture").digest()).canonical
TOKEN = 7


def describe(world: World, uses: dict[str, str] | None, image: str = "") -> bytes:
    """Token metadata about the picture."""
    document: dict[str, Any] = {"image": f"ipfs://{image or world.cid}"}
    if uses is not None:
        document["dataMiningPreference"] = uses
    return json.dumps(document).encode()


def inline(document: bytes) -> str:
    """The document as an address that holds it."""
    return "data:application/json," + document.decode()


def name_token(world: World, standard: str, contract: Contract) -> None:
    """Say beside the picture which token it is."""
    world.sidecar = json.dumps({"token": f"{CHAIN}/{standard}:{contract.address}/{TOKEN}"}).encode()


def recognise(world: World, contract: Contract) -> None:
    """Recognise a collection as the holder's."""
    world.terms["collection"] = [{"chain": CHAIN, "contract": contract.address, "holder": "Studio"}]


def mint(world: World, address: str, *, recognised: bool = True, named: bool = True) -> Contract:
    """The picture's token, in an ERC-721 collection, with its metadata at an address."""
    contract = world.running.deploy("picture_tokens", False, False)
    contract.send("mint", world.running.accounts[1], TOKEN, address)
    world.sources = ("chain",)
    if recognised:
        recognise(world, contract)
    if named:
        name_token(world, "erc721", contract)
    return contract


def mint_1155(world: World, address: str, *, recognised: bool = True) -> Contract:
    """The picture's token, in an ERC-1155 collection."""
    contract = world.running.deploy("multi_tokens", address)
    contract.send("mint", world.running.accounts[1], TOKEN, 3)
    world.sources = ("chain",)
    if recognised:
        recognise(world, contract)
    name_token(world, "erc1155", contract)
    return contract


# ERC-721, asked through a misbehaving node


@scene(Carrier.ERC721, Fault.SOUND, needs_chain=True)
def _(world: World) -> None:
    mint(world, inline(describe(world, REFUSES)), named=False)


@scene(Carrier.ERC721, Fault.GRANTED, needs_chain=True)
def _(world: World) -> None:
    mint(world, inline(describe(world, GRANTS)), named=False)


@scene(Carrier.ERC721, Fault.ABSENT, needs_chain=True)
def _(world: World) -> None:
    mint(world, inline(describe(world, REFUSES, OTHER)), named=False)


@scene(Carrier.ERC721, Fault.TAMPERED, needs_chain=True)
def _(world: World) -> None:
    mint(world, inline(describe(world, REFUSES)), named=False)
    ask_through(world, is_of_another_chain)


@scene(Carrier.ERC721, Fault.STRANGER, needs_chain=True)
def _(world: World) -> None:
    mint(world, inline(describe(world, GRANTS)), recognised=False)


@scene(Carrier.ERC721, Fault.EXPIRED, needs_chain=True)
def _(world: World) -> None:
    mint(world, inline(describe(world, GRANTS)))
    world.later = 8 * DAY


@scene(Carrier.ERC721, Fault.CONFLICTING, needs_chain=True)
def _(world: World) -> None:
    contract = mint(world, inline(describe(world, GRANTS)), named=False)
    refusal = inline(describe(world, REFUSES))
    contract.send("mint", world.running.accounts[2], TOKEN + 1, refusal)


def _mint_unnamed(world: World) -> None:
    mint(world, inline(describe(world, REFUSES)), named=False)


faults_of_node(Carrier.ERC721, _mint_unnamed)


# ERC-1155, with its metadata on a misbehaving server


def _at_server(
    carrier: Carrier,
    place: Callable[[World, str], object],
    faults: dict[Fault, Callable[[World], Script]],
) -> None:
    for fault, script in faults.items():

        def arrange(world: World, script: Callable[[World], Script] = script) -> None:
            world.server.pages["/metadata.json"] = script(world)
            place(world, world.server.url("/metadata.json"))

        scene(carrier, fault, needs_chain=True)(arrange)


def _server_faults(uses: dict[str, str]) -> dict[Fault, Callable[[World], Script]]:
    return {
        Fault.TIMEOUT: lambda _: hang,
        Fault.SERVER_ERROR: lambda _: respond(b"sorry", "503 Service Unavailable"),
        Fault.TRUNCATED: lambda world: cut(describe(world, uses)[:20]),
        Fault.TAMPERED: lambda world: respond(describe(world, GRANTS)),
        Fault.WRONG_TYPE: lambda _: respond(b"<!doctype html><title>Welcome</title>"),
        Fault.OVERSIZED: lambda world: respond(describe(world, uses)[:-1] + b" " * 3 * 1024**2),
        Fault.PRIVATE: lambda _: redirect(METADATA_SERVICE),
    }


_at_server(
    Carrier.ERC1155,
    mint_1155,
    {
        Fault.SOUND: lambda world: respond(describe(world, REFUSES)),
        Fault.ABSENT: lambda _: respond(b"", "404 Not Found"),
        Fault.CONFLICTING: lambda world: respond(
            describe(world, GRANTS)[:-1] + b', "miningPreference": "notAllowed"}'
        ),
        **_server_faults(REFUSES),
    },
)


@scene(Carrier.ERC1155, Fault.GRANTED, needs_chain=True)
def _(world: World) -> None:
    mint_1155(world, inline(describe(world, GRANTS)))


@scene(Carrier.ERC1155, Fault.STRANGER, needs_chain=True)
def _(world: World) -> None:
    mint_1155(world, inline(describe(world, GRANTS)), recognised=False)


@scene(Carrier.ERC1155, Fault.EXPIRED, needs_chain=True)
def _(world: World) -> None:
    mint_1155(world, inline(describe(world, GRANTS)))
    world.later = 8 * DAY


# ERC-7572: the default of a collection whose token says nothing itself


def set_default(
    world: World, address: str, uses: dict[str, str] | None = None, *, recognised: bool = True
) -> None:
    """A collection with a default, and the picture's token in it."""
    contract = mint(world, inline(describe(world, uses)), recognised=recognised)
    contract.send("set_collection_uri", address)


_at_server(
    Carrier.ERC7572,
    set_default,
    {Fault.SOUND: lambda world: respond(describe(world, REFUSES)), **_server_faults(REFUSES)},
)


@scene(Carrier.ERC7572, Fault.GRANTED, needs_chain=True)
def _(world: World) -> None:
    set_default(world, inline(describe(world, GRANTS)))


@scene(Carrier.ERC7572, Fault.ABSENT, needs_chain=True)
def _(world: World) -> None:
    mint(world, inline(describe(world, None)))


@scene(Carrier.ERC7572, Fault.STRANGER, needs_chain=True)
def _(world: World) -> None:
    set_default(world, inline(describe(world, GRANTS)), recognised=False)


@scene(Carrier.ERC7572, Fault.EXPIRED, needs_chain=True)
def _(world: World) -> None:
    set_default(world, inline(describe(world, GRANTS)))
    world.later = 8 * DAY


@scene(Carrier.ERC7572, Fault.CONFLICTING, needs_chain=True)
def _(world: World) -> None:
    set_default(world, inline(describe(world, GRANTS)), REFUSES)


# ERC-7053: commits


def commit(world: World, text: str, sender: int = 5, cid: str = "") -> Contract:
    """A registry with a commit about the picture, by a stranger unless told otherwise."""
    registry = world.running.deploy("commit_registry")
    registry.send("commit", cid or world.cid, text, sender=sender)
    world.terms["registry"] = [{"chain": CHAIN, "contract": registry.address}]
    world.sources = ("chain",)
    return registry


def uses_of(uses: dict[str, str]) -> str:
    """The text of a commit that holds a preference."""
    return json.dumps({"dataMiningPreference": uses})


@scene(Carrier.ERC7053, Fault.SOUND, needs_chain=True)
def _(world: World) -> None:
    commit(world, uses_of(REFUSES))


@scene(Carrier.ERC7053, Fault.GRANTED, needs_chain=True)
def _(world: World) -> None:
    mint(world, inline(describe(world, None)), named=False)
    commit(world, uses_of(GRANTS), sender=1)  # the owner of the token


@scene(Carrier.ERC7053, Fault.ABSENT, needs_chain=True)
def _(world: World) -> None:
    commit(world, uses_of(REFUSES), cid=OTHER)


@scene(Carrier.ERC7053, Fault.TAMPERED, needs_chain=True)
def _(world: World) -> None:
    tree = describe(world, REFUSES)
    gateway = world.stack.enter_context(serve(LocalGateway({cid_of(RAW, tree): tree}, "lying")))
    world.gateway = gateway.url
    commit(world, json.dumps({"assetTreeCid": cid_of(RAW, tree).canonical}))


@scene(Carrier.ERC7053, Fault.STRANGER, needs_chain=True)
def _(world: World) -> None:
    commit(world, uses_of(GRANTS))


@scene(Carrier.ERC7053, Fault.EXPIRED, needs_chain=True)
def _(world: World) -> None:
    mint(world, inline(describe(world, None)), named=False)
    commit(world, uses_of(GRANTS), sender=1)  # the owner of the token
    world.later = 8 * DAY


@scene(Carrier.ERC7053, Fault.CONFLICTING, needs_chain=True)
def _(world: World) -> None:
    registry = commit(world, uses_of(REFUSES))
    registry.send("commit", world.cid, uses_of(GRANTS), sender=6)


@scene(Carrier.ERC7053, Fault.PRIVATE, needs_chain=True)
def _(world: World) -> None:
    commit(world, METADATA_SERVICE)


def _commit_refusal(world: World) -> None:
    commit(world, uses_of(REFUSES))


faults_of_node(
    Carrier.ERC7053,
    _commit_refusal,
    "eth_getLogs",
    *(Fault.TIMEOUT, Fault.SERVER_ERROR, Fault.TRUNCATED, Fault.WRONG_TYPE, Fault.OVERSIZED),
)


# IPFS


def _on_ipfs(fault: Fault, mode: str, uses: dict[str, str], **extra: Any) -> None:
    def arrange(world: World) -> None:
        document = describe(world, uses) + extra.get("filling", b"")
        cid = cid_of(RAW, document)
        gateway = LocalGateway({cid: document}, mode)
        world.gateway = world.stack.enter_context(serve(gateway)).url
        mint(world, f"ipfs://{cid.canonical}", recognised=extra.get("recognised", True))
        world.later = extra.get("later", 0)

    scene(Carrier.IPFS, fault, needs_chain=True)(arrange)


def _behind_gateway(fault: Fault, script: Script) -> None:
    def arrange(world: World) -> None:
        cid = cid_of(RAW, describe(world, REFUSES)).canonical
        for form in ("?format=car&dag-scope=entity", "?format=raw", "?format=car", ""):
            world.server.pages[f"/ipfs/{cid}{form}"] = script
        world.gateway = world.server.url("").rstrip("/")
        mint(world, f"ipfs://{cid}")

    scene(Carrier.IPFS, fault, needs_chain=True)(arrange)


_on_ipfs(Fault.SOUND, "honest", REFUSES)
_on_ipfs(Fault.GRANTED, "honest", GRANTS)
_on_ipfs(Fault.ABSENT, "absent", REFUSES)
_behind_gateway(Fault.TIMEOUT, hang)
_on_ipfs(Fault.SERVER_ERROR, "broken", REFUSES)
_on_ipfs(Fault.TRUNCATED, "truncating", REFUSES)
_on_ipfs(Fault.TAMPERED, "lying", REFUSES)
_on_ipfs(Fault.WRONG_TYPE, "pages", REFUSES)
_on_ipfs(Fault.OVERSIZED, "honest", REFUSES, filling=b" " * (3 * 1024**2))
_behind_gateway(Fault.PRIVATE, redirect(METADATA_SERVICE))
_on_ipfs(Fault.STRANGER, "honest", GRANTS, recognised=False)
_on_ipfs(Fault.EXPIRED, "honest", GRANTS, later=8 * DAY)
_on_ipfs(
    Fault.CONFLICTING, "honest", {"aiTraining": "allowed", "aiGenerativeTraining": "notAllowed"}
)
