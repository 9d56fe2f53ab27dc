"""Audits are checked in JavaScript with the same report as in Python, word for word."""

from __future__ import annotations

import base64
import json
import random
import subprocess
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from models.canonical import canonical_json
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement, Trust
from models.ledger.commitments import encode_canonical
from models.ledger.records import UsageRecord
from models.ledger.written import WrittenRecord
from models.releases.manifest import to_parquet
from models.verdicts import Verdict
from tests.audit_parts import DAY, DECIDED, Audited, grant, refusal, revocation_of
from tests.audit_tampering import (
    ODD_STATEMENTS,
    RUN_TAMPERED,
    TAMPERED,
    VIOLATIONS,
    edit_statement,
    first_file,
    put,
    say_unkept,
    tampered,
)
from tests.ledger_parts import owner_ref
from tests.verifiers import VERIFY_MJS, ask_javascript, find_node
from verifier.auditing import examine_audit
from verifier.bounds import bound_share, count_sample
from verifier.cli import main
from verifier.consent import find_violation, read_statement, read_terms
from verifier.drawing import read_share
from verifier.heads import Trust as Trusted
from verifier.manifest import count_rows
from verifier.note import Key
from verifier.report import CheckError

USE = Purpose.GENERATIVE_TRAINING

ODD_KEPT = (None, "0", {}, [1], [-1], [True], ["0"])
"""What a record cannot say of the one piece of evidence that it has."""

Build = Callable[[Path], Audited]
"""Makes a ledger in a folder, a request and what was opened for it."""


def _release(change: Callable[[Path], None] | None = None, **changes: object) -> Build:
    def build(to: Path) -> Audited:
        audited = Audited.make(to, {number: (grant(),) for number in range(40)})
        audited.ask("0.2")
        audited.open(change, **changes)
        return audited

    return build


def _one(*statements: object, run: Callable[[Audited], object] | None = None) -> Build:
    def build(to: Path) -> Audited:
        said = {0: tuple(statements)}
        audited = Audited.make(to, said, [revocation_of(1)])  # type: ignore[arg-type]
        if run is not None:
            run(audited)
        audited.ask()
        audited.open()
        return audited

    return build


def _many(missing: int) -> Build:
    def build(to: Path) -> Audited:
        audited = Audited.make(to, {number: (grant(),) for number in range(400)})
        audited.ask()
        folder = audited.open()
        for _ in range(missing):
            first_file(folder).unlink()
        return audited

    return build


def _ungrounded(change: Callable[[Path], None] | None = None) -> Build:
    def build(to: Path) -> Audited:
        audited = Audited.make(to, {number: (grant(),) for number in range(40)}, grounded=False)
        audited.ask("0.2")
        audited.open(change)
        return audited

    return build


def _unkept(to: Path) -> Audited:
    audited = Audited.make(to, {number: (grant(),) for number in range(40)}, kept=False)
    audited.ask("0.2")
    audited.open(evidence={})
    return audited


def _say_kept(said: object) -> Build:
    """A release whose operator writes something of their own about what was kept."""

    def write(record: UsageRecord) -> WrittenRecord:
        value = record.as_dict()
        value["consent"]["keptEvidence"] = said
        return WrittenRecord(record.type, record.owner_ref, encode_canonical(value))

    def build(to: Path) -> Audited:
        audited = Audited.make(to, {0: (grant(),)}, write=write)
        audited.ask()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("models.ledger.auditing.writing.list_kept", lambda _: [])
            audited.open()
        return audited

    return build


def _revoked(said: object) -> Build:
    def build(to: Path) -> Audited:
        audited = Audited.make(to, {0: (said,)}, [revocation_of(0)])  # type: ignore[dict-item]
        audited.ask()
        audited.open()
        return audited

    return build


def _erased(to: Path) -> Audited:
    audited = Audited.make(to, {number: (grant(),) for number in range(40)})
    audited.ask()
    audited.ledger.erase_owner(owner_ref(1), DECIDED + 5)
    audited.open()
    return audited


def _train(audited: Audited) -> None:
    audited.train()


def _revoke_and_train(audited: Audited) -> None:
    audited.ledger.append("revocations", [revocation_of(0)], DECIDED + 30)
    audited.cheat()


BUILT: dict[str, Build] = {
    "a release": _release(),
    "a release whose evidence was never kept": _unkept,
    "a release whose evidence is said not to have been kept": _release(say_unkept),
    "a release whose evidence was lost": _release(evidence={}),
    "a release whose records hold no digest of their grounds": _ungrounded(),
    "a release whose records do not say what was kept": _ungrounded(say_unkept),
    **{f"kept evidence is {said!r}": _say_kept(said) for said in ODD_KEPT},
    "a release with an entry of the older format": _release(
        put("format", to="kiyome.audited-entry/1")
    ),
    "a release whose source is a picture": _one(grant(source="\U0001f600")),
    "a release of many": _many(0),
    "a release with three entries missing": _many(3),
    "a release with an erased owner": _erased,
    "a release without statements": _release(consent={}),
    "a release without its policy": _release(policy=None),
    "a release after a revocation": _revoked(grant()),
    "a release that was granted again": _revoked(grant(issued_at=DECIDED - 5)),
    "a run": _one(grant(), run=_train),
    "a run after a revocation": _one(grant(), run=_revoke_and_train),
    "a run that was owned up to": _one(grant(), run=lambda a: a.cheat(decision=Verdict.EXCLUDE)),
    "a run after the grant's end": _one(grant(), run=lambda a: a.train(DECIDED + DAY)),
    "a run without its name": _one(grant(), run=lambda a: a.cheat(run=None)),
    "a run without consent": _one(grant(), refusal(), run=lambda a: a.cheat()),
    **{f"violation {at}": _one(*said) for at, (said, _) in enumerate(VIOLATIONS)},
}
GOOD = (
    "a release",
    "a release whose evidence was never kept",
    "a release whose records hold no digest of their grounds",
    "a release whose records do not say what was kept",
    "a release whose source is a picture",
    "a release of many",
    "a release that was granted again",
    "a run",
)
CHANGED: dict[str, tuple[str, Callable[[Path], None]]] = {
    **{name: ("a release", change) for name, change, _ in TAMPERED},
    **{name: ("a run", change) for name, change, _ in RUN_TAMPERED},
    **{name: ("a release", edit_statement(change)) for name, change in ODD_STATEMENTS},
}


@pytest.fixture(scope="module")
def reports(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """What both say about every folder, in Python and in JavaScript: one process answers all."""
    base = tmp_path_factory.mktemp("audits")
    made = {name: build(base / f"built-{at}") for at, (name, build) in enumerate(BUILT.items())}
    folders = {name: (audited, audited.folder / "audit") for name, audited in made.items()}
    for at, (name, (of, change)) in enumerate(CHANGED.items()):
        audited, folder = folders[of]
        folders[name] = (audited, tampered(folder, base / f"changed-{at}", change))
    questions, answers = [], []
    for at, (audited, folder) in enumerate(folders.values()):
        kept = (audited.folder / "request.json").read_bytes() if at % 2 else None
        key = audited.ledger.vkey
        report = examine_audit(str(folder), Trusted(key=Key.parse(key)), kept).report().as_dict()
        answers.append(json.loads(json.dumps(report)))
        encoded = base64.b64encode(kept).decode() if kept else None
        questions.append({"ask": "audit", "folder": str(folder), "key": key, "kept": encoded})
    return dict(zip(folders, zip(answers, ask_javascript(questions), strict=True), strict=True))


@pytest.mark.parametrize("name", [*BUILT, *CHANGED])
def test_both_say_the_same_of_an_audit(
    reports: dict[str, tuple[dict[str, Any], dict[str, Any]]], name: str
) -> None:
    in_python, in_javascript = reports[name]
    assert in_javascript == in_python
    if name not in dict(ODD_STATEMENTS):  # some of them change nothing that counts
        assert (in_python["outcome"] == "holds") is (name in GOOD)


def test_both_draw_as_many_and_find_the_same_bound() -> None:
    chance = random.Random(20_261_126)
    samples, bounds = [], []
    for _ in range(300):
        entries = chance.choice((1, 7, 299, 10**6, 2**53 - 1, chance.randrange(1, 10**9)))
        uses = chance.choice((1, entries, chance.randint(1, entries)))
        shares = [chance.choice(("0.5", "0.75", "0.000000001", "0.999999999")) for _ in range(2)]
        if chance.random() < 0.8:
            shares = [f"0.{chance.randint(1, 999)}".rstrip("0") for _ in range(2)]
        samples.append((entries, uses, *shares))
        drawn = chance.randint(1, 3000)
        bounds.append((drawn, chance.randint(0, min(drawn, 60)), float(shares[1])))
    billion = 10**9
    questions = [
        {
            "ask": "sample",
            "entries": entries,
            "uses": uses,
            "rate": int(read_share(rate) * billion),
            "confidence": int(read_share(sure) * billion),
        }
        for entries, uses, rate, sure in samples
    ] + [
        {"ask": "bound", "drawn": drawn, "violations": violations, "confidence": sure}
        for drawn, violations, sure in bounds
    ]
    answers = ask_javascript(questions)
    wanted = [count_sample(e, u, read_share(r), read_share(c)) for e, u, r, c in samples]
    assert answers[: len(samples)] == wanted
    for answer, bound in zip(answers[len(samples) :], bounds, strict=True):
        assert answer == pytest.approx(bound_share(*bound), rel=1e-9)


def test_both_weigh_random_statements_alike() -> None:
    chance = random.Random(7)
    licence = "e" * 64
    policies = [
        {
            "profile": profile,
            "purposes": [USE.value],
            "grant_days": 180,
            "evidence_days": 7,
            "accept_attribution": accepted,
            "contract": [{"id": "c-1", "purposes": [USE.value], "overrides_refusals": overrides}],
            "license": [{"sha256": licence, "purposes": [USE.value], "attribution": not accepted}],
        }
        for profile, accepted, overrides in product(
            ("opt-in", "opt-out"), (True, False), (True, False)
        )
    ]

    def say() -> Statement:
        value = chance.choice([*Preference, Preference.ALLOWED, Preference.ALLOWED])
        proven = chance.random() < 0.6
        return Statement(
            carrier=chance.choice(("sidecar", "c2pa", "contract")),
            source=chance.choice(("c-1", "c-2")),
            preferences={USE: value} if chance.random() < 0.9 else {},
            condition=chance.choice([*Condition, *[Condition.SOUND] * 9]),
            trust=Trust(*(proven or chance.random() < 0.5 for _ in range(4))),
            setter=chance.choice(("hanako", "taro", "")),
            anchor=chance.choice(("", "1/2/3", "1")),
            license_sha256=chance.choice((licence, "")),
            attribution=chance.random() < 0.2,
            constraint_met=chance.random() < 0.3,
            issued_at=chance.choice((None, *(DECIDED + DAY * n for n in (-400, -9, -1, 0, 1)))),
            expires_at=chance.choice((None, None, DECIDED, DECIDED + DAY)),
            observed_at=chance.choice((None, None, DECIDED - 8 * DAY, DECIDED)),
            sequence=chance.randrange(3),
        )

    questions, answers = [], []
    for at in range(1500):
        data = canonical_json({"consent": policies[at % len(policies)], "share": 0.5})
        said = [say() for _ in range(chance.randint(0, 4))]
        texts = [canonical_json(statement.as_dict()).decode() for statement in said]
        approved, revoked = chance.random() < 0.5, chance.choice((None, None, DECIDED - 5 * DAY))
        why = find_violation(
            [read_statement(text) for text in texts],
            USE.value,
            DECIDED,
            read_terms(data),
            approved=approved,
            revoked_at=revoked,
        )
        answers.append(why)
        questions.append(
            {
                "ask": "consent",
                "statements": texts,
                "purpose": USE.value,
                "at": DECIDED,
                "policy": data.decode(),
                "approved": approved,
                "revokedAt": revoked,
            }
        )
    assert ask_javascript(questions) == answers
    assert len(set(answers)) > 8  # the sample reaches every rule


def test_both_count_the_rows_of_a_manifest_alike() -> None:
    chance = random.Random(11)
    files = []
    for rows in (0, 1, 300):
        good = to_parquet(pa.table({"asset_id": ["a"] * rows, "consent": [[1, 2]] * rows}))
        files += [good, good[:7]]
        for _ in range(200):
            damaged = bytearray(good)
            damaged[-chance.randint(1, min(600, len(good)))] = chance.randrange(256)
            files.append(bytes(damaged))
    found: list[int | str] = []
    for data in files:
        try:
            found.append(count_rows(data))
        except CheckError as fault:
            found.append(str(fault))
    questions = [{"ask": "rows", "data": base64.b64encode(data).decode()} for data in files]
    assert ask_javascript(questions) == [str(each) for each in found]
    assert {0, 1, 300} <= set(found)


def test_both_command_lines_check_an_audit_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audited = _one(grant(), run=_train)(tmp_path)
    kept = str(tmp_path / "request.json")
    words = ("audit", "check", str(tmp_path / "audit"), "--key", audited.ledger.vkey)
    for more in (("--request", kept), ("--request", kept, "--json"), ("--request", "gone"), ()):
        done = subprocess.run(
            [find_node(), str(VERIFY_MJS), *words, *more],
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert main([*words, *more]) == done.returncode
        shown = capsys.readouterr()
        if "--json" in more:
            assert json.loads(done.stdout) == json.loads(shown.out)
        else:
            assert (done.stdout, done.stderr) == (shown.out, shown.err)
