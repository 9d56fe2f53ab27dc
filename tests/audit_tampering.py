"""What can be wrong with an audit: uses without consent, and folders that were tampered with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Trust
from models.ledger.commitments import encode_canonical
from tests.audit_parts import BLOCK, DAY, DECIDED, grant, refusal


def tampered(folder: Path, to: Path, change: Callable[[Path], None]) -> Path:
    """A copy of an audit's folder with something changed."""
    shutil.copytree(folder, to)
    change(to)
    return to


def change_file(path: Path, **changes: object) -> None:
    """Set fields of a file of canonical JSON."""
    value = json.loads(path.read_bytes())
    path.write_bytes(encode_canonical({**value, **changes}) + b"\n")


VIOLATIONS = [
    ((refusal(), grant()), "it was refused (c2pa)"),
    ((refusal(),), "it was refused (c2pa)"),
    ((grant(trust=Trust(integrity=True, signer=True, bound=True)),), "nothing grants it"),
    ((grant(expires_at=DECIDED),), "its grant had ended"),
    ((grant(issued_at=DECIDED + 1),), "nothing grants it"),
    ((grant(issued_at=None),), "nothing grants it"),
    ((grant(expires_at=None, issued_at=DECIDED - 181 * DAY),), "its grant had ended"),
    ((grant(observed_at=DECIDED - 8 * DAY),), "its grant had ended, or was read too long ago"),
    ((grant(preferences={Purpose.DATA_MINING: Preference.ALLOWED}),), "nothing grants it"),
    ((grant(preferences={Purpose.GENERATIVE_TRAINING: Preference.CONSTRAINED}),), "a condition"),
    ((grant(), refusal(condition=Condition.TAMPERED, preferences={})), "nobody approved it"),
    ((grant(), grant(issued_at=DECIDED - 1, preferences={
        Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED})), "it was refused (sidecar)"),
    ((grant(carrier="contract", source="unheard of", trust=Trust(contract=True)),),
     "nothing grants it"),
    ((), "nothing grants it"),
]  # fmt: skip


def first_file(folder: Path, kind: str = "entries") -> Path:
    """The first file of a kind."""
    return min((folder / kind).iterdir())


def edit(name: str, **changes: object) -> Callable[[Path], None]:
    """Set fields of a file."""
    return lambda folder: change_file(folder / name, **changes)


def edit_entry(change: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    """Change the first entry."""

    def apply(folder: Path) -> None:
        path = first_file(folder)
        value = json.loads(path.read_bytes())
        change(value)
        path.write_bytes(encode_canonical(value) + b"\n")

    return apply


def move_released(folder: Path) -> None:
    """Let the release's own entry stand beside where it stands."""
    index = json.loads(first_file(folder).read_bytes())["released"]["index"]
    put("released", "index", to=abs(index - 1))(folder)


def put(*keys: object, to: object) -> Callable[[Path], None]:
    """Set a part of the first entry."""

    def change(value: dict[str, object]) -> None:
        part: object = value
        for key in keys[:-1]:
            part = part[key]  # type: ignore[index]
        part[keys[-1]] = to  # type: ignore[index]

    return edit_entry(change)


def change_consent(**changes: str) -> Callable[[Path], None]:
    """Change what the first entry's row says of its statement."""

    def change(value: dict[str, object]) -> None:
        value["manifest_row"]["consent"][0].update(changes)  # type: ignore[index]

    return edit_entry(change)


def say_unkept(folder: Path) -> None:
    """Take the evidence away, and say in every entry that it was never kept."""
    gone = first_file(folder, "evidence")
    gone.unlink()
    for path in (folder / "entries").iterdir():
        change_file(path, evidence_not_kept=[gone.name])


def _swap(folder: Path) -> None:
    one, other = sorted((folder / "entries").iterdir())[:2]
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


TAMPERED: list[tuple[str, Callable[[Path], None], str]] = [
    ("an entry is missing", lambda f: first_file(f).unlink(), "opened"),
    ("two entries change places", _swap, "entry"),
    ("an entry is of no format", put("format", to="kiyome.audited-entry/3"), "entry"),
    ("a record says another purpose", put("opening", "record", "purpose", to="x"), "opening"),
    ("a salt is another", put("opening", "salt", to="0" * 64), "opening"),
    ("a leaf is another", put("leaf", to="0" * 64), "inclusion"),
    ("a path is empty", put("path", to=[]), "inclusion"),
    ("a record is said to be erased", edit_entry(lambda v: (
        v.pop("opening"), v.pop("statements"), v.pop("manifest_row"), v.pop("evidence_not_kept"),
        v.update(erased={"erasures": []}))), "entry"),
    ("a row is of another asset", put("manifest_row", "asset_id", to="0" * 64), "violation"),
    ("a row leaves evidence out", put("manifest_row", "consent", to=[]), "violation"),
    ("statements are left out", put("statements", to=[]), "violation"),
    ("a row is no row", put("manifest_row", to={}), "file"),
    ("statements are no texts", put("statements", to=[1]), "entry"),
    ("evidence is another", lambda f: first_file(f, "evidence").write_bytes(b"no"), "evidence"),
    ("evidence is gone", lambda f: first_file(f, "evidence").unlink(), "evidence"),
    ("evidence is there and said not to be kept", lambda f: change_file(
        first_file(f), evidence_not_kept=[first_file(f, "evidence").name]), "evidence"),
    ("what was not kept is no list", put("evidence_not_kept", to="x"), "entry"),
    ("what was not kept is no text", put("evidence_not_kept", to=[1]), "entry"),
    ("a row was decided by a person", put("manifest_row", "decided_by", to="ruling"), "violation"),
    ("a row has another basis", put("manifest_row", "basis", to=["consent_contract"]), "violation"),
    ("a row's basis is none", put("manifest_row", "basis", to="x"), "entry"),
    ("a row has another reason", put("manifest_row", "reasons", to=[]), "violation"),
    ("a row names another source", change_consent(source="x"), "violation"),
    ("a row names another setter", change_consent(setter="x"), "violation"),
    ("a row names another trust", change_consent(trust="L0"), "violation"),
    ("a row names another licence", change_consent(license_ref="x"), "violation"),
    ("a row names another carrier", change_consent(carrier="c2pa"), "violation"),
    ("a statement was given later", lambda f: edit_statement(
        lambda s: s.replace(f'"issued_at":{DECIDED - DAY}', f'"issued_at":{DECIDED - 2 * DAY}'))(f),
     "violation"),
    ("row and statement name another setter", lambda f: (
        edit_statement(lambda s: s.replace('"setter":"hanako"', '"setter":"taro"'))(f),
        change_consent(setter="taro")(f)), "violation"),
    ("the policy is another", lambda f: (f / "policy.json").write_bytes(b"{}"), "policy"),
    ("the manifest is another", lambda f: (f / "manifest.parquet").write_bytes(b"x"), "manifest"),
    ("a position is another", edit("request.json", positions=[0]), "draw"),
    ("the block is another", edit("request.json", beacon={
        "block_hash": "0x" + "8" * 64, "block_number": 100, "by_hand": True, "chain_id": 0}),
     "draw"),
    ("the rate is another", edit("request.json", violations_at_most="0.5"), "draw"),
    ("the rate is no number", edit("request.json", violations_at_most="1"), "request"),
    ("the request is of another format", edit("request.json", format="x"), "request"),
    ("the checkpoint is another", edit("request.json", checkpoint="x\n1\n\n"), "checkpoint"),
    ("the batch is another", edit("request.json", batch={"batch": {}, "signature": ""}), "batch"),
    ("no node vouched for an unanchored block", edit("request.json", beacon={
        "block_hash": BLOCK[1], "block_number": 100, "by_hand": False, "chain_id": 0}), "receipt"),
    ("the key is another", edit("request.json", vkey="x"), "key"),
    ("an entry is not canonical", lambda f: first_file(f).write_bytes(b"{} "), "file"),
    ("the request is cut short", lambda f: (f / "request.json").write_bytes(b"{"), "file"),
    ("a stray revocation", lambda f: (f / "revocations/x.json").write_bytes(b"{}\n"),
     "revocations"),
]  # fmt: skip

RUN_TAMPERED: list[tuple[str, Callable[[Path], None], str]] = [
    ("the release's entry is not opened", put("released", to=None), "unverifiable"),
    ("the release's record is another", put("released", "opening", "record", "purpose", to="x"),
     "opening"),
    ("the release's entry stands elsewhere", move_released, "inclusion"),
    ("the release's entry is the run's own", edit_entry(lambda v: v.update(
        released={name: v[name] for name in ("index", "leaf", "opening", "path")})), "entry"),
    ("the release's entry is no entry", put("released", to={}), "file"),
    ("the entry is one of a release", put("format", to="kiyome.audited-entry/1"), "entry"),
    ("the row is of another asset of the run", put("manifest_row", "asset_id", to="0" * 64),
     "violation"),
    ("the request leaves the release out", lambda f: drop(f / "request.json", "release"), "file"),
    ("the run is named as its own release", lambda f: change_file(
        f / "request.json", release=json.loads((f / "request.json").read_bytes())["batch"]),
     "batch"),
    ("the request is said to be of a release", lambda f: (
        drop(f / "request.json", "release"),
        change_file(f / "request.json", format="kiyome.audit-request/1")), "batch"),
]  # fmt: skip

ODD_STATEMENTS: list[tuple[str, Callable[[str], str]]] = [
    ("a time is a fraction", lambda s: s.replace('"sequence":0', '"sequence":0.0')),
    ("a time is too large", lambda s: s.replace('"sequence":0', '"sequence":9007199254740992')),
    ("a number is not of JSON", lambda s: s.replace('"sequence":0', '"sequence":NaN')),
    ("a number begins with zeros", lambda s: s.replace('"sequence":0', '"sequence":00')),
    ("a fraction stands where nobody looks", lambda s: s[:-1] + ',"more":[-1.5e3,"\\"1.0"]}'),
    ("a field is gone", lambda s: s.replace('"sequence"', '"sequences"')),
    ("a field stands twice", lambda s: s[:-1] + ',"sequence":1}'),
    ("preferences are pairs", lambda s: s.replace(
        '"preferences":{', '"preferences":[],"before":{')),
    ("a purpose is one of JavaScript's words", lambda s: s.replace(
        '"preferences":{', '"preferences":{"__proto__":"allowed",')),
    ("trust is not yes or no", lambda s: s.replace('"bound":true', '"bound":1')),
    ("it is nested deeply", lambda s: s[:-1] + ',"more":' + "[" * 200 + "]" * 200 + "}"),
    ("it is not JSON", lambda s: s[:-1]),
]  # fmt: skip


def edit_statement(change: Callable[[str], str]) -> Callable[[Path], None]:
    """Change the first statement of the first entry."""

    def apply(folder: Path) -> None:
        statement = json.loads(first_file(folder).read_bytes())["statements"][0]
        changed = change(statement)
        assert changed != statement
        put("statements", 0, to=changed)(folder)

    return apply


def drop(path: Path, name: str) -> None:
    """Take a field out of a file of canonical JSON."""
    value = json.loads(path.read_bytes())
    del value[name]
    path.write_bytes(encode_canonical(value) + b"\n")
