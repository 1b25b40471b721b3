# SPDX-License-Identifier: Apache-2.0
"""The move that works between any two backends: create on the target, attach both, copy, swap."""

from __future__ import annotations

import os
import stat
import time
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception, keymgr, states
from cinder_lite.db import services as db_services
from cinder_lite.db import volume_migrations, volumes
from cinder_lite.objects import Volume
from cinder_lite.volume import connections
from cinder_lite.volume.backend import Backend
from cinder_lite.volume.copy import CopyResult
from cinder_lite.volume.create.spec import request_spec, volume_type_of
from cinder_lite.volume.migration import completion, recrypt
from cinder_lite.volume.migration.records import Move, MoveLost

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


def run(backend: Backend, move: Move) -> None:
    """Move a volume by copying its bytes through this node.

    :raises CinderLiteException: some step failed; the caller cleans up
    """
    target = create_target(backend, move)
    copy(backend, move, target)
    completion.run(backend, move, target)


def create_target(backend: Backend, move: Move, mode: str = states.MODE_HOST_COPY) -> Volume:
    """Create the temporary volume that becomes the new data, and wait until it is there.

    :param mode: who will copy, for the record
    """
    service = db_services.get(host=move.dest_service, binary=db_services.VOLUME)
    source = move.volume
    key_id = source.encryption_key_id
    if recrypt.needed(move):
        recrypt.check(move, mode)
        key_id = recrypt.new_key(move)
    target = volume_migrations.create_target(
        move.id,
        move.owner,
        {
            "user_id": source.user_id,
            "project_id": source.project_id,
            "size": source.size,
            "display_name": source.display_name,
            "display_description": source.display_description,
            "volume_type_id": move.migration.new_type_id or source.volume_type_id,
            "bootable": source.bootable,
            "multiattach": source.multiattach,
            "encryption_key_id": key_id,
            "host": move.dest_host,
            "cluster_name": service.cluster_name,
            "availability_zone": service.availability_zone,
            "service_uuid": service.uuid,
            "status": states.CREATING,
            "attach_status": states.DETACHED,
            "migration_status": states.migration_target_of(source.id),
            "use_quota": False,
        },
        mode,
    )
    if target is None:
        if key_id is not None and key_id != source.encryption_key_id:
            keymgr.delete(move.context, key_id, f"a target of volume {source.id}")
        raise MoveLost(migration_id=move.id)
    move.entered(states.PHASE_CREATING, mode=mode, new_volume_id=target.id)
    spec = request_spec(target, volume_type_of(move.context, target))
    spec["migration"] = {"id": move.id, "source": backend.service_host}
    backend.volume_rpcapi.create_volume(
        move.context, target.id, move.dest_host, spec, None, allow_reschedule=False
    )
    return _wait_for_target(move, target)


def _wait_for_target(move: Move, target: Volume) -> Volume:
    """Wait for the destination's word; look at the row now and then, should the word be lost."""
    deadline = time.monotonic() + CONF.migration_create_volume_timeout_secs
    tries = 0
    while True:
        tries += 1
        pause = min(float(tries**2), max(0.0, deadline - time.monotonic()))
        move.target_created.wait(pause)
        move.target_created.clear()
        if move.stop.is_set():
            raise exception.CopyStopped(reason="the service is stopping")
        target = volumes.get(move.context, target.id)
        if target.status == states.AVAILABLE:
            return target
        if target.status == states.ERROR:
            raise exception.VolumeMigrationFailed(
                reason=f"the target volume could not be created on {move.dest_host}: "
                f"{move.target_error or 'the log of that service says why'}"
            )
        if time.monotonic() >= deadline:
            raise exception.VolumeMigrationFailed(
                reason=f"the target volume was not created on {move.dest_host} within "
                f"{CONF.migration_create_volume_timeout_secs} seconds "
                "(migration_create_volume_timeout_secs)"
            )


def copy(backend: Backend, move: Move, target: Volume) -> None:
    """Copy the bytes from the volume to its target, flushed when this returns."""
    move.enter(states.PHASE_COPYING)
    source = move.volume
    protocol = str(move.capabilities.get("storage_protocol") or "")
    own_protocol = str(backend.driver.get_volume_stats().get("storage_protocol") or "")
    # Zeros are skipped only onto a target that reads as zero: it says so, and it is new.
    sparse = bool(move.capabilities.get("sparse_copy_volume"))
    backend.driver.before_volume_copy(move.context, source, target, remote="dest")
    with (
        connections.attached(
            backend, move.context, target, protocol=protocol, remote=True
        ) as destination,
        connections.attached(
            backend, move.context, source, protocol=own_protocol, remote=False
        ) as origin,
    ):
        result: CopyResult | None
        if recrypt.needed(move):
            result = recrypt.copy(
                backend, move, target, origin.path, destination.path, sparse=sparse
            )
        else:
            result = backend.copy(
                origin.path,
                destination.path,
                source.size * 1024,
                sparse=sparse,
                extents=_extents(backend, source, sparse, origin.path),
                progress=move.progress,
                stop=move.stop,
            )
    LOG.info("Volume %(id)s: copied: %(result)s", {"id": source.id, "result": result})
    backend.driver.after_volume_copy(move.context, source, target, remote="dest")


def _extents(
    backend: Backend, source: Volume, sparse: bool, path: Any
) -> list[tuple[int, int]] | None:
    """Return what of the source is read: what it holds, as far as its driver knows.

    With all of it, zeros are left out in small pieces on a target that reads as zero, so that thin
    stays thin; without any, all of it is copied as it is. A file tells its holes itself.

    :param path: of the source on this node, or an object to read where there is no path
    """
    known = backend.driver.mapped_extents(source)
    if known is None and sparse and isinstance(path, str) and stat.S_ISBLK(os.stat(path).st_mode):
        return [(0, source.size * 1024**3)]
    return known
