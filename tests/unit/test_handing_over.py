"""Settings that hold keys: the parts of a system share them, and no run tells them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flows.deployments import deploy_cleanse
from flows.handing_over import handing_over
from models.settings import SECRETS, Settings, load_settings
from models.store.schema import open_database
from tasks.order import Desk, Order, write_order
from tests.pipeline import make_settings

KEY = "0123456789abcdef"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that hold a key wherever one can stand."""
    return make_settings(
        tmp_path,
        consult=("chain", "web"),
        consent_rpc={"eip155:1": f"https://node.example/v3/{KEY}"},
        ledger_rpc=f"https://node.example/{KEY}",
        database_url=f"sqlite:///{tmp_path}/{KEY}.db",
        ipfs_gateways=(f"https://gateway.example/{KEY}",),
        arweave_gateways=(f"https://arweave.example/{KEY}",),
        fetch_allow=("127.0.0.0/8",),
    )


def test_the_parts_of_a_standing_system_work_with_the_same_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.as_variables().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_the_default_settings_can_be_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    for name, value in settings.as_variables().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_a_flow_finds_the_secrets_that_its_parameters_leave_out(settings: Settings) -> None:
    before = dict(os.environ)
    assert KEY not in json.dumps(settings.without_secrets)
    with handing_over(settings):
        assert load_settings(**settings.without_secrets) == settings
    assert dict(os.environ) == before


def test_a_deployment_tells_no_secret(settings: Settings, tmp_path: Path) -> None:
    settings.workspace.mkdir()
    deployment = deploy_cleanse(str(tmp_path), settings, dataset="set", layout="auto")
    assert deployment.parameters["settings"]["consult"] == ["chain", "web"]
    assert KEY not in json.dumps(deployment.parameters)


def test_the_order_of_a_run_tells_no_secret_and_its_desk_has_them(settings: Settings) -> None:
    settings.workspace.mkdir()
    database = open_database(settings.resolved_database_url)
    order = write_order("1", "set", "/set", "auto", settings, database)
    database.dispose()
    assert KEY not in order.read_text()
    with handing_over(settings):
        desk = Desk(Order(**json.loads(order.read_bytes())))
    assert desk.settings == settings


def test_every_setting_that_is_an_address_or_a_secret_counts_as_secret() -> None:
    addresses = {name for name in Settings.model_fields if "url" in name or "rpc" in name}
    addresses |= {name for name in Settings.model_fields if "gateways" in name}
    addresses |= {name for name in Settings.model_fields if name.endswith("_signer")}
    secrets = {
        name for name in Settings.model_fields if name.endswith(("_secret", "_token", "_smtp"))
    }
    told_to_every_browser = {"ledger_rpc_public"}
    assert (addresses | secrets) - told_to_every_browser == SECRETS
