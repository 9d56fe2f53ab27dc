"""A bundle from end to end: two real releases, their paperwork, and nothing private in it."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from flows.cli.bundle import bundle
from models.errors import KiyomeError, LedgerError, ReleaseError
from models.ledger.log import UsageLedger
from models.ledger.note import Verifier
from models.policy import parse_policy
from models.releases.notices import open_notice
from models.releases.publishing import find_release
from models.releases.release import Release
from models.review.queue import decide, lease_next
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.takedowns import acknowledge_takedown
from tests.compliance_parts import unpack
from tests.pipeline import draw_picture, make_settings, run_kiyome
from verifier import cli as verifier_cli

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(900)]

REVIEWER = "Zaphod Reviewer"
CAPTION = "seventeen purple lanterns"
OWNER = "hanako.owner@secret.example"
PRIVATE = (REVIEWER, "Zaphod", CAPTION, "purple", OWNER, "secret.example", "Trillian", "Aoki")
ALSO_PRIVATE = ("Baba", "picture-0", "PRIVATE+KEY", "the-deal", "broken-file")
POLICY = """
name = "test"
version = "1"

[[consent.contract]]
id = "the-deal"
holder = "Trillian Studio"
purposes = ["generative_training"]
folder = "plain"
entered_by = "Aoki"
approved_by = "Baba"
issued = 2026-01-01
expires = 2099-01-01

[[consent.contract]]
id = "named"
holder = "Ford Artist"
purposes = ["generative_training"]
folder = "named"
attribution = true
entered_by = "Aoki"
approved_by = "Baba"
issued = 2026-01-01
expires = 2099-01-01
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace: a release, then a ruling and a takedown, then another release."""
    folder = tmp_path_factory.mktemp("made")
    settings = make_settings(folder, POLICY)
    pictures = folder / "pictures"
    for place in ("plain", "named"):
        (pictures / place).mkdir(parents=True)
    for n in range(6):
        inside = pictures / ("named" if n == 5 else "plain")
        draw_picture(inside / f"picture-0{n}.png", n)
        text = "Hoshino Kirari waves" if n == 2 else f"{CAPTION}, number {n}"
        (inside / f"picture-0{n}.txt").write_text(text)
    (pictures / "plain" / "broken-file.png").write_bytes(b"")
    cleanse(settings, pictures)
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        item = lease_next(session, REVIEWER, dataset="set")
        assert item is not None
        decide(
            session, item.id, item.lease_token, item.version, "approve", "other_name", "", REVIEWER
        )
    folder_of = find_release(database, "set", 1).path(settings.workspace)
    rows = pq.read_table(folder_of / "manifest.parquet").to_pylist()
    asset = next(row["asset_id"] for row in rows if not row["attribution"])
    with database.transaction() as session:
        acknowledge_takedown(session, asset, OWNER, "by mail", "Aoki")
    database.dispose()
    cleanse(settings, pictures)
    return folder


def cleanse(settings: Settings, pictures: Path) -> None:
    where = ("--workspace", settings.workspace, "--policy", settings.policy)
    done = run_kiyome("cleanse", pictures, "--dataset", "set", "--quiet", *where, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def settings(made: Path, tmp_path: Path) -> Settings:
    """A copy of it for each test."""
    shutil.copytree(made / "workspace", tmp_path / "workspace")
    return make_settings(tmp_path, POLICY)


def say(settings: Settings, *words: str | Path) -> str:
    given = [*map(str, words), "--workspace", str(settings.workspace)]
    given += ["--policy", str(settings.policy)]
    return ask(given)


def ask(words: list[str]) -> str:
    done = CliRunner().invoke(bundle, words, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.output


def make(settings: Settings, number: int, *words: str) -> bytes:
    to = settings.workspace.parent / "bundle.zip"
    say(settings, "make", str(number), "--dataset", "set", "--to", to, *words)
    return to.read_bytes()


def vkey_of(settings: Settings) -> str:
    return UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin).vkey


def release_of(settings: Settings, number: int) -> Release:
    database: Database = open_database(settings.resolved_database_url)
    try:
        return find_release(database, "set", number)
    finally:
        database.dispose()


def table_of(members: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(members[name])).to_pylist()
    return rows


def test_a_bundle_is_made_checked_and_made_again_byte_for_byte(settings: Settings) -> None:
    first = make(settings, 2)
    assert make(settings, 2) == first
    file = settings.workspace.parent / "bundle.zip"
    assert "are as they were signed" in ask(["check", str(file), "--key", vkey_of(settings)])


def test_a_bundle_of_another_ledger_is_refused(settings: Settings, tmp_path: Path) -> None:
    make(settings, 2)
    stranger = UsageLedger.open(tmp_path / "other", settings.ledger_origin).vkey
    with pytest.raises(ReleaseError, match="not signed by a key that is trusted"):
        ask(["check", str(settings.workspace.parent / "bundle.zip"), "--key", stranger])


def test_nothing_private_is_in_a_bundle(settings: Settings) -> None:
    secrets = [*PRIVATE, *ALSO_PRIVATE, str(settings.workspace.parent), "pytest-of-"]
    for key in sorted((settings.workspace / "ledger" / "private").glob("*.key*")):
        secrets += re.findall(r"[0-9A-Za-z+/=]{32,}", key.read_text("latin-1"))
    for number in (1, 2):
        members = unpack(make(settings, number))
        assert members.pop("attribution.csv")
        for name, data in members.items():
            shown = data
            if name.endswith(".parquet"):
                shown += json.dumps(table_of(members, name), default=str).encode()
            for secret in secrets:
                assert secret.encode() not in shown, (name, secret)
            assert not re.search(rb"[\w.]+@[\w-]+\.\w+", shown), name


def test_a_confidential_bundle_says_so_and_holds_the_policy_word_for_word(
    settings: Settings,
) -> None:
    members = unpack(make(settings, 2, "--confidential"))
    digest = json.loads(members["release.json"])["policy"]["sha256"]
    assert parse_policy(members["policy.toml"].decode()).digest == digest
    assert "CONFIDENTIAL" in members["README.en.md"].decode()
    assert all("names" in row for row in table_of(members, "decisions.parquet"))
    said = ask(["check", str(settings.workspace.parent / "bundle.zip")])
    assert "It is confidential" in said
    assert "only that the bundle agrees with itself" in said


def test_the_decisions_say_who_by_pseudonym(settings: Settings) -> None:
    rows = table_of(unpack(make(settings, 2)), "decisions.parquet")
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    ruled = [row for row in rows if row["decided_by"] == "ruling"]
    assert [(row["verdict"], row["ruling"], row["reviewer"]) for row in ruled] == [
        ("clear", "approve", ledger.reference("reviewer", REVIEWER))
    ]
    assert {row["decided_by"] for row in rows} == {"machine", "ruling", "takedown"}
    assert {row["verdict"] for row in rows} == {"clear", "exclude", "error"}
    assert len(rows) == 7


def test_a_file_that_was_not_read_is_not_named_by_its_name(settings: Settings) -> None:
    rows = table_of(unpack(make(settings, 2)), "decisions.parquet")
    assert [row["asset_sha256"] for row in rows if row["verdict"] == "error"] == [None]
    assert all(row["asset_sha256"] for row in rows if row["verdict"] != "error")


def test_the_removal_is_told_in_table_log_and_signed_notice(settings: Settings) -> None:
    members = unpack(make(settings, 2))
    (row,) = table_of(members, "removals.parquet")
    assert (row["release"], row["reason"]) == (2, "takedown")
    log = json.loads(members["removal-log.json"])
    assert [each["by_reason"] for each in log["releases"]] == [{}, {"takedown": 1}]
    notice = open_notice(members["removal-notice.json"], Verifier.parse(vkey_of(settings)))
    assert [each.sha256 for each in notice.removed] == [row["asset_sha256"]]


def test_an_older_release_says_what_was_taken_down_since(settings: Settings) -> None:
    log = json.loads(unpack(make(settings, 1))["removal-log.json"])
    assert log["since"]["newest_release"] == 2
    assert log["since"]["taken_down"]["assets"] == 1
    assert len(log["since"]["taken_down"]["acknowledged_at"]) == 1


def test_croissant_loads_the_records_of_the_release_offline(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlcroissant
    import requests

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(requests.Session, "request", refuse)
    members, place = unpack(make(settings, 2)), tmp_path / "beside"
    place.mkdir()
    (place / "croissant.json").write_bytes(members["croissant.json"])
    manifest = release_of(settings, 2).path(settings.workspace) / "manifest.parquet"
    shutil.copy(manifest, place)
    dataset = mlcroissant.Dataset(str(place / "croissant.json"))
    assert dataset.metadata.ctx.issues.errors == set()
    loaded = list(dataset.records("assets"))
    wanted = pq.read_table(manifest).to_pylist()
    assert [row["assets/asset_id"].decode() for row in loaded] == [r["asset_id"] for r in wanted]
    for row, other in zip(loaded, wanted, strict=True):
        texts = [each["assets/captions/text"].decode() for each in row["assets/captions"]]
        assert texts == [caption["text"] for caption in other["captions"]]
        carriers = [each["assets/consent/carrier"].decode() for each in row["assets/consent"]]
        assert carriers == [each["carrier"] for each in other["consent"]]


def test_spdx_holds_the_size_of_the_images(settings: Settings, made: Path) -> None:
    from spdx_python_model import v3_0_1 as model

    members, found = unpack(make(settings, 2)), model.SHACLObjectSet()
    model.JSONLDDeserializer().deserialize_data(json.loads(members["spdx.json"]), found)
    assert found.link() == set()
    (dataset,) = found.foreach_type("dataset_DatasetPackage")
    manifest = release_of(settings, 2).path(settings.workspace) / "manifest.parquet"
    names = [row["names"][0] for row in pq.read_table(manifest).to_pylist()]
    assert dataset.dataset_datasetSize == sum(
        (made / "pictures" / name).stat().st_size for name in names
    )


def test_the_ledgers_files_verify_by_themselves(settings: Settings, tmp_path: Path) -> None:
    members = unpack(make(settings, 2))
    head = tmp_path / "checkpoint"
    head.write_bytes(members["ledger/checkpoint"])
    trust = verifier_cli.read_trust(key=vkey_of(settings))
    _, code = verifier_cli.show(verifier_cli.verify([str(head)], trust), as_json=False)
    assert code == 0
    batch = json.loads(members["ledger.json"])["batch"]
    assert batch["batch_id"] == release_of(settings, 2).id


def test_the_attribution_list_is_the_releases_own(settings: Settings) -> None:
    kept = release_of(settings, 2).path(settings.workspace) / "attribution.csv"
    data = unpack(make(settings, 2))["attribution.csv"]
    assert data == kept.read_bytes()
    assert b"Ford Artist" in data


def test_the_review_says_that_n_is_too_small(settings: Settings) -> None:
    review = json.loads(unpack(make(settings, 2))["review.json"])
    assert review["rulings"] == 1
    assert review["assurance"] is None
    assert all(each["estimate"] is None for each in review["agreement"]["measures"])


def test_a_dry_run_writes_nothing(settings: Settings) -> None:
    before = sorted(settings.workspace.parent.rglob("*.zip"))
    said = say(settings, "make", "1", "--dataset", "set", "--dry-run")
    assert "croissant.json" in said
    assert "removal-notice.json: This is the first release" in said
    assert sorted(settings.workspace.parent.rglob("*.zip")) == before


def test_a_release_by_its_id_is_found(settings: Settings) -> None:
    release = release_of(settings, 1)
    assert release.id[:12] in say(settings, "make", release.id[:12], "--dry-run")


@pytest.mark.parametrize("name", ["manifest.parquet", "outcomes.parquet", "release.json"])
def test_a_damaged_release_gets_no_bundle(settings: Settings, name: str) -> None:
    (release_of(settings, 2).path(settings.workspace) / name).write_bytes(b"damaged")
    with pytest.raises(ReleaseError, match=f"{name} of release 2 of 'set' is missing or damaged"):
        make(settings, 2)


def test_outcomes_of_another_release_are_noticed(settings: Settings) -> None:
    one, two = (release_of(settings, n).path(settings.workspace) for n in (1, 2))
    shutil.copy(one / "outcomes.parquet", two / "outcomes.parquet")
    with pytest.raises(ReleaseError, match=r"outcomes\.parquet"):
        make(settings, 2)


def test_without_its_policy_the_bundle_says_that_it_is_missing(settings: Settings) -> None:
    for kept in (settings.workspace / "evidence").rglob("*"):
        if kept.is_file():
            kept.unlink()
    settings.policy.write_text(POLICY.replace('version = "1"', 'version = "2"'))
    said = say(settings, "make", "2", "--dataset", "set", "--dry-run")
    assert "policy.toml: The policy of that time was not kept" in said


def test_a_workspace_without_a_ledger_begins_none(settings: Settings) -> None:
    shutil.rmtree(settings.workspace / "ledger")
    with pytest.raises((ReleaseError, LedgerError)):
        make(settings, 2)
    assert not (settings.workspace / "ledger").exists()


@pytest.mark.parametrize("url", ["ftp://x.example", "javascript:alert(1)", "https://a:b@x.example"])
def test_an_address_that_cannot_be_published_is_refused(settings: Settings, url: str) -> None:
    with pytest.raises(Exception, match=r"https://|password"):
        make(settings, 2, "--url", url)


def test_what_is_said_on_the_command_line_is_in_the_documents(settings: Settings) -> None:
    given = ("--publisher", "Aoi Studio", "--url", "https://aoi.example/3", "--lang", "ja")
    members = unpack(make(settings, 2, *given))
    assert json.loads(members["croissant.json"])["publisher"]["name"]["en"] == "Aoi Studio"
    assert "https://aoi.example/3" in members["datasheet.ja.md"].decode()
    assert "datasheet.en.md" not in members


def test_a_file_that_is_no_bundle_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(KiyomeError, match="not a whole, unchanged bundle"):
        ask(["check", str(tmp_path / "x.zip")])
