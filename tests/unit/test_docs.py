"""The documentation is held to the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from flows.cli import COMMANDS, kiyome
from models.errors import SettingsError
from models.policy import Policy
from models.reasons import TEXTS, Reason
from models.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_pages_that_follow_from_the_code_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop().resolve()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        todo += [page.parent / link for link in links]
    assert {page.resolve() for page in PAGES} <= seen


def test_every_reason_has_words_in_both_languages_and_a_remedy() -> None:
    assert set(TEXTS) == set(Reason)
    for text in TEXTS.values():
        assert all((text.en, text.ja, text.remedy, text.remedy_ja))


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_every_section_of_the_policy_is_documented() -> None:
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    for section, field in Policy.model_fields.items():
        keys = getattr(field.annotation, "model_fields", {})
        for key in keys:
            if section != "nouns" or key == "possible":
                assert f"`{key}`" in page or f"[[{section}.{key}]]" in page, f"{section}.{key}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_of_a_command_is_the_first_line_of_its_own_help(name: str) -> None:
    command = kiyome.get_command(click.Context(kiyome), name)
    assert command is not None
    assert command.help
    first = command.help.split("\n\n")[0].replace("\n", " ").strip()
    assert COMMANDS[name].help == first


def test_the_help_screen_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['kiyome', '--help']\n"
        "from flows.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = {'prefect', 'torch', 'open_clip', 'spacy', 'faiss', 'pandas', 'pyarrow',\n"
        "             'sqlalchemy', 'pydantic', 'numpy', 'fastapi', 'web3', 'rich'}\n"
        "    print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr


def test_the_help_screen_gives_each_command_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows", "--help"], capture_output=True, text=True, cwd=ROOT
    )
    lines = done.stdout.splitlines()
    assert all(any(line.startswith(f"  {name} ") for line in lines) for name in COMMANDS)
    assert len(lines) <= len(COMMANDS) + 30


def test_a_time_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match="Asia/Tokyo"):
        load_settings(timezone="Mars/Olympus")


def test_a_mistyped_setting_and_a_chain_without_its_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="eip155:1"):
        load_settings(consent_rpc={"31337": "http://127.0.0.1:8545"})
    with pytest.raises(SettingsError, match="did you mean 'consent_rpc'"):
        load_settings(consnt_rpc={})
