"""Where training pictures come from, what they may be used for, and which of them are left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Source:
    """A Debian package with pictures.

    Attributes:
        package: its name, which is the name of the folder it was unpacked into.
        licence: what its copyright file says of the pictures, where that file has no sections.
        limit: most pictures taken, so that no package drowns the others.
        skip: glob patterns of paths that hold no motifs: masks, effects, terrain.
        labelled: file names carry a name that several pictures share (frames, poses).
    """

    package: str
    licence: str
    limit: int
    skip: tuple[str, ...] = ()
    labelled: bool = False


_WESNOTH = ("*/terrain/*", "*/halo/*", "*/projectiles/*", "*/icons/*", "*/dialogs/*", "*/misc/*",
            "*/footsteps/*", "*/attacks/*", "*/editor/*", "*/maps/*", "*/cursors/*", "*/buttons/*",
            "*/flags/*", "*/themes/*", "*/lobby/*")  # fmt: skip
_CAMPAIGNS = ("httt", "utbs", "tsg", "trow", "dm", "sota", "nr", "low", "did", "thot", "sotbe",
              "ttb", "l", "sof", "ei", "dw")  # fmt: skip

TRAINED = (
    Source("wesnoth-1.16-data", "GPL-2+ (some CC-BY-SA-4.0)", 3200, _WESNOTH, True),
    *(
        Source(f"wesnoth-1.16-{c}", "GPL-2+ (some CC-BY-SA-4.0)", 120, _WESNOTH, True)
        for c in _CAMPAIGNS
    ),
    Source("openclipart-png", "public domain", 4200, ("*/shapes/stars/*", "*/flat-theme/*")),
    Source("tuxpaint-stamps-default", "GPL-2", 800, ("*/symbols/alphabets/*",)),
    Source("hedgewars-data", "GPL-2", 700, ("*/Flags/*", "*Missions*")),
    Source(
        "oxygen-icon-theme",
        "LGPL-3+",
        450,
        ("*/16x16/*", "*/22x22/*", "*/32x32/*", "*/48x48/*", "*/64x64/*", "*/8x8/*"),
    ),
    Source("fillets-ng-data", "GPL-2+", 700, ("*/experiments/*",), True),
    Source(
        "freecol",
        "GPL-2+ (some CC-BY-SA-3.0, CC-BY-4.0, CC0-1.0)",
        500,
        ("*mask*", "*/river/*", "*/beach/*", "*/ocean/*"),
    ),
    Source("freeciv-data", "GPL-2+", 260, ("*/gui-*", "*shield*", "*large*")),
    Source("flare-game", "CC-BY-SA-3.0+", 150),
    Source("blobwars-data", "GPL-2+, CC-BY-3.0 and CC-BY-SA-3.0", 250, (), True),
    Source("renpy-demo", "Expat", 100, ("*/gui/*",), True),
    Source("renpy-thequestion", "Expat", 100, ("*/gui/*",), True),
    Source(
        "endless-sky-data",
        "CC-BY-SA-4.0 (some CC-BY-SA-3.0, CC-BY-4.0, public domain)",
        500,
        ("*/effect/*", "*/asteroid/*", "*/projectile/*", "*/ui/*", "*/_menu/*"),
    ),
    Source(
        "pysiogame",
        "GPL-3+, CC-BY-3.0 and public domain",
        450,
        ("*/schemes/*", "*/unit_bg/*", "*/fc/*", "*/icons/*"),
    ),
    Source("lordsawar", "GPL-3+", 60),
    Source("desktop-base", "GPL-2+ (some GPL-3+ or CC-BY-SA-3.0)", 30),
    Source("ukui-wallpapers", "CC-BY-SA-3.0", 12),
    Source("mate-backgrounds", "GPL-2+ (some CC-BY-SA-4.0)", 20),
    Source("gnome-backgrounds", "CC-BY-SA-3.0 (some CC-BY-SA-2.0, CC-BY-2.0)", 12),
    Source("plasma-workspace-wallpapers", "GPL-2+", 40),
)
"""Packages that are trained on."""

CALIBRATED = (
    Source("warmux-data", "GPL-2+", 700),
    Source("freedroidrpg-data", "GPL-2+", 900, ("*/blasts/*", "*/mouse_buttons/*")),
    Source("unknown-horizons", "GPL-2+ and CC-BY-SA-3.0", 900),
    Source("lincity-ng-data", "GPL-2+", 300),
    Source("pokerth-data", "AGPL-3+ and others", 250),
)
"""Packages that are never trained on: what clean pictures nobody has seen look like."""

_MOVE_WORDS = (
    "arcane attack axe base big bite blade block bob bolas bow breath breeze cast casting "
    "claw claws club cold crossbow dagger death defend die down dying e end female fire "
    "firing fist fly flying ftf hammer heal healing hit hover ice idle kick land lead leader "
    "leading levelin levelout long mace magic male melee mid miss move moving n ne net new nw "
    "ranged ready recruit recruiting reload run s se shoot short slash sling small spear "
    "spell stab staff stance stand standing start sw swing sword throw thrown thrust trident "
    "up victory w water wing wings "
)
_MOVES = frozenset(_MOVE_WORDS.split())


def name_stem(path: str | PurePosixPath) -> str:
    """The file's name without its ending, in small letters, words joined by ``_``."""
    stem = PurePosixPath(path).stem.lower().replace("+female", "").replace("+male", "")
    return re.sub(r"[^a-z0-9]+", "_", stem).strip("_")


def base_name(stem: str) -> str:
    """A stem without what says which frame or movement it shows: ``thief_idle_3`` is ``thief``."""
    words = [re.sub(r"\d+$", "", word) or word for word in stem.split("_")]
    kept = list(words)
    while len(kept) > 1 and (kept[-1] in _MOVES or kept[-1].isdigit()):
        kept.pop()
    return "_".join(kept)


def find_pictures(root: Path, source: Source) -> list[str]:
    """Paths of a package's pictures below ``root``, skipped ones left out, in order."""
    endings = (".png", ".jpg", ".jpeg", ".webp")
    found = []
    for path in sorted((root / source.package).rglob("*")):
        name = path.relative_to(root).as_posix()
        if not name.lower().endswith(endings) or path.is_symlink() or not path.is_file():
            continue
        if not any(fnmatch(name, pattern) for pattern in source.skip):
            found.append(name)
    return found
