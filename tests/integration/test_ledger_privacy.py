"""What the public folder says about assets, owners and reviewers: nothing."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path

import pytest

from models.ledger.commitments import SALT_BYTES, leaf_of
from models.ledger.log import UsageLedger
from tests.ledger_parts import ORIGIN, asset_id, make_ledger, make_record

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
    }
    assert value["batch"]["counts"] == {"decide": 0, "exclude": 100, "revoke": 0, "use": 200}


def test_keys_and_salts_stay_in_the_private_folder(ledger: UsageLedger) -> None:
    public = _public(ledger)
    secrets = [(ledger.private_folder / "signing.key").read_bytes().split(b"+")[-1].strip()]
    secrets += [(ledger.private_folder / "references.key").read_bytes()[:64]]
    secrets += [opening.salt for opening in ledger.openings("b0")]
    for secret in secrets:
        assert secret not in public
        assert secret.hex().encode() not in public
