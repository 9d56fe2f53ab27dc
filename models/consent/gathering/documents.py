"""Fetching the licence documents that constrained statements point at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from models.consent.evidence.observation import Observation, Outcome
from models.consent.evidence.view import document_source
from models.fetching.fetched import Failure, Fetched, FetchError

_DAY = 86_400


def observe_documents(
    addresses: Iterable[str], resolve: Callable[[str], Fetched], as_of: int
) -> Iterator[Observation]:
    """An observation of each document, with its bytes as evidence.

    Args:
        addresses: as ``models.consent.licences.documents_to_fetch`` gives them.
        resolve: fetches an address; raises FetchError.
        as_of: the moment of the observation, UTC seconds.
    """
    for address in addresses:
        source = document_source(address)
        try:
            fetched = resolve(address)
        except FetchError as error:
            absent = error.failure is Failure.ABSENT
            yield Observation(
                source=source,
                carrier="document",
                outcome=Outcome.ABSENT if absent else Outcome.UNDETERMINED,
                observed_at=as_of,
                valid_until=as_of + _DAY,
                note=f"{error}",
            )
        else:
            yield Observation(
                source=source,
                carrier="document",
                outcome=Outcome.READ,
                observed_at=as_of,
                # What a CID names never changes; anything else may.
                valid_until=None if fetched.verified else as_of + _DAY,
                body=fetched.body,
                note=f"SHA-256 {fetched.sha256}",
            )
