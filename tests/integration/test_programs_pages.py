"""The pages on which people make tokens and look after webhooks, and their commands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from flows.cli import kiyome
from models.accounts.roles import Role
from models.store.database import Database
from models.store.schema import open_database
from models.store.tables import WebhookDeliveryRow, WebhookRow
from tests.account_parts import cheap_passwords, put_account, signed_in
from tests.api_parts import client, make_app
from tests.webhook_receivers import receiving

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]


@pytest.fixture
def app(tmp_path: Path, sqlite_database: Database) -> Any:
    for role in (Role.LEAD, Role.OPS):
        put_account(sqlite_database, role.value, role)
    return make_app(sqlite_database, tmp_path, webhook_allow=("127.0.0.0/8",))


def test_a_token_is_shown_once_works_and_ends(app: Any) -> None:
    window = signed_in(app, "lead")
    fields = {"name": "nightly report", "days": "30", "scope": "see_items"}
    made = window.send("/account/tokens", **fields)
    token = re.search(r'value="(kym_[\w-]{43})"', made.text)
    assert token
    program = client(app, token[1])
    assert program.get("/api/v1/me").json()["permissions"] == ["see_items"]
    listed = window.http.get("/account/tokens").text
    assert "nightly report" in listed
    assert token[1] not in listed
    ended = re.search(r'action="(/account/tokens/\w+/end)"', listed)
    assert ended
    assert window.send(ended[1]).headers["location"] == "/account/tokens?done=ended"
    assert program.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "x"}, "Tick at least one"),
        ({"name": " ", "scope": "see_items"}, "was not made"),
        ({"name": "x", "scope": "manage_ops"}, "was not made"),
    ],
    ids=["none", "nameless", "foreign"],
)
def test_a_token_that_cannot_be_made_is_explained(
    app: Any, fields: dict[str, str], told: str
) -> None:
    answer = signed_in(app, "lead").send("/account/tokens", **fields)
    assert answer.status_code == 422
    assert told in answer.text
    assert "kym_" not in answer.text


def test_ops_add_a_webhook_and_see_its_secret_once(app: Any) -> None:
    window = signed_in(app, "ops")
    made = window.send("/webhooks/add", url="https://hooks.example/in", topic="run.failed")
    secret = re.search(r'value="(whsec_[\w+/=]+)"', made.text)
    assert secret
    listed = window.http.get("/webhooks").text
    assert "https://hooks.example/in" in listed
    assert secret[1] not in listed


def test_an_address_that_may_not_be_sent_to_is_explained(app: Any) -> None:
    answer = signed_in(app, "ops").send("/webhooks/add", url="https://169.254.169.254/latest")
    assert answer.status_code == 422
    assert "cloud metadata" in answer.text


def test_a_webhook_is_tested_paused_resumed_sent_again_and_removed(
    app: Any, sqlite_database: Database
) -> None:
    window = signed_in(app, "ops")
    window.send("/webhooks/add", url="https://hooks.example/in")
    with sqlite_database.snapshot() as session:
        webhook_id = session.query(WebhookRow.id).scalar()
    at = f"/webhooks/{webhook_id}"
    assert window.send(f"{at}/test").headers["location"].endswith("done=test")
    assert window.send(f"{at}/pause").headers["location"].endswith("done=paused")
    assert window.send(f"{at}/resume").headers["location"].endswith("done=resumed")
    with sqlite_database.transaction() as session:
        session.execute(update(WebhookDeliveryRow).values(state="dead", ended_ms=1))
    assert "1 given up" in window.http.get("/webhooks").text
    assert window.send(f"{at}/send-again").headers["location"].endswith("done=again")
    assert window.send(f"{at}/remove").status_code == 422
    assert window.send(f"{at}/remove", sure="yes").headers["location"].endswith("done=removed")
    assert "There are none yet" in window.http.get("/webhooks").text
    assert window.send(f"{at}/test").status_code == 404


def run(*arguments: str) -> Any:
    return CliRunner().invoke(kiyome, list(arguments))


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KIYOME_WEBHOOK_ALLOW", '["127.0.0.0/8"]')
    return tmp_path / "workspace"


def test_the_commands_add_test_list_and_remove_a_webhook(workspace: Path) -> None:
    with receiving() as receiver:
        added = run("webhooks", "add", receiver.url, "--topic", "run.failed")
        assert added.exit_code == 0, added.output
        webhook_id = re.search(r"Webhook (\w{32})", added.output)
        assert webhook_id
        tested = run("webhooks", "test", webhook_id[1])
        assert "Taken, with status 200." in tested.output
        assert [each.said["type"] for each in receiver.got] == ["webhook.test"]
        assert "0 wait, 0 given up" in run("webhooks", "send").output
        listed = run("webhooks", "list", "--deliveries").output
        assert "delivered" in listed
        assert "/hook" not in listed
        receiver.status = 500
        refused = run("webhooks", "test", webhook_id[1])
        assert "It was not taken: status 500." in str(refused.exception)
    assert run("webhooks", "remove", webhook_id[1]).output == "Removed.\n"
    assert run("webhooks", "list").output == "No webhooks.\n"


def test_the_command_makes_a_token_that_only_looks_unless_told_more(workspace: Path) -> None:
    assert run("accounts", "create", "mika", "--role", "ops").exit_code == 0
    made = run("accounts", "token", "mika", "--for", "nightly")
    assert re.search(r"kym_[\w-]{43}", made.output)
    assert "rule_on_items" not in made.output
    refused = run("accounts", "token", "mika", "--for", "x", "--scope", "rule_on_items")
    assert "cannot be for 'rule_on_items'" in str(refused.exception)
    database = open_database(f"sqlite:///{workspace / 'kiyome.db'}")
    database.dispose()
