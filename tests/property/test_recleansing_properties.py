"""Deciding a shard by groups gives, byte for byte, what deciding it asset by asset gives."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.assets.asset import Asset, Caption, Fault, Location
from models.assets.shards import make_shard, write_shard
from models.canonical import canonical_json, digest_bytes
from models.consent.purposes import Preference, Purpose
from models.consent.stage import ConsentStage
from models.consent.statements import Condition, Statement, Trust
from models.decisions import Ruling
from models.findings import Finding
from models.judging import Bench, judge, read_verdicts
from models.motifs.features import features_schema
from models.nouns.stage import JUDGED, NounsStage
from models.policy import Policy
from models.reasons import Reason
from models.recleansing.deciding import Decider
from models.recleansing.members import read_members
from models.recleansing.outputs import TooFewRowsError, find_output
from models.recleansing.stamps import Stamps
from models.releases.manifest import build_manifest, build_outcomes, build_rewritten, to_parquet
from models.releases.parts import find_part, read_parts, write_part
from models.stages import BASE_FIELDS, StageRecord, stage_folder, store_record, store_table
from tasks.walking import FEATURES_JUDGED

_DATASET = "set"
_GENERATIVE = Purpose.GENERATIVE_TRAINING
_CONTRACT = {
    "id": "studio",
    "holder": "Studio",
    "purposes": ["generative_training"],
    "folder": "licensed",
    "entered_by": "Aoki",
    "approved_by": "Baba",
    "issued": "2026-01-01",
    "expires": "2099-01-01",
}
_STATEMENTS: tuple[tuple[Statement, ...], ...] = (
    (),
    (Statement("sidecar", "ai.txt", {_GENERATIVE: Preference.NOT_ALLOWED}),),
    (Statement("plus", "xmp", {_GENERATIVE: Preference.ALLOWED}, trust=Trust(integrity=True)),),
    (Statement("c2pa", "claim", condition=Condition.TAMPERED, setter="ab:cd"),),
    (
        Statement("sidecar", "a.json", {_GENERATIVE: Preference.CONSTRAINED}, license_ref="x"),
        Statement("plus", "xmp", {_GENERATIVE: Preference.ALLOWED}, expires_at=2_000_000_000),
    ),
)
_NAMES: tuple[tuple[Finding, ...], ...] = (
    (),
    (Finding("name_protected", "register/3", 1.0, "It is registered.", "r1", "Kirari", "character",
             caption=0, start=0, end=6, surface="Kirari"),),
    (Finding("name_possible", "register/3", 0.5, "It may be one.", "r2", "Link", "character",
             caption=0, start=0, end=4, surface="Link"),),
)  # fmt: skip
_MOTIFS: tuple[tuple[Finding, ...], ...] = (
    (),
    (Finding("motif_copy", "motifs/3", 0.9, "It is a copy.", "m1", "Logo", "logo"),),
    (Finding("motif_resembles", "motifs/3", 0.2, "It is alike.", "m1", "Logo", "logo"),),
)


@dataclasses.dataclass(frozen=True)
class _Drawn:
    folder: str
    names: int
    statements: int
    found: int
    shown: int
    fault: bool
    unread: bool
    special: str


_drawn = st.builds(
    _Drawn,
    folder=st.sampled_from(["licensed", "found", "licensed/deep", "./licensed", "licensed/../x"]),
    names=st.integers(1, 2),
    statements=st.integers(0, len(_STATEMENTS) - 1),
    found=st.integers(0, len(_NAMES) - 1),
    shown=st.integers(0, len(_MOTIFS) - 1),
    fault=st.sampled_from([False] * 9 + [True]),
    unread=st.sampled_from([False] * 9 + [True]),
    special=st.sampled_from([""] * 8 + ["ruling", "takedown", "takedown by name"]),
)


def _asset(number: int, drawn: _Drawn) -> Asset:
    names = [f"{drawn.folder}/{number:03d}-{copy}é.png" for copy in range(drawn.names)]
    asset_id = digest_bytes(names[0].encode())
    fault = Fault(Reason.CAPTION_UNREADABLE, "it is no text") if drawn.unread else None
    captions = tuple(
        Caption(f"a caption of {number} \udc80" if copy else f"a caption of {number}", name, copy)
        for copy, name in enumerate(names)
    )
    places = tuple(Location(name, f"/nowhere/{name}") for name in names)
    return Asset(asset_id, places, captions, fault=fault)


def _texts(things: Sequence[Any]) -> list[str]:
    return [canonical_json(thing.as_dict()).decode() for thing in things]


def _store(
    workspace: Path, stage: str, shard: str, rows: list[dict[str, Any]], schema: Any
) -> None:
    table = pa.Table.from_pylist(rows, schema=schema).sort_by("asset_id")
    folder = stage_folder(workspace, stage, shard)
    output, digest = store_table(folder, stage, table)
    count = table.num_rows
    record = StageRecord(stage, shard, stage, output, digest, count, count, count, 0.0, {})
    store_record(folder, stage, dataclasses.asdict(record))


def _fill(workspace: Path, drawn: Sequence[_Drawn]) -> str:
    """A shard and what its stages have found, as a cleansing leaves them."""
    members = [_asset(number, each) for number, each in enumerate(drawn)]
    shard = make_shard(members)
    write_shard(workspace / "datasets" / _DATASET / "shards", shard)
    consent, nouns, features, motifs = [], [], [], []
    for asset, each in zip(members, drawn, strict=True):
        told = {"asset_id": asset.asset_id}
        subjects = [f"sha256:{asset.asset_id}"]
        consent.append(
            {**told, "statements": _texts(_STATEMENTS[each.statements]), "subjects": subjects}
        )
        nouns.append({**told, "findings": _texts(_NAMES[each.found]), "texts": []})
        look: dict[str, Any] = {"width": 64, "height": 32, "format": "png", "findings": []}
        look |= {"pdq": bytes(32), "pdq_quality": 50}
        if each.fault:
            look = {"fault_code": Reason.IMAGE_DAMAGED.value, "fault_detail": "cut short"}
        features.append({**told, **look})
        motifs.append({**told, "findings": _texts(_MOTIFS[each.shown])})
    found = pa.schema([*BASE_FIELDS, pa.field("findings", pa.list_(pa.string()))])
    _store(workspace, "consent", shard.digest, consent, ConsentStage(1).schema)
    _store(workspace, "nouns", shard.digest, nouns, NounsStage.schema)
    _store(workspace, "features", shard.digest, features, features_schema(4))
    _store(workspace, "motifs", shard.digest, motifs, found)
    return shard.digest


def _bench(members: Sequence[Asset], drawn: Sequence[_Drawn]) -> Bench:
    from models.assets.asset import unread_id

    policy = Policy.model_validate(
        {
            "name": "test",
            "version": "1",
            "consent": {"purposes": ["generative_training"], "contract": [_CONTRACT]},
        }
    )
    rulings, takedowns = {}, set()
    for asset, each in zip(members, drawn, strict=True):
        if each.special == "ruling":
            rulings[asset.asset_id] = Ruling("q", False, "r", "reviewer")
        elif each.special == "takedown":
            takedowns.add(asset.asset_id)
        elif each.special == "takedown by name":
            takedowns.add(unread_id(asset.locations[-1].name))
    return Bench(policy, {}, 1_790_000_000, rulings, frozenset(takedowns))


@settings(deadline=None, max_examples=40)
@given(st.lists(_drawn, min_size=1, max_size=24))
def test_groups_are_decided_as_their_members_are(drawn: list[_Drawn]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        _compare(Path(one), Path(other), drawn)


def _compare(one: Path, other: Path, drawn: Sequence[_Drawn]) -> None:
    digest = _fill(one, drawn)
    path = one / "datasets" / _DATASET / "shards" / f"{digest}.parquet"
    members = read_members(path, Stamps())
    assets = members.assets(range(len(members)))
    bench = _bench(assets, drawn)
    outputs = {
        stage: output
        for stage, columns in (
            ("consent", None),
            ("nouns", JUDGED),
            ("features", FEATURES_JUDGED),
            ("motifs", None),
        )
        if (output := find_output(one, stage, digest, stage, columns, Stamps())) is not None
    }
    tables = {stage: output.table for stage, output in outputs.items()}
    # Then nothing has changed; then what people and owners said of each is said of the next.
    moved = [dataclasses.replace(d, special=e.special) for d, e in pairwise([*drawn, drawn[0]])]
    for bench in (_bench(assets, drawn), _bench(assets, drawn), _bench(assets, moved)):
        expected = judge(digest, assets, tables, bench, other, _DATASET)
        judged = Decider(bench, one, _DATASET).judge(members, outputs)
        same = dataclasses.replace(expected, seconds=0.0)
        assert dataclasses.replace(judged.record, seconds=0.0) == same
        written = write_part(one, members, judged.rows, "this", asked=False, terms=False)
        assert find_part(one, digest, "this") == written
        parts = read_parts(one, [digest])
        table = [(assets, read_verdicts(other, expected))]
        assert to_parquet(parts.manifest) == to_parquet(build_manifest(table))
        assert to_parquet(parts.outcomes) == to_parquet(build_outcomes(table))
        assert to_parquet(parts.rewritten) == to_parquet(build_rewritten(table))


def test_an_asset_that_a_stage_has_not_examined_is_not_decided(tmp_path: Path) -> None:
    drawn = [_Drawn("licensed", 1, 0, 0, 0, fault=False, unread=False, special="")] * 3
    digest = _fill(tmp_path, drawn)
    shard = tmp_path / "datasets" / _DATASET / "shards" / f"{digest}.parquet"
    members = read_members(shard, Stamps())
    assets = members.assets(range(3))
    rows = [{"asset_id": asset.asset_id, "findings": [], "texts": []} for asset in assets[:2]]
    _store(tmp_path, "nouns", digest, rows, NounsStage.schema)
    outputs = {
        stage: output
        for stage in ("consent", "nouns", "features", "motifs")
        if (output := find_output(tmp_path, stage, digest, stage, None, Stamps())) is not None
    }
    with pytest.raises(TooFewRowsError, match="nouns"):
        Decider(_bench(assets, drawn), tmp_path, _DATASET).judge(members, outputs)
