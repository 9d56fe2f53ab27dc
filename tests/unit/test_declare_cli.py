"""What the commands for owners write, refuse to write, and say."""

from __future__ import annotations

import io
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from eth_account import Account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from flows.cli.declare import declare
from flows.cli.declare.choosing import choose
from models.canonical import digest_bytes
from models.consent.eip7517 import parse_token_json
from models.consent.ipfs.hashing import cids_of
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.signed.document import read_signed_document
from models.consent.statements import Condition
from models.errors import KiyomeError

SECRET = bytes(range(1, 33))
ADDRESS = Account.from_key(SECRET).address.lower()
GRANT = b'"dataMiningPreference": {"aiTraining": "allowed"}'
REFUSAL = GRANT.replace(b"allowed", b"notAllowed")
GT, NGT = Purpose.GENERATIVE_TRAINING, Purpose.NON_GENERATIVE_TRAINING
YES, NO = Preference.ALLOWED, Preference.NOT_ALLOWED


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an image, another one, and a key; commands run in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("KIYOME_SETTINGS", "KIYOME_KEY_PASSWORD_FILE", "KIYOME_CONSENT_RPC"):
        monkeypatch.delenv(name, raising=False)
    for name, colour in (("art.png", "pink"), ("other.png", "navy")):
        out = io.BytesIO()
        Image.new("RGB", (48, 32), colour).save(out, "PNG")
        (tmp_path / name).write_bytes(out.getvalue())
    key = tmp_path / "key"
    key.write_text(SECRET.hex())
    key.chmod(0o600)
    return tmp_path


def say(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(
        declare, words, input=answer, catch_exceptions=False, standalone_mode=False
    )


def complain(*words: str, answer: str = "") -> str:
    """The sentence with which a command refuses."""
    error = CliRunner().invoke(declare, words, input=answer, standalone_mode=False).exception
    assert isinstance(error, KiyomeError), error
    assert error.remedy
    return str(error)


def write(*words: str, to: str = "token.json") -> bytes:
    say("write", *words, "--to", to)
    return Path(to).read_bytes()


def keystore(folder: Path, password: str) -> str:
    made = Account.encrypt(SECRET, password, kdf="pbkdf2", iterations=1000)
    (folder / "owner.json").write_text(json.dumps(made))
    return "owner.json"


@pytest.mark.parametrize("name", declare.commands)
def test_every_command_teaches_with_an_example(name: str) -> None:
    said = CliRunner().invoke(declare, [name, "--help"]).output
    assert re.search(rf"Examples?:\n +kiyome declare {name} ", said)


class TestChoosing:
    def test_all_stands_for_what_is_not_named(self) -> None:
        chosen = choose(["inference"], ["all"], [])
        assert chosen.pop(Purpose.INFERENCE) is YES
        assert set(chosen.values()) == {NO}
        assert len(chosen) == len(ALL_PURPOSES) - 1

    @pytest.mark.parametrize(
        ("allow", "refuse", "constrain"),
        [
            (["inference"], ["inference"], []),
            (["all"], ["all"], []),
            ([], ["all"], ["all"]),
            (["all"], ["inference"], ["inference"]),
        ],
    )
    def test_two_answers_to_one_question_are_refused(
        self, allow: list[str], refuse: list[str], constrain: list[str]
    ) -> None:
        with pytest.raises(KiyomeError, match="contradict"):
            choose(allow, refuse, constrain)

    def test_no_answer_at_all_is_refused(self) -> None:
        with pytest.raises(KiyomeError, match="Nothing was chosen"):
            choose([], [], [])


class TestWriting:
    def test_a_refusal_of_everything_names_the_image_and_refuses_everything(
        self, folder: Path
    ) -> None:
        data = write("--refuse", "all", "--for-image", "art.png")
        image = (folder / "art.png").read_bytes()
        assert json.loads(data)["assetCid"] == cids_of(image)[0].canonical
        said = parse_token_json(data, "", digest_bytes(image))
        assert said is not None
        assert said.trust.bound
        assert said.preferences == dict.fromkeys(ALL_PURPOSES, NO)

    def test_authorship_is_asked_for(self, folder: Path) -> None:
        said = parse_token_json(write("--allow", "all", "--with-authorship"), "")
        assert said is not None
        assert said.attribution

    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        st.dictionaries(st.sampled_from(ALL_PURPOSES), st.sampled_from([YES, NO]), min_size=1),
    )
    def test_nothing_is_written_that_grants_more_or_refuses_less(
        self, folder: Path, choice: dict[Purpose, Preference]
    ) -> None:
        words = [
            word
            for purpose, value in choice.items()
            for word in ("--allow" if value is YES else "--refuse", purpose.value)
        ]
        result = CliRunner().invoke(
            declare,
            ["write", *words, "--to", "token.json", "--force"],
            standalone_mode=False,
        )
        if isinstance(result.exception, KiyomeError):
            assert set(choice) == {NGT}
            return
        said = parse_token_json((folder / "token.json").read_bytes(), "")
        assert said is not None
        for purpose in ALL_PURPOSES:
            if choice.get(purpose) is NO:
                assert said.preference(purpose) is NO
            if said.preference(purpose) is YES:
                assert choice.get(purpose) is YES

    def test_what_the_form_cannot_say_is_told(self, folder: Path) -> None:
        said = say("write", "--allow", "all", "--refuse", GT.value, "--to", "token.json").output
        assert "non_generative_training: not said  (it cannot be said" in said
        wider = say("write", "--refuse", NGT.value, "--to", "wider.json").output
        assert "generative_training: notAllowed  (what you chose includes it" in wider

    def test_a_condition_without_a_licence_is_refused(self, folder: Path) -> None:
        assert "--license-document" in complain("write", "--constrain", "all", "--to", "t.json")
        assert not Path("t.json").exists()

    def test_the_other_fields_of_a_tokens_metadata_are_kept(self, folder: Path) -> None:
        (folder / "meta.json").write_text('{"name": "花", "attributes": [{"trait_type": "x"}]}')
        made = json.loads(write("--refuse", "all", "--metadata", "meta.json"))
        assert made["name"] == "花"
        assert made["attributes"] == [{"trait_type": "x"}]

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "[]",
            "{",
            '{"a": 1, "a": 2}',
            '{"dataMiningPreference": {}}',
            "{" * 9000,
            '{"a": NaN}',
        ],
    )
    def test_metadata_that_cannot_be_relied_on_is_refused(self, folder: Path, content: str) -> None:
        (folder / "meta.json").write_text(content)
        complain("write", "--refuse", "all", "--metadata", "meta.json", "--to", "t.json")
        assert not Path("t.json").exists()

    def test_metadata_that_says_something_else_elsewhere_is_refused(self, folder: Path) -> None:
        (folder / "meta.json").write_text('{"properties": {"ai_training": "notAllowed"}}')
        complain("write", "--allow", "all", "--metadata", "meta.json", "--to", "t.json")


class TestOverwriting:
    @pytest.mark.parametrize(
        "words",
        [
            ("write", "--refuse", "all", "--to", "there"),
            ("key", "--to", "there"),
            ("sign", "token.json", "--image", "art.png", "--key", "key", "--to", "there"),
            ("sign", "token.json", "--image", "art.png", "--unsigned", "--to", "there"),
            ("embed", "art.png", "--refuse", "all", "--to", "there"),
            ("embed", "art.png", "--refuse", "all", "--to", "art.png"),
            ("assemble", "token.json", "--signer", "x", "--signature", "y", "--to", "there"),
        ],
    )
    def test_a_file_that_is_there_stays(self, folder: Path, words: tuple[str, ...]) -> None:
        write("--refuse", "all")
        (folder / "there").write_text("mine")
        before = (folder / "art.png").read_bytes()
        assert "left as it is" in complain(*words)
        assert (folder / "there").read_text() == "mine"
        assert (folder / "art.png").read_bytes() == before

    def test_a_certificate_is_not_replaced_in_part(self, folder: Path) -> None:
        (folder / "c").mkdir()
        (folder / "c" / "authority.pem").write_text("mine")
        complain("certificate", "--holder", "Aoi", "--to", "c")
        assert [path.name for path in (folder / "c").iterdir()] == ["authority.pem"]

    def test_force_overwrites(self, folder: Path) -> None:
        write("--refuse", "all")
        say("write", "--allow", "all", "--to", "token.json", "--force")
        assert "notAllowed" not in (folder / "token.json").read_text()

    def test_a_folder_that_is_not_there_is_named(self, folder: Path) -> None:
        assert "no folder" in complain("write", "--refuse", "all", "--to", "away/token.json")


class TestSigning:
    def sign(self, *words: str, to: str = "art.png.json") -> Result:
        return say("sign", "token.json", "--image", "art.png", "--key", "key", "--to", to, *words)

    @pytest.mark.parametrize("scheme", ["eip712", "eip191"])
    def test_a_signed_statement_is_sound_and_about_the_image(
        self, folder: Path, scheme: str
    ) -> None:
        write("--allow", "all", "--with-authorship")
        self.sign("--scheme", scheme, "--expires", "2096-01-01")
        asset = digest_bytes((folder / "art.png").read_bytes())
        [said] = read_signed_document((folder / "art.png.json").read_bytes(), "a", asset)
        assert (said.condition, said.trust.levels) == (Condition.SOUND, "L1+L2+L4")
        assert (said.setter, said.attribution) == (ADDRESS, True)
        assert said.expires_at == 3976214400
        assert said.preference(GT) is YES

    def test_the_later_of_two_statements_of_one_second_has_the_larger_nonce(
        self, folder: Path
    ) -> None:
        write("--allow", "all")
        orders = []
        for name in ("one.json", "two.json"):
            self.sign(to=name)
            signed = json.loads((folder / name).read_text())["statement"]
            orders.append((signed["issuedAt"], int(signed["nonce"])))
        assert orders[0] < orders[1]

    def test_a_token_is_signed_with_its_contract(self, folder: Path) -> None:
        write("--refuse", "all")
        contract = "0x" + "Ab" * 20
        self.sign("--chain", "eip155:137", "--contract", contract, "--token", str(2**70))
        made = json.loads((folder / "art.png.json").read_text())
        assert made["chainId"] == 137
        assert made["statement"]["contractAddress"] == contract.lower()
        assert made["statement"]["tokenId"] == str(2**70)

    def test_the_licence_of_a_condition_is_signed(self, folder: Path) -> None:
        write("--constrain", GT.value, "--license-document", "https://aoi.example/l")
        self.sign()
        made = json.loads((folder / "art.png.json").read_text())
        assert made["statement"]["licenseCid"] == "https://aoi.example/l"

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            (("--key", "key", "--unsigned"), "who signs"),
            ((), "who signs"),
            (("--key", "key", "--token", "1"), "contract and its number"),
            (("--key", "key", "--contract", "0x" + "1" * 40), "contract and its number"),
            (("--key", "key", "--contract", "0x12", "--token", "1"), "contract_address"),
            (("--key", "key", "--contract", "0x" + "1" * 40, "--token", "-1"), "token_id"),
            (("--key", "key", "--chain", "ethereum"), "does not name an EVM chain"),
            (("--key", "key", "--chain", "eip155:0"), "does not name an EVM chain"),
            (("--key", "key", "--chain", "eip155:" + "9" * 16), "chain id"),
            (("--key", "key", "--expires", "2001-01-01"), "ends before"),
        ],
    )
    def test_what_cannot_be_signed_is_refused(
        self, folder: Path, words: tuple[str, ...], why: str
    ) -> None:
        write("--allow", "all")
        assert why in complain("sign", "token.json", "--image", "art.png", *words, "--to", "s.json")
        assert not (folder / "s.json").exists()

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\xff",
            b"[]",
            b"{}",
            b"{" * 3000,
            b'{"dataMiningPreference": {"aiTraining": "allowed"}',
            b'{"dataMiningPreference": {}}',
            b'{"dataMiningPreference": "aiTraining"}',
            b'{"dataMiningPreference": {"aiTraining": true}}',
            b'{"dataMiningPreference": {"aiTraining": "Allowed"}}',
            b'{"dataMiningPreference": {"everything": "allowed"}}',
            b'{"dataMiningPreference": {"aiTraining": "constrained"}}',
            b'{"dataMiningPreference": {"aiTraining": "allowed", "aiTraining": "notAllowed"}}',
            b"{%b, %b}" % (GRANT, REFUSAL.replace(b"dataM", b"m")),
            b'{%b, "attributes": [{"name": "AI Training", "value": "notAllowed"}]}' % GRANT,
            b"{%b, %b}" % (GRANT, REFUSAL),
            b"{%b}" % GRANT.replace(b"}", b', "aiGenerativeTraining": "notAllowed"}'),
        ],
    )
    def test_a_document_that_is_not_sound_is_not_signed(self, folder: Path, content: bytes) -> None:
        (folder / "token.json").write_bytes(content)
        complain("sign", "token.json", "--image", "art.png", "--key", "key", "--to", "s.json")
        assert not (folder / "s.json").exists()

    def test_a_document_for_another_image_is_not_signed(self, folder: Path) -> None:
        write("--allow", "all", "--for-image", "other.png")
        assert "another image" in complain(
            "sign", "token.json", "--image", "art.png", "--key", "key", "--to", "s.json"
        )


class TestKeys:
    def test_a_new_key_opens_with_its_password_and_is_shown_to_nobody(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "pw").write_text("geheim\n")
        monkeypatch.setenv("KIYOME_KEY_PASSWORD_FILE", "pw")
        said = say("key", "--to", "new.json").output
        opened = Account.decrypt(json.loads((folder / "new.json").read_text()), "geheim")
        assert Account.from_key(opened).address.lower() in said
        assert opened.hex().removeprefix("0x") not in said
        assert stat.S_IMODE((folder / "new.json").stat().st_mode) == 0o600

    def test_an_empty_password_is_refused(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "pw").write_text("\n")
        monkeypatch.setenv("KIYOME_KEY_PASSWORD_FILE", "pw")
        assert "empty" in complain("key", "--to", "new.json")

    def test_the_password_is_asked_for(self, folder: Path) -> None:
        write("--allow", "all")
        words = ("sign", "token.json", "--image", "art.png", "--key", keystore(folder, "geheim"))
        result = say(*words, "--to", "s.json", answer="geheim\n")
        assert "Password of owner.json" in result.stderr
        assert "geheim" not in result.output
        assert json.loads((folder / "s.json").read_text())["signer"] == ADDRESS

    def test_a_wrong_password_signs_nothing(self, folder: Path) -> None:
        write("--allow", "all")
        words = ("sign", "token.json", "--image", "art.png", "--key", keystore(folder, "geheim"))
        assert "Check the password" in complain(*words, "--to", "s.json", answer="falsch\n")
        assert not (folder / "s.json").exists()

    def test_a_password_file_that_is_not_there_is_named(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write("--allow", "all")
        monkeypatch.setenv("KIYOME_KEY_PASSWORD_FILE", "away")
        words = ("sign", "token.json", "--image", "art.png", "--key", keystore(folder, "x"))
        assert "away cannot be read" in complain(*words, "--to", "s.json")

    @pytest.mark.parametrize("content", [b"", b"hello", b"{}", b"\xff\xfe", SECRET])
    def test_a_file_that_holds_no_key_is_refused_and_not_shown(
        self, folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write("--allow", "all")
        (folder / "pw").write_text("x")
        monkeypatch.setenv("KIYOME_KEY_PASSWORD_FILE", "pw")
        (folder / "bad").write_bytes(content)
        said = complain("sign", "token.json", "--image", "art.png", "--key", "bad", "--to", "s")
        assert SECRET.hex() not in said

    def test_a_key_that_others_can_read_is_pointed_out(self, folder: Path) -> None:
        write("--allow", "all")
        (folder / "key").chmod(0o644)
        words = ("sign", "token.json", "--image", "art.png", "--key", "key", "--to", "s.json")
        assert "chmod 600 key" in say(*words).stderr


class TestWallets:
    """What is signed by eth-account, as wallets sign it."""

    def request(self, folder: Path, scheme: str) -> tuple[str, str]:
        from eth_account.messages import encode_defunct, encode_typed_data

        write("--allow", "all", "--with-authorship")
        printed = say(
            *("sign", "token.json", "--image", "art.png", "--unsigned", "--scheme", scheme),
            *("--contract", "0x" + "1" * 40, "--token", str(2**200), "--to", "request.json"),
        ).stdout
        message: Any = (
            encode_defunct(text=printed.removesuffix("\n"))
            if scheme == "eip191"
            else encode_typed_data(full_message=json.loads(printed))
        )
        return "0x" + Account.sign_message(message, SECRET).signature.hex(), printed

    @pytest.mark.parametrize("scheme", ["eip712", "eip191"])
    def test_a_wallets_signature_over_what_is_printed_is_accepted(
        self, folder: Path, scheme: str
    ) -> None:
        signature, _ = self.request(folder, scheme)
        signer = Account.from_key(SECRET).address
        words = ("request.json", "--signer", signer, "--signature", signature)
        say("assemble", *words, "--to", "s.json")
        asset = digest_bytes((folder / "art.png").read_bytes())
        [said] = read_signed_document((folder / "s.json").read_bytes(), "a", asset)
        assert (said.condition, said.trust.levels) == (Condition.SOUND, "L1+L2+L4")

    @pytest.mark.parametrize("scheme", ["eip712", "eip191"])
    def test_what_is_kept_for_a_reader_is_what_is_printed(self, folder: Path, scheme: str) -> None:
        _, printed = self.request(folder, scheme)
        kept = json.loads((folder / "request.json").read_text())["toSign"]
        assert kept == (printed.removesuffix("\n") if scheme == "eip191" else json.loads(printed))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("chainId", 5),
            ("scheme", "eip191"),
            ("preference", {"dataMiningPreference": {"aiTraining": "allowed"}}),
            ("surprise", 1),
            ("statement", {}),
            ("preference", {"dataMiningPreference": {"aiTraining": "\ud800"}}),
            ("license", 7),
            ("kiyome", "consent-statement/1"),
        ],
    )
    def test_a_request_that_was_changed_is_refused(
        self, folder: Path, field: str, value: Any
    ) -> None:
        signature, _ = self.request(folder, "eip712")
        made = json.loads((folder / "request.json").read_text())
        (folder / "request.json").write_text(json.dumps({**made, field: value}))
        words = ("request.json", "--signer", ADDRESS, "--signature", signature)
        complain("assemble", *words, "--to", "s.json")
        assert not (folder / "s.json").exists()

    def test_a_licence_in_words_is_for_readers_and_changes_nothing(self, folder: Path) -> None:
        signature, _ = self.request(folder, "eip712")
        made = json.loads((folder / "request.json").read_text())
        (folder / "request.json").write_text(json.dumps({**made, "license": "CC0"}))
        words = ("request.json", "--signer", ADDRESS, "--signature", signature)
        say("assemble", *words, "--to", "s.json")
        assert "license" not in json.loads((folder / "s.json").read_text())

    @pytest.mark.parametrize(
        ("signer", "signature"),
        [
            ("0x" + "9" * 40, None),
            ("me", None),
            (ADDRESS, "0x" + "11" * 65),
            (ADDRESS, "0x12"),
            (ADDRESS, "signed"),
            (ADDRESS, "0x" + "11" * 300),
        ],
    )
    def test_a_signature_that_is_not_the_signers_is_refused(
        self, folder: Path, signer: str, signature: str | None
    ) -> None:
        sound, _ = self.request(folder, "eip712")
        words = ("request.json", "--signer", signer, "--signature", signature or sound)
        complain("assemble", *words, "--to", "s.json")
        assert not (folder / "s.json").exists()


class TestEmbedding:
    def test_conditions_are_written_beside_the_value_that_points_at_them(
        self, folder: Path
    ) -> None:
        words = ("--constrain", "all", "--conditions", "ask first")
        said = say("embed", "art.png", *words, "--to", "new.png").output
        assert said.count("constrained") == len(ALL_PURPOSES)
        assert "licence ask first" in say("check", "new.png").output

    def test_a_condition_that_is_not_told_is_written_as_a_refusal(self, folder: Path) -> None:
        said = say("embed", "art.png", "--constrain", "all", "--to", "new.png").output
        assert said.count("notAllowed  (this form can only say it so)") == len(ALL_PURPOSES)

    def test_conditions_for_one_use_do_not_take_back_what_is_allowed(self, folder: Path) -> None:
        words = ("--constrain", GT.value, "--allow", NGT.value, "--conditions", "ask first")
        assert "which you allow" in complain("embed", "art.png", *words, "--to", "new.png")

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            (("--refuse", "inference", "--allow", GT.value), "would refuse generative_training"),
            (("--allow", GT.value), "no value that says this"),
            (("--refuse", "all", "--certificate", "art.png"), "only with its key"),
            (("--refuse", "all", "--key", "art.png"), "only with its key"),
            (("--refuse", "all", "--no-xmp"), "Nothing would be written"),
            (("--refuse", "all", "--certificate", "art.png", "--key", "key"), "certificate chain"),
        ],
    )
    def test_what_cannot_be_embedded_is_refused(
        self, folder: Path, words: tuple[str, ...], why: str
    ) -> None:
        assert why in complain("embed", "art.png", *words, "--to", "new.png")
        assert not (folder / "new.png").exists()

    def test_a_file_that_is_no_image_is_refused(self, folder: Path) -> None:
        (folder / "text.png").write_text("hello")
        assert "format" in complain("embed", "text.png", "--refuse", "all", "--to", "new.png")

    def test_a_certificate_with_another_key_signs_nothing(self, folder: Path) -> None:
        for name in ("one", "two"):
            say("certificate", "--holder", "Aoi", "--to", name)
        words = ("--certificate", "one/chain.pem", "--key", "two/key.pem", "--to", "new.png")
        said = complain("embed", "art.png", "--refuse", "all", *words)
        assert "PRIVATE KEY" not in said
        assert not (folder / "new.png").exists()

    def test_the_key_of_a_certificate_is_for_its_owner_only(self, folder: Path) -> None:
        said = say("certificate", "--holder", "Aoi", "--to", "c").output
        assert stat.S_IMODE((folder / "c" / "key.pem").stat().st_mode) == 0o600
        assert "PRIVATE KEY" not in said

    def test_an_image_that_was_signed_is_not_broken_by_accident(self, folder: Path) -> None:
        say("certificate", "--holder", "Aoi", "--to", "c")
        words = ("--certificate", "c/chain.pem", "--key", "c/key.pem")
        say("embed", "art.png", "--refuse", "all", *words, "--to", "signed.png")
        complain("embed", "signed.png", "--refuse", "all", "--to", "again.png")
        assert not (folder / "again.png").exists()


class TestCommitting:
    REGISTRY = "0x" + "12" * 20

    def commit(self, *words: str, asset: str = "art.png", registry: str = REGISTRY) -> str:
        return complain(
            *("commit", "--chain", "eip155:31337", "--registry", registry, "--asset", asset),
            *("--preference", "token.json", *words),
        )

    def test_what_cannot_be_committed_is_refused_before_anything_is_asked(
        self, folder: Path
    ) -> None:
        write("--allow", "all", "--for-image", "art.png")
        assert "its key" in self.commit()
        assert "not an address" in self.commit("--key", "key", registry="0x12")
        assert "neither a file nor a CID" in self.commit("--key", "key", asset="nosuch.png")
        assert "neither a file nor a CID" in self.commit("--key", "key", asset="x" * 5000)
        assert "another image" in self.commit("--key", "key", asset="other.png")
        other = cids_of((folder / "other.png").read_bytes())[0]
        assert "another image" in self.commit("--key", "key", asset=other.canonical)
        assert "No endpoint is known" in self.commit("--key", "key")
        assert "not an http" in self.commit("--key", "key", "--rpc", "ftp://127.0.0.1/")

    def test_a_condition_is_not_committed_as_if_it_were_a_refusal(self, folder: Path) -> None:
        write("--constrain", "all", "--license-document", "https://aoi.example/l")
        assert "cannot name a licence" in self.commit("--key", "key", "--rpc", "http://127.0.0.1:1")

    def test_the_key_in_an_endpoints_address_is_not_shown(self, folder: Path) -> None:
        write("--refuse", "all")
        for url in (
            "http://127.0.0.1:1/v3/GEHEIM",
            "http://127.0.0.1:1/?key=GEHEIM",
            "http://GEHEIM:x@127.0.0.1:1/",
        ):
            said = self.commit("--key", "key", "--rpc", url, "--dry-run")
            assert "would not succeed" in said
            assert "GEHEIM" not in said


class TestChecking:
    def check(self, *words: str) -> str:
        return say("check", *words).output

    def test_silence_is_told_as_silence(self, folder: Path) -> None:
        said = self.check("art.png")
        assert "says nothing about AI use" in said
        assert "not spoken of" in said

    def test_an_unsigned_grant_lacks_everything(self, folder: Path) -> None:
        write("--allow", "all", to="art.json")
        said = self.check("art.json")
        assert "a grant that does not count yet" in said
        assert "proves L0 and lacks L2" in said
        assert "a contract that covers the image" in said

    def test_a_declaration_elsewhere_is_read_for_the_image_that_is_named(
        self, folder: Path
    ) -> None:
        write("--refuse", "all", to="mine.json")
        assert "a refusal that counts" in self.check("mine.json", "--image", "art.png")
        assert "Name it with --image" in complain("check", "mine.json")

    def test_an_image_named_twice_is_read_once(self, folder: Path) -> None:
        write("--refuse", "all", to="art.png.json")
        said = self.check("art.png", "art.png.json")
        assert said.count("a refusal that counts") == 1
        assert said.count("art.png.json (sidecar") == 1

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"dataMiningPreference": 1}'])
    def test_what_cannot_be_relied_on_ends_with_1(self, folder: Path, content: bytes) -> None:
        (folder / "art.png.json").write_bytes(content)
        result = CliRunner().invoke(declare, ["check", "art.png"])
        assert result.exit_code == 1
        assert "decided by a person" in result.output
