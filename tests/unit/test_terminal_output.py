"""What strangers name their files is shown on a terminal as text, and as nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli import _complain, kiyome
from flows.cli.showing import show_summary
from models.assets.listing import Notice
from models.reasons import Reason
from models.summary import Summary
from tests.pipeline import draw_picture

HOSTILE = "a\x1b[2J\x1b]0;owned\x07\u202egnp[/bold]"


@pytest.mark.parametrize(
    "words", [("consent", "read"), ("consent", "identify"), ("declare", "check")]
)
def test_a_hostile_name_is_escaped(
    tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    draw_picture(Path(f"{HOSTILE}.png".replace("/", "-")), 1)
    (name,) = (path.name for path in tmp_path.iterdir())
    result = CliRunner().invoke(kiyome, [*words, name], color=True)
    assert "\\x1b[2J\\x1b]0;owned\\x07\\u202e" in result.output
    assert "\x1b[2J" not in result.output
    assert "\x07" not in result.output


def test_a_complaint_keeps_its_lines_and_escapes_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _complain(f"One.\n  {HOSTILE}")
    assert capsys.readouterr().err == (
        "kiyome: One.\n  a\\x1b[2J\\x1b]0;owned\\x07\\u202egnp[/bold]\n"
    )


def test_markup_in_the_name_of_a_file_is_shown_and_not_obeyed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary = Summary(
        run="1",
        dataset="set",
        root="/set",
        layout="kohya",
        policy="[/red] 1",
        encoder="builtin:layout",
        encoder_limits="",
        assets=0,
        counts={},
        reasons={"exclude": {Reason.CONSENT_ABSENT.value: 1}},
        stages=(),
        notices=(Notice("links", "Links lead outside", ("[/bold].png",)),),
        release=1,
        release_id="1",
        release_folder="/[/data]",
        release_is_new=True,
        removed=0,
        ledger_size=0,
        ledger_root="",
        open_items=0,
        seconds=0.0,
        names=0,
        motifs=0,
    )
    show_summary(summary, Path("/[/data]/report.html"), [("next", "kiyome [/bold]")])
    said = capsys.readouterr().out
    for text in ("[/red] 1", "[/bold].png", "/[/data]/report.html", "kiyome [/bold]"):
        assert text in said
