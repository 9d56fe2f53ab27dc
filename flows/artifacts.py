"""How artifacts in the Prefect UI are called."""

from __future__ import annotations

import re


def name_artifact(kind: str, dataset: str) -> str:
    """An artifact's key: Prefect takes lower-case letters, digits and dashes."""
    return f"{kind}-" + re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-")
