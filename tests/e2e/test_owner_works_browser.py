"""Owners' pages in Chromium: proofs that are checked in it, and pages that everybody can use."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from models.ledger.log import UsageLedger
from models.policy import load_policy
from models.releases.release import Release
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.account_parts import PASSWORD, cheap_passwords
from tests.axe import find_violations
from tests.browsers import launched_browser, served
from tests.owner_works_parts import HANAKO, OwnersStudio, id_of, judge_example, put_owner
from tests.pipeline import POLICY
from tests.verifier_files import SampleLog, make_log, write
from tests.verifier_malformed import make_malformed
from tests.verifiers import Question, ask_python, change_fields

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("cheap_passwords")]
__all__ = ["cheap_passwords"]
SHOTS = os.environ.get("KIYOME_SCREENSHOTS", "")
SIZES = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 360, "height": 740}}
EXAMINE = """async ({files, key}) => {
  const { examine } = await import("/static/proof-files.js");
  const reports = [];
  for (const file of files) {
    const data = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    const { kind, outcome, checks, records } = await examine(data, key);
    reports.push({ kind, outcome, checks, shown: records.filter((r) => r.record).length });
  }
  return reports;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def studio(tmp_path: Path, sqlite_database: Database) -> OwnersStudio:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    put_owner(sqlite_database, "hanako", HANAKO)
    return OwnersStudio(tmp_path / "workspace", sqlite_database, load_policy(file))


@pytest.fixture
def released(studio: OwnersStudio) -> Release:
    return studio.release(judge_example())


@pytest.fixture
def address(studio: OwnersStudio, released: Release) -> Iterator[str]:
    with served(create_app(Settings(workspace=studio.workspace), studio.database)) as at:
        yield at


def enter(browser: Any, address: str, language: str = "en", **options: Any) -> Any:
    """A page on which Hanako is signed in."""
    page = browser.new_context(locale=language, accept_downloads=True, **options).new_page()
    page.goto(f"{address}/sign-in")
    page.fill("input[name=name]", "hanako")
    page.fill("input[name=password]", PASSWORD)
    page.locator("form[action='/sign-in'] button").click()
    page.wait_for_url("**/works")
    return page


def batch_page(studio: OwnersStudio, released: Release) -> str:
    reference = studio.ledger.reference("owner", HANAKO)
    return f"/usage/batches/{released.id}/{reference}"


def examine_all(page: Any, files: Sequence[bytes], key: str) -> list[dict[str, Any]]:
    encoded = [base64.b64encode(file).decode() for file in files]
    found: list[dict[str, Any]] = page.evaluate(EXAMINE, {"files": encoded, "key": key})
    return found


@pytest.fixture(scope="module")
def bare(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page of the site on which nobody is signed in: what checks files needs no more."""
    workspace = tmp_path_factory.mktemp("bare") / "workspace"
    workspace.mkdir()
    from models.store.schema import open_database

    settings = Settings(workspace=workspace)
    database = open_database(settings.resolved_database_url)
    with served(create_app(settings, database)) as at:
        page = browser.new_context().new_page()
        page.goto(f"{at}/sign-in")
        yield page
    database.dispose()


@pytest.fixture(scope="module")
def log() -> SampleLog:
    return make_log(3, 2, 40, 20)


class TestChecking:
    """The browser says of a file what the verifier in Python says of it."""

    def good_files(self, log: SampleLog) -> dict[str, Any]:
        return {
            "inclusion": log.inclusion(7),
            "completeness": log.completeness("b3", "ren"),
            "absence": log.absence("b2", log.tag("mio", "b2")),
            "consistency": log.consistency(5),
        }

    def test_sound_files_hold(self, bare: Any, log: SampleLog) -> None:
        files = self.good_files(log)
        reports = examine_all(bare, [write(value) for value in files.values()], log.vkey)
        assert [(r["kind"], r["outcome"]) for r in reports] == [(kind, "holds") for kind in files]
        assert [r["shown"] for r in reports][:2] == [1, len(files["completeness"]["records"])]

    @pytest.mark.parametrize("kind", ["inclusion", "completeness", "absence", "consistency"])
    def test_no_field_of_a_file_can_change(self, bare: Any, log: SampleLog, kind: str) -> None:
        value = self.good_files(log)[kind]
        changed = [each for each in change_fields(value) if each != value]
        files = [write(each) for each in changed]
        assert len(files) > 20
        reports = examine_all(bare, files, log.vkey)
        for file, report in zip(files, reports, strict=True):
            known = ask_python(Question(file, key=log.vkey))
            assert report["outcome"] == known["outcome"], (file[:2000], report, known)
            assert report["outcome"] == "holds" or report["shown"] == 0

    def test_malformed_files_are_refused_calmly(self, bare: Any, log: SampleLog) -> None:
        for name, data in make_malformed(log).items():
            (report,) = examine_all(bare, [data], log.vkey)
            known = ask_python(Question(data, key=log.vkey))
            # A bare checkpoint is a file for the verifiers, and none that this page knows.
            assert report["outcome"] == "fails" or known["outcome"] != "fails", name
            assert report["outcome"] != "holds" or known["outcome"] == "holds", name
            assert all(check["why"] != "broken" for check in report["checks"]), name

    def test_another_logs_key_is_refused(self, bare: Any, log: SampleLog) -> None:
        other = SampleLog(signer=type(log.signer)("kiyome.test/verifier", b"\x08" * 32))
        files = [write(value) for value in self.good_files(log).values()]
        for report in examine_all(bare, files, other.vkey):
            assert report["outcome"] == "fails"
            assert report["checks"][-1]["why"] == "key.other"

    @pytest.mark.parametrize("key", ["", "nonsense", "a+b+c", "kiyome.test/verifier+0+AA=="])
    def test_what_is_no_key_checks_nothing(self, bare: Any, log: SampleLog, key: str) -> None:
        (report,) = examine_all(bare, [write(log.inclusion(7))], key)
        assert report["outcome"] == "fails"

    def test_a_browser_without_ed25519_says_so(self, browser: Any, bare: Any, log: Any) -> None:
        page = bare.context.browser.new_context().new_page()
        page.goto(bare.url)
        page.evaluate(
            "() => { crypto.subtle.importKey = () => Promise.reject(new Error('no Ed25519')); }"
        )
        (report,) = examine_all(page, [write(log.inclusion(7))], log.vkey)
        assert report["outcome"] == "unchecked"
        assert report["checks"][-1]["why"] == "key.unsupported"


@pytest.mark.parametrize(
    ("language", "holds", "fails"),
    [
        ("en", "Everything holds.", "Something does not hold"),
        ("ja", "すべて正しい", "正しくない箇所"),
    ],
)
def test_a_proof_is_checked_on_its_page_and_a_tampered_one_is_refused(
    browser: Any,
    address: str,
    studio: OwnersStudio,
    released: Release,
    language: str,
    holds: str,
    fails: str,
    tmp_path: Path,
) -> None:
    page = enter(browser, address, language)
    page.goto(address + batch_page(studio, released))
    page.locator("#check-button").click()
    page.locator("#check-result[data-outcome=holds]").wait_for()
    assert holds in page.locator("#check-result").inner_text()
    assert page.locator("#check-result tbody tr").count() == 4
    proof = page.request.get(
        address + str(page.locator("#check-button").get_attribute("data-file"))
    )
    value = json.loads(proof.body())
    value["records"][0]["opening"]["record"]["decision"] = "exclude"
    file = tmp_path / "tampered.json"
    file.write_bytes(write(value))
    page.locator("summary").first.click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_input_files("#check-file", file)
    page.locator("#check-result[data-outcome=fails]").wait_for()
    assert fails in page.locator("#check-result").inner_text()
    assert page.locator("#check-result tbody tr").count() == 0
    assert asked == []


def test_a_file_from_the_disk_never_leaves_the_browser(
    browser: Any, address: str, studio: OwnersStudio, released: Release, tmp_path: Path
) -> None:
    reference = studio.ledger.reference("owner", HANAKO)
    file = tmp_path / "proof.json"
    studio.ledger.prove_owner(released.id, reference, file)
    page = enter(browser, address)
    page.goto(f"{address}/usage/check", wait_until="networkidle")
    asked: list[Any] = []
    page.on("request", lambda request: asked.append(request))
    page.set_input_files("#check-file", file)
    page.locator("#check-result[data-outcome=holds]").wait_for()
    # The browser may still fetch the page's icon; nothing is sent, and nothing goes elsewhere.
    assert [each.url for each in asked if not each.url.startswith(f"{address}/static/")] == []
    assert all(each.method == "GET" and each.post_data is None for each in asked)


def test_the_chain_is_asked_where_a_setting_names_a_node(
    browser: Any, studio: OwnersStudio, released: Release
) -> None:
    from tests.anchoring_parts import (
        FakeClock,
        anchorer_of,
        deploy_ledger,
        make_settings,
        mine_on_sleep,
    )
    from tests.anvil import start_anvil

    with start_anvil() as chain:
        contract = deploy_ledger(chain)
        clock = FakeClock(on_sleep=mine_on_sleep(chain))
        settings = make_settings(
            chain,
            contract,
            workspace=studio.workspace,
            ledger_rpc_public=chain.url,
            ledger_explorer="https://explorer.example/tx/{tx}",
        )
        with anchorer_of(studio.ledger, settings, clock) as anchorer:
            anchorer.anchor()
        with served(create_app(settings, studio.database)) as at:
            page = enter(browser, at)
            page.goto(at + batch_page(studio, released))
            assert page.locator("a[href^='https://explorer.example/tx/0x']").count() == 1
            page.locator("#check-button").click()
            page.locator("#check-result[data-outcome=holds]").wait_for()
            said = page.locator("#check-result").inner_text()
            assert "Chain 31,337 holds the log" in said
            assert "The contract itself computed 4 of the paths" in said
            # The log grows past the chain's head: a consistency proof leads from one to the other.
            studio.release(judge_example(refused=True))
            page.locator("#check-button").click()
            page.get_by_text("Checking").wait_for(state="detached")
            page.locator("#check-result[data-outcome=holds]").wait_for()
            assert "Chain 31,337 holds the log" in page.locator("#check-result").inner_text()


def test_a_chain_that_holds_another_log_is_told(
    browser: Any, studio: OwnersStudio, released: Release, tmp_path: Path
) -> None:
    from tests.anchoring_parts import (
        FakeClock,
        anchorer_of,
        deploy_ledger,
        make_settings,
        mine_on_sleep,
    )
    from tests.anvil import start_anvil
    from tests.ledger_parts import make_records

    size = studio.ledger.head().size
    forked = UsageLedger.open(tmp_path / "forked", "kiyome.local/usage-ledger")
    forked.append("b0", make_records(size), 1_800_000_000)
    with start_anvil() as chain:
        contract = deploy_ledger(chain)
        clock = FakeClock(on_sleep=mine_on_sleep(chain))
        settings = make_settings(
            chain, contract, workspace=studio.workspace, ledger_rpc_public=chain.url
        )
        with anchorer_of(forked, settings, clock) as anchorer:
            anchorer.anchor()
        with served(create_app(settings, studio.database)) as at:
            page = enter(browser, at)
            page.goto(at + batch_page(studio, released))
            page.locator("#check-button").click()
            page.locator("#check-result[data-outcome=fails]").wait_for()
            assert "the log was forked" in page.locator("#check-result").inner_text()


@pytest.mark.parametrize(("language", "opened"), [("en", "wide"), ("ja", "narrow")])
def test_pages_fit_and_break_no_rule_of_accessibility(
    browser: Any,
    address: str,
    studio: OwnersStudio,
    released: Release,
    tmp_path: Path,
    language: str,
    opened: str,
) -> None:
    studio.train(released)
    studio.release(judge_example(refused=True))
    studio.pay(tmp_path)
    page = enter(browser, address, language, viewport=SIZES[opened])
    pages = {
        "works": "/works",
        "work": f"/works/set/{id_of('c.png')}",
        "usage": "/usage",
        "batch": batch_page(studio, released),
        "check": "/usage/check",
        "statements": "/usage/statements",
    }
    for name, path in pages.items():
        errors: list[str] = []
        page.on("console", lambda message, errors=errors: errors.append(message.text))
        page.goto(address + path)
        if name == "batch":
            page.locator("#check-button").click()
            page.locator("#check-result[data-outcome=holds]").wait_for()
        assert page.locator("h1").count() == 1, name
        for size in sorted(SIZES, key=lambda each: each == opened):  # last as it was opened
            page.set_viewport_size(SIZES[size])
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= SIZES[size]["width"], (name, size)
            assert find_violations(page) == [], (name, size)
            if SHOTS:
                shot = Path(SHOTS) / f"owner-{name}-{language}-{size}.png"
                page.screenshot(path=shot, full_page=True)
        assert errors == [], name


def test_everything_but_checking_works_without_javascript(
    browser: Any, address: str, studio: OwnersStudio, released: Release
) -> None:
    page = enter(browser, address, java_script_enabled=False)
    page.locator("a", has_text="a.png").click()
    page.wait_for_url("**/works/set/*")
    page.locator(".entries a").first.click()
    page.wait_for_url("**/usage/batches/**")
    assert not page.locator("#checker").is_visible()
    assert (
        "verifier/js/verify.mjs" in page.locator(".offline").inner_text()
        or page.locator(".offline").is_visible()
    )
    with page.expect_download() as download:
        page.locator("a.button[download]").click()
    assert download.value.suggested_filename.endswith(f"{released.id}.json")
