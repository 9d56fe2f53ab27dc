"""The likeness stage: by what opt-out lists and declarations recognise each picture.

It decodes every picture at full size, which is dear, and is run only where something is said of a
picture by its PDQ hash or ISCC.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import PIL
import pyarrow as pa

from models.assets.asset import Asset
from models.assets.decoding import decode_image
from models.assets.faults import FaultError
from models.assets.reading import read_location
from models.canonical import digest_of
from models.consent.iscc.computing import ISCC_VERSION, compute_instance_code, image_codes
from models.consent.likeness import hash_as_published
from models.consent.testimony import Likeness
from models.motifs.fingerprints import FINGERPRINT_VERSION, PDQ_BYTES
from models.stages import BASE_FIELDS, Progress, describe_failure

_CODE_VERSION = 1
_SCHEMA = pa.schema(
    [
        *BASE_FIELDS,
        pa.field("pdq", pa.binary(PDQ_BYTES)),
        pa.field("pdq_quality", pa.int16()),
        pa.field("image_codes", pa.list_(pa.string())),
        pa.field("instance_code", pa.string()),
    ]
)


@dataclass(frozen=True)
class LikenessStage:
    """Computes PDQ as it is published, and ISCC codes.

    Attributes:
        max_bytes, max_pixels: larger files and pictures are faults.
        workers: threads that decode.
    """

    max_bytes: int
    max_pixels: int
    workers: int
    name: str = "likeness"

    @cached_property
    def fingerprint(self) -> str:
        """Covers this code, the hashes, the decoder and the limits."""
        return digest_of(
            {
                "stage": [self.name, _CODE_VERSION],
                "versions": [FINGERPRINT_VERSION, ISCC_VERSION, f"pillow/{PIL.__version__}"],
                "limits": [self.max_bytes, self.max_pixels],
            }
        )

    @property
    def schema(self) -> pa.Schema:
        """``BASE_FIELDS``, and the parts of ``models.consent.testimony.Likeness``."""
        return _SCHEMA

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset, in the order given."""
        rows = []
        with ThreadPoolExecutor(self.workers, thread_name_prefix="likeness") as pool:
            for row in pool.map(self._examine_one, assets):
                rows.append(row)
                progress(1)
        return pa.Table.from_pylist(rows, schema=_SCHEMA)

    def _examine_one(self, asset: Asset) -> dict[str, object]:
        try:
            likeness = measure_likeness(asset, self.max_bytes, self.max_pixels)
        except FaultError as error:
            return _fault_row(asset, error.fault.reason.value, error.fault.detail)
        except Exception as error:  # noqa: BLE001  (one asset's failure is that asset's row)
            return _fault_row(asset, *describe_failure(error))
        return {
            "asset_id": asset.asset_id,
            "fault_code": None,
            "fault_detail": None,
            "pdq": likeness.pdq,
            "pdq_quality": likeness.pdq_quality,
            "image_codes": list(likeness.image_codes),
            "instance_code": likeness.instance_code,
        }


def measure_likeness(asset: Asset, max_bytes: int, max_pixels: int) -> Likeness:
    """By what lists and declarations recognise a picture.

    Raises:
        FaultError: the file cannot be read or decoded.
    """
    data = read_location(asset.locations[0], max_bytes)
    pixels = decode_image(data, max_pixels=max_pixels).pixels
    pdq = hash_as_published(pixels)
    return Likeness(pdq.bits, pdq.quality, image_codes(pixels), compute_instance_code(data))


def _fault_row(asset: Asset, code: str, detail: str) -> dict[str, object]:
    return {"asset_id": asset.asset_id, "fault_code": code, "fault_detail": detail}
