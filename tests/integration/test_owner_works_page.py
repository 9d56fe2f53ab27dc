"""What a rights owner sees of their works and of the ledger, and what nobody else does."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.accounts.roles import Role
from models.ledger.log import UsageLedger
from models.ledger.proofs import verify_proof_file
from models.ledger.statements.signing import verify_statement_file
from models.policy import load_policy
from models.reasons import Reason
from models.releases.release import Release
from models.settings import Settings
from models.store.database import Database
from models.verdicts import Verdict
from review_ui.app import create_app
from tests.account_parts import Window, cheap_passwords, put_account, signed_in
from tests.owner_works_parts import (
    HANAKO,
    HOSTILE,
    TARO,
    OwnersStudio,
    asset_of,
    draw_asset,
    id_of,
    index_judged,
    judge_as,
    judge_example,
    put_owner,
    say,
    shard,
)
from tests.pipeline import POLICY

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]


@pytest.fixture
def studio(tmp_path: Path, database: Database) -> OwnersStudio:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    return OwnersStudio(tmp_path / "workspace", database, load_policy(file))


@pytest.fixture
def released(studio: OwnersStudio, database: Database) -> Release:
    put_owner(database, "hanako", HANAKO)
    put_owner(database, "taro", TARO)
    return studio.release(judge_example())


@pytest.fixture
def app(studio: OwnersStudio, database: Database) -> Any:
    return create_app(Settings(workspace=studio.workspace), database)


@pytest.fixture
def hanako(app: Any, released: Release) -> Iterator[Window]:
    return signed_in(app, "hanako")


def reference(studio: OwnersStudio, identity: str = HANAKO) -> str:
    return studio.ledger.reference("owner", identity)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


class TestWorks:
    def test_an_owner_begins_at_their_works(self, app: Any, released: Release) -> None:
        window = Window(app)
        window.sign_in("hanako")
        page = window.http.get("/help").text
        assert 'class="brand" href="/works"' in page

    def test_it_lists_the_owners_works_and_nobody_elses(self, hanako: Window) -> None:
        page = hanako.http.get("/works").text
        assert "a.png" in page
        assert "c.png" in page
        assert "taro-1.png" not in page
        assert TARO not in page

    def test_a_hostile_name_is_shown_as_text(self, hanako: Window) -> None:
        page = hanako.http.get("/works").text
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror=" in page
        assert hanako.http.get(f"/works/set/{id_of(HOSTILE)}").status_code == 200

    def test_filters_narrow_the_list(self, hanako: Window) -> None:
        page = hanako.http.get("/works?verdict=exclude&dataset=set").text
        assert "c.png" in page
        assert "a.png" not in page
        assert "None of your works" in hanako.http.get("/works?dataset=other").text

    @pytest.mark.parametrize("query", ["verdict=nonsense", "page=99", "dataset=%00", "page=1"])
    def test_an_odd_filter_is_no_error(self, hanako: Window, query: str) -> None:
        assert hanako.http.get(f"/works?{query}").status_code == 200

    def test_an_owner_without_an_identity_is_told_what_to_do(
        self, app: Any, database: Database, released: Release
    ) -> None:
        put_owner(database, "new")
        window = signed_in(app, "new")
        for path in ("/works", "/usage", "/usage/statements"):
            answer = window.http.get(path)
            assert answer.status_code == 200
        assert 'href="/identities"' in window.http.get("/works").text

    def test_a_damaged_index_is_said_and_shows_nothing(
        self, hanako: Window, studio: OwnersStudio
    ) -> None:
        (studio.workspace / "datasets" / "set" / "owners.parquet").write_bytes(b"PAR1")
        answer = hanako.http.get("/works")
        assert answer.status_code == 503
        assert "list of works cannot be read" in answer.text
        assert str(studio.workspace) not in answer.text


class TestOneWork:
    def test_it_says_what_was_decided_why_and_what_to_do(self, hanako: Window) -> None:
        page = hanako.http.get(f"/works/set/{id_of('c.png')}").text
        assert "Kept out" in page
        assert "refuses this use" in page
        assert "It stays out as long as anybody refuses" in page
        assert "contract on file" in page
        assert "may allow a use" not in page

    def test_others_statements_are_counted_and_never_shown(self, hanako: Window) -> None:
        page = hanako.http.get(f"/works/set/{id_of('c.png')}").text
        assert "Statements by others" in page
        assert "Metadata in the image (PLUS)" in page
        assert TARO not in page

    @pytest.mark.parametrize(
        "path",
        [
            f"/works/set/{id_of('taro-1.png')}",
            f"/works/set/{id_of('nobody.png')}",
            f"/works/other/{id_of('a.png')}",
            f"/works/set/{id_of('taro-1.png')}/picture/256",
            f"/works/set/{id_of('a.png')}/picture/1",
            f"/works/set/{id_of('a.png')}/picture/+256",
            f"/works/set/{id_of('a.png')[:-1]}",
            f"/works/set/{id_of('a.png').upper()}",
            f"/works/..%2f/{id_of('a.png')}",
        ],
    )
    def test_what_is_not_theirs_looks_like_what_is_not_there(
        self, hanako: Window, studio: OwnersStudio, path: str
    ) -> None:
        from models.review.derivatives import derivative_path

        copy = derivative_path(studio.workspace / "derivatives", id_of("taro-1.png"), 256)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(b"webp")
        answer = hanako.http.get(path)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text

    def test_an_own_picture_is_shown_where_there_is_a_copy(
        self, hanako: Window, studio: OwnersStudio
    ) -> None:
        from models.review.derivatives import derivative_path

        address = f"/works/set/{id_of('a.png')}/picture/256"
        assert hanako.http.get(address).status_code == 404
        page = hanako.http.get("/works").text
        assert "The file is no longer where it was" in page
        assert address not in page
        copy = derivative_path(studio.workspace / "derivatives", id_of("a.png"), 256)
        copy.parent.mkdir(parents=True)
        copy.write_bytes(b"webp")
        assert hanako.http.get(address).content == b"webp"
        assert address in hanako.http.get("/works").text

    def test_a_picture_is_drawn_once_for_its_owner_and_for_nobody_else(
        self,
        app: Any,
        hanako: Window,
        studio: OwnersStudio,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        drawn = draw_asset(tmp_path / "data", "new.png")
        granted = (Reason.CONSENT_CONTRACT,)
        studio.release(shard(judge_as(drawn, Verdict.CLEAR, granted, say(HANAKO))), "new")
        address = f"/works/new/{drawn.asset_id}/picture/256"
        assert f'src="{address}" alt="Your work new.png"' in hanako.http.get("/works").text
        first = hanako.http.get(address)
        assert first.headers["content-type"] == "image/webp"
        assert first.headers["cache-control"].startswith("private")
        assert first.content[8:12] == b"WEBP"
        monkeypatch.setattr("models.owners.works_pictures.draw_work", None)
        assert hanako.http.get(address).content == first.content
        taro = signed_in(app, "taro")
        assert taro.http.get(address).status_code == 404
        assert Window(app).http.get(address).status_code == 303
        withdrawn = hanako.http.get(f"/requests/withdraw?asset={drawn.asset_id}").text
        assert f'src="{address}"' in withdrawn
        other = taro.http.get(f"/requests/withdraw?asset={drawn.asset_id}").text
        assert "new.png" not in other
        assert "/picture/" not in other

    def test_what_a_certificate_says_about_itself_opens_no_works(
        self, app: Any, database: Database, studio: OwnersStudio, tmp_path: Path
    ) -> None:
        put_account(database, "ops", Role.OPS)
        account = put_owner(database, "kumo")
        drawn = draw_asset(tmp_path / "data", "new.png")
        said = say("subject:Kumo", granted=False, carrier="c2pa")
        out = (Verdict.EXCLUDE, (Reason.CONSENT_REFUSED,))
        studio.release(shard(judge_as(drawn, *out, said)), "new")
        vouched = signed_in(app, "ops").send(
            f"/accounts/{account.id}/identities", identity="subject:Kumo"
        )
        assert vouched.status_code == 422
        assert "only what a certificate says about itself" in vouched.text
        kumo = signed_in(app, "kumo")
        assert kumo.http.get(f"/works/new/{drawn.asset_id}/picture/256").status_code == 404

    def test_its_history_tells_the_releases_that_it_was_in(
        self, hanako: Window, studio: OwnersStudio
    ) -> None:
        studio.release(judge_example(refused=True))
        page = hanako.http.get(f"/works/set/{id_of('d.png')}").text
        assert re.search(
            r"Release 2.*It is not in this release.*Release 1.*It was in", page, re.DOTALL
        )
        other = hanako.http.get(f"/works/set/{id_of('a.png')}").text
        assert "It is in this release, the newest." in other

    def test_it_lists_the_ledgers_entries_about_it(
        self, hanako: Window, released: Release, studio: OwnersStudio
    ) -> None:
        page = hanako.http.get(f"/works/set/{id_of('a.png')}").text
        assert f"/usage/batches/{released.id}/{reference(studio)}" in page


class TestUsage:
    def test_it_counts_uses_and_exclusions_and_samples(
        self, hanako: Window, studio: OwnersStudio, released: Release
    ) -> None:
        studio.train(released)
        page = hanako.http.get("/usage").text
        assert re.search(r"Works in the newest releases</dt><dd>3</dd>", page)
        assert re.search(r"Works kept out of them</dt><dd>1</dd>", page)
        assert re.search(r"Samples drawn</dt><dd>30</dd>", page)
        assert page.count('<rect class="part used"') == 2

    def test_looking_writes_nothing_into_the_ledger(
        self, app: Any, hanako: Window, studio: OwnersStudio, database: Database, released: Release
    ) -> None:
        put_owner(database, "unseen", "Nobody Yet")
        studio.train(released)
        before = tree(studio.workspace / "ledger")
        for window in (hanako, signed_in(app, "unseen")):
            for path in ("/works", "/usage", "/usage/statements", "/usage/check"):
                assert window.http.get(path).status_code == 200
        ref = reference(studio)
        hanako.http.get(f"/usage/batches/{released.id}/{ref}")
        hanako.http.get(f"/usage/proofs/{released.id}/{ref}")
        after = tree(studio.workspace / "ledger")
        before.pop("private/lock", None), after.pop("private/lock", None)
        assert after == before

    def test_long_lists_are_cut_into_pages(
        self,
        hanako: Window,
        studio: OwnersStudio,
        released: Release,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("review_ui.routes.usage.PAGE", 2)
        granted = (Reason.CONSENT_CONTRACT,)
        for name in ("t.png", "u.png", "v.png"):
            studio.release(
                shard(judge_as(asset_of(name), Verdict.CLEAR, granted, say(TARO))), name[0]
            )
        studio.release(judge_example(refused=True))
        studio.release(judge_example())
        first, last = (hanako.http.get(f"/usage?page={page}").text for page in (1, 9))
        assert (first.count("<tr>"), last.count("<tr>")) == (3, 2)
        assert "Page 1 of 2" in first
        assert f"/usage/batches/{released.id}/" in last
        assert re.search(r"Works in the newest releases</dt><dd>3</dd>", last)
        assert 'href="/usage?show=nothing">3 further entries hold nothing of yours' in first
        nothing = hanako.http.get("/usage?show=nothing&page=2").text
        assert nothing.count("Proof of absence") == 1
        address = f"/usage/batches/{released.id}/{reference(studio)}"
        pages = [hanako.http.get(f"{address}?page={page}").text for page in (1, 2, 3)]
        named = [re.findall(r"/usage/proofs/\w+/\w+/(\d+)", page) for page in pages]
        assert named == [["0", "1"], ["2", "3"], ["2", "3"]]
        monkeypatch.setattr("models.owners.usage.SEARCHED", 2)
        of_work = hanako.http.get(f"/works/set/{id_of('a.png')}?page=1000").text
        assert "this page searches" in of_work
        assert re.search(r'rel="prev" href="/works/set/\w+\?page=\d+"', of_work)

    def test_an_entry_about_a_work_that_is_no_longer_theirs_names_it_by_its_digest(
        self, hanako: Window, studio: OwnersStudio, released: Release
    ) -> None:
        address = f"/usage/batches/{released.id}/{reference(studio)}"
        assert f'href="/works/set/{id_of("a.png")}"' in hanako.http.get(address).text
        index_judged(studio.workspace, "set", judge_example()[:0])
        page = hanako.http.get(address).text
        assert "/works/set/" not in page
        assert f"{id_of('a.png')[:12]}…" in page

    def test_an_owner_without_a_record_is_told_so(
        self, app: Any, database: Database, released: Release
    ) -> None:
        put_owner(database, "unseen", "Nobody Yet")
        assert (
            "The ledger holds nothing of yours" in signed_in(app, "unseen").http.get("/usage").text
        )

    def test_a_workspace_without_a_ledger_has_none_made(
        self, app: Any, database: Database, studio: OwnersStudio
    ) -> None:
        put_owner(database, "early", HANAKO)
        window = signed_in(app, "early")
        assert "There is no usage ledger yet" in window.http.get("/usage").text
        assert not (studio.workspace / "ledger").exists()

    def test_a_new_release_shows_at_once(
        self, hanako: Window, studio: OwnersStudio, released: Release
    ) -> None:
        hanako.http.get("/usage")
        studio.release(judge_example(refused=True))
        page = hanako.http.get("/usage").text
        assert re.search(r"Works kept out of them</dt><dd>2</dd>", page)


class TestProofs:
    def test_a_downloaded_proof_verifies_and_is_all_of_theirs(
        self, hanako: Window, studio: OwnersStudio, released: Release, tmp_path: Path
    ) -> None:
        answer = hanako.http.get(f"/usage/proofs/{released.id}/{reference(studio)}")
        assert answer.headers["content-disposition"].startswith("attachment;")
        file = tmp_path / "proof.json"
        file.write_bytes(answer.content)
        assert verify_proof_file(file, studio.ledger.vkey).ok
        value = json.loads(answer.content)
        assert value["format"] == "kiyome.completeness/1"
        shown = {r["opening"]["record"]["asset"]["sha256"] for r in value["records"]}
        assert shown == {id_of(name) for name in ("a.png", HOSTILE, "c.png", "d.png")}

    def test_one_record_can_be_proven_by_itself(
        self, hanako: Window, studio: OwnersStudio, released: Release, tmp_path: Path
    ) -> None:
        answer = hanako.http.get(f"/usage/proofs/{released.id}/{reference(studio)}/0")
        file = tmp_path / "inclusion.json"
        file.write_bytes(answer.content)
        assert verify_proof_file(file, studio.ledger.vkey).ok

    def test_absence_is_proven_to_an_owner_whom_the_ledger_knows(
        self, hanako: Window, studio: OwnersStudio, tmp_path: Path, released: Release
    ) -> None:
        granted = (Reason.CONSENT_CONTRACT,)
        other = studio.release(
            shard(judge_as(asset_of("t.png"), Verdict.CLEAR, granted, say(TARO))), "other"
        )
        answer = hanako.http.get(f"/usage/proofs/{other.id}/{reference(studio)}")
        file = tmp_path / "absence.json"
        file.write_bytes(answer.content)
        assert json.loads(answer.content)["format"] == "kiyome.absence/1"
        assert verify_proof_file(file, studio.ledger.vkey).ok
        page = hanako.http.get("/usage").text
        assert "1 further entry of the ledger holds nothing of yours" in page
        assert "Proof of absence" in hanako.http.get("/usage?show=nothing").text

    @pytest.mark.parametrize(
        "address",
        [
            "/usage/batches/{batch}/{taro}",
            "/usage/proofs/{batch}/{taro}",
            "/usage/proofs/{batch}/{taro}/4",
            "/usage/proofs/{batch}/{own}/4",
            "/usage/proofs/{batch}/{own}/99",
            "/usage/batches/none/{own}",
            "/usage/proofs/{batch}/" + "0" * 32,
            "/usage/statements/{batch}/{taro}/html",
            "/usage/statements/{batch}/{own}/html",
            "/usage/receipts/1",
            "/usage/consistency/1/2",
        ],
    )
    def test_guessed_addresses_name_nothing(
        self, hanako: Window, studio: OwnersStudio, released: Release, address: str
    ) -> None:
        given = {
            "batch": released.id,
            "own": reference(studio),
            "taro": reference(studio, TARO),
        }
        assert hanako.http.get(address.format(**given)).status_code == 404

    def test_what_was_erased_is_said_and_gives_no_proof(
        self, hanako: Window, studio: OwnersStudio, released: Release
    ) -> None:
        ref = reference(studio)
        hanako.http.get("/usage")
        studio.ledger.erase_owner(ref, 1_800_000_000)
        assert "erased" in hanako.http.get("/usage").text
        page = hanako.http.get(f"/usage/batches/{released.id}/{ref}").text
        assert "Your key was destroyed at your request" in page
        assert "download>" not in page
        assert hanako.http.get(f"/usage/proofs/{released.id}/{ref}").status_code == 503

    def test_an_open_key_folder_is_no_reason_to_show_anything(
        self, app: Any, hanako: Window, studio: OwnersStudio
    ) -> None:
        (studio.workspace / "ledger" / "private" / "owners.keys").chmod(0o644)
        answer = hanako.http.get("/usage")
        assert answer.status_code == 503
        assert "private" not in answer.text

    def test_what_is_not_counted_yet_is_never_said_to_be_nothing(
        self, hanako: Window, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("review_ui.owner_ledger.COUNTED_S", -1.0)
        monkeypatch.setattr("models.owners.usage.UsageHistory.count_on", lambda *_: None)
        for path, untrue in (
            ("/usage", ("The ledger holds nothing of yours", 'class="totals"')),
            ("/usage/statements", ("No period has been paid yet", "<table")),
            (f"/works/set/{id_of('a.png')}", ("no entry about it",)),
        ):
            page = hanako.http.get(path).text
            assert "is still being counted" in page
            assert [words for words in untrue if words in page] == []


class TestStatements:
    @pytest.fixture
    def paid(self, studio: OwnersStudio, released: Release, tmp_path: Path) -> OwnersStudio:
        studio.train(released)
        studio.pay(tmp_path)
        return studio

    def address(self, studio: OwnersStudio, form: str, identity: str = HANAKO) -> str:
        ref = reference(studio, identity)
        return f"/usage/statements/payout-atelier-2026-Q3/{ref}/{form}"

    def test_a_period_stands_with_what_is_due(self, hanako: Window, paid: OwnersStudio) -> None:
        page = hanako.http.get("/usage/statements").text
        assert "2026-Q3" in page
        assert "750,000 JPY" in page
        assert 'role="img"' in page
        batch = re.search(r'href="(/usage/batches/payout-[^"]+)"', page)
        assert batch
        entry = hanako.http.get(batch[1]).text
        assert "<strong>750,000 JPY</strong>" in entry
        assert "Payout · 2026-Q3</h1>" in entry

    def test_a_statement_is_made_in_every_form(
        self, hanako: Window, paid: OwnersStudio, tmp_path: Path
    ) -> None:
        page = hanako.http.get(self.address(paid, "html") + "?lang=ja")
        assert 'lang="ja"' in page.text
        assert page.headers["content-disposition"].startswith("attachment;")
        assert hanako.http.get(self.address(paid, "csv")).text.startswith("index,batch_id,")
        packed = zipfile.ZipFile(io.BytesIO(hanako.http.get(self.address(paid, "zip")).content))
        names = packed.namelist()
        assert {"statement.html", "statement.csv", "statement.json"} <= set(names)
        assert sum(name.startswith("proofs/") for name in names) == 3
        file = tmp_path / "statement.json"
        file.write_bytes(hanako.http.get(self.address(paid, "json")).content)
        assert verify_statement_file(file, paid.ledger.vkey).ok

    def test_to_somebody_unknown_nothing_is_stated(
        self, app: Any, database: Database, paid: OwnersStudio
    ) -> None:
        put_owner(database, "unseen", "Nobody Yet")
        window = signed_in(app, "unseen")
        assert "No period has been paid yet" in window.http.get("/usage/statements").text
        assert window.http.get(self.address(paid, "html", "Nobody Yet")).status_code == 404

    def test_anothers_statement_is_not_there(self, hanako: Window, paid: OwnersStudio) -> None:
        for form in ("html", "csv", "json", "zip"):
            assert hanako.http.get(self.address(paid, form, TARO)).status_code == 404
        assert hanako.http.get(self.address(paid, "exe")).status_code == 404

    def test_without_the_rule_file_the_amounts_are_still_there(
        self, hanako: Window, studio: OwnersStudio, released: Release, tmp_path: Path
    ) -> None:
        studio.train(released)
        studio.pay(tmp_path, keep=False)
        page = hanako.http.get("/usage/statements").text
        assert "750,000 JPY" in page
        assert "The rule file was not kept" in page
        answer = hanako.http.get(self.address(studio, "html"))
        assert answer.status_code == 503
        assert "rule file was not kept" in answer.text


def test_scripts_may_ask_only_the_node_that_a_setting_names(
    studio: OwnersStudio, database: Database
) -> None:
    plain = create_app(Settings(workspace=studio.workspace), database)
    policy = Window(plain).http.get("/sign-in").headers["content-security-policy"]
    assert "connect-src 'self';" in policy
    named = Settings(workspace=studio.workspace, ledger_rpc_public="https://rpc.example/v1")
    policy = (
        Window(create_app(named, database)).http.get("/sign-in").headers["content-security-policy"]
    )
    assert "connect-src 'self' https://rpc.example;" in policy


def test_a_page_never_begins_a_ledger(tmp_path: Path) -> None:
    from models.owners.own_ledger import open_own_ledger

    assert open_own_ledger(tmp_path / "ledger") is None
    assert not (tmp_path / "ledger").exists()
    UsageLedger.open(tmp_path / "ledger", "kiyome.local/usage-ledger")
    assert open_own_ledger(tmp_path / "ledger") is not None
