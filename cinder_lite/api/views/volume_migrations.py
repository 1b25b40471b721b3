# SPDX-License-Identifier: Apache-2.0
"""What the record of a move looks like in answers."""

from __future__ import annotations

from typing import Any

from cinder_lite import states
from cinder_lite.api.views import common
from cinder_lite.objects import Migration


def show(migration: Migration) -> dict[str, Any]:
    """Return a record; bytes are counted from the start of the copy."""
    return {
        "id": migration.id,
        "volume_id": migration.volume_id,
        "new_volume_id": migration.new_volume_id,
        "source_host": migration.source_host,
        "dest_host": migration.dest_host,
        "mode": migration.mode,
        "status": migration.status,
        "phase": migration.phase,
        "bytes_total": migration.bytes_total,
        "bytes_copied": migration.bytes_copied,
        "bytes_skipped": migration.bytes_skipped,
        "bytes_per_second": migration.bytes_per_second,
        "percent": _percent(migration),
        "force_host_copy": bool(migration.force_host_copy),
        "lock_volume": bool(migration.lock_volume),
        "offline_servers": bool(migration.offline_servers),
        "server_id": migration.server_id,
        "error": migration.error,
        "user_id": migration.user_id,
        "project_id": migration.project_id,
        "request_id": migration.request_id,
        "created_at": common.time(migration.created_at),
        "started_at": common.time(migration.started_at),
        "updated_at": common.time(migration.updated_at),
        "finished_at": common.time(migration.finished_at),
    }


def _percent(migration: Migration) -> int | None:
    """Return how much of the bytes has been dealt with, None while that can not be known."""
    if migration.status == states.RECORD_SUCCESS:
        return 100
    done = migration.bytes_copied + migration.bytes_skipped
    if not migration.bytes_total or (
        not done and migration.mode in (states.MODE_DRIVER, states.MODE_NOVA)
    ):
        return None
    return min(100, 100 * done // migration.bytes_total)
