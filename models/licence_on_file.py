"""A licence on file: what every licence says that two people have entered into the policy."""

from __future__ import annotations

from datetime import date
from pathlib import PurePosixPath
from typing import Literal, Self

from pydantic import model_validator

from models.sections import Section, Sha256, Text, require_two_people, start_of_day

WHOLE_DATASET = "."
"""The folder of a licence that covers every asset, wherever its file lies."""


class LicenceOnFile(Section):
    """Who gives it, which two different people entered and approved it, and from when to when."""

    id: Text
    holder: Text
    entered_by: Text
    approved_by: Text
    document_sha256: Sha256 | Literal[""] = ""
    issued: date
    expires: date

    @model_validator(mode="after")
    def _is_approved_and_dated(self) -> Self:
        require_two_people(self.entered_by, self.approved_by)
        if self.expires <= self.issued:
            raise ValueError("expires must be later than issued")
        return self

    @property
    def issued_at(self) -> int:
        """Start of the day of issue, UTC seconds."""
        return start_of_day(self.issued)

    @property
    def expires_at(self) -> int:
        """Start of the day of expiry, UTC seconds: the licence no longer holds on that day."""
        return start_of_day(self.expires)


def check_folder(value: str) -> str:
    """A folder that lies inside the dataset, as it was given.

    Raises:
        ValueError: it does not.
    """
    if value.startswith("/") or ".." in PurePosixPath(value).parts:
        raise ValueError('give the folder as a path inside the dataset, or "." for all of it')
    return value


def lies_under(name: str, folder: str) -> bool:
    """Whether a path inside the dataset lies under a folder of it."""
    return folder == WHOLE_DATASET or PurePosixPath(name).is_relative_to(folder)
