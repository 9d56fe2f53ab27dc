"""Walking a dataset folder once, without following anything out of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from models.assets.asset import Notice
from models.assets.naming import is_skipped, printable
from models.assets.reading import explain_os_error
from models.assets.texts import notice_about
from models.errors import DatasetError

Stamp = tuple[int, int, int, int]
"""Size, mtime_ns, inode and ctime_ns of a file: while all four stay, so do its bytes."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Every file of a dataset, by its path inside the root.

    Attributes:
        root: absolute path with symbolic links resolved. Where the dataset is a single file, the
            folder that holds it.
        files: regular files, and links to files inside the root. Paths are as ``os.scandir``
            gives them: bytes that are not UTF-8 are surrogates.
        outside: links to files outside the root, or to nothing, and what they point at.
        unreadable: folders that cannot be listed, and why.
        folder_links: links to folders; none is followed.
        only: the path of the single file that is the dataset, or "".
    """

    root: str
    files: dict[str, os.DirEntry[str]]
    outside: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    folder_links: list[str] = field(default_factory=list)
    only: str = ""

    def path(self, name: str) -> str:
        """The absolute path of a file of the tree."""
        return f"{self.root}/{name}"

    def stamp(self, name: str) -> Stamp | None:
        """The file's stamp; None where it is gone or is not a regular file."""
        try:
            return stamp_of(self.files[name].stat())
        except OSError:
            return None

    def at_root(self) -> Iterator[str]:
        """Files that lie directly in the root, in code-point order."""
        return (name for name in sorted(self.files) if "/" not in name)

    def notices(self) -> list[Notice]:
        """What a person should know about links and folders."""
        return [
            *notice_about(
                "link_outside",
                map(printable, self.outside),
                "{name} is a link that leads out of the dataset or nowhere. It is not followed; "
                "put the file itself there.",
                "{count} links lead out of the dataset or nowhere, for example {name}. They are "
                "not followed; put the files themselves there.",
            ),
            *notice_about(
                "folder_link",
                map(printable, self.folder_links),
                "{name} is a link to a folder and is not followed; scan that folder by itself.",
                "{count} links to folders are not followed, for example {name}; scan those "
                "folders by themselves.",
            ),
        ]


def stamp_of(status: os.stat_result) -> Stamp | None:
    """The stamp of a regular file; None for anything else."""
    if not stat.S_ISREG(status.st_mode):
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


def walk_dataset(root: str) -> Tree:
    """List a dataset: a folder with all its subfolders, or a single file.

    Hidden files and ``__MACOSX`` folders are skipped.

    Raises:
        DatasetError: there is nothing at ``root``, or it cannot be listed.
    """
    if "://" in root:
        raise DatasetError(
            f"The dataset {root} is not on this machine.",
            "Copy it to a folder, or list its files in a manifest and give that.",
        )
    # realpath, not Path.resolve: the latter gives up on names that are not UTF-8 in some locales.
    real = os.path.realpath(root)
    try:
        status = os.stat(real)  # noqa: PTH116
    except OSError as error:
        raise DatasetError(
            f"The dataset {printable(root)} cannot be opened: {explain_os_error(error)}.",
            "Check the path.",
        ) from error
    if stat.S_ISREG(status.st_mode):
        return _single(real)
    if not stat.S_ISDIR(status.st_mode):
        raise DatasetError(
            f"The dataset {printable(root)} is neither a folder nor a file.",
            "Give the folder that holds the images, a .tar shard, or a manifest.",
        )
    tree = Tree(real.rstrip("/"), {})
    folders = [""]
    while folders:
        _list_folder(tree, folders.pop(), folders)
    if "" in tree.unreadable:
        raise DatasetError(
            f"The dataset folder {printable(root)} cannot be listed: {tree.unreadable['']}.",
            "Mend that and run again.",
        )
    return tree


def _single(real: str) -> Tree:
    folder, _, name = real.rpartition("/")
    with os.scandir(folder or "/") as entries:
        files = {e.name: e for e in entries if not is_skipped(e.name) or e.name == name}
    return Tree(folder, files, only=name)


def _list_folder(tree: Tree, folder: str, folders: list[str]) -> None:
    try:
        with os.scandir(tree.path(folder)) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        tree.unreadable[folder] = explain_os_error(error)
        return
    prefix = f"{folder}/" if folder else ""
    for entry in listed:
        if is_skipped(entry.name):
            continue
        name = prefix + entry.name
        if entry.is_symlink():
            _add_link(tree, name, entry)
        elif entry.is_dir(follow_symlinks=False):
            folders.append(name)
        else:
            tree.files[name] = entry


def _add_link(tree: Tree, name: str, entry: os.DirEntry[str]) -> None:
    target = os.path.realpath(entry.path)
    try:
        to_folder = entry.is_dir()
        exists = to_folder or entry.is_file()
    except OSError:  # a circle of links
        to_folder = exists = False
    if to_folder:
        tree.folder_links.append(name)
    elif exists and target.startswith(f"{tree.root}/"):
        tree.files[name] = entry
    else:
        tree.outside[name] = target
