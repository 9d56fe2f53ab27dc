"""Origins: from which register an output of a stage was made, by the output's fingerprint.

An output that was made from another register is made with the same code, lists and limits where its
``base`` is the same: then only what differs between the registers can make a difference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from models.canonical import digest_lines
from models.detectors import Detectors
from models.errors import WorkspaceError
from models.files import write_atomically
from models.motifs.features_stage import FEATURES_VERSION
from models.motifs.motifs_stage import MotifsStage
from models.motifs.reference_features import version_of
from models.motifs.register import describe_reference

_FOLDER = "origins"


@dataclass(frozen=True, slots=True)
class Origin:
    """What the outputs under one fingerprint were made from.

    Attributes:
        stage: nouns or motifs.
        fingerprint: of the outputs.
        base: digest of all that they rest on besides the register; "" for one of a kind.
        register: for names the register's number, for motifs 0.
        version: for names the register's version.
        references: for motifs the digest of what the register says of each reference, by id.
    """

    stage: str
    fingerprint: str
    base: str
    register: int = 0
    version: str = ""
    references: Mapping[str, str] = field(default_factory=dict)


def tell_origins(detectors: Detectors) -> tuple[Origin, Origin]:
    """Of names and motifs, what outputs that are made now are made from."""
    nouns, index = detectors.nouns, detectors.index
    motifs = MotifsStage(index, detectors.features.schema.empty_table())
    base = digest_lines(
        [
            *(FEATURES_VERSION, version_of((), detectors.encoder), index.encoder_name),
            *(motifs.code_version, index.calibration.fingerprint),
        ]
    )
    return (
        Origin(
            "nouns",
            nouns.fingerprint,
            nouns.apart_from_register,
            detectors.register_number,
            nouns.knowledge.register.version,
        ),
        Origin(
            "motifs",
            motifs.fingerprint,
            base,
            references={r.id: digest_lines([describe_reference(r)]) for r in index.references},
        ),
    )


def remember_origins(detectors: Detectors, workspace: Path) -> None:
    """Keep what outputs that are made now are made from.

    Raises:
        WorkspaceError: it cannot be written.
    """
    for origin in tell_origins(detectors):
        path = _path(workspace, origin.stage, origin.fingerprint)
        if path.exists():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, json.dumps(asdict(origin), indent=1).encode())
        except OSError as error:
            raise WorkspaceError(
                f"{path} cannot be written: {error.strerror or error}.",
                "Free some disk space or make the workspace writable, then run again.",
            ) from error


def find_predecessors(workspace: Path, now: Origin) -> list[Origin]:
    """The origins of a stage's outputs that differ from what is now in the register alone.

    Newest first. One that cannot be read is left out: its outputs are then made anew.
    """
    if not now.base:
        return []
    folder = _path(workspace, now.stage, now.fingerprint).parent
    paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    found = []
    for path in paths:
        try:
            origin = Origin(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError):
            continue
        if origin.base == now.base and origin.fingerprint != now.fingerprint:
            found.append(origin)
    return found


def _path(workspace: Path, stage: str, fingerprint: str) -> Path:
    return workspace / "stages" / stage / _FOLDER / f"{fingerprint}.json"
