"""Owners' declarations from the command line to the decision, and docs/declaring.md as written."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result
from eth_account import Account
from PIL import Image

from flows.cli import kiyome
from flows.cli.declare import declare as declare_group
from models.consent.carriers import carriers
from models.consent.chain.commits import read_commits
from models.consent.chain.rpc import ChainReader
from models.consent.chain.sources import CommitRegistry
from models.consent.gathering.gather import gather_evidence
from models.consent.gathering.wanted import Wanted
from models.consent.ipfs.hashing import cids_of
from models.consent.looking import asset_of_file, look_at, take_testimony
from models.consent.purposes import Preference, Purpose
from models.consent.resolution import ConsentDecision, resolve
from models.consent.stage import ConsentStage, load_sidecar, read_statements
from models.consent.terms import ConsentPolicy
from models.errors import KiyomeError
from models.reasons import Reason
from models.settings import load_settings
from models.store.schema import open_database
from models.verdicts import Verdict
from tests.anvil import CHAIN, Anvil, Shelf, find_anvil, start_anvil
from tests.consent_files import flip_pixel

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "declaring.md"
SECRET = bytes(range(1, 33))
ADDRESS = Account.from_key(SECRET).address.lower()
GT = Purpose.GENERATIVE_TRAINING
TODAY = datetime.now(UTC).date()
SIGN = ("sign", "token.json", "--image", "art.png", "--key", "key")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an image and a key; commands run in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("KIYOME_SETTINGS", "KIYOME_KEY_PASSWORD_FILE", "KIYOME_CONSENT_RPC"):
        monkeypatch.delenv(name, raising=False)
    out = io.BytesIO()
    Image.new("RGB", (48, 32), "pink").save(out, "PNG")
    (tmp_path / "art.png").write_bytes(out.getvalue())
    (tmp_path / "key").write_text(SECRET.hex())
    return tmp_path


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil() as anvil:
        yield anvil


def declare(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(
        kiyome, ["declare", *words], input=answer, catch_exceptions=False, standalone_mode=False
    )


def contract(**covers: str) -> ConsentPolicy:
    """A policy for generative training with one contract, in force today."""
    terms = {
        "id": "K-1",
        "holder": "Aoi Minase",
        "purposes": ["generative_training"],
        "entered_by": "Ren",
        "approved_by": "Mika",
        "issued": TODAY - timedelta(days=1),
        "expires": TODAY + timedelta(days=30),
    }
    return ConsentPolicy.model_validate({"contract": [{**terms, **covers}]})


def decide(path: Path, policy: ConsentPolicy | None = None) -> ConsentDecision:
    """What a run decides about a file and what lies beside it."""
    asset = asset_of_file(path)
    said = read_statements(asset, path.read_bytes(), carriers(), lambda at: load_sidecar(at))
    return resolve(asset, said, policy or ConsentPolicy(), int(time.time()))


def outcome(path: Path, policy: ConsentPolicy | None = None) -> tuple[Verdict, Reason]:
    decision = decide(path, policy)
    return decision.verdict, decision.reasons[0]


class TestSignedStatements:
    def test_a_signed_grant_clears_with_a_contract_and_not_without(self, folder: Path) -> None:
        declare("write", "--allow", "all", "--for-image", "art.png", "--to", "token.json")
        declare(*SIGN, "--to", "art.png.json")
        art = folder / "art.png"
        assert outcome(art) == (Verdict.EXCLUDE, Reason.GRANT_UNAUTHENTICATED)
        assert outcome(art, contract(address=ADDRESS)) == (Verdict.CLEAR, Reason.CONSENT_CONTRACT)
        stranger = contract(address="0x" + "9" * 40)
        assert outcome(art, stranger) == (Verdict.EXCLUDE, Reason.GRANT_UNAUTHENTICATED)

    def test_a_signed_refusal_excludes_in_spite_of_a_contract(self, folder: Path) -> None:
        declare("write", "--refuse", "all", "--to", "token.json")
        declare(*SIGN, "--to", "art.png.json")
        refused = (Verdict.EXCLUDE, Reason.CONSENT_REFUSED)
        assert outcome(folder / "art.png", contract(address=ADDRESS)) == refused

    def test_a_grant_for_other_bytes_clears_nothing(self, folder: Path) -> None:
        declare("write", "--allow", "all", "--to", "token.json")
        declare(*SIGN, "--to", "art.png.json")
        Image.new("RGB", (48, 32), "navy").save(folder / "art.png")
        assert outcome(folder / "art.png", contract(address=ADDRESS))[0] is Verdict.EXCLUDE

    @pytest.mark.parametrize(
        ("field", "value"),
        [("issuedAt", 1), ("expiresAt", 4_000_000_000), ("assetCid", "sha256:" + "0" * 64)],
    )
    def test_a_statement_that_was_changed_goes_to_a_person(
        self, folder: Path, field: str, value: Any
    ) -> None:
        declare("write", "--allow", "all", "--to", "token.json")
        declare(*SIGN, "--to", "art.png.json")
        path = folder / "art.png.json"
        made = json.loads(path.read_text())
        made["statement"][field] = value
        path.write_text(json.dumps(made))
        tampered = (Verdict.REVIEW, Reason.CONSENT_TAMPERED)
        assert outcome(folder / "art.png", contract(address=ADDRESS)) == tampered
        result = CliRunner().invoke(kiyome, ["declare", "check", "art.png"])
        assert result.exit_code == 1
        assert "tampered" in result.output

    def test_a_refusal_turned_into_a_grant_goes_to_a_person(self, folder: Path) -> None:
        declare("write", "--refuse", "all", "--to", "token.json")
        declare(*SIGN, "--to", "art.png.json")
        path = folder / "art.png.json"
        path.write_text(path.read_text().replace("notAllowed", "allowed"))
        tampered = (Verdict.REVIEW, Reason.CONSENT_TAMPERED)
        assert outcome(folder / "art.png", contract(address=ADDRESS)) == tampered

    def test_a_later_refusal_beside_an_earlier_grant_counts(self, folder: Path) -> None:
        declare("write", "--allow", "all", "--to", "token.json")
        declare(*SIGN, "--to", "art.png.json")
        declare("write", "--refuse", "all", "--to", "token.json", "--force")
        declare(*SIGN, "--to", "art.json")
        refused = (Verdict.EXCLUDE, Reason.CONSENT_REFUSED)
        assert outcome(folder / "art.png", contract(address=ADDRESS)) == refused

    def test_a_request_that_nobody_signed_grants_nothing(self, folder: Path) -> None:
        declare("write", "--allow", "all", "--to", "token.json")
        declare(*SIGN[:-2], "--unsigned", "--to", "art.png.json")
        assert outcome(folder / "art.png", contract(address=ADDRESS))[0] is not Verdict.CLEAR

    def test_check_says_that_a_grant_counts_under_the_operators_policy(self, folder: Path) -> None:
        declare("write", "--allow", "all", "--with-authorship", "--to", "token.json")
        declare(*SIGN, "--to", "statement.json")
        terms = [
            ("id", "K-1"),
            ("holder", "Aoi"),
            ("address", ADDRESS),
            ("entered_by", "Ren"),
            ("approved_by", "Mika"),
        ]
        lines = ['name = "p"', 'version = "1"', "[[consent.contract]]"]
        lines += [f'{key} = "{value}"' for key, value in terms]
        lines += ['purposes = ["generative_training"]', "attribution = true"]
        lines += [f"issued = {TODAY - timedelta(days=1)}"]
        lines += [f"expires = {TODAY + timedelta(days=9)}"]
        (folder / "policy.toml").write_text("\n".join(lines))
        words = ("check", "statement.json", "--image", "art.png")
        assert "a grant that does not count yet" in declare(*words).output
        said = declare(*words, "--policy", "policy.toml").output
        assert "generative_training: a grant that counts." in said
        assert "You have to be named" in said


class TestContractWallets:
    def assemble(self, folder: Path, chain: Anvil, wallet: str, *words: str) -> str:
        """What is said when the key behind a contract wallet has signed."""
        declare("write", "--allow", "all", "--to", "token.json", "--force")
        request = (*SIGN[:-2], "--unsigned", "--chain", CHAIN, "--to", "request.json", "--force")
        printed = declare(*request).stdout
        signed = Account.sign_typed_data(SECRET, full_message=json.loads(printed)).signature
        chain.finalize()
        result = CliRunner().invoke(
            kiyome,
            [
                *("declare", "assemble", "request.json", "--signer", wallet),
                *("--signature", "0x" + signed.hex(), "--to", "art.png.json", *words),
            ],
            standalone_mode=False,
        )
        return str(result.exception or result.output)

    def test_a_contract_that_confirms_the_signature_is_asked_on_its_chain(
        self, folder: Path, chain: Anvil
    ) -> None:
        wallet = chain.deploy("contract_wallet", ADDRESS).address
        assert "give --rpc" in self.assemble(folder, chain, wallet)
        assert not (folder / "art.png.json").exists()
        said = self.assemble(folder, chain, wallet, "--rpc", chain.url)
        assert f"Signed by {wallet}" in said

    def test_a_contract_that_does_not_confirm_it_is_believed(
        self, folder: Path, chain: Anvil
    ) -> None:
        wallet = chain.deploy("contract_wallet", "0x" + "9" * 40).address
        assert "does not fit" in self.assemble(folder, chain, wallet, "--rpc", chain.url)
        assert not (folder / "art.png.json").exists()

    def test_a_chain_that_cannot_be_asked_confirms_nothing(
        self, folder: Path, chain: Anvil
    ) -> None:
        wallet = chain.deploy("contract_wallet", ADDRESS).address
        said = self.assemble(folder, chain, wallet, "--rpc", "http://127.0.0.1:1/GEHEIM")
        assert "does not answer" in said
        assert "GEHEIM" not in said
        assert not (folder / "art.png.json").exists()


class TestTokens:
    """Control of the image's token on a chain takes the place of a contract (L3)."""

    def look(self, folder: Path, chain: Anvil, holder: str) -> ConsentDecision:
        """What is decided once the chain has been asked, where HOLDER has the image's token."""
        image = cids_of((folder / "art.png").read_bytes())[0].canonical
        tokens = chain.deploy("picture_tokens", False, False)
        metadata = json.dumps({"name": "art", "image": f"ipfs://{image}"})
        tokens.send("mint", holder, 7, f"data:application/json,{quote(metadata)}")
        chain.finalize()
        terms = ConsentPolicy.model_validate(
            {"collection": [{"chain": CHAIN, "contract": tokens.address, "holder": "Aoi"}]}
        )
        settings = load_settings(
            workspace=folder / "workspace", consent_rpc={CHAIN: chain.url}, ipfs_gateways=()
        )
        settings.workspace.mkdir()
        database = open_database(settings.resolved_database_url)
        asset = asset_of_file(folder / "art.png")
        stage = ConsentStage(settings.max_bytes)
        wanted = Wanted()
        wanted.add_shard([asset], stage.examine([asset], lambda _: None))
        now = int(time.time())
        found = gather_evidence(wanted, terms, settings, database, sources=["chain"], as_of=now)
        assert not found.problems
        look = look_at(
            asset,
            stage,
            take_testimony(database, terms),
            terms,
            max_pixels=settings.max_pixels,
            as_of=now,
        )
        database.dispose()
        assert look.decision is not None
        return look.decision

    def test_the_tokens_holder_grants_without_a_contract(self, folder: Path, chain: Anvil) -> None:
        declare("write", "--allow", "all", "--to", "token.json")
        declare(*SIGN, "--chain", CHAIN, "--to", "art.png.json")
        decision = self.look(folder, chain, ADDRESS)
        assert (decision.verdict, decision.reasons) == (Verdict.CLEAR, (Reason.CONSENT_GRANTED,))

    def test_who_does_not_hold_the_token_does_not(self, folder: Path, chain: Anvil) -> None:
        declare("write", "--allow", "all", "--to", "token.json")
        declare(*SIGN, "--chain", CHAIN, "--to", "art.png.json")
        decision = self.look(folder, chain, chain.accounts[3])
        assert decision.reasons == (Reason.GRANT_UNAUTHENTICATED,)


class TestEmbeddedDeclarations:
    @pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "tiff"])
    def test_a_refusal_in_xmp_excludes(self, folder: Path, suffix: str) -> None:
        Image.new("RGB", (48, 32), "pink").save(folder / f"x.{suffix}")
        declare("embed", f"x.{suffix}", "--refuse", "all", "--to", f"y.{suffix}")
        assert outcome(folder / f"y.{suffix}", contract(folder=".")) == (
            Verdict.EXCLUDE,
            Reason.CONSENT_REFUSED,
        )

    def test_a_certificate_named_in_a_contract_clears_until_a_pixel_changes(
        self, folder: Path
    ) -> None:
        said = declare("certificate", "--holder", "Aoi Minase", "--to", "c").output
        match = re.search(r'signer = "([0-9a-f]{64})"', said)
        assert match
        policy = contract(signer=match[1])
        files = ("--certificate", "c/chain.pem", "--key", "c/key.pem")
        declare("embed", "art.png", "--allow", "all", *files, "--to", "signed.png")
        signed = folder / "signed.png"
        assert outcome(signed) == (Verdict.EXCLUDE, Reason.GRANT_UNAUTHENTICATED)
        assert outcome(signed, policy) == (Verdict.CLEAR, Reason.CONSENT_CONTRACT)
        signed.write_bytes(flip_pixel(signed.read_bytes()))
        assert outcome(signed, policy) == (Verdict.REVIEW, Reason.CONSENT_TAMPERED)

    def test_credentials_that_refuse_exclude_in_spite_of_the_contract(self, folder: Path) -> None:
        said = declare("certificate", "--holder", "Aoi Minase", "--to", "c").output
        fingerprint = re.findall(r'signer = "([0-9a-f]{64})"', said)[0]
        files = ("--certificate", "c/chain.pem", "--key", "c/key.pem", "--no-xmp")
        words = ("--allow", "all", "--refuse", GT.value)
        declare("embed", "art.png", *words, *files, "--to", "signed.png")
        assert outcome(folder / "signed.png", contract(signer=fingerprint)) == (
            Verdict.EXCLUDE,
            Reason.CONSENT_REFUSED,
        )


class TestCommits:
    @pytest.fixture
    def registry(self, chain: Anvil, folder: Path) -> str:
        chain.ask("anvil_setBalance", ADDRESS, hex(10**18))
        return chain.deploy("commit_registry").address

    def commit(self, chain: Anvil, registry: str, *words: str, answer: str = "") -> Result:
        return CliRunner().invoke(
            kiyome,
            [
                *("declare", "commit", "--chain", CHAIN, "--registry", registry),
                *("--asset", "art.png", "--preference", "token.json", "--key", "key"),
                *("--rpc", chain.url, *words),
            ],
            input=answer,
            standalone_mode=False,
        )

    def read(self, chain: Anvil, registry: str, folder: Path) -> set[Preference]:
        """What the chain says about the image's generative training."""
        chain.finalize()
        cid = cids_of((folder / "art.png").read_bytes())[0].canonical
        source = CommitRegistry(CHAIN, registry, 0, ())
        with ChainReader(CHAIN, chain.url) as reader:
            found = list(read_commits(reader.open_view(), source, [cid], Shelf().resolve))
        return {said.statement.preference(GT) for item in found for said in item.said}

    def test_a_refusal_that_is_committed_is_read_from_the_chain(
        self, chain: Anvil, registry: str, folder: Path
    ) -> None:
        declare("write", "--refuse", "all", "--for-image", "art.png", "--to", "token.json")
        result = self.commit(chain, registry, "--yes")
        assert result.exception is None
        assert re.search(r"sent +0x[0-9a-f]{64}\nblock +\d+ \(0x[0-9a-f]{64}\)", result.output)
        assert SECRET.hex() not in result.output
        assert self.read(chain, registry, folder) == {Preference.NOT_ALLOWED}

    @pytest.mark.parametrize(("words", "answer"), [(("--dry-run",), ""), ((), "n\n"), ((), "")])
    def test_nothing_is_sent_before_a_yes(
        self, chain: Anvil, registry: str, folder: Path, words: tuple[str, ...], answer: str
    ) -> None:
        declare("write", "--refuse", "all", "--to", "token.json")
        height = chain.height
        result = self.commit(chain, registry, *words, answer=answer)
        assert "gas" in result.output
        assert "sent" not in result.output.replace("Nothing was sent", "")
        assert chain.height == height

    def test_a_yes_sends(self, chain: Anvil, registry: str, folder: Path) -> None:
        declare("write", "--refuse", "all", "--to", "token.json")
        assert "sent" in self.commit(chain, registry, answer="y\n").output
        assert self.read(chain, registry, folder) == {Preference.NOT_ALLOWED}

    def test_a_chain_other_than_the_one_named_is_not_written_to(
        self, chain: Anvil, registry: str, folder: Path
    ) -> None:
        declare("write", "--refuse", "all", "--to", "token.json")
        error = self.commit(chain, registry, "--chain", "eip155:1", "--yes").exception
        assert isinstance(error, KiyomeError)
        assert "is of the chain eip155:31337" in str(error)

    def test_an_address_without_a_contract_is_not_written_to(
        self, chain: Anvil, registry: str, folder: Path
    ) -> None:
        declare("write", "--refuse", "all", "--to", "token.json")
        error = self.commit(chain, "0x" + "77" * 20, "--yes").exception
        assert isinstance(error, KiyomeError)
        assert "no contract" in str(error)

    def test_an_account_without_coins_is_told(
        self, chain: Anvil, registry: str, folder: Path
    ) -> None:
        declare("write", "--refuse", "all", "--to", "token.json")
        chain.ask("anvil_setBalance", ADDRESS, "0x0")
        error = self.commit(chain, registry, "--yes").exception
        assert isinstance(error, KiyomeError)
        assert "funds" in str(error).lower()


def test_the_program_itself_complains_in_a_sentence_and_works(folder: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flows", "declare", *words],
            capture_output=True,
            text=True,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            cwd=folder,
        )

    words = ("write", "--refuse", "all", "--for-image", "art.png", "--to", "art.png.json")
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    again = run(*words)
    assert again.returncode == 1
    assert again.stderr.startswith("kiyome: art.png.json exists")
    assert "Traceback" not in again.stderr
    assert outcome(folder / "art.png") == (Verdict.EXCLUDE, Reason.CONSENT_REFUSED)


class TestThePage:
    """docs/declaring.md: every command runs, and gives what the page shows."""

    def blocks(self) -> list[tuple[str, str]]:
        """Every command of the page with the output that it shows, in order."""
        found = []
        for block in re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
            parts = re.split(r"^\$ kiyome ", block, flags=re.MULTILINE)
            assert parts[0] == ""
            found += [tuple(part.split("\n", 1)) for part in parts[1:]]
        return [(command, output) for command, output in found]

    def test_every_command_runs_and_gives_what_is_shown(
        self, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chain: Anvil | None = request.getfixturevalue("chain") if find_anvil() else None
        (folder / "pw").write_text("geheim")
        monkeypatch.setenv("KIYOME_KEY_PASSWORD_FILE", "pw")
        mine = {}
        if chain is not None:
            monkeypatch.setenv("KIYOME_CONSENT_RPC", json.dumps({CHAIN: chain.url}))
            mine["REGISTRY"] = chain.deploy("commit_registry").address
        ran = set()
        for command, shown in self.blocks():
            for word, value in mine.items():
                command = re.sub(rf"\b{word}\b", value, command)
            words = shlex.split(command.replace("eip155:1 ", f"{CHAIN} "))
            ran.add(words[1])
            if chain is None and words[1] == "commit":
                continue
            result = CliRunner().invoke(
                kiyome, words, catch_exceptions=False, standalone_mode=False
            )
            expected = re.escape(shown).replace("…", ".*").replace("eip155:1\\\n", f"{CHAIN}\n")
            assert re.fullmatch(expected, result.output, re.DOTALL), (command, result.output)
            if words[1] == "key":
                made = json.loads((folder / "owner.key.json").read_text())
                secret = Account.decrypt(made, "geheim")
                mine["YOUR_ADDRESS"] = Account.from_key(secret).address
                if chain is not None:
                    chain.ask("anvil_setBalance", mine["YOUR_ADDRESS"], hex(10**18))
            if "--unsigned" in words:
                signed = Account.sign_typed_data(
                    secret, full_message=json.loads(result.stdout)
                ).signature
                mine["YOUR_SIGNATURE"] = "0x" + signed.hex()
            if "statement.json" in words:
                self.holds_the_contract(folder, mine["YOUR_ADDRESS"])
        assert ran == set(declare_group.commands)
        assert outcome(folder / "art.png")[1] is Reason.CONSENT_REFUSED
        assert outcome(folder / "art-refused.png")[1] is Reason.CONSENT_REFUSED

    def holds_the_contract(self, folder: Path, address: str) -> None:
        """The contract of the page clears what the page signs."""
        (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        (terms,) = tomllib.loads(text.replace("YOUR_ADDRESS", address))["consent"]["contract"]
        terms["expires"] = TODAY + timedelta(days=9)
        policy = ConsentPolicy.model_validate({"contract": [terms]})
        decision = decide(folder / "art.png", policy)
        assert (decision.verdict, decision.attribution) == (Verdict.CLEAR, True)

    def test_every_way_in_the_table_is_a_command(self) -> None:
        named = re.findall(r"`kiyome (declare [a-z]+|consent [a-z]+)", PAGE.read_text("utf-8"))
        assert len(named) > 5
        for name in named:
            result = CliRunner().invoke(kiyome, [*name.split(), "--help"])
            assert result.exit_code == 0, name
