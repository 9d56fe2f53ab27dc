"""What is different between two releases of a dataset, asset by asset, and why.

    difference.parquet   one row for each asset whose verdict, reasons or captions differ
    difference.json      the counts, and what changed in what decides

An asset is *withdrawn* where the older release holds it and the newer one does not, *added* the
other way round, *changed* where both hold it with other captions, and *decided* where neither holds
it and another reason keeps it out now.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.errors import ReleaseError
from models.files import write_atomically
from models.releases.manifest import GONE
from models.releases.publishing import read_facts, read_manifest
from models.releases.release import Release
from models.releases.sorted_join import join_sorted
from models.verdicts import Verdict

FILE: Final = "difference.parquet"
SUMMARY: Final = "difference.json"
FORMAT: Final = "kiyome/release-difference/1"

DIFFERENCE = pa.schema(
    [
        pa.field("asset_id", pa.string(), nullable=False),
        pa.field("names", pa.list_(pa.string()), nullable=False),
        pa.field("change", pa.string(), nullable=False),
        pa.field("verdict_before", pa.string(), nullable=False),
        pa.field("verdict_after", pa.string(), nullable=False),
        pa.field("reasons_before", pa.list_(pa.string()), nullable=False),
        pa.field("reasons_after", pa.list_(pa.string()), nullable=False),
        pa.field("decided_by", pa.string(), nullable=False),
        pa.field("explanation_en", pa.string(), nullable=False),
        pa.field("explanation_ja", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Two releases compared.

    Attributes:
        dataset: of which dataset.
        before, after: their numbers; 0 for none before.
        counts: how many assets were withdrawn, added, changed, decided, and are unchanged.
        withdrawn: of those withdrawn the first reason, with how many.
        added: of those added the first reason that kept them out before, with how many.
        causes: what decides and is not the same: policy, names, motifs, evidence, encoder.
    """

    dataset: str
    before: int
    after: int
    counts: Mapping[str, int]
    withdrawn: Mapping[str, int] = field(default_factory=dict)
    added: Mapping[str, int] = field(default_factory=dict)
    causes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; ``from_dict`` reads it back."""
        return {"format": FORMAT, **asdict(self), "causes": list(self.causes)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Difference:
        """Read what ``as_dict`` wrote."""
        given = {name: value[name] for name in cls.__slots__}
        return cls(**{**given, "causes": tuple(value["causes"])})


def compare_releases(
    before: Release | None, after: Release, workspace: Path
) -> tuple[Difference, pa.Table]:
    """What differs between two releases; the rows are those of ``DIFFERENCE``, by asset.

    Args:
        before: the older release; None where there is none.

    Raises:
        ReleaseError: a file of either release is missing or damaged.
    """
    older = _outcomes(before, workspace) if before else _NOTHING.select(_COMPARED)
    newer = _outcomes(after, workspace)
    left, right = join_sorted(older["asset_id"], newer["asset_id"])
    was, now = older.take(left), newer.take(right)
    verdicts = (pc.fill_null(was["verdict"], GONE), pc.fill_null(now["verdict"], GONE))
    reasons = (_written(was["reasons"]), _written(now["reasons"]))
    clear = tuple(pc.equal(each, Verdict.CLEAR.value) for each in verdicts)
    differs = pc.or_(pc.not_equal(*verdicts), pc.not_equal(*reasons))
    edited = _edited(before, after, workspace, pc.coalesce(now["asset_id"], was["asset_id"]))
    change = pc.case_when(
        pc.make_struct(
            pc.and_(clear[0], pc.invert(clear[1])),
            pc.and_(clear[1], pc.invert(clear[0])),
            pc.and_(pc.and_(*clear), edited),
            pc.and_(pc.and_(pc.invert(clear[0]), pc.invert(clear[1])), differs),
        ),
        *map(pa.scalar, ("withdrawn", "added", "changed", "decided", "unchanged")),
    )
    told = pc.not_equal(change, "unchanged")
    rows = _tell(
        _read_told(before, workspace, left.filter(told)),
        _read_told(after, workspace, right.filter(told)),
        change.filter(told),
    )
    counts = {each["values"]: each["counts"] for each in pc.value_counts(change).to_pylist()}
    names = ("withdrawn", "added", "changed", "decided", "unchanged")
    difference = Difference(
        after.dataset,
        before.number if before else 0,
        after.number,
        {name: counts.get(name, 0) for name in names},
        _count_first(rows, "withdrawn", "reasons_after"),
        _count_first(rows, "added", "reasons_before"),
        _causes(before, after, workspace),
    )
    return difference, rows


def to_markdown(difference: Difference) -> str:
    """The difference as Markdown, for the Prefect UI."""
    lines = [
        f"## Release {difference.before} -> release {difference.after}",
        "",
        "| assets | what became of them |",
        "|---:|---|",
        *(f"| {count} | {name} |" for name, count in difference.counts.items()),
    ]
    for title, reasons in (("Withdrawn", difference.withdrawn), ("Added", difference.added)):
        if reasons:
            told = ", ".join(f"{code} {count}" for code, count in reasons.items())
            lines += ["", f"{title}: {told}"]
    if difference.causes:
        lines += ["", f"What decides has changed: {', '.join(difference.causes)}"]
    return "\n".join(lines)


def write_difference(folder: Path, difference: Difference, rows: pa.Table) -> None:
    """Write both files into a folder.

    Raises:
        OSError: it cannot be written.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(rows.combine_chunks(), sink, compression="zstd")
    write_atomically(folder / FILE, sink.getvalue().to_pybytes())
    text = json.dumps(difference.as_dict(), indent=2, sort_keys=True, ensure_ascii=False)
    write_atomically(folder / SUMMARY, f"{text}\n".encode())


_COMPARED = ["asset_id", "verdict", "reasons"]
_EXPLAINED = ["explanation_en", "explanation_ja"]
_COLUMNS = ("asset_id", "names", "verdict", "reasons", "decided_by", *_EXPLAINED)
_NOTHING = pa.table(
    {
        "asset_id": pa.array([], pa.string()),
        "names": pa.array([], pa.list_(pa.string())),
        "verdict": pa.array([], pa.string()),
        "reasons": pa.array([], pa.list_(pa.string())),
        "decided_by": pa.array([], pa.string()),
        "explanation_en": pa.array([], pa.string()),
        "explanation_ja": pa.array([], pa.string()),
    }
)


def _outcomes(release: Release, workspace: Path) -> pa.Table:
    """What is compared of every asset, by asset."""
    with _reading(release, workspace) as outcomes:
        return outcomes.read(_COMPARED).combine_chunks()


def _read_told(release: Release | None, workspace: Path, places: pa.Array) -> pa.Table:
    """What is told of some assets, which may be few: never the texts of all of them at once.

    Args:
        places: rows of the outcomes, ascending but for nulls, each of which gives a row of nulls.
    """
    if release is None:
        return _NOTHING.take(places)
    wanted = places.drop_null()
    begins, tables = 0, [_NOTHING]
    with _reading(release, workspace) as outcomes:
        for group in range(outcomes.num_row_groups):
            ends = begins + outcomes.metadata.row_group(group).num_rows
            inside = pc.and_(pc.greater_equal(wanted, begins), pc.less(wanted, ends))
            within = pc.subtract(wanted.filter(inside), begins)
            if len(within):
                table = outcomes.read_row_group(group, columns=list(_COLUMNS))
                tables.append(table.take(within).cast(_NOTHING.schema))
            begins = ends
    found = pa.concat_tables(tables)
    if not places.null_count:
        return found
    return found.take(pc.index_in(places, value_set=wanted))


@contextmanager
def _reading(release: Release, workspace: Path) -> Iterator[pq.ParquetFile]:
    path = release.path(workspace) / "outcomes.parquet"
    try:
        # A few texts explain all assets: each is read once.
        with pq.ParquetFile(path, read_dictionary=_EXPLAINED) as outcomes:
            yield outcomes
    except (OSError, pa.ArrowException) as error:
        raise ReleaseError(
            f"{path} cannot be read: {error}.", "Restore the release from a backup."
        ) from error


def _tell(was: pa.Table, now: pa.Table, change: pa.Array) -> pa.Table:
    empty = pa.scalar([], pa.list_(pa.string()))
    columns = {
        "asset_id": pc.coalesce(now["asset_id"], was["asset_id"]),
        "names": pc.coalesce(now["names"], was["names"]),
        "change": change,
        "verdict_before": pc.fill_null(was["verdict"], GONE),
        "verdict_after": pc.fill_null(now["verdict"], GONE),
        "reasons_before": pc.coalesce(was["reasons"], empty),
        "reasons_after": pc.coalesce(now["reasons"], empty),
        "decided_by": pc.fill_null(now["decided_by"], "machine"),
        "explanation_en": pc.fill_null(
            now["explanation_en"], "The dataset no longer holds this asset."
        ),
        "explanation_ja": pc.fill_null(
            now["explanation_ja"], "データセットに存在しなくなりました。"
        ),
    }
    return pa.table([columns[f.name] for f in DIFFERENCE], schema=DIFFERENCE)


def _written(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(pc.binary_join(lists, " "), "")


def _edited(
    before: Release | None, after: Release, workspace: Path, ids: pa.ChunkedArray
) -> pa.ChunkedArray:
    """For each asset whether the manifests hold it with other captions."""
    nowhere = pa.chunked_array([pa.repeat(pa.scalar(False), len(ids))])
    manifests = [_manifest(r, workspace) for r in (before, after) if r is not None]
    if len(manifests) < 2 or manifests[0]["captions"].equals(manifests[1]["captions"]):
        return nowhere
    # Both are ordered by asset: what they have in common lies in the same order.
    one, other = manifests
    one = one.filter(pc.is_in(one["asset_id"], value_set=other["asset_id"]))
    other = other.filter(pc.is_in(other["asset_id"], value_set=one["asset_id"]))
    if one["captions"].equals(other["captions"]):
        return nowhere
    changed = one.filter(pc.not_equal(*(_captions(each["captions"]) for each in (one, other))))
    return pc.is_in(ids, value_set=changed["asset_id"])


def _manifest(release: Release, workspace: Path) -> pa.Table:
    manifest = read_manifest(release, workspace, ("asset_id", "captions.list.element.text"))
    if manifest is None:
        raise ReleaseError(
            f"The manifest in {release.path(workspace)} is missing or damaged.",
            "Restore it from a backup.",
        )
    return manifest


def _captions(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    """The captions of each row as one text, to be compared."""
    combined = lists.combine_chunks()
    texts = pc.struct_field(combined.flatten(), "text")
    joined = pa.ListArray.from_arrays(pc.subtract(combined.offsets, combined.offsets[0]), texts)
    return pc.binary_join(joined, "\0\n")


def _count_first(rows: pa.Table, change: str, column: str) -> dict[str, int]:
    chosen = rows.filter(pc.equal(rows["change"], change))
    firsts = (codes[0] if codes else GONE for codes in chosen[column].to_pylist())
    return dict(Counter(firsts).most_common())


def _causes(before: Release | None, after: Release, workspace: Path) -> tuple[str, ...]:
    if before is None:
        return ()
    was, now = read_facts(before, workspace), read_facts(after, workspace)
    found = []
    for cause, path in (
        ("policy", ("policy", "sha256")),
        ("names", ("registers", "names")),
        ("vocabulary", ("registers", "vocabulary")),
        ("motifs", ("registers", "motifs")),
        ("encoder", ("encoder", "fingerprint")),
        ("evidence", ("consent", "evidence")),
    ):
        if _at(was, path) != _at(now, path):
            found.append(cause)
    return tuple(found)


def _at(facts: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        facts = facts.get(name) if isinstance(facts, dict) else None
    return facts
