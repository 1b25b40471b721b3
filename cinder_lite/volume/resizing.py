# SPDX-License-Identifier: Apache-2.0
"""What a request may start with a volume's data: let it grow, or go back to its snapshot."""

from __future__ import annotations

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import growth, reverts
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume.rooms import NOT_MOVING, Room, refusal_of, status_in

LOG = logging.getLogger(__name__)


class Resizing(Room):
    """The part of the volume API that changes a volume's size or data."""

    def extend(
        self, context: RequestContext, volume: Volume, new_size: int, *, attached: bool = False
    ) -> None:
        """Reserve what a volume will use more and have it grown, if its backend has the room.

        :param new_size: GiB
        :param attached: the volume is in use and is to grow while it is
        :raises InvalidInput: the volume is as large already
        :raises InvalidVolume: the volume's state forbids it; every rule that does is named
        :raises OverQuota: the project's quota is used up
        """
        rules = [NOT_MOVING, status_in(states.IN_USE if attached else states.AVAILABLE)]
        refused = growth.begin(volume.id, new_size, rules)
        if refused:
            raise refusal_of(volume.id, "can not be extended", refused)
        try:
            self.scheduler_rpcapi.extend_volume(context, volume.id, new_size)
        except Exception:
            growth.end(volume.id, grown=False)
            LOG.exception("Volume %s: the scheduler could not be asked to extend it", volume.id)
            raise exception.ServiceUnavailable(
                f"Volume {volume.id} was not extended: the message broker does not answer."
            ) from None
        LOG.info("Volume %s: extension to %s GiB asked for", volume.id, new_size)

    def extend_volume_completion(
        self, context: RequestContext, volume: Volume, *, error: bool
    ) -> None:
        """End an extension that Nova carries out; none of our drivers leaves that to Nova.

        :raises InvalidVolume: in any case
        """
        if volume.status != states.EXTENDING:
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} is not being extended (its status is {volume.status})."
            )
        raise exception.InvalidVolume(
            reason=f"volume {volume.id} is extended by its volume service, which completes the "
            "extension itself."
        )

    def revert_to_snapshot(
        self, context: RequestContext, volume: Volume, snapshot: Snapshot
    ) -> None:
        """Mark a volume and its latest snapshot, and have its host bring the data back.

        :raises InvalidVolume, InvalidSnapshot: the state of one forbids it
        """
        rules = [NOT_MOVING, status_in(states.AVAILABLE)]
        refused = reverts.begin(snapshot, rules)
        if refused:
            refusal = f"can not be reverted to snapshot {snapshot.id}"
            raise refusal_of(volume.id, refusal, refused)
        try:
            self.volume_rpcapi.revert_to_snapshot(context, volume, snapshot.id)
        except Exception:
            reverts.end(volume.id, states.AVAILABLE, snapshot.id)
            LOG.exception("Volume %s: %s could not be told to revert it", volume.id, volume.host)
            raise exception.ServiceUnavailable(
                f"Volume {volume.id} was not reverted: the message broker does not answer."
            ) from None
        LOG.info("Volume %s: reverting to snapshot %s asked for", volume.id, snapshot.id)
