"""Scenes of what an operator hands over: lists, declarations, licences, contracts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from models.canonical import digest_bytes
from models.consent.declarations import observe_declaration
from models.consent.evidence.observation import Observation, Outcome
from models.consent.evidence.recording import record, record_long
from models.consent.iscc.computing import compute_instance_code
from models.consent.optouts.lists import iterate_said, read_optouts
from models.errors import KiyomeError
from models.store.database import Database
from tests.consent_files import picture
from tests.fault_matrix.axes import Carrier, Fault
from tests.fault_matrix.scenes import scene
from tests.fault_matrix.scenes_files import metadata
from tests.fault_matrix.scenes_web import cut, hang
from tests.fault_matrix.world import METADATA_SERVICE, World
from tests.fetching_servers import Script, redirect, respond

SEEN = 1_577_836_800  # the beginning of 2020

# Opt-out lists


def import_list(world: World, name: str, content: bytes, *, spoil: bool = False) -> None:
    """Take in a list as the command does; one that is refused changes nothing.

    Args:
        world: takes it.
        name: of the file; the list is called ``artists`` whatever the file's name.
        content: of the file.
        spoil: the file changes after it was checked, and before it is read.
    """

    def prepare(database: Database, workspace: Path) -> None:
        path = world.folder / name
        path.write_bytes(content)
        try:
            checked = read_optouts(path, "artists")
            if spoil:
                path.write_bytes(content.replace(world.asset_id.encode(), b"0" * 64) + b"\n")
            observation = Observation(checked.source, "optout", Outcome.READ, SEEN)
            record_long(database, workspace, observation, iterate_said(checked, SEEN))
        except KiyomeError as error:
            world.refusals.append(error.problem)

    world.prepare.append(prepare)


def rows(*lines: str) -> bytes:
    """A list by SHA-256."""
    return "\n".join(("sha256,status", *lines, "")).encode()


def _list(fault: Fault, make: Callable[[World], tuple[str, bytes]], *, after: bool = False) -> None:
    """A scene of one list; ``after`` a sound version of it that names the picture."""

    def arrange(world: World) -> None:
        if after:
            import_list(world, "before.csv", rows(f"{world.asset_id},opt-out"))
        name, content = make(world)
        import_list(world, name, content, spoil=fault is Fault.TAMPERED)

    scene(Carrier.OPT_OUT, fault)(arrange)


_list(Fault.SOUND, lambda world: ("a.csv", rows(f"{world.asset_id},opt-out")))
_list(Fault.ABSENT, lambda _: ("a.csv", rows(f"{'ab' * 32},opt-out")))
_list(
    Fault.TRUNCATED,
    lambda world: ("a.csv.gz", gzip.compress(rows(f"{world.asset_id},opt-out"))[:-12]),
    after=True,
)
_list(Fault.TAMPERED, lambda world: ("a.csv", rows(f"{world.asset_id},opt-out")), after=True)
_list(Fault.WRONG_TYPE, lambda _: ("a.csv", picture()), after=True)
_list(
    Fault.OVERSIZED,
    lambda world: ("a.csv", rows(f"{world.asset_id},opt-out", f"{'x' * 3 * 1024**2},opt-out")),
    after=True,
)
_list(
    Fault.STRANGER,
    lambda world: ("a.csv", rows(f"{world.asset_id},opt-in", f"{'ab' * 32},opt-out")),
)
_list(
    Fault.CONFLICTING,
    lambda world: ("a.csv", rows(f"{world.asset_id},opt-out", f"{world.asset_id},opt-in")),
)

# TDM·AI declarations


def declaration(world: World, **members: Any) -> bytes:
    """A declaration about the picture."""
    code = compute_instance_code(world.image)
    return json.dumps({"iscc": f"ISCC:{code}", **members}).encode()


def _declare(fault: Fault, make: Callable[[World], bytes]) -> None:
    def arrange(world: World) -> None:
        def prepare(database: Database, workspace: Path) -> None:
            observation = observe_declaration(make(world), "a.json", SEEN)
            record(database, workspace, [observation])

        world.prepare.append(prepare)

    scene(Carrier.TDMAI, fault)(arrange)


RESERVED = {"tdm-reservation": 1}
FREE = {"tdm-reservation": 0}
_declare(Fault.SOUND, lambda world: declaration(world, **RESERVED))
_declare(Fault.TRUNCATED, lambda world: declaration(world, **RESERVED)[: -len(": 1}")])
_declare(
    Fault.TAMPERED,
    lambda world: json.dumps(
        {"iscc": f"ISCC:{compute_instance_code(b'another picture')}", **RESERVED}
    ).encode(),
)
_declare(Fault.WRONG_TYPE, lambda world: declaration(world, **{"tdm-reservation": [[]]}))
_declare(Fault.OVERSIZED, lambda world: declaration(world, **FREE, more="x" * 2**20))
_declare(Fault.STRANGER, lambda world: declaration(world, **FREE))
_declare(
    Fault.CONFLICTING,
    lambda world: declaration(world, **FREE)[:-1] + b', "tdm-reservation": 1}',
)


@scene(Carrier.TDMAI, Fault.ABSENT)
def _(world: World) -> None:
    world.prepare = []


# Licence documents

LICENCE = b"You may train on it if you send a postcard."


def _licence(fault: Fault, script: Script, **uses: str) -> None:
    def arrange(world: World) -> None:
        address = world.server.url("/licence.txt")
        world.server.pages["/licence.txt"] = script
        world.sidecar = metadata(
            dataMiningPreference={"aiTraining": "constrained", **uses},
            license={"name": "Postcard", "document": address},
        )
        world.terms["license"] = [
            {
                "document": address,
                "sha256": digest_bytes(LICENCE),
                "purposes": ["generative_training"],
                "entered_by": "Aiko",
                "approved_by": "Ben",
            }
        ]
        world.sources = ("documents",)

    scene(Carrier.LICENCE, fault)(arrange)


_licence(Fault.SOUND, respond(LICENCE))
_licence(Fault.ABSENT, respond(b"", "404 Not Found"))
_licence(Fault.TIMEOUT, hang)
_licence(Fault.SERVER_ERROR, respond(LICENCE, "503 Service Unavailable"))
_licence(Fault.TRUNCATED, cut(LICENCE))
_licence(Fault.TAMPERED, respond(LICENCE.replace(b"a postcard", b"nothing")))
_licence(Fault.WRONG_TYPE, respond(b"<!doctype html><title>Welcome</title>"))
_licence(Fault.OVERSIZED, respond(LICENCE + b" " * 3 * 1024**2))
_licence(Fault.PRIVATE, redirect(METADATA_SERVICE))
_licence(Fault.CONFLICTING, respond(LICENCE), aiGenerativeTraining="notAllowed")

# Contracts on file

POLICY = """
name = "matrix"
version = "1"
[consent]
[[consent.contract]]
id = "K-1"
holder = "Studio Hoshikage"
purposes = ["generative_training"]
folder = "."
entered_by = "Aiko"
approved_by = "Ben"
issued = 2020-01-01
expires = 2099-01-01
"""


def _policy(fault: Fault, text: str) -> None:
    @scene(Carrier.CONTRACT, fault)
    def _(world: World) -> None:
        world.policy_text = text


_policy(Fault.SOUND, POLICY)
_policy(Fault.TRUNCATED, POLICY[: POLICY.index("issued")])
_policy(Fault.TAMPERED, POLICY.replace('"Ben"', '"aiko"'))
_policy(Fault.WRONG_TYPE, POLICY.replace("2099-01-01", '"for ever"'))


@scene(Carrier.CONTRACT, Fault.ABSENT)
def _(world: World) -> None:
    world.contract = None


@scene(Carrier.CONTRACT, Fault.STRANGER)
def _(world: World) -> None:
    assert world.contract
    world.contract["folder"] = "somebody-else"


@scene(Carrier.CONTRACT, Fault.EXPIRED)
def _(world: World) -> None:
    assert world.contract
    world.contract["expires"] = date(2020, 2, 1)


@scene(Carrier.CONTRACT, Fault.CONFLICTING)
def _(world: World) -> None:
    world.sidecar = metadata()
