"""`kiyome consent` on datasets with a chain, a site, lists and archives behind them."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from flows.cli.consent import consent
from flows.running import run_cleansing
from models.canonical import digest_bytes
from models.consent.contract_register import approve_contract, enter_contract
from models.consent.evidence.view import view_evidence
from models.errors import DatasetError, KiyomeError
from models.summary import Summary
from tests.anvil import CHAIN, Anvil, Contract, start_anvil
from tests.fetching_servers import Server, respond, serving
from tests.pipeline import release_of
from tests.studio import DAY, Studio, contract_on_file, inline, now, preference, table

GRANT = {"aiTraining": "allowed"}
REFUSAL = {"aiTraining": "notAllowed"}
CLEAR = ("clear", "consent_contract")
REFUSED = ("exclude", "consent_refused")


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.chdir(tmp_path)
    made = Studio(tmp_path)
    made.set_up(contract_on_file())
    yield made
    made.close()


@pytest.fixture
def site() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil("--timestamp", str(now() - DAY)) as anvil:
        yield anvil


@pytest.fixture
def tokens(chain: Anvil) -> Contract:
    return chain.deploy("picture_tokens", True, False)


def say(studio: Studio, *words: str | Path, code: int = 0) -> str:
    """What a command prints; it ends as ``code`` says."""
    done = run(studio, *words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def complain(studio: Studio, *words: str | Path) -> KiyomeError:
    """The sentence that a command ends with."""
    error = run(studio, *words).exception
    assert isinstance(error, KiyomeError)
    return error


def run(studio: Studio, *words: str | Path) -> Result:
    told = studio.settings.model_dump(mode="json", exclude={"workspace", "policy"})
    lines = [
        f'workspace = "{studio.settings.workspace}"',
        f'policy = "{studio.settings.policy}"',
        *(f"{key} = {_toml(value)}" for key, value in told.items() if value is not None),
    ]
    (studio.folder / "kiyome.toml").write_text("\n".join(lines), encoding="utf-8")
    return CliRunner().invoke(consent, list(map(str, words)), prog_name="kiyome consent")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{k}" = "{v}"' for k, v in value.items()) + " }"
    return json.dumps(value)


def of_image(data: bytes, uses: dict[str, str] | None) -> str:
    return inline({"sha256": digest_bytes(data), **(preference(**uses) if uses else {})})


def recognised(contract: Contract) -> str:
    return table("collection", chain=CHAIN, contract=contract.address, holder="Studio")


def test_recheck_prints_which_asset_can_no_longer_be_used_and_why(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    for n in (1, 2):
        tokens.send("mint", chain.accounts[1], n, of_image(studio.draw(f"{n}.png", n), GRANT))
    studio.set_up(recognised(tokens), consent_rpc={CHAIN: chain.url})
    chain.finalize()
    studio.assets()
    assert "erc721: 2 read" in say(studio, "gather")
    assert "0 assets change" in say(studio, "recheck")
    image = (studio.folder / "set/2.png").read_bytes()
    tokens.send("set_uri", 2, of_image(image, REFUSAL))
    chain.finalize()
    told = say(studio, "recheck")
    assert "erc721: 1 read" in told
    assert "1 assets change; 1 of them can no longer be used." in told
    assert "clear (consent_granted) -> exclude (consent_refused)" in told
    assert digest_bytes(image)[:12] in told
    assert say(studio, "recheck", "--json") == ""


def test_recheck_as_json_names_the_asset_and_both_verdicts(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, GRANT))
    studio.set_up(recognised(tokens), consent_rpc={CHAIN: chain.url})
    chain.finalize()
    studio.assets()
    (change,) = map(json.loads, say(studio, "recheck", "--json").splitlines())
    assert change["asset"] == digest_bytes(image)
    assert change["before"] == {"verdict": "exclude", "reasons": ["consent_absent"]}
    assert change["after"] == {"verdict": "clear", "reasons": ["consent_granted"]}
    assert change["in_releases"] == []


def test_a_chain_that_cannot_be_asked_is_said_and_ends_with_one(
    studio: Studio, tokens: Contract
) -> None:
    studio.draw("1.png", 1)
    studio.set_up(recognised(tokens), consent_rpc={})
    studio.assets()
    for words in (["gather"], ["recheck"], ["recheck", "--json"]):
        assert "Give one in consent_rpc" in say(studio, *words, code=1)


def test_a_dry_run_says_what_it_would_ask_and_asks_nobody(
    studio: Studio, site: Server, chain: Anvil, tokens: Contract
) -> None:
    studio.draw("1.png", 1, url=site.url("/1.png"))
    studio.set_up(recognised(tokens), consent_rpc={CHAIN: site.url("/rpc")})
    studio.assets()
    words = ("--from", "web", "--from", "chain", "--from", "documents", "--dry-run")
    told = say(studio, "gather", *words)
    assert "web: 1 addresses of images" in told
    assert "1 collections" in told
    assert "Nothing was asked" in told
    assert site.connections == 0


def test_sources_lists_what_was_read_and_what_could_not_be(studio: Studio, site: Server) -> None:
    studio.draw("1.png", 1, url=site.url("/1.png"))
    studio.draw("2.png", 2, url=site.url("/2.png"))
    site.pages["/1.png"] = respond(b"", "403 Forbidden")
    site.pages["/2.png"] = respond(b"\x89PNG\r\n\x1a\n", "200 OK", "X-Robots-Tag: noai")
    studio.assets()
    assert "1 read" in say(studio, "gather", "--from", "web")
    failed = say(studio, "sources", "--failed")
    assert site.url("/1.png") in failed
    assert "403" in failed
    assert site.url("/2.png") not in failed
    assert site.url("/2.png") in say(studio, "sources", "web:")
    assert say(studio, "sources", "list:") == "Nothing has been gathered.\n"


def test_nothing_is_due_a_moment_later(studio: Studio, site: Server) -> None:
    site.pages["/1.png"] = respond(b"\x89PNG\r\n\x1a\n")
    studio.draw("1.png", 1, url=site.url("/1.png"))
    studio.assets()
    assert "web: 1 absent" in say(studio, "gather", "--from", "web")
    assert "Nothing was due." in say(studio, "gather", "--from", "web")


def test_a_list_is_taken_in_checked_and_withdrawn(studio: Studio) -> None:
    image = studio.draw("1.png", 1)
    studio.assets()
    path = studio.folder / "artists.csv"
    path.write_text(f"sha256\n{digest_bytes(image)}\n", encoding="utf-8")
    assert "Nothing was taken in" in say(studio, "import", "optouts", path, "--dry-run")
    assert studio.verdict("1.png") == CLEAR
    assert "list:artists: 1 names" in say(studio, "import", "optouts", path, "--name", "artists")
    assert studio.verdict("1.png") == REFUSED
    assert f"SHA-256 {digest_bytes(path.read_bytes())}" in say(studio, "sources", "list:")
    why = ("--by", "Aoi", "--note", "entered by mistake", "--yes")
    assert "says nothing any more" in say(studio, "import", "withdraw", "list:artists", *why)
    assert studio.verdict("1.png") == CLEAR
    assert "no source" in str(complain(studio, "import", "withdraw", "list:x", *why))
    assert "not taken in" in str(complain(studio, "import", "withdraw", "web:http://a/", *why))


def test_a_dry_run_shows_every_bad_row_of_a_list_that_is_refused(studio: Studio) -> None:
    path = studio.folder / "artists.csv"
    path.write_text("sha256\nxyz\n" + f"{'ab' * 32}\n" + "uvw\n", encoding="utf-8")
    problem = complain(studio, "import", "optouts", path, "--dry-run")
    assert "2 cannot be understood" in str(problem)
    assert "--force" in str(problem)
    told = say(studio, "import", "optouts", path, "--dry-run", "--force")
    assert "line 2: sha256 'xyz'" in told
    assert "line 4: sha256 'uvw'" in told


def test_declarations_are_taken_in_and_what_names_no_image_is_refused(studio: Studio) -> None:
    good, bad = studio.folder / "good.json", studio.folder / "bad.json"
    good.write_text(json.dumps({"iscc": "ISCC:EEA4GQZQTY6J5DTH", "tdm-reservation": 1}))
    bad.write_text('{"tdm-reservation": 1}')
    assert "1 names" in say(studio, "import", "declarations", good)
    assert "names no image" in str(complain(studio, "import", "declarations", good, bad))


IMAGE = "https://img.a.example/cat.png"


def archive(path: Path, images: dict[str, bytes], *headers: str, date: str = "2026-03-01") -> Path:
    """A web archive with answers for images."""
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=True)
    for url, body in images.items():
        lines = [tuple(h.split(": ", 1)) for h in ("Content-Type: image/png", *headers)]
        writer.write_record(
            writer.create_warc_record(
                url,
                "response",
                payload=io.BytesIO(body),
                http_headers=StatusAndHeaders("200 OK", lines, protocol="HTTP/1.1"),
                warc_headers_dict={"WARC-Date": f"{date}T10:00:00Z"},
            )
        )
    path.write_bytes(file.getvalue())
    return path


def test_an_archive_refuses_for_the_bytes_and_the_address_that_it_holds(studio: Studio) -> None:
    first, second, third = (studio.draw(f"{n}.png", n) for n in (1, 2, 3))
    studio.beside("2.png", {"url": IMAGE})
    warc = archive(studio.folder / "a.warc.gz", {IMAGE: first}, "X-Robots-Tag: noai")
    assert "about 1 images" in say(studio, "import", "warc", warc)
    assert [studio.verdict(f"{n}.png") for n in (1, 2, 3)] == [REFUSED, REFUSED, CLEAR]
    told = studio.decide("1.png").statements[0]
    assert told.observed_at == 1_772_359_200
    assert third != second


def test_an_older_archive_takes_nothing_from_a_newer_one(studio: Studio) -> None:
    image = studio.draw("1.png", 1)
    newer = archive(studio.folder / "b.warc.gz", {IMAGE: image}, "X-Robots-Tag: noai")
    older = archive(studio.folder / "a.warc.gz", {IMAGE: image}, date="2025-03-01")
    say(studio, "import", "warc", newer)
    assert "about 0 images" in say(studio, "import", "warc", older)
    assert studio.verdict("1.png") == REFUSED


def test_of_an_archive_that_is_cut_short_what_is_whole_counts(studio: Studio) -> None:
    image = studio.draw("1.png", 1)
    images = {IMAGE: image, "https://img.a.example/dog.png": studio.draw("2.png", 2)}
    warc = archive(studio.folder / "a.warc.gz", images, "X-Robots-Tag: noai")
    warc.write_bytes(warc.read_bytes()[:-40])
    assert "Record 2" in str(complain(studio, "import", "warc", warc))
    assert studio.verdict("1.png") == REFUSED
    (state,) = view_evidence(studio.database).sources("archive:")
    assert state.source == f"archive:{IMAGE}#sha256:{digest_bytes(image)}"


def situation(name: str, studio: Studio) -> None:
    """A dataset of one picture, ``1.png``, about which one thing is said."""
    uses = {"granted": GRANT, "refused": REFUSAL}
    studio.set_up("" if name in ("granted", "absent") else contract_on_file())
    image = studio.draw("1.png", 1, **(preference(**uses[name]) if name in uses else {}))
    if name == "malformed":
        studio.beside("1.png", b'{"dataMiningPreference": [1]}')
    elif name == "listed":
        path = studio.folder / "artists.csv"
        path.write_text(f"sha256\n{digest_bytes(image)}\n", encoding="utf-8")
        say(studio, "import", "optouts", path)
    studio.assets()


@pytest.mark.parametrize(
    ("name", "english", "japanese", "rule"),
    [
        ("granted", "Excluded", "除外", "grant_unauthenticated"),
        ("refused", "Excluded", "除外", "consent_refused"),
        ("absent", "Excluded", "除外", "consent_absent"),
        ("malformed", "For review", "要審査", "consent_malformed"),
        ("listed", "Excluded", "除外", "consent_refused"),
        ("contract", "Cleared", "利用可", "consent_contract"),
    ],
)
def test_explain_tells_the_chain_and_the_rule_in_both_languages(
    studio: Studio, name: str, english: str, japanese: str, rule: str
) -> None:
    situation(name, studio)
    told = say(studio, "explain", "1.png")
    assert english in told
    assert "Rule: " in told
    told = say(studio, "explain", "1.png", "--language", "ja")
    assert japanese in told
    assert "規則：" in told
    value = json.loads(say(studio, "explain", "1.png", "--json"))
    assert value["reasons"][0] == rule
    assert all(index < len(value["statements"]) for index in value["decided_by"])


def test_explain_knows_the_contracts_of_the_register(studio: Studio) -> None:
    studio.set_up("")
    studio.draw("1.png", 1)
    studio.assets()
    assert "Excluded" in say(studio, "explain", "1.png")
    terms = {
        "id": "R-1",
        "holder": "Studio",
        "purposes": ["generative_training"],
        "folder": ".",
        "issued": "2026-01-01",
        "expires": "2099-01-01",
    }
    with studio.database.transaction() as session:
        enter_contract(session, terms, "ab" * 32, "Aiko")
    assert "Excluded" in say(studio, "explain", "1.png")
    with studio.database.transaction() as session:
        approve_contract(session, "R-1", "ab" * 32, "Ben")
    assert "Cleared" in say(studio, "explain", "1.png")


def test_explain_finds_an_asset_by_the_beginning_of_its_id_and_by_its_file(studio: Studio) -> None:
    image = studio.draw("1.png", 1)
    studio.assets()
    digest = digest_bytes(image)
    for name in (digest, digest[:8], digest[:10].upper(), "1.png", studio.folder / "set/1.png"):
        assert digest in say(studio, "explain", name)


def test_explain_of_an_asset_that_nobody_knows_is_a_sentence(studio: Studio) -> None:
    studio.draw("1.png", 1)
    studio.assets()
    error = complain(studio, "explain", "deadbeef00")
    assert isinstance(error, DatasetError)
    assert "no asset 'deadbeef00'" in str(error)


def test_explain_of_a_file_in_a_workspace_of_several_datasets_needs_no_dataset(
    studio: Studio,
) -> None:
    studio.draw("1.png", 1)
    image = studio.draw("2.png", 2, dataset="other")
    studio.assets()
    studio.assets("other")
    path = studio.folder / "other/2.png"
    assert digest_bytes(image) in say(studio, "explain", path)
    assert digest_bytes(image) in say(studio, "explain", "2.png", "--dataset", "other")
    assert "several datasets" in str(complain(studio, "explain", "2.png"))


def cleanse_set(studio: Studio) -> Summary:
    from flows.cleanse import cleanse

    settings = studio.settings.model_dump(mode="json")
    return Summary.from_dict(cleanse(str(studio.folder / "set"), dataset="set", settings=settings))


def released(studio: Studio, file: str) -> list[dict[str, Any]]:
    folder = release_of(studio.settings, "set").path(studio.settings.workspace)
    rows: list[dict[str, Any]] = pq.read_table(folder / file).to_pylist()
    return rows


@pytest.mark.prefect
def test_a_revoked_token_leaves_the_next_release_which_says_so(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    named = {"aiTrainingWithAuthorship": "allowed"}
    images = {n: studio.draw(f"{n}.png", n) for n in (1, 2, 3)}
    for n in (1, 2):
        document = {
            "sha256": digest_bytes(images[n]),
            "artist": "Aoi Minase",
            **preference(**named),
        }
        tokens.send("mint", chain.accounts[1], n, inline(document))
    studio.set_up(
        recognised(tokens) + contract_on_file(assets=[digest_bytes(images[3])]),
        consent_rpc={CHAIN: chain.url},
    )
    chain.finalize()
    first = cleanse_set(studio)
    assert first.counts["clear"] == 3
    assert (first.opt_in, first.opt_out) == (3, 0)
    folder = release_of(studio.settings, "set").path(studio.settings.workspace)
    rows = list(csv.DictReader(io.StringIO((folder / "attribution.csv").read_text("utf-8"))))
    assert {row["asset_id"]: row["authors"] for row in rows} == {
        digest_bytes(images[n]): "Aoi Minase" for n in (1, 2)
    }

    tokens.send("set_uri", 2, of_image(images[2], REFUSAL))
    chain.finalize()
    told = say(studio, "recheck")
    assert "1 of them can no longer be used" in told
    assert f"It is in release {first.release}." in told
    second = cleanse_set(studio)
    assert (second.release, second.counts["clear"]) == (first.release + 1, 2)
    assert [row["asset_id"] for row in released(studio, "removed.parquet")] == [
        digest_bytes(images[2])
    ]

    (studio.folder / "list.txt").write_text(digest_bytes(images[1]), encoding="utf-8")
    say(studio, "import", "optouts", str(studio.folder / "list.txt"))
    assert f"It is in release {first.release}, {second.release}." in say(studio, "recheck")
    assert digest_bytes(images[2]) not in {
        row["asset_id"] for row in released(studio, "manifest.parquet")
    }


@pytest.mark.prefect
def test_a_second_run_finds_nothing_to_do_until_something_is_due(
    studio: Studio, chain: Anvil, tokens: Contract, site: Server
) -> None:
    image = studio.draw("1.png", 1, url=site.url("/1.png"))
    studio.draw("2.png", 2)
    site.pages["/1.png"] = respond(b"\x89PNG\r\n\x1a\n")
    tokens.send("mint", chain.accounts[1], 1, of_image(image, None))
    chain.finalize()
    profile = (
        '\n[consent]\nprofile = "opt-out"\nopt_out_name = "legacy"\nopt_in_target = 2099-01-01\n'
    )
    studio.set_up(
        profile + recognised(tokens) + contract_on_file(assets=[digest_bytes(image)]),
        consent_rpc={CHAIN: chain.url},
        consult=("chain", "web", "documents"),
    )
    first = _run(studio)
    assert (first.fresh, first.counts["clear"]) == (False, 2)
    assert (first.opt_in, first.opt_out) == (1, 1)
    asked = len(site.asked)
    started = time.monotonic()
    second = _run(studio)
    assert second.fresh
    assert time.monotonic() - started < 5
    assert len(site.asked) == asked
    facts = json.loads(
        (
            release_of(studio.settings, "set").path(studio.settings.workspace) / "release.json"
        ).read_text()
    )
    assert facts["consent"]["opt_in_share"] == 0.5
    assert facts["consent"]["opt_out_name"] == "legacy"
    studio.set_up(
        profile + recognised(tokens) + contract_on_file(assets=[digest_bytes(image)]),
        consent_rpc={CHAIN: f"{chain.url}/"},
    )
    assert not _run(studio).fresh


def _run(studio: Studio) -> Summary:
    return run_cleansing(str(studio.folder / "set"), studio.settings, dataset="set")


def test_explain_names_the_block_the_levels_and_the_licence_of_what_a_chain_says(
    studio: Studio, chain: Anvil, tokens: Contract
) -> None:
    image = studio.draw("1.png", 1)
    tokens.send("mint", chain.accounts[1], 1, of_image(image, GRANT))
    studio.set_up(recognised(tokens), consent_rpc={CHAIN: chain.url})
    chain.finalize()
    studio.assets()
    say(studio, "gather")
    told = say(studio, "explain", "1.png")
    assert "Cleared" in told
    assert f"{CHAIN}/erc721:{tokens.address}/1 (erc721, L1+L2+L3+L4)" in told
    assert f"{CHAIN}/block:" in told
    value = json.loads(say(studio, "explain", "1.png", "--json"))
    assert value["reasons"] == ["consent_granted"]
    assert value["valid_until"] is not None
    assert f"sha256:{digest_bytes(image)}" in value["subjects"]


def test_explain_names_what_a_site_says(studio: Studio, site: Server) -> None:
    studio.draw("1.png", 1, url=site.url("/1.png"))
    site.pages["/1.png"] = respond(b"\x89PNG\r\n\x1a\n", "200 OK", "X-Robots-Tag: noai")
    studio.assets()
    say(studio, "gather", "--from", "web")
    told = say(studio, "explain", "1.png")
    assert "speaks of the address that the image was fetched from" in told
    assert "Excluded" in told
