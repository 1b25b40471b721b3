# SPDX-License-Identifier: Apache-2.0
"""Groups on this backend: their copies, deletions and snapshots, and what was left half done.

What lasts is in the rows: a group that is ``creating`` or ``deleting``, with volumes that are so
too. Its volumes are made and removed one by one, as any other; the group is finished when none is
left to do, by the thread that worked or, after a crash, by the periodic look.
"""

from __future__ import annotations

from oslo_log import log as logging

from cinder_lite import states
from cinder_lite.context import RequestContext
from cinder_lite.db import groups
from cinder_lite.volume import group_snapshots, lifecycle
from cinder_lite.volume.backend import Backend

LOG = logging.getLogger(__name__)


def copy(backend: Backend, context: RequestContext, group_id: str, claim: lifecycle.Claim) -> None:
    """Make the data of a group's volumes, whose rows say of what, and then finish the group."""
    for volume in groups.volumes_of(group_id):
        with claim(volume.id) as mine:
            if mine:
                lifecycle.create(backend, context, volume.id, {})
    finish_copy(group_id)


def finish_copy(group_id: str) -> None:
    """Mark a group available when all of its volumes are made, or in error when one can not be.

    What was made and is in use already, or was given any other status since, is a copy as well.
    """
    members = groups.volumes_of(group_id)
    left = [volume for volume in members if volume.launched_at is None]
    if any(volume.status in states.BEING_MADE for volume in left):
        return
    bad = [f"{volume.id} ({volume.status})" for volume in left]
    status = states.ERROR if bad else states.AVAILABLE
    if not groups.conditional_update(group_id, {"status": status}, (states.CREATING,)):
        return
    if bad:
        LOG.error(
            "Group %s: could not be copied, because these volumes were not: %s. Delete it with its "
            "volumes.",
            group_id,
            ", ".join(bad),
        )
    else:
        LOG.info("Group %s: created with %d volumes", group_id, len(members))


def delete(
    backend: Backend, context: RequestContext, group_id: str, claim: lifecycle.Claim
) -> None:
    """Delete the volumes of a group, data and rows, and then the group."""
    for volume in groups.volumes_of(group_id):
        if volume.status != states.DELETING:
            continue
        with claim(volume.id) as mine:
            if mine:
                lifecycle.delete(backend, context, volume.id)
    finish_delete(group_id)


def finish_delete(group_id: str) -> None:
    """Delete a group's row when no volume is left, or mark it in error when one can not go."""
    if groups.destroy(group_id, (states.DELETING,)):
        LOG.info("Group %s: deleted", group_id)
        return
    members = groups.volumes_of(group_id)
    if not members or any(volume.status == states.DELETING for volume in members):
        return
    if groups.conditional_update(group_id, {"status": states.ERROR}, (states.DELETING,)):
        left = ", ".join(f"{volume.id} ({volume.status})" for volume in members)
        LOG.error("Group %s: not deleted, because these volumes are left: %s", group_id, left)


def settle(backend: Backend) -> None:
    """Finish the groups and group snapshots that an earlier instance, or a lost message, left.

    Their volumes are settled by :func:`lifecycle.settle_lost`; a group with volumes that somebody
    still works on is left alone.
    """
    for group in groups.for_host(backend.service_host, (states.CREATING, states.DELETING)):
        try:
            if group.status == states.DELETING:
                finish_delete(group.id)
            elif group.source_group_id or group.group_snapshot_id:
                finish_copy(group.id)
        except Exception:
            LOG.exception("Group %s: could not be settled", group.id)
    group_snapshots.settle(backend)
