"""From end to end: an owner signs in with a wallet, sees a use, withdraws, and the next release,
which starts by itself in the standing system, is made without the work."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pyarrow.parquet as pq
import pytest

from models.accounts.roles import Role
from models.canonical import digest_bytes
from models.ledger.log import UsageLedger
from models.ledger.verification import verify_ledger
from models.releases.publishing import latest_release
from models.settings import Settings
from models.store.schema import open_database
from tests.account_parts import put_account
from tests.browsers import launched_browser
from tests.pipeline import POLICY, ROOT, draw_dataset, make_settings, run_kiyome
from tests.wallet_parts import ADDRESS, KEY, address_of_key, sign_text

pytestmark = [pytest.mark.browser, pytest.mark.prefect, pytest.mark.timeout(900)]
SHOTS = os.environ.get("KIYOME_SCREENSHOTS", "")


@dataclass
class Standing:
    """A running `kiyome up` on a dataset that has a release."""

    process: subprocess.Popen[bytes]
    settings: Settings
    root: Path
    printed: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.review_port}"

    def logs(self) -> str:
        parts = [self.printed, *sorted((self.settings.workspace / "logs").glob("*.log"))]
        return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in parts)

    def wait_for(self, condition: Callable[[], Any], seconds: float, what: str) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"it ended by itself:\n{self.logs()}"
            try:
                if found := condition():
                    return found
            except OSError:
                pass
            time.sleep(0.5)
        pytest.fail(f"{what} did not happen within {seconds} s:\n{self.logs()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Standing]:
    """Every picture is allowed by a licence of the wallet; no run is due for a year."""
    root = draw_dataset(tmp_path / "set", 3)
    settings = make_settings(
        tmp_path,
        POLICY.replace('"Studio"', json.dumps(ADDRESS)),
        prefect_port=_free_port(),
        review_port=_free_port(),
    )
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")},
        "KIYOME_PREFECT_PORT": str(settings.prefect_port),
        "KIYOME_REVIEW_PORT": str(settings.review_port),
        "KIYOME_SCHEDULE": "0 0 1 1 *",
        "KIYOME_SCHEDULES": json.dumps({"watch": "never"}),
        "KIYOME_OWNER_WALLETS": "anyone",
        "KIYOME_NOTICE_AFTER": "1",
        "PYTHONUNBUFFERED": "1",
    }
    where = ["--workspace", str(settings.workspace), "--policy", str(settings.policy)]
    first = run_kiyome("cleanse", root, "--dataset", "set", "--quiet", *where)
    assert first.returncode == 0, first.stderr
    database = open_database(settings.resolved_database_url)
    put_account(database, "ops", Role.OPS, password=None)  # before there are any, names are enough
    database.dispose()
    printed = tmp_path / "printed.log"
    with printed.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows", "up", str(root), "--dataset", "set", *where],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Standing(process, settings, root, printed)
    try:
        running.wait_for(lambda: "Ctrl-C stops" in printed.read_text(), 240, "the start")
        running.wait_for(lambda: urlopen(running.address, timeout=20).status == 200, 120, "a page")
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()
                process.wait()


def _shoot(page: Any, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def _released(settings: Settings) -> tuple[int, set[str]]:
    database = open_database(settings.resolved_database_url)
    release = latest_release(database, "set")
    database.dispose()
    assert release is not None
    manifest = pq.read_table(release.path(settings.workspace) / "manifest.parquet")
    return release.number, set(manifest["asset_id"].to_pylist())


def _revoked(settings: Settings) -> list[dict[str, Any]]:
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    return [
        opening.record
        for batch in ledger.batches()
        for opening in ledger.openings(batch.batch_id)
        if opening.record["type"] == "revoke"
    ]


def test_an_owner_withdraws_and_the_next_release_comes_by_itself_without_the_work(
    standing: Standing,
) -> None:
    settings = standing.settings
    asset = digest_bytes((standing.root / "001.png").read_bytes())
    assert asset in _released(settings)[1]
    with launched_browser() as browser:
        page = browser.new_context(locale="en-US").new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{standing.address}/sign-in/wallet")
        page.fill("#wallet-address", address_of_key(KEY))
        page.click("#wallet-go")
        page.wait_for_selector("#wallet-message")
        page.fill("#wallet-signature", sign_text(page.input_value("#wallet-message"), KEY))
        page.click("#wallet-answer button")
        page.wait_for_load_state()

        page.goto(f"{standing.address}/works/set/{asset}")
        _shoot(page, "e2e-work")
        proof = page.locator('a[href^="/usage/batches/"]').first.get_attribute("href")
        page.goto(f"{standing.address}{proof}")
        page.click("#check-button")
        page.wait_for_selector("#check-result[data-outcome=holds]")
        _shoot(page, "e2e-proof")

        page.goto(f"{standing.address}/works/set/{asset}")
        page.click('form[action="/requests/withdraw"] button')
        assert "Release 1, published before" in page.inner_text("main")
        page.click('form[action="/requests/withdraw"] button.primary')
        page.wait_for_url("**/requests/*?done=yes")
        assert "Waits for the next release" in page.inner_text("h1")
        _shoot(page, "e2e-acknowledged")

        standing.wait_for(lambda: _released(settings)[0] == 2, 300, "a second release")
        assert asset not in _released(settings)[1]
        standing.wait_for(lambda: _revoked(settings), 120, "a revocation")
        page.reload()
        assert "In force everywhere" in page.inner_text("h1")
        assert "Release 2" in page.inner_text("main")
        _shoot(page, "e2e-in-force")
        page.goto(f"{standing.address}/works/set/{asset}")
        assert "Withdrawn" in page.inner_text("main")
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    (record,) = _revoked(settings)
    assert record["asset"]["sha256"] == asset
    assert record["ownerRef"] == ledger.reference("owner", ADDRESS)
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert report.ok, report.failures
