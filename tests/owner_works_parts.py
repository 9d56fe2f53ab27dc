"""Two owners with works in a workspace: judged, released, entered into a ledger, and paid for."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.accounts.records import Account
from models.accounts.roles import Role
from models.assets.asset import Asset, Location
from models.assets.shards import make_shard, write_shard
from models.canonical import canonical_json
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement, Trust
from models.judging import VERDICTS
from models.ledger.compensation.kept_rules import keep_rules
from models.ledger.compensation.paying import pay_period
from models.ledger.compensation.periods import Period
from models.ledger.compensation.rules import load_rules
from models.ledger.log import UsageLedger
from models.ledger.records import RunRef, UsageRecord
from models.owners.identities import Basis, bind_identity
from models.owners.works_index import OWNED, build_owned, write_owned
from models.planning import dataset_folder
from models.policy import Policy
from models.reasons import Reason
from models.releases.manifest import build_manifest, build_outcomes, build_rewritten
from models.releases.publishing import Contents, publish
from models.releases.release import Release
from models.releases.usage import UsageRecorder
from models.store.database import Database
from models.unicode import escape_surrogates
from models.verdicts import Verdict
from tests.account_parts import put_account
from tests.compensation_parts import IN_Q3, RULES

ORIGIN = "kiyome.local/usage-ledger"
HANAKO = "Studio Hanako"
TARO = "0x" + "7a" * 20
HOSTILE = '<img src=x onerror="alert(1)">\u202e.png'
Judged = list[tuple[Sequence[Asset], pa.Table]]
NO_SIDECARS = lambda _: None  # noqa: E731


def asset_of(name: str) -> Asset:
    """An asset whose bytes are its name, and whose file is nowhere."""
    return Asset(id_of(name), (Location(name, f"/data/{name}", digest=id_of(name)),))


def draw_asset(folder: Path, name: str, colour: tuple[int, int, int] = (180, 40, 60)) -> Asset:
    """An asset with a picture of 640 x 400 pixels."""
    sink = io.BytesIO()
    Image.new("RGB", (640, 400), colour).save(sink, "PNG", pnginfo=_hidden(name))
    return keep_asset(folder, name, sink.getvalue())


def keep_asset(folder: Path, name: str, data: bytes) -> Asset:
    """An asset with a file of some bytes."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return Asset(digest, (Location(name, str(path), len(data), digest=digest),))


def _hidden(name: str) -> PngInfo:
    info = PngInfo()
    info.add_text("Comment", f"<script>alert('{name}')</script>")
    return info


def id_of(name: str) -> str:
    """The id of such an asset."""
    return hashlib.sha256(name.encode()).hexdigest()


def say(setter: str, *, granted: bool = True, carrier: str = "contract") -> Statement:
    """A statement by somebody: a grant that counts, or a refusal."""
    value = Preference.ALLOWED if granted else Preference.NOT_ALLOWED
    trust = Trust(contract=True) if granted else Trust()
    return Statement(
        carrier, "where it stood", {Purpose.GENERATIVE_TRAINING: value}, trust=trust, setter=setter
    )


def judge_as(
    asset: Asset, verdict: Verdict, reasons: Sequence[Reason], *statements: Statement
) -> tuple[Asset, dict[str, Any]]:
    """An asset with its verdict row."""
    row = {
        "asset_id": asset.asset_id,
        "verdict": verdict.value,
        "reasons": [reason.value for reason in reasons],
        "decided_by": "machine",
        "explanation_en": "",
        "explanation_ja": "",
        "question": "",
        "ruling_id": "",
        "findings": [],
        "statements": [canonical_json(s.as_dict()).decode() for s in statements],
        "attribution": False,
        "authors": [],
        "basis": [],
        "consent_en": "",
        "consent_ja": "",
        "captions": [],
        "width": 8,
        "height": 8,
        "format": "PNG",
    }
    return asset, row


def shard(*judged: tuple[Asset, dict[str, Any]]) -> Judged:
    """One shard of assets and their verdict rows."""
    rows = pa.Table.from_pylist([row for _, row in judged], schema=VERDICTS)
    return [([asset for asset, _ in judged], rows)]


def judge_example(*, refused: bool = False) -> Judged:
    """Four works of Hanako, one of them refused by her later, and two of Taro."""
    clear, granted = Verdict.CLEAR, (Reason.CONSENT_CONTRACT,)
    out = (Verdict.EXCLUDE, (Reason.CONSENT_REFUSED,))
    last = say(HANAKO, granted=False, carrier="sidecar")
    return shard(
        judge_as(asset_of("a.png"), clear, granted, say(HANAKO)),
        judge_as(asset_of(HOSTILE), clear, granted, say(HANAKO)),
        judge_as(asset_of("c.png"), *out, say(HANAKO), say(TARO, granted=False, carrier="plus")),
        judge_as(
            asset_of("d.png"),
            *(out if refused else (clear, granted)),
            *([last] if refused else []),
            say(HANAKO),
        ),
        judge_as(asset_of("taro-1.png"), clear, granted, say(TARO)),
        judge_as(asset_of("taro-2.png"), Verdict.REVIEW, (Reason.MOTIF_RESEMBLES,), say(TARO)),
    )


def names_in(assets: Sequence[Asset]) -> pa.ListArray:
    """The names of each asset, as the lists of shards show them."""
    names = [[escape_surrogates(at.name) for at in asset.locations] for asset in assets]
    return pa.array(names, pa.list_(pa.string()))


def index_judged(workspace: Path, dataset: str, judged: Judged) -> None:
    """Write the index of owners' works as a run does, and the lists of its shards."""
    folder = dataset_folder(workspace, dataset)
    folder.mkdir(parents=True, exist_ok=True)
    tables, parts = [], []
    for number, (assets, rows) in enumerate(judged):
        listed = make_shard(assets)
        write_shard(folder / "shards", listed)
        parts.append(f"{listed.digest[:16]}.{number}")
        tables.append(build_owned(names_in(assets), rows, parts[-1]))
    order = [("setter", "ascending"), ("name", "ascending"), ("asset_id", "ascending")]
    whole = pa.concat_tables([OWNED.empty_table(), *tables]).sort_by(order)
    write_owned(folder / "owners.parquet", whole, parts)


@dataclass
class OwnersStudio:
    """A workspace in which releases of judged assets are made as a run makes them."""

    workspace: Path
    database: Database
    policy: Policy

    @property
    def ledger(self) -> UsageLedger:
        """The workspace's ledger, opened to write."""
        return UsageLedger.open(self.workspace / "ledger", ORIGIN)

    def release(self, judged: Judged, dataset: str = "set", at: int = IN_Q3) -> Release:
        """Publish, index and enter a release."""
        dataset_folder(self.workspace, dataset).mkdir(parents=True, exist_ok=True)
        release, _ = publish(
            self.database,
            self.workspace,
            dataset,
            Contents(
                build_manifest(judged),
                build_outcomes(judged),
                build_rewritten(judged),
                {},
                NO_SIDECARS,
                self.policy.consent.purposes,
            ),
        )
        index_judged(self.workspace, dataset, judged)
        ledger = self.ledger
        recorder = UsageRecorder(release, self.policy, {}, ledger.reference, at, bool)
        records = [each for _, rows in judged for each in recorder.record(rows)]
        ledger.append(release.id, records, at, manifest_sha256=release.manifest_sha256)
        return release

    def train(self, release: Release, samples: int = 10, at: int = IN_Q3 + 60) -> None:
        """Enter a run that drew every used asset of a release."""
        ledger = self.ledger
        run = RunRef("run-1", "model-1", samples)
        from models.ledger.record_reading import read_record

        records = [read_record(o.record) for o in ledger.openings(release.id)]
        drawn = [
            replace(record, run=run, decided_at=at)
            for record in records
            if isinstance(record, UsageRecord) and record.decision is Verdict.CLEAR
        ]
        ledger.append(f"run-1-{release.id[:8]}", drawn, at)

    def pay(self, folder: Path, *, keep: bool = True) -> None:
        """Pay the third quarter."""
        file = folder / "rules.toml"
        file.write_text(RULES)
        rules, period = load_rules(file), Period.parse("2026-Q3")
        payouts = self.workspace / "payouts" / f"{rules.id}-{period.name}"
        pay_period(self.ledger, rules, period, {}, payouts, period.end)
        if keep:
            keep_rules(file, rules, payouts)


def put_owner(database: Database, name: str, *identities: str) -> Account:
    """An owner's account that some identities are bound to."""
    account = put_account(database, name, Role.OWNER)
    with database.transaction() as session:
        for identity in identities:
            bind_identity(session, account.id, identity, Basis.VOUCHED, "test")
    return account
