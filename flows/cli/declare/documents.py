"""Reading back the preference that an owner wrote, strictly: it is going to be signed or sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.declare.files import read_file, read_object

if TYPE_CHECKING:
    from models.consent.statements import Statement


@dataclass(frozen=True, slots=True)
class PreferenceDocument:
    """What an owner wrote down.

    Attributes:
        preference: the value of ``dataMiningPreference``.
        said: what it means.
        license_: ``name`` and ``document`` of the licence where a use is constrained.
    """

    preference: dict[str, str]
    said: Statement
    license_: dict[str, str]

    @property
    def license_reference(self) -> str:
        """Where the licence of a constrained use can be read; "" where none is."""
        return self.license_.get("document", "")


def read_document(path: Path, asset_id: str = "") -> PreferenceDocument:
    """The preference of a token metadata document (EIP-7517).

    Args:
        path: the file.
        asset_id: SHA-256 of the image that it is to speak of; "" where there is none.

    Raises:
        KiyomeError: it says nothing sound, says something at other places as well, constrains a
            use without a licence, or speaks of another image.
    """
    from models.canonical import canonical_json
    from models.consent.declaring.preference import build_preference
    from models.consent.eip7517 import parse_token_json
    from models.consent.statements import Condition
    from models.errors import KiyomeError

    fields = read_object(path)
    remedy = "Write it with `kiyome declare write`."
    value = fields.get("dataMiningPreference")
    if not isinstance(value, dict) or not all(isinstance(use, str) for use in value.values()):
        raise KiyomeError(f"{path} holds no dataMiningPreference of uses.", remedy)
    preference = build_preference(value)
    whole = parse_token_json(read_file(path), path.name, asset_id)
    alone = parse_token_json(canonical_json({"dataMiningPreference": preference}), path.name)
    if (
        whole is None
        or alone is None
        or whole.condition is not Condition.SOUND
        or (whole.preferences, whole.attribution) != (alone.preferences, alone.attribution)
    ):
        detail = "; ".join(whole.notes) if whole else "nothing is found"
        raise KiyomeError(
            f"{path} says more than its dataMiningPreference: {detail}.",
            "Leave one preference in it, at the root of the document.",
        )
    if asset_id:
        _require_same_image(path, asset_id)
    constrained = "constrained" in preference.values()
    license_ = _license_in(fields.get("license"))
    if constrained and not license_.get("document"):
        raise KiyomeError(
            f"{path} constrains a use and names no licence.",
            "Write it with --constrain and --license-document.",
        )
    return PreferenceDocument(preference, whole, license_ if constrained else {})


def _require_same_image(path: Path, asset_id: str) -> None:
    from models.consent.binding import check_binding
    from models.consent.reading_json import Pairs, read_json
    from models.errors import KiyomeError

    root = read_json(read_file(path))
    _, notes = check_binding(root if isinstance(root, Pairs) else Pairs(), asset_id)
    for note in notes:
        if "names other bytes" in note:
            raise KiyomeError(
                f"{path} was written for another image: its {note}.",
                "Write it anew with --for-image, or name the image that it was written for.",
            )


def _license_in(value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {"document": value}
    if isinstance(value, dict):
        return {k: v for k in ("name", "document") if isinstance(v := value.get(k), str) and v}
    return {}
