"""Gathering from the sites that images came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind
from models.consent.web.live import gather_web, observe_web
from models.consent.web.site_files import SiteFiles
from models.fetching.exchange import Exchanger

_WAITING_PER_SLOT = 4


def observe_sites(
    urls: Iterable[str], web: Exchanger, clock: Callable[[], int], slots: int
) -> Iterator[Observation]:
    """An observation of each address, as they come in; none is lost.

    Args:
        urls: normalised addresses of images.
        web: makes requests.
        clock: UTC seconds.
        slots: addresses that are asked about at the same time.
    """
    known = SiteFiles()

    def look(url: str) -> Observation:
        try:
            evidence = gather_web(url, "", web.exchange, clock, known)
        except ValueError as error:
            return _unasked(url, clock(), f"{error}")
        return observe_web(evidence, clock())

    waiting: set[Future[Observation]] = set()
    with ThreadPoolExecutor(max(1, slots), thread_name_prefix="web") as pool:
        for url in urls:
            waiting.add(pool.submit(look, url))
            if len(waiting) >= slots * _WAITING_PER_SLOT:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


def _unasked(url: str, at: int, why: str) -> Observation:
    statement = Statement(
        "web", url[:400], condition=Condition.UNDETERMINED, observed_at=at, notes=(why[:200],)
    )
    return Observation(
        source=f"web:{url}",
        carrier="web",
        outcome=Outcome.UNDETERMINED,
        observed_at=at,
        said=(Said(Subject(SubjectKind.URL, url), statement),),
        valid_until=at,
        note=why[:500],
    )
