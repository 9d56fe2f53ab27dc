"""Scenes of signed statements, and of the wallets and tokens behind them."""

from __future__ import annotations

import json
import time
from typing import Any

from models.consent.declaring.signing import (
    SigningKey,
    draft_statement,
    sign_statement,
    write_document,
)
from models.consent.signed.consent_statement import Scheme, digest_statement
from tests.anvil import CHAIN, KEYS, Contract
from tests.fault_matrix.axes import Carrier, Fault
from tests.fault_matrix.nodes import faults_of_node
from tests.fault_matrix.scenes import scene
from tests.fault_matrix.scenes_files import GRANTS, REFUSES
from tests.fault_matrix.world import DAY, World

CHAIN_NUMBER = int(CHAIN.partition(":")[2])
HOLDER = SigningKey(bytes.fromhex(KEYS[1][2:]))  # account 1 of the test chain
STRANGER = SigningKey(b"\x21" * 32)
ISSUED = int(time.time()) - DAY


def sign(
    world: World,
    preference: dict[str, str],
    scheme: Scheme = Scheme.EIP712,
    key: SigningKey = HOLDER,
    signer: str = "",
    **fields: Any,
) -> bytes:
    """A statement about the picture; ``signer`` is a wallet for which the key signs."""
    statement = draft_statement(
        preference, ISSUED, asset_cid=f"sha256:{world.asset_id}", nonce=1, **fields
    )
    if not signer:
        return sign_statement(statement, preference, CHAIN_NUMBER, key, scheme)
    signature = key.sign(digest_statement(statement, preference, CHAIN_NUMBER, scheme))
    return write_document(statement, preference, CHAIN_NUMBER, signer, signature, scheme)


def give_token(world: World, holder: str) -> Contract:
    """Make ``holder`` the owner of the picture's token, in a collection that is recognised."""
    contract = world.running.deploy("picture_tokens", False, False)
    document = json.dumps({"image": f"ipfs://{world.cid}"})
    contract.send("mint", holder, 7, f"data:application/json,{document}")
    world.terms["collection"] = [{"chain": CHAIN, "contract": contract.address, "holder": "Studio"}]
    world.sources = ("chain",)
    return contract


def _sign_offline(carrier: Carrier, scheme: Scheme) -> None:
    """The scenes of a statement whose signature needs no chain."""

    @scene(carrier, Fault.SOUND)
    def _(world: World) -> None:
        world.sidecar = sign(world, REFUSES, scheme)

    @scene(carrier, Fault.GRANTED, needs_chain=True)
    def _(world: World) -> None:
        give_token(world, world.running.accounts[1])
        world.sidecar = sign(world, GRANTS, scheme)

    @scene(carrier, Fault.ABSENT)
    def _(world: World) -> None:
        world.sidecar = None

    @scene(carrier, Fault.TRUNCATED)
    def _(world: World) -> None:
        whole = sign(world, GRANTS, scheme)
        world.sidecar = whole[: len(whole) // 2]

    @scene(carrier, Fault.TAMPERED)
    def _(world: World) -> None:
        world.sidecar = sign(world, REFUSES, scheme).replace(b'"notAllowed"', b'"allowed"')

    @scene(carrier, Fault.WRONG_TYPE)
    def _(world: World) -> None:
        document = json.loads(sign(world, GRANTS, scheme))
        world.sidecar = json.dumps({**document, "statement": [document["statement"]]}).encode()

    @scene(carrier, Fault.OVERSIZED)
    def _(world: World) -> None:
        world.sidecar = sign(world, GRANTS, scheme) + b" " * 2**20

    @scene(carrier, Fault.STRANGER, needs_chain=True)
    def _(world: World) -> None:
        give_token(world, world.running.accounts[1])
        world.sidecar = sign(world, GRANTS, scheme, STRANGER)

    @scene(carrier, Fault.EXPIRED, needs_chain=True)
    def _(world: World) -> None:
        give_token(world, world.running.accounts[1])
        world.sidecar = sign(world, GRANTS, scheme, expires_at=ISSUED + 3600)

    @scene(carrier, Fault.CONFLICTING, needs_chain=True)
    def _(world: World) -> None:
        give_token(world, world.running.accounts[1])
        world.sidecar = sign(world, GRANTS, scheme)
        world.second_sidecar = sign(world, REFUSES, scheme, STRANGER)


_sign_offline(Carrier.EIP712, Scheme.EIP712)
_sign_offline(Carrier.EIP191, Scheme.EIP191)


def wallet_of(world: World) -> str:
    """A contract wallet for which account 1 signs."""
    world.sources = ("chain",)
    return world.running.deploy("contract_wallet", world.running.accounts[1]).address


@scene(Carrier.ERC1271, Fault.SOUND, needs_chain=True)
def _(world: World) -> None:
    world.sidecar = sign(world, REFUSES, signer=wallet_of(world))


@scene(Carrier.ERC1271, Fault.GRANTED, needs_chain=True)
def _(world: World) -> None:
    wallet = wallet_of(world)
    give_token(world, wallet)
    world.sidecar = sign(world, GRANTS, signer=wallet)


@scene(Carrier.ERC1271, Fault.ABSENT, needs_chain=True)
def _(world: World) -> None:
    world.sources = ("chain",)


@scene(Carrier.ERC1271, Fault.TAMPERED, needs_chain=True)
def _(world: World) -> None:
    document = sign(world, REFUSES, signer=wallet_of(world))
    world.sidecar = document.replace(b'"notAllowed"', b'"allowed"')


@scene(Carrier.ERC1271, Fault.STRANGER, needs_chain=True)
def _(world: World) -> None:
    give_token(world, world.running.accounts[1])
    world.sidecar = sign(world, GRANTS, signer=wallet_of(world))


@scene(Carrier.ERC1271, Fault.EXPIRED, needs_chain=True)
def _(world: World) -> None:
    wallet = wallet_of(world)
    give_token(world, wallet)
    world.sidecar = sign(world, GRANTS, signer=wallet, expires_at=ISSUED + 3600)


@scene(Carrier.ERC1271, Fault.CONFLICTING, needs_chain=True)
def _(world: World) -> None:
    wallet = wallet_of(world)
    give_token(world, wallet)
    world.sidecar = sign(world, GRANTS, signer=wallet)
    world.second_sidecar = sign(world, REFUSES, key=STRANGER)


def _sign_for_a_wallet(world: World) -> None:
    world.sidecar = sign(world, GRANTS, signer=wallet_of(world))


faults_of_node(Carrier.ERC1271, _sign_for_a_wallet)
