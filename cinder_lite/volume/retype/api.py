# SPDX-License-Identifier: Apache-2.0
"""Admitting a change of a volume's type."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oslo_log import log as logging

from cinder_lite import exception, policy, states
from cinder_lite.context import RequestContext
from cinder_lite.db import conditions as cond
from cinder_lite.db import qos_specs, retypes, volume_types
from cinder_lite.objects import Volume, VolumeType
from cinder_lite.policies import volumes as policies
from cinder_lite.scheduler.rpcapi import SchedulerAPI
from cinder_lite.volume import encryption
from cinder_lite.volume.attachments import rules as shared
from cinder_lite.volume.create.spec import request_spec
from cinder_lite.volume.migration import servers

LOG = logging.getLogger(__name__)

_FRONT_END = ("front-end", "both")


_FREE = cond.In(
    "its status must be available, but is {volume.status}: the types are not encrypted in the "
    "same way, and data is encrypted anew only while nobody uses it.",
    "status",
    (states.AVAILABLE,),
)
_FREE_OR_USED = cond.In(
    "its status must be available or in-use, but is {volume.status}.",
    "status",
    (states.AVAILABLE, states.IN_USE),
)


_PARKED = cond.In(
    "its status must be reserved, but is {volume.status}.", "status", (states.RESERVED,)
)


def rules(
    new_type: VolumeType, *, encrypted_anew: bool = False, parked: Sequence[str] = ()
) -> list[cond.Condition]:
    """Return what must hold of a volume whose type is to change.

    :param encrypted_anew: the new type is encrypted in another way
    :param parked: ids of its attachments, if it is reserved for servers that are offloaded
    """
    status = _PARKED if parked else _FREE_OR_USED
    return [
        _FREE if encrypted_anew else status,
        cond.In(
            "it is moving to another backend (migration_status is {volume.migration_status}).",
            "migration_status",
            states.MIGRATION_IDLE,
        ),
        cond.In(
            "it is in the consistency group {volume.consistencygroup_id}.",
            "consistencygroup_id",
            (None,),
        ),
        cond.In("it is in the group {volume.group_id}.", "group_id", (None,)),
        cond.Differs(f"its type is {new_type.name} already.", "volume_type_id", new_type.id),
        cond.NotConnected("a server begins to use it again.", parked)
        if parked
        else cond.AttachmentsSettled("an attachment of it is being made."),
    ]


class RetypeAPI:
    """What os-retype starts.

    :param scheduler: returns the scheduler's client
    """

    def __init__(self, scheduler: Callable[[], SchedulerAPI]) -> None:
        self._scheduler = scheduler

    def start(
        self,
        context: RequestContext,
        volume: Volume,
        new_type: str,
        migration_policy: str,
        *,
        offline_servers: bool = False,
    ) -> None:
        """Ask for another type of a volume.

        :param new_type: name or id
        :param migration_policy: ``on-demand`` lets the volume move where that is needed
        :param offline_servers: where it moves, a server that is shut off has to let go of it
        :raises VolumeTypeNotFound: there is no such type
        :raises InvalidInput, InvalidVolume: the type does not fit, or the volume's state forbids it
        :raises OverQuota: the project may have no more of that type
        """
        wanted = volume_types.find(context, new_type)
        self._check(context, volume, wanted)
        anew = encryption.differs(volume.volume_type_id, wanted.id)
        needed = rules(wanted, encrypted_anew=anew, parked=_parked(context, volume))
        shared.decided(
            volume,
            needed,
            lambda: retypes.begin(volume.id, wanted.id, needed),
            f"can not get the type {wanted.name}",
        )
        spec = {
            **request_spec(volume, wanted),
            "migration_policy": migration_policy,
            "offline_servers": offline_servers,
        }
        try:
            self._scheduler().retype(context, volume.id, request_spec=spec)
        except Exception:
            retypes.give_up(volume.id, wanted.id)
            LOG.exception("Volume %s: the scheduler could not be asked for a place", volume.id)
            raise exception.ServiceUnavailable(
                f"Volume {volume.id} keeps its type: the message broker does not answer."
            ) from None
        LOG.info("Volume %s: the type %s is asked for", volume.id, wanted.name)

    @staticmethod
    def _check(context: RequestContext, volume: Volume, wanted: VolumeType) -> None:
        multiattach = wanted.extra_specs.get("multiattach", "").strip().lower() == "<is> true"
        if multiattach != volume.multiattach:
            if volume.status != states.AVAILABLE:
                raise exception.InvalidInput(
                    reason=f"volume {volume.id} can not get the type {wanted.name} while it is "
                    f"{volume.status}: one of the types is multiattach and the other is not."
                )
            if multiattach:
                policy.authorize(context, policies.MULTIATTACH, volume.project_id)
        old = volume.volume_type_id
        if multiattach and encryption.of_type(wanted.id):
            raise exception.InvalidInput(
                reason=f"the type {wanted.name} is encrypted and multiattach, which no volume can "
                "be."
            )
        if volume.status == states.IN_USE and _front_end(old) != _front_end(wanted.id):
            raise exception.InvalidVolume(
                reason=f"volume {volume.id} can not get the type {wanted.name} while it is in "
                "use: their QoS specs ask different things of the server's host."
            )


def _parked(context: RequestContext, volume: Volume) -> list[str]:
    """Return the ids of a volume's attachments if it is reserved for servers that are offloaded."""
    if volume.status != states.RESERVED:
        return []
    try:
        found = servers.look(context, volume, offline=False)
    except exception.ComputeFailed as error:
        LOG.warning("Volume %s: Nova can not be asked about its servers: %s", volume.id, error.msg)
        return []
    parked = found.use == servers.Use.PARKED
    return [attachment.id for attachment in found.attachments] if parked else []


def _front_end(type_id: str | None) -> str | None:
    """Return the id of a type's QoS specs if the server's host enforces them."""
    try:
        volume_type = volume_types.get(_admin(), type_id) if type_id else None
    except exception.VolumeTypeNotFound:
        return None
    if volume_type is None or volume_type.qos_specs_id is None:
        return None
    specs = qos_specs.get(volume_type.qos_specs_id)
    return specs.id if specs.consumer in _FRONT_END else None


def _admin() -> RequestContext:
    return RequestContext(is_admin=True, roles=["admin"], overwrite=False)
