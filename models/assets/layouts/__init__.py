"""The layouts in which a dataset may come, and which one a folder has.

A layout is a module with a name, a sentence on what it looks for, and three functions. Adding one
means writing such a module and naming it in ``LAYOUTS``.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from models.assets.hashing import HashCache
from models.assets.layouts import (
    imagefolder,
    kohya,
    manifest,
    webdataset,
    webdataset_writing,
)
from models.assets.listing import Listing
from models.assets.naming import is_image_name, printable
from models.assets.sink import Sink
from models.assets.tree import Tree, walk_dataset
from models.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which a dataset is laid out.

    Attributes:
        name: what ``--layout`` calls it.
        looks_for: what ``find_evidence`` goes by, for a reader.
        find_evidence: what in a tree speaks for the layout, or "".
        read: every image with its captions.
        write: the captions of the kept names, in the same layout.
    """

    name: str
    looks_for: str
    find_evidence: Callable[[Tree], str]
    read: Callable[[Tree, HashCache], Listing]
    write: Callable[[Tree, Listing, Set[str], Sink], None]


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        kohya.NAME,
        kohya.LOOKS_FOR,
        kohya.find_evidence,
        kohya.read_listing,
        kohya.write_listing,
    ),
    Layout(
        imagefolder.NAME,
        imagefolder.LOOKS_FOR,
        imagefolder.find_evidence,
        imagefolder.read_listing,
        imagefolder.write_listing,
    ),
    Layout(
        webdataset.NAME,
        webdataset.LOOKS_FOR,
        webdataset.find_evidence,
        webdataset.read_listing,
        webdataset_writing.write_listing,
    ),
    Layout(
        manifest.NAME,
        manifest.LOOKS_FOR,
        manifest.find_evidence,
        manifest.read_listing,
        manifest.write_listing,
    ),
)


def detect_layout(root: str) -> str:
    """The name of the layout that a dataset has.

    Raises:
        DatasetError: there is nothing at ``root``, no layout fits, or several do.
    """
    return choose_layout(walk_dataset(root), "auto").name


def choose_layout(tree: Tree, name: str) -> Layout:
    """The layout called ``name``; for ``"auto"`` the one layout that the tree speaks for.

    Images with nothing that says more about them are a kohya dataset without captions.

    Raises:
        DatasetError: there is no such layout, none fits, or several do.
    """
    if name != "auto":
        for layout in LAYOUTS:
            if layout.name == name:
                return layout
        raise DatasetError(
            f"There is no layout called {name!r}.", f"Use auto, {', '.join(_names())}."
        )
    fitting = [(layout, found) for layout in LAYOUTS if (found := layout.find_evidence(tree))]
    if len(fitting) == 1:
        return fitting[0][0]
    shown = printable(tree.path(tree.only) if tree.only else tree.root)
    if fitting:
        evidence = "; ".join(f"{layout.name}: {found}" for layout, found in fitting)
        raise DatasetError(
            f"{shown} looks like several layouts ({evidence}).",
            f"Say which one it is: --layout {' or '.join(lay.name for lay, _ in fitting)}.",
        )
    if not tree.only and any(is_image_name(path) for path in (*tree.files, *tree.outside)):
        return LAYOUTS[0]
    looked_for = "; ".join(f"{layout.name}: {layout.looks_for}" for layout in LAYOUTS)
    what = "is empty" if not tree.files else "holds no images in a layout that Kiyome knows"
    raise DatasetError(
        f"{shown} {what}.",
        f"Looked for {looked_for}. Give the folder that holds the images, or name a layout with "
        f"--layout {'|'.join(_names())}.",
    )


def _names() -> list[str]:
    return [layout.name for layout in LAYOUTS]
