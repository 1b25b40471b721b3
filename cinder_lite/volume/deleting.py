# SPDX-License-Identifier: Apache-2.0
"""What a request may start to get rid of a volume: delete it, with its snapshots, or forget it."""

from __future__ import annotations

from oslo_log import log as logging

from cinder_lite import exception, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import deletion, volumes
from cinder_lite.objects import Volume
from cinder_lite.volume import encryption, frozen
from cinder_lite.volume.rooms import NO_GROUP, NOT_ATTACHED, NOT_MOVING, Room, refusal_of, status_in

LOG = logging.getLogger(__name__)

_STATUS = status_in(*states.DELETABLE)


class Deleting(Room):
    """The part of the volume API that gets rid of volumes."""

    def delete(
        self,
        context: RequestContext,
        volume: Volume,
        *,
        force: bool = False,
        cascade: bool = False,
    ) -> None:
        """Mark a volume as deleting and tell its host, or delete the row of one without a host.

        :param force: whatever its status, as long as it is not attached and not moving
        :param cascade: its snapshots go with it
        :raises InvalidInput: its backend is frozen
        :raises InvalidVolume: a rule forbids it
        """
        frozen.check(volume.host)
        # What could not be taken over was never ours: it is forgotten, its data stays.
        failed = volume.status == states.ERROR_MANAGING
        status = states.ERROR_MANAGING_DELETING if failed else states.DELETING
        self._begin(context, volume, status, "can not be deleted", force=force, cascade=cascade)

    def unmanage(self, context: RequestContext, volume: Volume) -> None:
        """Have a volume's host forget it; its data stays.

        :raises InvalidVolume: a rule forbids it
        :raises Invalid: the volume is encrypted: without its key the data would be lost
        """
        if volume.encryption_key_id is not None:
            raise exception.Invalid("Unmanaging encrypted volumes is not supported.")
        self._begin(context, volume, states.UNMANAGING, "can not be unmanaged")

    def _begin(
        self,
        context: RequestContext,
        volume: Volume,
        status: str,
        refusal: str,
        *,
        force: bool = False,
        cascade: bool = False,
    ) -> None:
        rules: list[cond.Condition] = [NOT_MOVING, NOT_ATTACHED, *NO_GROUP]
        if not force:
            rules.append(_STATUS)
        refused = deletion.begin(
            volume.id,
            {"previous_status": volumes.column("status"), "status": status},
            rules,
            cascade=cascade,
            force=force,
            project_id=None if context.is_admin else context.project_id,
            at_once=not volume.host,
        )
        if refused:
            raise refusal_of(volume.id, refusal, refused)
        if not volume.host:
            encryption.forget_key(context, volume)
            LOG.info("Volume %s: deleted; it was never on a backend", volume.id)
            return
        try:
            self.volume_rpcapi.delete_volume(
                context, volume, unmanage_only=status in states.FORGOTTEN
            )
        except Exception:
            LOG.exception("Volume %s: its host could not be told to delete it", volume.id)
            # Snapshots that go with it are marked already, and stay so: they have no way back.
            if not cascade:
                volumes.update(volume.id, {"status": volume.status})
            raise exception.ServiceUnavailable(
                f"Volume {volume.id} was not deleted: the message broker does not answer."
            ) from None
        LOG.info("Volume %s: %s asked for", volume.id, status)
