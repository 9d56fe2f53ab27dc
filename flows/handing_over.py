"""Handing over settings that may hold a key or a password.

Prefect keeps the parameters of every run and shows them in its UI. What is secret goes through the
environment of this process instead, where its flows, and the processes that it starts, read it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from models.settings import Settings


def hand_over(settings: Settings) -> None:
    """Let everything that this process runs from now on find the secrets in force."""
    os.environ.update(settings.as_variables(only_secrets=True))


@contextmanager
def handing_over(settings: Settings) -> Iterator[None]:
    """``hand_over`` for a while; what the environment held before comes back."""
    before = {name: os.environ.get(name) for name in settings.as_variables(only_secrets=True)}
    hand_over(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
