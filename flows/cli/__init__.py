"""The command line: one screen that explains the product, and commands that load when called."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from dataclasses import dataclass

import click

from models.errors import KiyomeError
from models.garbage import collect_seldom, keep_loaded
from models.unicode import escape_unprintable


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: where it lies, what it does, and under which heading it is listed."""

    module: str
    help: str
    section: str


SECTIONS = ("Every day", "Consent", "Registers", "Look and prove", "Set up")
COMMANDS: dict[str, Entry] = {
    "demo": Entry(
        "demo", "Cleanse the bundled sample dataset, and show what came out.", "Every day"
    ),
    "cleanse": Entry(
        "cleanse", "Cleanse the dataset at ROOT and publish what is clear.", "Every day"
    ),
    "recleanse": Entry(
        "recleanse", "Bring to DATASET what has changed, without reading its source.", "Every day"
    ),
    "review": Entry("review", "Serve the page on which reviewers rule, until Ctrl-C.", "Every day"),
    "up": Entry("up", "Run the standing system: Prefect, schedule and review page.", "Every day"),
    "serve": Entry(
        "serve", "Cleanse the dataset at ROOT on a schedule, until Ctrl-C.", "Every day"
    ),
    "deploy": Entry("deploy", "Register the runs of ROOT for a Prefect work pool.", "Every day"),
    "status": Entry("status", "Say how everything is, and what needs a person.", "Every day"),
    "consent": Entry(
        "consent", "Read what owners have said about AI use, and explain it.", "Consent"
    ),
    "contract": Entry(
        "contract", "Enter, approve and end licences on file with rights holders.", "Consent"
    ),
    "declare": Entry(
        "declare", "Say what may be done with your images, so that it counts.", "Consent"
    ),
    "register": Entry("register", "Add, list and remove protected names and motifs.", "Registers"),
    "motifs": Entry(
        "motifs", "Search a dataset for motifs, and measure how they are found.", "Registers"
    ),
    "train-ner": Entry(
        "train_ner",
        "Train a small model that finds names in English captions.",
        "Registers",
    ),
    "terms": Entry(
        "terms", "Decide unknown terms: whether each is a name or only describes.", "Registers"
    ),
    "captions": Entry("captions", "List and undo edits of captions.", "Registers"),
    "takedown": Entry("takedown", "Acknowledge or lift an owner's takedown.", "Registers"),
    "export": Entry("export", "Write a release's files to the new folder TO.", "Look and prove"),
    "releases": Entry(
        "releases", "Compare and sign releases, and say what to remove.", "Look and prove"
    ),
    "duplicates": Entry(
        "duplicates", "List the near-identical pictures of a dataset.", "Look and prove"
    ),
    "recount": Entry("recount", "Prove that every asset has just one verdict.", "Look and prove"),
    "ledger": Entry("ledger", "Verify the usage ledger, and prove entries.", "Look and prove"),
    "verify": Entry("verify", "Verify proof files of a usage ledger, anywhere.", "Look and prove"),
    "assurance": Entry("assurance", "Say how many cleared assets may violate.", "Look and prove"),
    "bundle": Entry("bundle", "Write and check the paperwork of a release.", "Look and prove"),
    "audit": Entry("audit", "Verify the audit trail of rulings.", "Look and prove"),
    "init": Entry("init", "Write kiyome.toml and policy.toml to start from.", "Set up"),
    "doctor": Entry("doctor", "Check everything a run needs, and how to mend it.", "Set up"),
    "models": Entry("models", "Fetch and list open_clip and spaCy models.", "Set up"),
    "accounts": Entry("accounts", "Say who may sign in on the review page.", "Set up"),
    "owners": Entry("owners", "Say which works are whose: identities of owners.", "Set up"),
    "webhooks": Entry(
        "webhooks", "Tell other systems what happens here, with signed requests.", "Set up"
    ),
    "database": Entry("database", "Show or upgrade the database's schema.", "Set up"),
    "backup": Entry("backup", "Make, check and restore backups.", "Set up"),
}


_DISK = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM),
        *(errno.EIO, errno.ESTALE),
    }
)
"""What a disk that is full, write-protected, failing or taken away refuses with."""


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands in the order in which they are listed."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(f"flows.cli.{entry.module}"), entry.module)
        if not isinstance(command, click.Command):
            raise TypeError(f"flows.cli.{entry.module}:{cmd_name} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by section."""
        for section in SECTIONS:
            rows = [(n, entry.help) for n, entry in COMMANDS.items() if entry.section == section]
            with formatter.section(section):
                formatter.write_dl(rows, col_max=12)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="kiyome", message="kiyome %(version)s")
def kiyome() -> None:
    """Kiyome (清め) shows that an image dataset is rights-clean before training.

    It reads what owners say about AI use, finds protected names and motifs,
    lets experts rule, publishes what is cleared, and logs every use verifiably.

    \b
    Start here:
      kiyome demo                  see it work on a small sample, in about a minute
      kiyome init                  write kiyome.toml and policy.toml
      kiyome cleanse ~/pictures    cleanse a dataset of your own
    """


def main() -> None:
    """Run the command line; what goes wrong on purpose is shown as a sentence, not a traceback."""
    collect_seldom()
    try:
        kiyome.main(standalone_mode=False)
    except click.exceptions.Abort:
        _complain("Stopped. What was finished is kept; run the same command again to go on.")
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KiyomeError as error:
        _complain(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        _complain("Stopped. What was finished is kept; run the same command again to go on.")
        sys.exit(130)
    except OSError as error:
        if error.errno not in _DISK:
            raise
        where = f" ({error.filename})" if error.filename else ""
        _complain(
            f"{os.strerror(error.errno)}{where}. Free some disk space or make the folder writable, "
            "then run again: what was finished is kept."
        )
        sys.exit(1)
    finally:
        keep_loaded()  # all of it is given back at once


def _complain(text: str) -> None:
    lines = map(escape_unprintable, text.split("\n"))
    click.echo(click.style("kiyome: ", fg="red", bold=True) + "\n".join(lines), err=True)
