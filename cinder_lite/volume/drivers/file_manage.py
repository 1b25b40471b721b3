# SPDX-License-Identifier: Apache-2.0
"""Files that somebody else has put into a directory, taken over as volumes and snapshots.

A reference is ``{"source-name": <file's name>}``. The file is renamed; one that is no whole number
of GiB long is made so. Files that are named as snapshots are none that could become volumes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume.drivers import manageable
from cinder_lite.volume.drivers.filestore import FileStore

CONF = cfg.CONF

GIB = 1024**3


class ManagedFiles(manageable.ManageableVD, manageable.ManageableSnapshotsVD):
    """The part of the file driver that takes over files."""

    _store: FileStore

    @property
    def _sparse(self) -> bool:
        raise NotImplementedError

    def manage_existing_get_size(self, volume: Volume, existing_ref: Any) -> int:
        """Return the file's size in GiB, rounded up."""
        return self._size_of(volume.name, existing_ref)

    def manage_existing(self, volume: Volume, existing_ref: Any) -> None:
        """Rename the file after the volume and round its size up."""
        with explained(f"volume {volume.id} could not be taken over"):
            self._adopt(volume.name, existing_ref, volume.size)

    def manage_existing_snapshot_get_size(self, snapshot: Snapshot, existing_ref: Any) -> int:
        """Return the file's size in GiB, rounded up."""
        return self._size_of(snapshot.name, existing_ref)

    def manage_existing_snapshot(self, snapshot: Snapshot, existing_ref: Any) -> None:
        """Rename the file after the snapshot and round its size up."""
        with explained(f"snapshot {snapshot.id} could not be taken over"):
            self._adopt(snapshot.name, existing_ref, snapshot.volume_size)

    def _size_of(self, name: str, existing_ref: Any) -> int:
        source = _source_name(existing_ref)
        try:
            with explained(f"the file {source} could not be looked at"):
                size = self._store.size(source)
                if size is None:
                    size = self._store.size(name)  # it was renamed before a crash
        except exception.InvalidInput as error:
            raise exception.ManageExistingInvalidReference(
                existing_ref=existing_ref, reason=error.msg
            ) from None
        if not size:
            raise exception.ManageExistingInvalidReference(
                existing_ref=existing_ref,
                reason=f"{self._store.directory} has no file {source}, or it is empty.",
            )
        return -(-size // GIB)

    def _adopt(self, name: str, existing_ref: Any, size: int) -> None:
        if not self._store.rename(_source_name(existing_ref), name):
            raise exception.ManageExistingAlreadyManaged(volume_ref=name)
        self._store.grow(name, size * GIB, self._sparse)

    # --- lists -------------------------------------------------------------------------------

    def get_manageable_volumes(
        self,
        cinder_volumes: Sequence[Volume],
        marker: str | None,
        limit: int,
        offset: int | None,
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
    ) -> list[manageable.Entry]:
        """List the directory's files without those of snapshots."""
        managed = {volume.name: volume.id for volume in cinder_volumes}
        entries = [
            entry
            for name, entry in self._entries(managed)
            if name in managed or not _is_of(CONF.snapshot_name_template, name)
        ]
        return manageable.page(entries, marker, limit, offset, sort_keys, sort_dirs)

    def get_manageable_snapshots(
        self,
        cinder_snapshots: Sequence[Snapshot],
        marker: str | None,
        limit: int,
        offset: int | None,
        sort_keys: Sequence[str],
        sort_dirs: Sequence[str],
    ) -> list[manageable.Entry]:
        """List the files that are named as snapshots; of which volume, a file does not tell."""
        managed = {snapshot.name: snapshot.id for snapshot in cinder_snapshots}
        origins = {one.name: {"source-name": one.volume_name} for one in cinder_snapshots}
        entries = [
            {**entry, "source_reference": origins.get(name, {})}
            for name, entry in self._entries(managed)
            if name in managed or _is_of(CONF.snapshot_name_template, name)
        ]
        return manageable.page(entries, marker, limit, offset, sort_keys, sort_dirs)

    def _entries(self, managed: Mapping[str, str]) -> list[tuple[str, manageable.Entry]]:
        with explained(f"{self._store.directory} could not be listed"):
            files = self._store.files()
        return [
            (
                name,
                {
                    "reference": {"source-name": name},
                    "size": -(-size // GIB),
                    "cinder_id": managed.get(name),
                    "extra_info": None,
                    "safe_to_manage": name not in managed,
                    "reason_not_safe": "already managed" if name in managed else None,
                },
            )
            for name, size in files
        ]


def _is_of(template: str, name: str) -> bool:
    before, _, after = template.partition("%s")
    return name.startswith(before) and name.endswith(after)


def _source_name(existing_ref: Any) -> str:
    """Return the file's name in a reference.

    :raises ManageExistingInvalidReference: there is none
    """
    name = existing_ref.get("source-name") if isinstance(existing_ref, Mapping) else existing_ref
    if not isinstance(name, str) or not name:
        raise exception.ManageExistingInvalidReference(
            existing_ref=existing_ref, reason="Reference must contain source-name element."
        )
    return name


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn an error of the operating system into one that says what could not be done."""
    try:
        yield
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise exception.VolumeBackendAPIException(
            data=f"{what}: {error.strerror or error}{place}."
        ) from error
