"""The building blocks of the policy file: a table that knows its keys, and checked texts."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Section(BaseModel):
    """A table of the policy file: no key that is not known here, and never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
