"""What the public folder says about assets, owners and reviewers: nothing."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from pathlib import Path

import pytest

from models.ledger.commitments import SALT_BYTES, leaf_of
from models.ledger.log import UsageLedger
from models.ledger.owners.keys import OwnerKeys, derive_tag
from tests.ledger_parts import ORIGIN, asset_id, make_ledger, make_owned_records, make_record

COUNT = 300


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> UsageLedger:
    return make_ledger(tmp_path_factory.mktemp("ledger"), COUNT)


def _public(ledger: UsageLedger) -> bytes:
    files = sorted(path for path in ledger.public_folder.rglob("*") if path.is_file())
    return b"\n".join(
        path.relative_to(ledger.public_folder).as_posix().encode() + path.read_bytes()
        for path in files
    )


def test_somebody_with_every_public_file_and_every_image_matches_nothing(
    ledger: UsageLedger,
) -> None:
    """Even knowing each record to the letter, an outsider lacks the salts."""
    public = _public(ledger)
    sha256 = hashlib.sha256
    for number in range(COUNT):
        image, record = bytes.fromhex(asset_id(number)), make_record(number).canonical()
        guesses = [image, image.hex().encode(), record]
        for guess in (image, image.hex().encode(), record):
            for prefix in (b"", b"\x00", b"com1", b"com1" + bytes(SALT_BYTES)):
                guesses.append(sha256(prefix + guess).digest())
                guesses.append(sha256(b"\x00" + sha256(prefix + guess).digest()).digest())
        for guess in guesses:
            assert guess not in public
            assert guess.hex().encode() not in public


def test_with_the_opening_the_same_leaf_is_found(ledger: UsageLedger) -> None:
    """The search above can find something: it is the salt that is missing, not the leaf."""
    public = _public(ledger)
    for opening in itertools.islice(ledger.openings("b0"), 20):
        assert leaf_of(opening.salt, opening.canonical) in public


def test_two_uses_of_one_asset_cannot_be_linked(tmp_path: Path) -> None:
    ledger = UsageLedger.open(tmp_path, ORIGIN)
    for name in ("one", "two"):
        ledger.append(name, [make_record(0), make_record(0)], 1_800_000_000)
    openings = [*ledger.openings("one"), *ledger.openings("two")]
    assert len({opening.canonical for opening in openings}) == 1
    assert len({opening.leaf for opening in openings}) == 4


def test_a_batch_publishes_counts_and_digests_only(ledger: UsageLedger) -> None:
    value = json.loads((ledger.public_folder / "batches/b0.json").read_bytes())
    assert value["batch"].keys() == {
        *("batch_id", "counts", "first_index", "format"),
        *("leaves_sha256", "root", "size", "stamped_at"),
        *("manifest_sha256", "owners", "policy_sha256"),
    }
    assert value["batch"]["owners"].keys() == {"records", "root", "size"}
    assert value["batch"]["counts"] == {"decide": 0, "exclude": 100, "revoke": 0, "use": 200}


def test_keys_and_salts_stay_in_the_private_folder(ledger: UsageLedger) -> None:
    public = _public(ledger)
    # PRIVATE+KEY+name+hash+key: the key is base64 and may hold a plus of its own.
    secrets = [(ledger.private_folder / "signing.key").read_bytes().split(b"+", 4)[4].strip()]
    secrets += [(ledger.private_folder / "references.key").read_bytes()[:64]]
    secrets += [opening.salt for opening in ledger.openings("b0")]
    secrets += [key for _, key in OwnerKeys.read(ledger.private_folder / "owners.keys").items()]
    for secret in secrets:
        assert secret not in public
        assert secret.hex().encode() not in public


class TestOwners:
    """An outsider who has every public file, every image and every owner's name."""

    NAMES = tuple(f"owner{number}@example.com" for number in range(20))

    @pytest.fixture(scope="class")
    def owned(self, tmp_path_factory: pytest.TempPathFactory) -> UsageLedger:
        ledger = UsageLedger.open(tmp_path_factory.mktemp("owned"), ORIGIN)
        references = [ledger.reference("owner", name) for name in self.NAMES]
        for batch_id in ("one", "two"):
            records = [make_record(n, references[n % len(references)]) for n in range(COUNT)]
            ledger.append(batch_id, records, 1_800_000_000)
        return ledger

    def test_nothing_public_matches_a_name_or_an_image(self, owned: UsageLedger) -> None:
        public = _public(owned)
        known = [name.encode() for name in self.NAMES]
        known += [bytes.fromhex(asset_id(number)) for number in range(COUNT)]
        for fact in known:
            guesses = [fact, hashlib.sha256(fact).digest(), hashlib.md5(fact).digest()]
            for batch in (b"", b"one", b"two"):
                message = b"usage-tag" + batch
                guesses.append(hmac.digest(fact, message, "sha256"))
                guesses.append(hmac.digest(hashlib.sha256(fact).digest(), message, "sha256"))
            for guess in guesses:
                assert guess not in public
                assert guess.hex().encode() not in public
                assert hashlib.sha256(b"\x00" + guess).digest() not in public

    def test_pseudonyms_and_tags_are_in_no_public_file(self, owned: UsageLedger) -> None:
        public = _public(owned)
        for reference, key in OwnerKeys.read(owned.private_folder / "owners.keys").items():
            assert not reference or reference.encode() not in public
            for batch_id in ("one", "two"):
                tag = derive_tag(key, batch_id)
                assert tag not in public
                assert tag.hex().encode() not in public

    def test_what_is_proven_to_one_owner_tells_nothing_of_another(
        self, owned: UsageLedger, tmp_path: Path
    ) -> None:
        """Nor links what the same owner is proven in two batches, but for what the records say."""
        files = {}
        for batch_id in ("one", "two"):
            path = tmp_path / f"{batch_id}.json"
            reference = owned.reference("owner", self.NAMES[3])
            owned.prove_owner(batch_id, reference, path, reveal=False)
            files[batch_id] = path.read_bytes()
        owners = [json.loads(data)["owner"] for data in files.values()]
        for field in ("tag", "salt", "root"):
            assert owners[0][field] != owners[1][field]
        others = OwnerKeys.read(owned.private_folder / "owners.keys").items()
        mine = owned.reference("owner", self.NAMES[3])
        for reference, key in others:
            tag = derive_tag(key, "one").hex().encode()
            assert (tag in files["one"]) == (reference == mine)
            assert reference.encode() not in files["one"] or not reference

    def test_the_number_of_owners_stays_unknown(self, tmp_path: Path) -> None:
        sizes = set()
        for owners in (1, 3, 15):
            ledger = UsageLedger.open(tmp_path / str(owners), ORIGIN)
            ledger.append("b", list(make_owned_records(60, owners)), 1_800_000_000)
            value = json.loads((ledger.public_folder / "batches/b.json").read_bytes())
            sizes.add((value["batch"]["owners"]["size"], value["batch"]["owners"]["records"]))
        assert sizes == {(16, 60)}
