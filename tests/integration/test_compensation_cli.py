"""kiyome ledger use, pay and statement, from a real release to an owner's folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from flows.cli.ledger import ledger as ledger_group
from models.errors import KiyomeError
from models.ledger.log import UsageLedger
from models.settings import Settings
from models.store.schema import open_database
from models.takedowns import acknowledge_takedown
from tests.compensation_parts import ACCOUNTS, AFTER_Q3, IN_Q3, RULES
from tests.pipeline import draw_dataset, make_settings, release_of, run_kiyome

OWNER = "Studio"

pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module")
def cleansed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace: one release of four pictures that the contract's holder owns."""
    folder = tmp_path_factory.mktemp("cleansed")
    settings, pictures = make_settings(folder), draw_dataset(folder / "pictures", 4)
    where = ("--workspace", settings.workspace, "--policy", settings.policy)
    done = run_kiyome("cleanse", pictures, "--dataset", "set", "--quiet", *where)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def settings(cleansed: Path, tmp_path: Path) -> Settings:
    """A copy of it for each test."""
    shutil.copytree(cleansed / "workspace", tmp_path / "workspace")
    (tmp_path / "rules.toml").write_text(RULES)
    return make_settings(tmp_path)


def _say(settings: Settings, *words: str | Path) -> str:
    given = [*map(str, words), "--workspace", str(settings.workspace)]
    done = CliRunner().invoke(ledger_group, given, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.output


def _assets(settings: Settings) -> list[str]:
    release = release_of(settings, "set")
    table = pq.read_table(release.path(settings.workspace) / "manifest.parquet")
    assets: list[str] = table["asset_id"].to_pylist()
    return assets


def _use(settings: Settings, *words: str | Path) -> str:
    release = release_of(settings, "set").id[:8]
    given = ("use", "--release", release, "--run", "run-1", "--model", "model-1", *words)
    return _say(settings, *given)


def test_a_run_is_paid_and_stated(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets, rules = _assets(settings), tmp_path / "rules.toml"
    samples = tmp_path / "samples.csv"
    samples.write_text(f"asset,samples\n{assets[0]},3\n{assets[1]},4\n")
    monkeypatch.setattr("time.time", lambda: float(IN_Q3))
    said = _use(settings, "--samples", samples)
    assert "entered 2 assets of set, release 1, drawn 7 times" in said
    assert "had entered 2 assets" in _use(settings, "--samples", samples)

    monkeypatch.setattr("time.time", lambda: float(AFTER_Q3))
    given = ("pay", "--rules", rules, "--period", "2026-Q3")
    tried = _say(settings, *given, "--dry-run")
    assert "1,000,000 JPY" in tried
    assert "Nothing was entered" in tried
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    accounts = tmp_path / "accounts.toml"
    owner = ledger.reference("owner", OWNER)
    accounts.write_text(f'format = "kiyome.accounts/1"\n[owners."{owner}"]\n"{ACCOUNTS[0]}" = 1\n')
    paid = _say(settings, *given, "--accounts", accounts)
    assert "claims   1" in paid
    claims = settings.workspace / "payouts" / "atelier-2026-Q3" / "claims.json"
    assert json.loads(claims.read_bytes())["total"] == str(10**24)

    to = tmp_path / "studio"
    stated = _say(
        settings,
        "statement",
        OWNER,
        "--period",
        "2026-Q3",
        "--rules",
        rules,
        "--to",
        to,
        "--lang",
        "ja",
    )
    assert "2 records, 3 proofs" in stated
    assert "1,000,000 JPY" in (to / "statement.html").read_text(encoding="utf-8")
    for path in (to / "statement.json", *(to / "proofs").iterdir()):
        checked = CliRunner().invoke(ledger_group, ["check", str(path), "--key", ledger.vkey])
        assert checked.exit_code == 0, checked.output


def test_without_samples_every_asset_was_drawn_once(settings: Settings) -> None:
    assert "would enter 4 assets of set, release 1, drawn 4 times" in _use(settings, "--dry-run")


def test_an_asset_that_was_taken_down_is_refused_unless_it_is_acknowledged(
    settings: Settings,
) -> None:
    asset = _assets(settings)[0]
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        acknowledge_takedown(session, asset, "Studio", "")
    database.dispose()
    with pytest.raises(KiyomeError, match=rf"{asset} \(taken down\)"):
        _use(settings)
    assert "entered 4 assets" in _use(settings, "--acknowledge-violations")


@pytest.mark.parametrize("release", ["0123", "0" * 64, "set"])
def test_a_release_that_is_not_there_is_refused(settings: Settings, release: str) -> None:
    with pytest.raises(KiyomeError, match="release"):
        _say(settings, "use", "--release", release, "--run", "r", "--model", "m")


def test_a_proof_about_an_asset_can_be_made_after_a_payout(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: float(IN_Q3))
    _use(settings)
    monkeypatch.setattr("time.time", lambda: float(AFTER_Q3))
    _say(settings, "pay", "--rules", tmp_path / "rules.toml", "--period", "2026-Q3")
    said = _say(settings, "prove", _assets(settings)[0], "--to", tmp_path / "proofs")
    assert said.count("use for generative_training") == 2


def test_an_owner_who_was_never_recorded_gets_no_statement(
    settings: Settings, tmp_path: Path
) -> None:
    given = ("--period", "2026-Q3", "--rules", tmp_path / "rules.toml", "--to", tmp_path / "to")
    with pytest.raises(KiyomeError, match="never recorded"):
        _say(settings, "statement", "Nobody", *given)
    assert not (tmp_path / "to").exists()
