"""The verifier in JavaScript gives the same answers as the one in Python, word for word."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.verifier_files import SampleLog, make_log, write
from tests.verifier_folders import SIZES, TAMPERED, publish_anchored
from tests.verifier_malformed import malformed_files
from tests.verifiers import (
    VERIFY_MJS,
    Question,
    ask_javascript,
    ask_python,
    change_fields,
    find_node,
)
from verifier.cli import main


@pytest.fixture(scope="module")
def log() -> SampleLog:
    return make_log(3, 2, 280, 40)


@pytest.fixture
def folder(log: SampleLog, tmp_path: Path) -> Path:
    log.publish(tmp_path / "public")
    files = {
        "inclusion.json": log.inclusion(100),
        "consistency.json": log.consistency(5),
        "completeness.json": log.completeness("b3", "ren"),
        "absence.json": log.absence("b2", log.tag("mio", "b2")),
    }
    for name, value in files.items():
        (tmp_path / name).write_bytes(write(value))
    (tmp_path / "proof.tlog-proof").write_bytes(log.tlog_proof(7))
    (tmp_path / "kept").write_text(log.checkpoint(5))
    (tmp_path / "broken.json").write_bytes(write(log.inclusion(1) | {"leaf": "0" * 64}))
    (tmp_path / "owner.key").write_text(log.owner_key("ren").hex() + "\n")
    (tmp_path / "other.key").write_text(log.owner_key("mio").hex() + "\n")
    return tmp_path


def run_javascript(script: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [find_node(), str(script), *words], capture_output=True, text=True, timeout=280
    )
    return done.returncode, done.stdout, done.stderr


def compare(questions: list[Question]) -> list[dict[str, Any]]:
    """Both reports, once they are equal."""
    answers = ask_javascript([question.as_line() for question in questions])
    for question, answer in zip(questions, answers, strict=True):
        assert ask_python(question) == answer, question.data[:3000]
    return answers


def test_malformed_files_get_the_same_answer_and_none_is_accepted() -> None:
    log, files = malformed_files()
    answers = compare([Question(data, key=log.vkey) for data in files.values()])
    assert {answer["outcome"] for answer in answers} == {"fails"}


def test_changed_files_get_the_same_answer(log: SampleLog) -> None:
    chance = random.Random(7)
    questions = []
    small = make_log(3, 2, 9)
    for value in (
        small.inclusion(7),
        small.consistency(5),
        small.completeness("b2", "aoi"),
        small.absence("b2", small.tag("mio", "b2")),
    ):
        data = write(value)
        key, owner = small.vkey, small.owner_key("mio")
        questions.append(Question(data, key=key))
        questions += [Question(write(changed), key=key) for changed in change_fields(value)]
        for _ in range(300):
            flipped = bytearray(data)
            flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            questions.append(Question(bytes(flipped), key=key, owner_key=owner))
    for leaf in (small.leaves[7], small.leaves[6], None):
        questions.append(Question(small.tlog_proof(7), key=small.vkey, leaf=leaf))
    answers = compare(questions)
    assert {answer["outcome"] for answer in answers} == {"holds", "fails", "unchecked"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("inclusion.json", "consistency.json", "completeness.json", "absence.json"), 0),
        (("public", "inclusion.json"), 0),
        (("completeness.json", "--owner-key", "owner.key"), 0),
        (("absence.json", "--owner-key", "other.key"), 0),
        (("absence.json", "completeness.json", "--owner-key", "owner.key"), 1),
        (("inclusion.json", "consistency.json", "public", "kept", "--checkpoint", "kept"), 0),
        (("inclusion.json", "--checkpoint", "kept"), 2),
        (("inclusion.json", "broken.json", "missing.json"), 1),
        (("inclusion.json", "missing.json"), 2),
        (("proof.tlog-proof", "inclusion.json"), 2),
        (("proof.tlog-proof", "--leaf", "LEAF"), 0),
        (("inclusion.json", "--rpc", "http://127.0.0.1:9", "--contract", "0x" + "1" * 40), 2),
        (("inclusion.json", "--rpc", "http://127.0.0.1:9"), 2),
    ],
)
def test_the_command_lines_agree_in_report_and_exit_code(
    folder: Path,
    log: SampleLog,
    words: tuple[str, ...],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "--rpc" in words:
        require_viem()
    monkeypatch.chdir(folder)
    given = [log.leaves[7].hex() if word == "LEAF" else word for word in words]
    given += ["--key", log.vkey, "--json"]
    found, said, complaint = run_javascript(VERIFY_MJS, *given)
    assert main(given) == found == code, complaint
    assert json.loads(capsys.readouterr().out) == json.loads(said)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--key", "nonsense", "inclusion.json"),
        ("--rpc", "file:///etc/passwd", "inclusion.json"),
        ("--contract", "0x" + "1" * 40, "inclusion.json"),
        ("--rpc", "http://127.0.0.1:9", "--contract", "0x1", "inclusion.json"),
        ("--leaf", "0" * 63, "inclusion.json"),
        ("--owner-key", "kept", "inclusion.json"),
        ("--checkpoint", "owner.key", "inclusion.json"),
        ("--checkpoint", "missing", "inclusion.json"),
        ("--nonsense", "inclusion.json"),
    ],
)
def test_options_that_cannot_be_understood_end_with_2_and_a_sentence(
    folder: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    found, said, complaint = run_javascript(VERIFY_MJS, *words)
    try:
        code = main(words)
    except SystemExit as left:
        code = int(left.code or 0)
    assert (found, code) == (2, 2)
    assert said == capsys.readouterr().out == ""
    assert complaint.strip()
    assert "\n    at " not in complaint


def test_offline_it_needs_no_package_and_asks_for_viem_only_for_a_chain(
    folder: Path, log: SampleLog, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(VERIFY_MJS.parent, bare, ignore=shutil.ignore_patterns("node_modules"))
    file = str(folder / "inclusion.json")
    script = bare / VERIFY_MJS.name
    assert run_javascript(script, file, "--key", log.vkey)[0] == 0
    chain = ("--rpc", "http://127.0.0.1:9", "--contract", "0x" + "1" * 40)
    code, said, _ = run_javascript(script, file, "--key", log.vkey, *chain)
    assert code == 2
    assert "npm install" in said


def test_folders_get_the_same_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    log = make_log(*SIZES)
    publish_anchored(log, Path("good"))
    names = ["good"]
    for number, (tamper, _) in enumerate(TAMPERED):
        names.append(f"bad{number}")
        shutil.copytree("good", names[-1])
        tamper(log, Path(names[-1]))
    Path("kept").write_text(log.checkpoint(5))
    words = [*names, "--key", log.vkey, "--checkpoint", "kept", "--json"]
    code, said, _ = run_javascript(VERIFY_MJS, *words)
    assert main(words) == code == 1
    answer = json.loads(said)
    assert json.loads(capsys.readouterr().out) == answer
    assert [report["outcome"] for report in answer["files"]] == ["holds"] + ["fails"] * len(
        TAMPERED
    )


def test_text_for_people_is_the_same(
    folder: Path,
    log: SampleLog,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    words = ["inclusion.json", "broken.json", "public", "--key", log.vkey]
    _, said, _ = run_javascript(VERIFY_MJS, *words)
    main(words)
    assert capsys.readouterr().out == said


def require_viem() -> None:
    if not (VERIFY_MJS.parent / "node_modules" / "viem").is_dir():
        pytest.skip("no viem: run `npm install --no-package-lock --prefix verifier/js`")
