"""Known verdicts: which shards are decided as they were, told without looking at any row.

What a shard is decided on are the outputs of its stages, whose records give their digests, and a
bench. Where all of that, and the code, are as they were when it was decided last, the verdicts
stand. That is so for most shards when a register changes, and costs no look at their assets.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from models.canonical import digest_lines, digest_of
from models.files import put_in_place
from models.freshness import describe_code
from models.judging import Bench, VerdictRecord, read_verdict_record
from models.recleansing.members import Members
from models.recleansing.outputs import Output
from models.stages import stage_folder
from models.store.tables import EvidenceRow

Outputs = Mapping[str, Output]


class KnownVerdicts:
    """What shards of a dataset were decided on last, against one bench."""

    def __init__(self, bench: Bench, workspace: Path, dataset: str) -> None:
        self._bench = bench
        self._workspace = workspace
        self._file = f"{digest_lines([dataset])[:16]}.known"

    def find(self, shard: str, grounds: str) -> VerdictRecord | None:
        """The record of a shard that was decided last on just these grounds, or None."""
        folder = stage_folder(self._workspace, "verdict", shard)
        try:
            known = json.loads((folder / self._file).read_bytes())
            if known["on"] != grounds:
                return None
            fingerprint = str(known["fingerprint"])
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return read_verdict_record(folder, fingerprint, self._bench.as_of)

    def remember(self, shard: str, grounds: str, record: VerdictRecord) -> None:
        """Keep on what a shard was decided; where that cannot be written, it is decided again."""
        folder = stage_folder(self._workspace, "verdict", shard)
        value = {"on": grounds, "fingerprint": record.fingerprint}
        try:
            # A file that a crash leaves empty is no JSON, and counts for nothing.
            put_in_place(folder / self._file, json.dumps(value).encode())
        except OSError:
            return

    def digest_grounds(self, members: Members, outputs: Outputs) -> str:
        """Digest of all that a shard is decided on."""
        bench = self._bench
        named = sorted(self._named.intersection(members.ids)) if self._named else []
        return digest_lines(
            [
                self._everywhere,
                members.shard,
                *(f"{s} {o.record.output_sha256}" for s, o in sorted(outputs.items())),
                digest_of({i: asdict(bench.rulings[i]) for i in named if i in bench.rulings}),
                digest_of({i: [e.id for e in bench.edits[i]] for i in named if i in bench.edits}),
            ]
        )

    @cached_property
    def _named(self) -> frozenset[str]:
        """Assets that people have ruled on, or whose captions they have edited."""
        return frozenset(self._bench.rulings.keys() | self._bench.edits.keys())

    @cached_property
    def _everywhere(self) -> str:
        """Digest of what every shard is decided on."""
        bench = self._bench
        return digest_of(
            {
                "code": describe_code(),
                "policy": bench.policy.digest,
                "terms": {term: asdict(ruling) for term, ruling in bench.terms.items()},
                "takedowns": sorted(bench.takedowns),
                "withdrawals": bench.withdrawals.as_lines(),
                "licences": [[each.terms.id, sorted(each.entries)] for each in bench.licences],
                "editor": bench.editor.fingerprint if bench.editor else "",
                "evidence": self._newest_evidence(),
            }
        )

    def _newest_evidence(self) -> Collection[str]:
        """The last observation that counts, and when it was made: a restored database counts on."""
        testimony = self._bench.testimony
        if testimony is None or not testimony.view.until:
            return ()
        with testimony.view.database.snapshot() as session:
            row = session.get(EvidenceRow, testimony.view.until)
        return () if row is None else (str(row.id), row.source, str(row.observed_at))
