"""Writes the pages of docs/ that follow from the code: settings, reasons, commands.

python docs/generate.py          write them
python docs/generate.py --check  say which are out of date, and fail
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from flows.cli import COMMANDS, SECTIONS, kiyome  # noqa: E402
from models.reasons import RETRIED, TEXTS, Reason  # noqa: E402
from models.settings import Settings  # noqa: E402


def write_settings() -> str:
    """The page about settings."""
    lines = [
        "# Settings",
        "",
        "Where things lie and how a run behaves. They stand in `kiyome.toml` in the folder where a",
        "command is run, or in the file that the variable `KIYOME_SETTINGS` names. A variable",
        "`KIYOME_<NAME>` overrides the file, and an option of a command overrides both. What is",
        "right and wrong stands in the [policy](policy.md), not here.",
        "",
        "| setting | default | what it is |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=False)
        if field.default_factory is not None:
            shown = "(empty)" if field.default_factory is dict else "number of processors"
        else:
            shown = f"`{default}`" if str(default) else "(empty)"
        described = (field.description or "").replace("<", "\\<")
        lines.append(f"| `{name}` | {shown} | {described} |")
    return "\n".join(lines) + "\n"


def write_reasons() -> str:
    """The page about reason codes."""
    lines = [
        "# Reasons",
        "",
        "Every verdict comes with reason codes. They are stable: manifests, reports and the review",
        "page use them. An error marked with ↻ is tried again at the next run by itself; the",
        "others when the file has changed.",
        "",
        "| code | meaning | 意味 | what to do |",
        "|---|---|---|---|",
    ]
    for reason in Reason:
        text = TEXTS[reason]
        mark = " ↻" if reason in RETRIED else ""
        lines.append(f"| `{reason.value}`{mark} | {text.en} | {text.ja} | {text.remedy} |")
    return "\n".join(lines) + "\n"


def write_commands() -> str:
    """The page about the command line: what every `--help` says."""
    lines = ["# Commands", "", "What `kiyome COMMAND --help` says, for every command.", ""]
    context = click.Context(kiyome, info_name="kiyome", max_content_width=100, terminal_width=100)
    for section in SECTIONS:
        lines += [f"## {section}", ""]
        for name, entry in COMMANDS.items():
            if entry.section == section:
                command = kiyome.get_command(context, name)
                if command is None:
                    raise LookupError(name)
                lines += _describe(command, name, context)
    return "\n".join(lines)


def _describe(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(
        command, info_name=name, parent=parent, max_content_width=100, terminal_width=100
    )
    yield from (f"### {context.command_path}", "", "```text", command.get_help(context), "```", "")
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _describe(found, child, context)


PAGES = {
    "settings.md": write_settings,
    "reasons.md": write_reasons,
    "commands.md": write_commands,
}


def main() -> int:
    """Write the pages, or with --check compare them."""
    stale = []
    for name, write in PAGES.items():
        path = DOCS / name
        content = write()
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != content:
                stale.append(name)
        else:
            path.write_text(content, encoding="utf-8")
    if stale:
        sys.stderr.write(f"Out of date: {', '.join(stale)}. Run `make docs`.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
