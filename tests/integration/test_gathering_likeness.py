"""Pictures that lost their metadata, and those that lists and declarations name."""

from __future__ import annotations

import binascii
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from models.assets.decoding import decode_image
from models.canonical import digest_bytes
from models.consent.declarations import observe_declaration
from models.consent.evidence.observation import Observation, Outcome
from models.consent.evidence.recording import record, record_long
from models.consent.ipfs.hashing import cids_of
from models.consent.iscc.computing import compute_iscc
from models.consent.likeness import hash_as_published
from models.consent.optouts import iterate_said, read_optouts
from tests.consent_files import data_mining
from tests.studio import Studio, contract_on_file, now, preference

CLEAR = ("clear", "consent_contract")
REFUSED = ("exclude", "consent_refused")
UNDETERMINED = ("review", "consent_undetermined")
ABSENT = ("exclude", "consent_absent")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio(tmp_path)
    made.set_up(contract_on_file())
    yield made
    made.close()


def mark(png: bytes, token: str) -> bytes:
    """The same picture with a PLUS value in its XMP."""
    body = b"XML:com.adobe.xmp\0\0\0\0\0" + data_mining(token).encode()
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body
    return png[:33] + chunk + struct.pack(">I", binascii.crc32(b"iTXt" + body)) + png[33:]


def copy(png: bytes, *, size: int = 200, turn: bool = False) -> bytes:
    """A picture as sites serve it: smaller, compressed, without its metadata."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").resize((size, size))
    out = io.BytesIO()
    (ImageOps.mirror(picture) if turn else picture).save(out, "JPEG", quality=80)
    return out.getvalue()


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("dataset", ["set", "other"])
def test_a_stripped_copy_inherits_what_its_original_refuses(
    studio: Studio, dataset: str, turn: bool
) -> None:
    drawn = studio.draw("plain.png", 3)
    studio.put("original.png", mark(drawn, "DMI-PROHIBITED"))
    (studio.folder / "set/plain.png").unlink()
    studio.put("copy.jpg", copy(drawn, turn=turn), dataset=dataset)
    studio.put("unlike.jpg", copy(studio.draw("8.png", 8)), dataset=dataset)
    assert studio.verdict("copy.jpg", dataset=dataset) == CLEAR
    studio.gather()
    decision = studio.decide("copy.jpg", dataset=dataset)
    assert (decision.verdict.value, decision.reasons[0].value) == REFUSED
    told = decision.statements[decision.decided_by[0]]
    assert told.source.startswith("original.png")
    assert "a picture like this one" in told.notes[0]
    assert studio.verdict("unlike.jpg", dataset=dataset) == CLEAR


def test_no_copy_inherits_a_grant(studio: Studio) -> None:
    studio.set_up("")
    drawn = studio.draw("original.png", 3, **preference(aiTraining="allowed"))
    studio.put("marked.png", mark(drawn, "DMI-ALLOWED"))
    studio.put("copy.jpg", copy(drawn))
    studio.gather()
    assert studio.verdict("copy.jpg") == ABSENT


def test_the_same_bytes_inherit_what_stands_beside_them_elsewhere(studio: Studio) -> None:
    drawn = studio.draw("original.png", 3, **preference(aiTraining="notAllowed"))
    studio.put("same.png", drawn, dataset="other")
    studio.gather()
    decision = studio.decide("same.png", dataset="other")
    assert decision.verdict.value == "exclude"
    assert "exactly these bytes" in decision.statements[0].notes[0]


def test_a_file_is_not_told_twice_what_it_says_itself(studio: Studio) -> None:
    studio.draw("original.png", 3, **preference(aiTraining="notAllowed"))
    studio.gather()
    said = [s for s in studio.decide("original.png").statements if s.carrier == "sidecar"]
    assert len(said) == 1
    assert studio.gather().looks == {}


def test_what_one_dataset_says_less_of_a_file_lifts_nothing_that_another_says(
    studio: Studio,
) -> None:
    refusal = preference(aiTraining="notAllowed")
    drawn = studio.draw("original.png", 3, **refusal)
    studio.put("same.png", drawn, dataset="other", **preference(dataMining="notAllowed"))
    studio.put("copy.jpg", copy(drawn), dataset="third")
    for dataset in ("set", "other", "set", "other"):
        studio.gather(dataset=dataset)
        assert studio.verdict("copy.jpg", dataset="third") == REFUSED


def test_a_refusal_that_its_owner_takes_back_is_taken_back_for_copies(studio: Studio) -> None:
    drawn = studio.draw("original.png", 3, **preference(aiTraining="notAllowed"))
    studio.put("copy.jpg", copy(drawn))
    studio.gather()
    assert studio.verdict("copy.jpg") == REFUSED
    studio.beside("original.png", b'{"dataMiningPreference": {"aiTraining": ')
    studio.gather()
    assert studio.verdict("copy.jpg") == REFUSED
    studio.beside("original.png", {})
    studio.gather()
    assert [studio.verdict(name) for name in ("original.png", "copy.jpg")] == [CLEAR, CLEAR]


def test_a_refusal_of_a_file_that_is_gone_stays(studio: Studio) -> None:
    drawn = studio.draw("original.png", 3, **preference(aiTraining="notAllowed"))
    studio.put("copy.jpg", copy(drawn))
    studio.gather()
    for name in ("original.png", "original.json"):
        (studio.folder / "set" / name).unlink()
    studio.gather()
    assert studio.verdict("copy.jpg") == REFUSED


def take_in(studio: Studio, text: str, name: str = "artists.csv") -> str:
    """Take in an opt-out list; its source."""
    path = studio.folder / name
    path.write_text(text, encoding="utf-8")
    checked = read_optouts(path, name)
    observation = Observation(checked.source, "optout", Outcome.READ, now())
    said = iterate_said(checked, now())
    assert record_long(studio.database, studio.settings.workspace, observation, said)
    return checked.source


def pdq_of(data: bytes) -> str:
    return hash_as_published(decode_image(data, max_pixels=10**7).pixels).bits.hex()


def iscc_of(data: bytes) -> str:
    return compute_iscc(data, max_pixels=10**7).composite


@pytest.mark.parametrize("kind", ["sha256", "cid", "url", "domain", "pdq", "iscc"])
def test_a_list_refuses_by_every_name_that_a_picture_has(studio: Studio, kind: str) -> None:
    drawn = studio.draw("1.png", 3, url="https://cdn.art.example/1.png?w=2")
    studio.draw("2.png", 8, url="https://elsewhere.example/2.png")
    names = {
        "sha256": digest_bytes(drawn),
        "cid": cids_of(drawn)[0].canonical,
        "url": "http://CDN.art.example/1.png?w=2",
        "domain": "art.example",
        "pdq": pdq_of(drawn),
        "iscc": f"ISCC:{iscc_of(drawn)}",
    }
    take_in(studio, f"{kind}\n{names[kind]}\n")
    assert studio.verdict("1.png") == REFUSED
    assert studio.verdict("2.png") == CLEAR


def test_a_list_that_names_the_original_by_its_looks_refuses_a_copy(studio: Studio) -> None:
    drawn = studio.draw("1.png", 3)
    studio.put("copy.jpg", copy(drawn))
    take_in(studio, f"pdq\n{pdq_of(drawn)}\n")
    assert studio.verdict("copy.jpg") == REFUSED


def test_a_list_that_is_taken_in_anew_replaces_what_it_said(studio: Studio) -> None:
    first, second = (digest_bytes(studio.draw(f"{n}.png", n)) for n in (1, 2))
    take_in(studio, f"sha256\n{first}\n")
    take_in(studio, f"sha256\n{second}\n")
    assert [studio.verdict(f"{n}.png") for n in (1, 2)] == [CLEAR, REFUSED]


@pytest.mark.parametrize(("exact", "verdict"), [(True, REFUSED), (False, UNDETERMINED)])
def test_a_declaration_refuses_these_bytes_and_asks_about_a_likeness(
    studio: Studio, exact: bool, verdict: tuple[str, str]
) -> None:
    drawn = studio.draw("1.png", 3)
    studio.put("copy.jpg", copy(drawn))
    document = {"iscc": f"ISCC:{iscc_of(drawn)}", "tdm-reservation": 1}
    observation = observe_declaration(json.dumps(document).encode(), "a.json", now())
    record(studio.database, studio.settings.workspace, [observation])
    assert studio.verdict("1.png" if exact else "copy.jpg")[0] == verdict[0]
