"""The flow that writes a backup, and deletes older ones."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger

from flows.backing_up import delete_older, name_backup, write_backup
from flows.opening import opened, settle
from models.errors import BackupError

_WAIT_S = 6 * 3600
"""How long a scheduled backup waits for a run to end."""


@flow(name="back-up", persist_result=False)
def back_up(settings: dict[str, Any] | None = None) -> str:
    """Write a backup into ``backup_folder``, and keep ``backup_keep`` of them.

    Args:
        settings: overrides of the settings in force.

    Returns:
        Where it is.

    Raises:
        KiyomeError: it cannot be written.
    """
    in_force = settle(settings)
    if in_force.backup_folder is None:
        raise BackupError("No folder for backups is named.", "Set backup_folder in kiyome.toml.")
    with opened(in_force) as database:
        target = name_backup(in_force.backup_folder)
        made = write_backup(in_force, database, target, wait_s=_WAIT_S)
    logger = get_run_logger()
    logger.info("%s: %s files, %s bytes, %s rows", target, made.files, made.size, made.rows)
    for old in delete_older(in_force.backup_folder, in_force.backup_keep):
        logger.info("Deleted %s", old)
    return str(target)
