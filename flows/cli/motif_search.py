"""kiyome motifs search"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, resolve_dataset, workspace_option
from models.spreadsheets import defuse

if TYPE_CHECKING:
    from models.motifs.register import Reference
    from models.motifs.retrospect import Hit

_SHOWN = 50


def _refuse_nan(_context: click.Context, _option: click.Parameter, risk: float) -> float:
    """No number compares with NaN, so that a range lets it pass and a search finds nothing."""
    if math.isnan(risk):
        raise click.BadParameter("nan is not a number from 0.1 to 1.")
    return risk


@click.command("search")
@click.argument("pictures", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option(
    "--risk",
    type=click.FloatRange(0.1, 1.0),
    default=0.5,
    show_default=True,
    callback=_refuse_nan,
    help="From which risk on; one clean picture in a thousand reaches 0.5 by accident.",
)
@click.option("--box", default="", help="What of the picture is the motif: left,top,right,bottom.")
@click.option(
    "--csv",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write everything that was found to a file.",
)
@dataset_option
@workspace_option
def search_command(
    pictures: tuple[Path, ...],
    risk: float,
    box: str,
    file: Path | None,
    dataset: str | None,
    workspace: Path | None,
) -> None:
    """Search a cleansed dataset for what copies, holds or resembles PICTURES.

    It searches what the last run kept of every picture, with the settings in force: no picture of
    the dataset is read again, and nothing is registered or changed. Use it to see what a motif
    would find before you register it.

    \b
    Examples:
      kiyome motifs search kirari.png
      kiyome motifs search kirari/ --risk 0.3 --csv found.csv
    """
    from models.motifs.calibrations import choose_calibration
    from models.motifs.encoders import load_encoder
    from models.motifs.features_stage import FeaturesStage
    from models.motifs.index import ReferenceIndex
    from models.motifs.retrospect import Coverage, KeptFeatures
    from models.planning import read_plan

    if file is not None:
        _require_folder(file)
    with opened(workspace) as (settings, _):
        plan = read_plan(settings.workspace, resolve_dataset(settings.workspace, dataset))
        references = _read_pictures(pictures, box, settings.max_pixels)
        encoder = load_encoder(settings.encoder, settings.encoder_backend)
        index = ReferenceIndex.build(
            references,
            encoder,
            choose_calibration(encoder, settings.motif_calibration),
            settings.max_pixels,
            workers=settings.workers,
        )
        stage = FeaturesStage(encoder, settings.max_bytes, settings.max_pixels, settings.workers)
        kept = KeptFeatures(settings.workspace, plan, stage)
        hits: list[Hit] = []
        with click.progressbar(length=plan.assets, label="Searching", file=sys.stderr) as bar:
            for found in kept.search(index, risk, bar.update):
                if isinstance(found, Coverage):
                    coverage = found
                else:
                    hits.append(found)
    hits.sort(key=lambda hit: (-hit.match.risk, hit.names, hit.match.reference.label))
    if coverage.searched:
        _show(hits)
    if file is not None:
        _write(file, hits)
        click.echo(f"Written: {file}")
    click.echo(f"{coverage.searched:,} of {plan.assets:,} pictures of {plan.dataset} searched.")
    if coverage.unseen:
        click.echo(
            f"{coverage.unseen:,} could not be: nothing is kept of them that was made with "
            "these settings. `kiyome cleanse` looks at them, but not at those that it excludes "
            "for want of consent.",
            err=True,
        )
        raise SystemExit(1)


def _read_pictures(paths: Sequence[Path], box: str, max_pixels: int) -> list[Reference]:
    """The pictures as references that stand in no register; each file once."""
    from models.canonical import digest_bytes
    from models.errors import RegisterError
    from models.motifs.register import (
        Claim,
        Reference,
        decode_reference,
        read_folder,
        read_picture,
    )
    from models.unicode import escape_unprintable

    # Each picture goes by its own name here, so that one can tell which of a label's was found.
    wanted: list[tuple[str, Path, str]] = []
    for path in paths:
        if path.is_dir():
            defaults = Claim("", box=box)
            entries = read_folder(path, defaults)
            wanted += [(name, path / name, claim.box) for name, claim in entries]
        else:
            wanted.append((path.name, path, box))
    found = {}
    for name, path, part in wanted:
        try:
            data = read_picture(path)
            picture = decode_reference(data, max_pixels=max_pixels, box=part)
        except RegisterError as error:
            click.echo(escape_unprintable(f"{name} is left out: {error}"), err=True)
            continue
        motif_id = digest_bytes(data)
        found[motif_id] = Reference(motif_id, name, "motif", "", path, picture.box)
    if not found:
        raise RegisterError(
            "There is no picture left to search for.", "Name one that shows the motif."
        )
    return list(found.values())


def _show(hits: Sequence[Hit]) -> None:
    from models.unicode import escape_unprintable

    for hit in hits[:_SHOWN]:
        more = f" and {len(hit.names) - 1} more names" if len(hit.names) > 1 else ""
        seen = ", the same file" if hit.match.evidence.same_file else _name_place(hit)
        line = f"{hit.match.risk:.2f}  {hit.names[0]}{more}  like {hit.match.reference.label}{seen}"
        click.echo(escape_unprintable(line))
    if len(hits) > _SHOWN:
        click.echo(f"… and {len(hits) - _SHOWN:,} more; --csv writes all of them.")
    if not hits:
        click.echo("Nothing was found.")


def _name_place(hit: Hit) -> str:
    box = hit.match.evidence.box
    if box is None:
        return ""
    left, top, right, bottom = (round(100 * side) for side in box)
    return f", at {left}–{right} % from the left and {top}–{bottom} % from the top"


def _require_folder(file: Path) -> None:
    """Make sure that a file can be written before a long search, and not after it."""
    from models.errors import WorkspaceError

    if not file.absolute().parent.is_dir():
        raise WorkspaceError(
            f"There is no folder {file.absolute().parent}.", "Make it, or name another with --csv."
        )


def _write(file: Path, hits: Sequence[Hit]) -> None:
    from models.errors import WorkspaceError
    from models.files import write_atomically
    from models.unicode import escape_surrogates

    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["asset", "names", "picture", "risk", "left", "top", "right", "bottom"])
    for hit in hits:
        box = hit.match.evidence.box or ("", "", "", "")
        names = defuse(escape_surrogates("\n".join(hit.names)))
        label = defuse(escape_surrogates(hit.match.reference.label))
        writer.writerow([hit.asset_id, names, label, hit.match.risk, *box])
    try:
        write_atomically(file.absolute(), buffer.getvalue().encode())
    except OSError as error:
        raise WorkspaceError(
            f"{file} cannot be written: {error.strerror or error}.",
            "Name a file in a folder that exists and is writable.",
        ) from error
