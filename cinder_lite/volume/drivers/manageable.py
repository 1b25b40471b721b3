# SPDX-License-Identifier: Apache-2.0
"""What a driver does to take over volumes and snapshots that its storage has already.

All of it is optional. A *reference* is a dict that names something on the storage in the driver's
own words; most drivers take ``{"source-name": …}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from cinder_lite import exception
from cinder_lite.objects import Snapshot, Volume

Entry = dict[str, Any]
"""What a list of manageable things holds: ``reference``, ``size`` (GiB), ``safe_to_manage``,
``reason_not_safe``, ``cinder_id``, ``extra_info``; a snapshot's also ``source_reference``."""


class ManageableVD:
    """A driver that takes over existing volumes."""

    def manage_existing(
        self, volume: Volume, existing_ref: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Make what a reference names the data of ``volume``, usually by renaming it.

        May be repeated after a crash.

        :returns: columns of the volume's row to change
        :raises ManageExistingInvalidReference: there is nothing of that name
        :raises ManageExistingAlreadyManaged: it is a volume already
        :raises ManageExistingVolumeTypeMismatch: it does not fit the volume's type
        :raises NotImplementedError: the driver takes nothing over
        """
        raise NotImplementedError

    def manage_existing_get_size(self, volume: Volume, existing_ref: Mapping[str, Any]) -> int:
        """Return the size of what a reference names, in GiB, rounded up.

        :raises ManageExistingInvalidReference: there is nothing of that name
        :raises NotImplementedError: the driver takes nothing over
        """
        raise NotImplementedError

    def get_manageable_volumes(
        self,
        cinder_volumes: Sequence[Volume],
        marker: str | None,
        limit: int,
        offset: int | None,
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
    ) -> list[Entry]:
        """List what could be taken over, and what is a volume already; see :func:`page`.

        :param cinder_volumes: the volumes that this backend has in the database
        :raises NotImplementedError: the driver can not list
        """
        raise NotImplementedError

    def unmanage(self, volume: Volume) -> None:
        """Prepare to forget a volume; its data stays where and as it is."""


class ManageableSnapshotsVD:
    """A driver that takes over existing snapshots."""

    def manage_existing_snapshot(
        self, snapshot: Snapshot, existing_ref: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Make what a reference names the data of ``snapshot``, a snapshot of its volume.

        May be repeated after a crash.

        :returns: columns of the snapshot's row to change
        :raises ManageExistingInvalidReference: there is no snapshot of the volume by that name
        :raises ManageExistingAlreadyManaged: it is a snapshot already
        :raises NotImplementedError: the driver takes no snapshots over
        """
        raise NotImplementedError

    def manage_existing_snapshot_get_size(
        self, snapshot: Snapshot, existing_ref: Mapping[str, Any]
    ) -> int:
        """Return the size of the snapshot that a reference names, in GiB, rounded up.

        :raises ManageExistingInvalidReference: there is no snapshot of that name
        :raises NotImplementedError: the driver takes no snapshots over
        """
        raise NotImplementedError

    def get_manageable_snapshots(
        self,
        cinder_snapshots: Sequence[Snapshot],
        marker: str | None,
        limit: int,
        offset: int | None,
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
    ) -> list[Entry]:
        """List snapshots that could be taken over, and those that are managed; see :func:`page`.

        :param cinder_snapshots: the snapshots that this backend has in the database
        :raises NotImplementedError: the driver can not list
        """
        raise NotImplementedError

    def unmanage_snapshot(self, snapshot: Snapshot) -> None:
        """Prepare to forget a snapshot; its data stays where and as it is."""


def page(
    entries: Sequence[Entry],
    marker: str | None,
    limit: int,
    offset: int | None,
    sort_keys: Sequence[str],
    sort_dirs: Sequence[str],
) -> list[Entry]:
    """Return one page of a driver's list of manageable things.

    :param marker: the reference of the last entry before the page, as JSON
    :param sort_keys: ``size`` or ``reference``, the most important first
    :param sort_dirs: ``asc`` or ``desc`` for each
    :raises InvalidInput: the marker is no JSON, or names no entry
    """
    ordered = list(entries)
    # A stable sort by the least important key first orders by all of them.
    for key, direction in reversed(list(zip(sort_keys, sort_dirs, strict=True))):
        ordered.sort(key=_sort_value(key), reverse=direction == "desc")
    start = offset or 0
    if marker:
        start += _after(ordered, marker)
    return ordered[start : start + limit]


def _sort_value(key: str) -> Callable[[Entry], Any]:
    def value(entry: Entry) -> Any:
        found = entry[key]
        return str(min(found.values())) if isinstance(found, dict) else found

    return value


def _after(entries: Sequence[Entry], marker: str) -> int:
    try:
        reference = orjson.loads(marker)
    except orjson.JSONDecodeError:
        raise exception.InvalidInput(
            reason=f"the marker {marker} is not JSON; it must be the reference of an entry."
        ) from None
    for position, entry in enumerate(entries):
        if entry["reference"] == reference:
            return position + 1
    raise exception.InvalidInput(reason=f"marker not found: {marker}")
