"""Draw the sample dataset anew: ``python -m flows.sample.draw OUT``.

The committed files are what counts. Drawn again, pictures and captions come out the same with the
same Pillow; signed files do not, because every run makes new keys, throws them away, and writes
the new certificate's fingerprint into the policy.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from flows.sample.catalogue import ITEMS, MOTIFS, Embedded, Item, Signed
from flows.sample.encoding import (
    MIME,
    damage,
    edit_copy,
    encode,
    encode_animated,
    encode_cmyk,
    encode_grey16,
    encode_turned,
    make_xmp,
    tamper,
)
from flows.sample.pictures import draw_picture
from models.consent.signing import CertificateChain, make_certificate_chain, sign_image

HERE = Path(__file__).parent
MOTIF_SIZE = 320
_VALID_FROM = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
_VALID_DAYS = 365 * 70
_NOTES = (
    "Notes for the colourist: warmer shadows in the second half.\nThis is text, not a picture.\n"
)


def draw_sample(out: Path) -> None:
    """Write the whole sample to an empty or new folder.

    Raises:
        FileExistsError: the folder holds something already.
    """
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    chains = {
        "minase": make_certificate_chain("Aoi Minase", valid_from=_VALID_FROM, days=_VALID_DAYS),
        "stranger": make_certificate_chain(
            "Gallery Mirror", valid_from=_VALID_FROM, days=_VALID_DAYS
        ),
    }
    _write_motifs(out / "motifs")
    made: dict[str, bytes] = {}
    for item in ITEMS:
        made[item.name] = made[item.same_as] if item.same_as else _make(item, chains)
        _write_item(out / "dataset", item, made[item.name])
    write_expected(out / "EXPECTED.csv", ITEMS)
    policy = (HERE / "policy.toml").read_text(encoding="utf-8")
    signer = chains["minase"].fingerprint
    policy = re.sub(
        r'^signer = "[0-9a-f]{64}"$', f'signer = "{signer}"', policy, flags=re.MULTILINE
    )
    (out / "policy.toml").write_text(policy, encoding="utf-8")
    for name in ("register.csv", "README.md"):
        shutil.copyfile(HERE / name, out / name)


def write_expected(path: Path, items: Iterable[Item]) -> None:
    """Write what the pipeline must say about each file."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("file", "verdict", "reason"))
    writer.writerows((item.name, item.verdict.value, item.reason.value) for item in items)
    path.write_text(file.getvalue(), encoding="utf-8")


def motif_bytes(picture: str) -> bytes:
    """The reference file of a motif."""
    return encode(draw_picture(picture, MOTIF_SIZE, MOTIF_SIZE), ".png", all_colours=True)


def _write_motifs(folder: Path) -> None:
    folder.mkdir()
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("file", "label", "category", "owner"))
    for motif in MOTIFS:
        (folder / motif.file).write_bytes(motif_bytes(motif.picture))
        writer.writerow((motif.file, motif.label, motif.category, motif.owner))
    (folder / "motifs.csv").write_text(file.getvalue(), encoding="utf-8")


def _write_item(dataset: Path, item: Item, data: bytes) -> None:
    path = dataset / item.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if item.caption:
        suffix = ".caption" if item.name.startswith("kurose/") else ".txt"
        path.with_suffix(suffix).write_bytes(f"{item.caption}\n".encode(item.encoding))
    if item.sidecar:
        path.with_suffix(".json").write_text(item.sidecar, encoding="utf-8")


def _make(item: Item, chains: dict[str, CertificateChain]) -> bytes:
    suffix = PurePosixPath(item.name).suffix
    match item.making:
        case "empty":
            return b""
        case "text":
            return _NOTES.encode()
        case "exact":
            return motif_bytes(item.picture)
        case "edited":
            return edit_copy(draw_picture(item.picture, MOTIF_SIZE, MOTIF_SIZE), *item.size)
    image = draw_picture(item.picture, *item.size)
    match item.making:
        case "cmyk":
            return encode_cmyk(image)
        case "grey16":
            return encode_grey16(image)
        case "turned":
            return encode_turned(image)
        case "animated":
            return encode_animated(image)
        case "truncated":
            return damage(encode(image, suffix))
    match item.consent:
        case Embedded(term, creator, constraint):
            return encode(image, suffix, xmp=make_xmp(term, creator, constraint))
        case Signed(by, entries, tampered):
            chain = chains[by]
            plain = encode(image, suffix)
            signed = sign_image(plain, MIME[suffix], entries, chain.chain_pem, chain.key_pem)
            return tamper(signed) if tampered else signed
    return encode(image, suffix)


def main() -> None:
    """Draw into the folder named on the command line."""
    if len(sys.argv) != 2:
        raise SystemExit("Say where to draw: python -m flows.sample.draw OUT")
    draw_sample(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
