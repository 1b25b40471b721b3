# SPDX-License-Identifier: Apache-2.0
"""The service's migration records: read them, and follow one until the move has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from cinder_lite import states
from cinder_lite.shell import find, waiting
from cinder_lite.shell.errors import (
    MigrationFailed,
    NoMigrationRecords,
    RequestRefused,
    WaitInterrupted,
    WaitTimedOut,
    attempt,
)

if TYPE_CHECKING:
    from cinder_lite.shell.client import Client, Record
    from cinder_lite.shell.progress import Progress

PATH = "os-volume-migrations"
KEY = "volume_migration"

_RECENT = 10
"""Among how many records of a volume the one of our own request is looked for."""
_HTTP_NOT_FOUND = 404


def listed(client: Client, query: Record, limit: int | None = None) -> list[Record]:
    """Return migration records, newest first.

    :param query: filters of the API
    :param limit: at most this many; None for all
    :raises NoMigrationRecords: the service is a Volume API without them
    """
    try:
        return list(client.pages(PATH, f"{KEY}s", query, limit))
    except RequestRefused as error:
        if error.status == _HTTP_NOT_FOUND:
            raise NoMigrationRecords from error
        raise


def get(client: Client, migration_id: str) -> Record | None:
    """Return one record by its id, or None where there is no such record."""
    return find.get_or_none(client, f"{PATH}/{quote(migration_id, safe='')}", KEY)


def newest(client: Client, volume_id: str) -> Record | None:
    """Return the newest record of a volume, or None where it has never been moved."""
    return next(iter(listed(client, {"volume_id": volume_id}, 1)), None)


def follow(
    volume: str,
    fetch: Callable[[], Record],
    progress: Progress,
    timeout: float | None,
) -> Record:
    """Show the record until the move has ended, and return it as it then is.

    :param volume: name or id of the volume, as the user gave it
    :param fetch: returns the record as it is now
    :param timeout: seconds; None for no limit
    :raises MigrationFailed: the move failed
    :raises WaitTimedOut: the timeout came first
    :raises WaitInterrupted: the user stopped the wait
    """
    record: Record = {}
    work = f"the migration of volume {volume}"
    try:
        with progress, attempt(f"The migration of volume {volume} cannot be followed"):
            for record in waiting.observe(fetch, timeout):
                progress.show(record)
                if record["status"] != states.RECORD_RUNNING:
                    break
    except KeyboardInterrupt as error:
        raise WaitInterrupted(work, _look(record, volume)) from error
    if record["status"] == states.RECORD_RUNNING:
        raise WaitTimedOut(work, _look(record, volume), timeout or 0)
    if record["status"] != states.RECORD_SUCCESS:
        reason = record.get("error") or "the service gives no reason"
        raise MigrationFailed(volume, reason, record.get("request_id"))
    return record


class Asked:
    """The record of a move that was just asked for; call it to read it as it is now.

    Cinder itself has no such records; there the volume's migration status stands in for one.

    :param volume_id: id of the volume
    :param request_id: id of the request that asked, to tell its record from earlier ones
    """

    def __init__(self, client: Client, volume_id: str, request_id: str | None) -> None:
        self._client = client
        self._volume_id = volume_id
        self._request_id = request_id
        self._id: str | None = None
        self._kept = True

    def __call__(self) -> Record:
        """Return the record, or what the volume tells in its place."""
        record = self._read() if self._kept else None
        return record or self._of_the_volume()

    def _read(self) -> Record | None:
        if self._id is not None:
            return get(self._client, self._id)
        try:
            recent = listed(self._client, {"volume_id": self._volume_id}, _RECENT)
        except NoMigrationRecords:
            self._kept = False
            return None
        ours = [each for each in recent if each.get("request_id") == self._request_id]
        # never an earlier move that has ended: its result would be taken for ours
        running = [each for each in recent if each["status"] == states.RECORD_RUNNING]
        record = next(iter(ours or running), None)
        self._id = record["id"] if record else None
        return record

    def _of_the_volume(self) -> Record:
        volume = self._client.get(f"volumes/{self._volume_id}", "volume")
        status = volume.get("os-vol-mig-status-attr:migstat")
        ended = (states.MIGRATION_SUCCESS, states.MIGRATION_ERROR)
        return {
            "volume_id": self._volume_id,
            "dest_host": volume.get("os-vol-host-attr:host"),
            "status": status if status in ended else states.RECORD_RUNNING,
            "phase": status,
            "request_id": self._request_id,
        }


def _look(record: Record, volume: str) -> str:
    if record.get("id"):
        return f"cinder-lite migration-show {record['id']}"
    return f"cinder-lite show {volume}"
