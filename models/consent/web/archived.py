"""What web archives kept of images, as observations: one for each image at each address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from models.consent.evidence.observation import Observation, Said
from models.consent.subjects import Subject, SubjectKind
from models.consent.web.capture import WebEvidence
from models.consent.web.live import observe_web
from models.consent.web.warc import WarcAsset, WarcError, read_warcs
from models.errors import DatasetError

__all__ = ["WarcError", "observe_archive"]

SOURCE = "archive:"
"""How the names of these sources begin."""


def observe_archive(files: Iterable[Path], now: int) -> Iterator[Observation]:
    """An observation of each image that web archives hold.

    It speaks of the image's address, and of its bytes where they are whole. What an address said is
    kept apart for each of the files that stood there, so that a later crawl of another image at the
    same address takes nothing from the earlier one.

    Args:
        files: ``.warc`` and ``.warc.gz`` of one crawl: sites' files are found across all of them.
        now: UTC seconds, for images whose capture is not dated.

    Raises:
        DatasetError: a file cannot be opened.
        WarcError: a record is cut short or damaged. What was whole has been given by then.
    """
    with ExitStack() as opened:
        streams = []
        for path in files:
            try:
                streams.append((path.name, opened.enter_context(path.open("rb"))))
            except OSError as error:
                raise DatasetError(
                    f"The archive {path} cannot be opened: {error.strerror or error}.",
                    "Check its path and mode.",
                ) from error
        for asset in read_warcs(streams):
            yield _observe(asset, now)


def _observe(asset: WarcAsset, now: int) -> Observation:
    url = asset.evidence.asset_url
    seen = observe_web(asset.evidence, _captured_at(asset.evidence, now))
    said = list(seen.said)
    source = SOURCE + url
    if asset.sha256:
        own = Subject(SubjectKind.SHA256, asset.sha256)
        said += [Said(own, each.statement) for each in seen.said]
        source += f"#sha256:{asset.sha256}"
    # An archive never changes: nothing is due, whatever the headers of the time said.
    return replace(seen, source=source, said=tuple(said), valid_until=None)


def _captured_at(evidence: WebEvidence, now: int) -> int:
    """When the image was captured last."""
    moments = (capture.captured_at for capture in evidence.of(evidence.asset_url))
    return max((moment for moment in moments if moment is not None), default=now)
