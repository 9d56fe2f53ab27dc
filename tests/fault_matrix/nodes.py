"""Nodes that misbehave, and the scenes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.fault_matrix.axes import Carrier, Fault
from tests.fault_matrix.scenes import scene
from tests.fault_matrix.world import METADATA_SERVICE, World
from tests.faulty_node import Behaviour, FaultyNode, Reply, listed, reply, start_faulty_node


def ask_through(world: World, behave: Behaviour) -> None:
    """Put a misbehaving node in front of the chain."""
    node = world.stack.enter_context(start_faulty_node(behave, world.running.url))
    world.endpoint = node.url


# Misbehaving nodes


def is_slow(_: FaultyNode, __: Any) -> Reply | None:
    time.sleep(0.6)
    return None


def is_down(_: FaultyNode, __: Any) -> Reply:
    return 500, {}, b"sorry"


def cuts_short(node: FaultyNode, body: Any) -> Reply:
    whole = json.dumps(node.forward(body)).encode()
    return 200, {}, whole[: len(whole) // 2]


def serves_pages(_: FaultyNode, __: Any) -> Reply:
    return 200, {"Content-Type": "text/html"}, b"<!doctype html><title>Welcome</title>"


def is_endless(node: FaultyNode, body: Any) -> Reply:
    return 200, {}, json.dumps(node.forward(body)).encode() + b" " * (3 * 1024**2)


def leads_away(_: FaultyNode, __: Any) -> Reply:
    return 302, {"Location": METADATA_SERVICE}, b""


def is_of_another_chain(node: FaultyNode, body: Any) -> Reply:
    if listed(body)[0]["method"] == "eth_chainId":
        return reply({"jsonrpc": "2.0", "id": body["id"], "result": "0x1"})
    return reply(node.forward(body))


def only_for(method: str, behave: Behaviour) -> Behaviour:
    """Misbehave for one method, and answer well otherwise."""

    def chosen(node: FaultyNode, body: Any) -> Reply | None:
        if any(question["method"] == method for question in listed(body)):
            return behave(node, body)
        return reply(node.forward(body))

    return chosen


NODES: dict[Fault, Behaviour] = {
    Fault.TIMEOUT: is_slow,
    Fault.SERVER_ERROR: is_down,
    Fault.TRUNCATED: cuts_short,
    Fault.WRONG_TYPE: serves_pages,
    Fault.OVERSIZED: is_endless,
    Fault.PRIVATE: leads_away,
}


def faults_of_node(
    carrier: Carrier, prepare: Callable[[World], None], method: str = "", *faults: Fault
) -> None:
    """Scenes of a node that misbehaves, for all methods or for one.

    Args:
        carrier: in whose row.
        prepare: brings about what the node then keeps from being read.
        method: "" for all.
        faults: those of ``NODES``; all where none is named.
    """
    for fault in faults or tuple(NODES):
        behave = only_for(method, NODES[fault]) if method else NODES[fault]

        def arrange(world: World, behave: Behaviour = behave) -> None:
            prepare(world)
            world.max_answer = 2 * 1024**2
            ask_through(world, behave)

        scene(carrier, fault, needs_chain=True)(arrange)
