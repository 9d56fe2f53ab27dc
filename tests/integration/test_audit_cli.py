"""An audit of a real release, anchored on anvil, by the commands of both sides."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from flows.cli import kiyome
from flows.cli.ledger import anchoring, opening
from models.errors import KiyomeError
from models.ledger.log import UsageLedger
from models.settings import Settings
from models.store.schema import open_database
from models.store.tables import AuditRow
from tests.anchoring_parts import FakeClock, anchored_events, make_pace, mine_on_sleep
from tests.anvil import KEYS, Anvil, start_anvil
from tests.pipeline import ROOT, draw_dataset, make_settings, release_of, run_kiyome
from tests.verifiers import VERIFY_MJS, find_node
from verifier.drawing import Beacon, make_request
from verifier.note import Key
from verifier.requesting import write_request

pytestmark = pytest.mark.prefect


@dataclass
class Site:
    """A workspace with an anchored release, and a node of its chain."""

    chain: Anvil
    settings: Settings
    contract: str
    release: str
    vkey: str

    @property
    def public(self) -> Path:
        """The folder that everybody may copy."""
        return self.settings.workspace / "ledger" / "public"

    @property
    def node(self) -> tuple[str, ...]:
        """The options that name what the auditor trusts."""
        return ("--key", self.vkey, "--rpc", self.chain.url, "--contract", self.contract)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A release of four pictures that a contract on file grants."""
    folder = tmp_path_factory.mktemp("site")
    settings, pictures = make_settings(folder), draw_dataset(folder / "pictures", 4)
    where = ("--workspace", settings.workspace, "--policy", settings.policy)
    done = run_kiyome("cleanse", pictures, "--dataset", "set", "--quiet", *where)
    assert done.returncode == 0, done.stderr
    with start_anvil() as chain, pytest.MonkeyPatch.context() as patch:
        pace = make_pace(FakeClock(on_sleep=mine_on_sleep(chain)), mined_within=100.0)
        for module in (opening, anchoring):
            patch.setattr(module, "make_pace", lambda _: pace)
        for name, value in {
            "WORKSPACE": str(settings.workspace),
            "POLICY": str(settings.policy),
            "LEDGER_CHAIN": "rpc",
            "LEDGER_RPC": chain.url,
            "LEDGER_KEY": KEYS[0],
        }.items():
            patch.setenv(f"KIYOME_{name}", value)
        contract = _say("ledger", "deploy", "--yes").split("contract  ")[1].split()[0]
        patch.setenv("KIYOME_LEDGER_CONTRACT", contract)
        patch.setenv("KIYOME_LEDGER_CHAIN_ID", "31337")
        _say("ledger", "anchor")
        ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
        release = release_of(settings, "set").id
        yield Site(chain, settings, contract, release, ledger.vkey)


def _say(*words: str | Path) -> str:
    done = CliRunner().invoke(kiyome, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def _draw(site: Site, to: Path) -> str:
    site.chain.finalize()
    given = ("--release", site.release[:8], "--to", to)
    return _say("verify", "audit", "draw", site.public, *given, *site.node)


def _check(site: Site, folder: Path, *words: str | Path) -> tuple[dict[str, str], int]:
    """The status of each check, and the exit code."""
    command = ["verify", "audit", "check", str(folder), "--json", *site.node, *map(str, words)]
    done = CliRunner().invoke(kiyome, command, catch_exceptions=False)
    checks = json.loads(done.output)["files"][0]["checks"]
    return {check["name"]: check["status"] for check in checks}, done.exit_code


def test_what_a_run_publishes_and_anchors_tells_of_no_image_and_no_owner(site: Site) -> None:
    ledger = UsageLedger.open(site.settings.workspace / "ledger", site.settings.ledger_origin)
    sent = [site.chain.ask("eth_getTransactionByHash", e["transactionHash"]) for e in _events(site)]
    on_chain = json.dumps([_events(site), sent]).encode()
    files = [path for path in site.public.rglob("*") if path.is_file()]
    assert any(path.parent.name == "receipts" for path in files)
    public = b"\n".join([on_chain, *(path.read_bytes() for path in files)])
    assert ledger.head().root.hex().encode() in on_chain  # what is there can be found
    manifest = release_of(site.settings, "set").path(site.settings.workspace) / "manifest.parquet"
    rows = pq.read_table(manifest).to_pylist()
    assert len(rows) == 4
    known = [row["asset_id"] for row in rows] + [name for row in rows for name in row["names"]]
    for each in [*known, "Studio", ledger.reference("owner", "Studio")]:
        raw = bytes.fromhex(each) if len(each) == 64 else each.encode()
        for guess in (raw, hashlib.sha256(raw).digest(), hashlib.sha256(b"\0" + raw).digest()):
            assert guess not in public, each
            assert guess.hex().encode() not in public, each
            assert base64.b64encode(guess) not in public, each


def _events(site: Site) -> list[dict[str, Any]]:
    return anchored_events(site.chain, site.contract)


def test_a_release_is_drawn_opened_and_checked(site: Site, tmp_path: Path) -> None:
    request, folder = tmp_path / "request.json", tmp_path / "audit"
    assert "drawn      4 entries" in _draw(site, request)
    tried = _say("ledger", "audit", request, "--dry-run")
    assert "entries   4 of 4: 4 use" in tried
    assert "1 with 4 records" in tried
    assert not folder.exists()
    _say("ledger", "audit", request, "--to", folder, "--by", "Aoki", "--with-manifest")
    checks, code = _check(site, folder, "--request", request)
    assert code == 0, checks
    assert {"draw", "receipt", "policy", "manifest", "entries", "consent", "bound"} <= checks.keys()
    assert set(checks.values()) <= {"ok", "note"}


def test_the_verifier_alone_says_the_same(site: Site, tmp_path: Path) -> None:
    request, folder = tmp_path / "request.json", tmp_path / "audit"
    site.chain.finalize()
    command = [sys.executable, "-m", "verifier", "audit"]
    drawn = ["draw", str(site.public), "--release", site.release, "--to", str(request), *site.node]
    done = subprocess.run([*command, *drawn], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    _say("ledger", "audit", request, "--to", folder, "--by", "Aoki")
    checked = ["check", str(folder), "--request", str(request), *site.node]
    done = subprocess.run(
        [*command, *checked], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.rstrip().endswith("Everything holds.")
    if (VERIFY_MJS.parent / "node_modules" / "viem").is_dir():
        command = [find_node(), str(VERIFY_MJS), "audit", *checked]
        other = subprocess.run(command, capture_output=True, text=True, timeout=280)
        assert other.stdout == done.stdout, other.stderr


def test_a_run_is_drawn_opened_and_checked(site: Site, tmp_path: Path) -> None:
    _say("ledger", "use", "--release", site.release[:8], "--run", "sd-42", "--model", "sd")
    _say("ledger", "anchor")
    site.chain.finalize()
    request, folder = tmp_path / "request.json", tmp_path / "audit"
    said = _say(
        "verify", "audit", "draw", site.public, "--run", "sd-42", "--to", request, *site.node
    )
    assert f"run        run-sd-42-{site.release[:16]}, 4 entries, 4 uses" in said
    said = _say("ledger", "audit", request, "--to", folder, "--by", "Aoki", "--with-manifest")
    assert f"release   {site.release}" in said
    checks, code = _check(site, folder, "--request", request)
    assert code == 0, checks
    assert {"run", "receipt", "policy", "manifest", "consent", "bound"} <= checks.keys()
    assert set(checks.values()) <= {"ok", "note"}


def test_what_was_opened_is_in_the_audit_trail(site: Site, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    _draw(site, request)
    _say("ledger", "audit", request, "--to", tmp_path / "audit", "--by", "Kato")
    database = open_database(site.settings.resolved_database_url)
    with database.snapshot() as session:
        rows = [row for row in session.query(AuditRow) if row.action == "ledger_audit"]
        assert any(row.actor == "Kato" and row.subject == site.release for row in rows)
    database.dispose()


def test_a_request_by_a_block_that_the_chain_does_not_have_is_refused(
    site: Site, tmp_path: Path
) -> None:
    path = tmp_path / "request.json"
    _draw(site, path)
    value = json.loads(path.read_bytes())
    number = value["beacon"]["block_number"]
    for block, why in ((number, "another hash"), (number + 1000, "not final")):
        forged = make_request(
            Key.parse(site.vkey),
            value["batch"],
            value["checkpoint"],
            value["receipt"],
            Beacon(31337, block, b"\x07" * 32, by_hand=False),
            Decimal("0.01"),
            Decimal("0.95"),
            0,
        )
        write_request(forged, tmp_path / f"{block}.json")
        with pytest.raises(KiyomeError, match=why):
            _say("ledger", "audit", tmp_path / f"{block}.json", "--dry-run")


def test_a_block_before_the_anchoring_draws_nothing(site: Site, tmp_path: Path) -> None:
    block = ("--block-number", "1", "--block-hash", "0x" + "1" * 64)
    given = ("--release", site.release, "--to", str(tmp_path / "request.json"))
    command = ["verify", "audit", "draw", str(site.public), *given, *block, "--key", site.vkey]
    done = CliRunner().invoke(kiyome, command)
    assert done.exit_code == 1
    assert "is not after" in done.output


def test_a_block_that_is_typed_in_comes_with_a_warning(site: Site, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    block = ("--block-number", "100000", "--block-hash", "0x" + "1" * 64)
    said = _say(
        "verify", "audit", "draw", site.public, "--release", site.release, "--to", request,
        "--key", site.vkey, *block,
    )  # fmt: skip
    assert "The block's hash was typed in" in said
    with pytest.raises(KiyomeError, match="typed in"):
        _say("ledger", "audit", request, "--dry-run")
