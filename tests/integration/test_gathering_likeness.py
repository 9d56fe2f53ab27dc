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
from models.consent.evidence.view import view_evidence
from models.consent.ipfs.hashing import cids_of
from models.consent.iscc.computing import compute_iscc
from models.consent.likeness import hash_as_published
from models.consent.optouts import iterate_said, read_optouts
from models.consent.subjects import SubjectKind
from models.consent.testimony import _SURE_DISTANCE as SURE
from models.motifs.fingerprints import DECODED_SIDE, hamming_distance, hash_pixels
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


@pytest.mark.parametrize("ground", ["dropped", "black", "white"])
def test_a_copy_that_lost_its_transparency_inherits_too(studio: Studio, ground: str) -> None:
    drawn = Image.open(io.BytesIO(studio.draw("plain.png", 3))).convert("RGBA")
    (studio.folder / "set/plain.png").unlink()
    side = drawn.width // 3
    drawn.paste((20, 160, 90, 0), (0, 0, side, drawn.height))  # hidden, and not the same everywhere
    studio.put("original.png", mark(_png(drawn), "DMI-PROHIBITED"))
    flat = drawn.convert("RGB")
    if ground != "dropped":
        paper = Image.new("RGBA", drawn.size, ground)
        flat = Image.alpha_composite(paper, drawn).convert("RGB")
    studio.put("copy.jpg", copy(_png(flat)))
    studio.gather()
    assert studio.verdict("copy.jpg") == REFUSED


def test_a_likeness_that_is_no_certain_copy_goes_to_a_person_where_a_grant_speaks_against_it(
    studio: Studio,
) -> None:
    drawn = studio.draw("plain.png", 3)
    (studio.folder / "set/plain.png").unlink()
    studio.put("original.png", mark(drawn, "DMI-PROHIBITED"))
    pictures = [Image.open(io.BytesIO(d)).convert("RGB") for d in (drawn, studio.draw("8.png", 8))]
    studio.put("other.png", _likeness(*pictures))
    studio.gather()
    verdict, reason = studio.verdict("other.png")
    assert (verdict, reason) == ("review", "consent_undetermined")
    studio.set_up("")
    assert studio.verdict("other.png") == ("exclude", "consent_refused")


def _likeness(one: Image.Image, other: Image.Image) -> bytes:
    """A blend of two pictures that is near to the first, and no certain copy of it."""
    own = _look(_png(one))
    for percent in range(1, 100):
        mixed = _png(Image.blend(one, other, percent / 100))
        if SURE < hamming_distance(own, _look(mixed)) <= 31:
            return mixed
    raise AssertionError("no likeness of that distance could be made")


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _look(data: bytes) -> bytes:
    return hash_pixels(decode_image(data, max_pixels=10**8, fit=DECODED_SIDE).pixels).bits


def test_a_copy_inherits_what_a_list_says_of_the_original_by_its_bytes(studio: Studio) -> None:
    drawn = studio.draw("original.png", 3)
    studio.put("copy.jpg", copy(drawn))
    source = take_in(studio, f"sha256\n{digest_bytes(drawn)}\n")
    studio.gather()
    assert studio.verdict("original.png") == REFUSED
    assert studio.verdict("copy.jpg") == REFUSED
    recorded = view_evidence(studio.database).until
    studio.gather()
    assert view_evidence(studio.database).until == recorded
    gone = Observation(source, "optout", Outcome.ABSENT, now())
    record(studio.database, studio.settings.workspace, [gone])
    studio.gather()
    assert studio.verdict("original.png") == CLEAR
    assert studio.verdict("copy.jpg") == CLEAR


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


def test_an_original_that_could_not_be_looked_at_is_looked_at_again(studio: Studio) -> None:
    drawn = studio.draw("original.png", 3, **preference(aiTraining="notAllowed"))
    studio.put("copy.jpg", copy(drawn))
    studio.set_up(contract_on_file(), max_pixels=1000)
    assert studio.gather().looks["original"]["read"] == 1
    assert not studio.gather().looks
    studio.set_up(contract_on_file(), max_pixels=64_000_000)
    studio.gather()
    assert studio.verdict("copy.jpg") == REFUSED
    assert not studio.gather().looks


def test_a_site_that_a_list_names_a_hundred_times_is_refused_a_few(studio: Studio) -> None:
    studio.draw("1.png", 1, url="https://a.example/1.png")
    studio.draw("2.png", 2, url="https://b.example/1.png")
    file = studio.folder / "sites.csv"
    rows = [f"a.example,Artist {n}" for n in range(100)]
    file.write_text("\n".join(["domain,artist", *rows]), encoding="utf-8")
    checked = read_optouts(file, "sites")
    observation = Observation(checked.source, "optout", Outcome.READ, now())
    record_long(
        studio.database, studio.settings.workspace, observation, iterate_said(checked, now())
    )
    decision = studio.decide("1.png")
    assert (decision.verdict.value, decision.reasons[0].value) == REFUSED
    assert 1 < len(decision.decided_by) < 50
    assert studio.verdict("2.png") == CLEAR


def test_what_a_sidecar_says_thousands_of_times_is_remembered_a_few(studio: Studio) -> None:
    drawn = studio.draw("original.png", 3)
    records = [
        {"url": f"https://a.example/{n}", "headers": {"X-Robots-Tag": "noai"}} for n in range(2000)
    ]
    studio.beside("original.png", json.dumps(records).encode())
    studio.put("copy.jpg", copy(drawn))
    studio.gather()
    assert len(view_evidence(studio.database).of_kind(SubjectKind.LOOK)) < 400
    assert studio.verdict("copy.jpg") == REFUSED
    assert not studio.gather().looks
