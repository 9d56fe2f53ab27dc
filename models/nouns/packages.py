"""spaCy model packages: fetched on request, never by a run."""

from __future__ import annotations

import re
import subprocess
import sys

from models.errors import KiyomeError


class PackageError(KiyomeError):
    """A spaCy package cannot be fetched."""


def pull_package(name: str) -> str:
    """Install a spaCy model package into this environment, with pip's own progress bar.

    Returns:
        The package's name.

    Raises:
        PackageError: there is no such package, or its source cannot be reached.
    """
    if not re.fullmatch(r"[a-z]{2}(_[a-z0-9]+)+", name):
        raise PackageError(
            f"{name!r} is not the name of a spaCy package.", "One is, for example, en_core_web_sm."
        )
    done = subprocess.run(  # noqa: S603  (the name is checked above)
        [sys.executable, "-m", "spacy", "download", name],
        check=False,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise PackageError(
            f"The spaCy package {name} could not be fetched{': ' + said[-1] if said else ''}.",
            "Check the name and the connection; a wheel that you have can be installed with pip.",
        )
    return name
