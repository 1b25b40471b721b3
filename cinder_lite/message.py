# SPDX-License-Identifier: Apache-2.0
"""What users are told of work that failed after its request was answered (GET /messages).

Resources, actions and details have Cinder's codes, so that what reads event ids goes on working;
codes from 100 on are ours. The sentences are fixed: the cause of a failure may name hosts, and is
for the log and for the record of a move, which administrators read.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite.context import RequestContext
from cinder_lite.db import messages, volume_migrations
from cinder_lite.objects import Message, Snapshot, utcnow

LOG = logging.getLogger(__name__)
CONF = cfg.CONF


class Words(NamedTuple):
    """A code and what it says."""

    code: str
    text: str


class Resource(enum.StrEnum):
    """What a message is about."""

    VOLUME = "VOLUME"
    VOLUME_SNAPSHOT = "VOLUME_SNAPSHOT"
    VOLUME_BACKUP = "VOLUME_BACKUP"


class Action(enum.Enum):
    """What was being done."""

    SCHEDULE_ALLOCATE_VOLUME = Words("001", "schedule allocate volume")
    ATTACH_VOLUME = Words("002", "attach volume")
    COPY_VOLUME_TO_IMAGE = Words("003", "copy volume to image")
    UPDATE_ATTACHMENT = Words("004", "update attachment")
    COPY_IMAGE_TO_VOLUME = Words("005", "copy image to volume")
    UNMANAGE_VOLUME = Words("006", "unmanage volume")
    EXTEND_VOLUME = Words("007", "extend volume")
    CREATE_VOLUME_FROM_BACKEND = Words("008", "create volume from backend storage")
    SNAPSHOT_CREATE = Words("009", "create snapshot")
    SNAPSHOT_DELETE = Words("010", "delete snapshot")
    SNAPSHOT_UPDATE = Words("011", "update snapshot")
    SNAPSHOT_METADATA_UPDATE = Words("012", "update snapshot metadata")
    BACKUP_CREATE = Words("013", "create backup")
    BACKUP_DELETE = Words("014", "delete backup")
    BACKUP_RESTORE = Words("015", "restore backup")
    REIMAGE_VOLUME = Words("016", "reimage volume")
    MIGRATE_VOLUME = Words("100", "migrate volume")
    DELETE_VOLUME = Words("101", "delete volume")


class Detail(enum.Enum):
    """What went wrong."""

    UNKNOWN_ERROR = Words("001", "Something went wrong that has no code of its own.")
    DRIVER_NOT_INITIALIZED = Words("002", "The storage backend is not ready.")
    NO_BACKEND_AVAILABLE = Words(
        "003",
        "No storage backend can take it. Try a smaller size or another volume type, or ask the "
        "operator for room.",
    )
    FAILED_TO_UPLOAD_VOLUME = Words("004", "The volume could not be uploaded as an image.")
    VOLUME_ATTACH_MODE_INVALID = Words("005", "The volume can not be attached in this mode.")
    QUOTA_EXCEED = Words("006", "The quota is used up.")
    NOT_ENOUGH_SPACE_FOR_IMAGE = Words("007", "The image is larger than the volume.")
    UNMANAGE_ENC_NOT_SUPPORTED = Words("008", "An encrypted volume can not be unmanaged.")
    NOTIFY_COMPUTE_SERVICE_FAILED = Words("009", "The compute service did not extend the volume.")
    DRIVER_FAILED_EXTEND = Words("010", "The storage backend did not extend the volume.")
    SIGNATURE_VERIFICATION_FAILED = Words("011", "The signature of the image is wrong.")
    DRIVER_FAILED_CREATE = Words(
        "012",
        "The storage backend did not create the volume. Delete it and try again; if that fails, "
        "too, ask the operator.",
    )
    SNAPSHOT_CREATE_ERROR = Words("013", "The snapshot was not created.")
    SNAPSHOT_UPDATE_METADATA_FAILED = Words("014", "The snapshot's metadata was not changed.")
    SNAPSHOT_IS_BUSY = Words("015", "The snapshot is in use.")
    SNAPSHOT_DELETE_ERROR = Words("016", "The snapshot was not deleted.")
    ATTACH_ERROR = Words("021", "The volume was not attached.")
    DETACH_ERROR = Words("022", "The volume was not detached.")
    BACKUP_SCHEDULE_ERROR = Words("024", "There is no backup service.")
    VOLUME_INVALID_STATE = Words("027", "The volume's status does not allow it.")
    REIMAGE_VOLUME_FAILED = Words("028", "The compute service did not reimage the volume.")
    IMAGE_FORMAT_UNACCEPTABLE = Words("029", "The image has another format than the volume.")
    NO_DESTINATION = Words("100", "The destination can not take the volume.")
    MIGRATION_FAILED = Words("101", "The volume was not moved; it is where it was.")
    DRIVER_FAILED_DELETE = Words("102", "The storage backend did not delete the volume.")
    TRIED_ELSEWHERE = Words(
        "103", "A storage backend did not create the volume, so another one is asked for it."
    )
    CREATION_INTERRUPTED = Words(
        "104",
        "The service was interrupted while it made the volume of an image, and may not read the "
        "image any more. Delete the volume and create it again.",
    )
    NOT_GIVEN_BACK = Words(
        "105",
        "The volume was detached from its server for the move and could not be attached again. Its "
        "data is whole. Attach it to the server.",
    )


_BY_ERROR = {
    "ImageRightsLost": Detail.CREATION_INTERRUPTED,
    "DriverNotInitialized": Detail.DRIVER_NOT_INITIALIZED,
    "NoValidHost": Detail.NO_BACKEND_AVAILABLE,
    "ImageSignatureVerificationException": Detail.SIGNATURE_VERIFICATION_FAILED,
    "InvalidSignatureImage": Detail.SIGNATURE_VERIFICATION_FAILED,
    "ImageTooBig": Detail.NOT_ENOUGH_SPACE_FOR_IMAGE,
    "SnapshotLimitExceeded": Detail.QUOTA_EXCEED,
    "VolumeLimitExceeded": Detail.QUOTA_EXCEED,
    "VolumeSizeExceedsAvailableQuota": Detail.QUOTA_EXCEED,
    "SnapshotIsBusy": Detail.SNAPSHOT_IS_BUSY,
}
"""Details of errors that say more than the place where they were met."""

_RECENT = 10
"""Among how many moves of a volume the one is looked for that a message is about."""
_ACTIONS = {action.value.code: action.value.text for action in Action}
_DETAILS = {detail.value.code: detail.value.text for detail in Detail}


def create(
    context: RequestContext,
    action: Action,
    resource_uuid: str,
    *,
    resource_type: Resource = Resource.VOLUME,
    error: BaseException | None = None,
    detail: Detail = Detail.UNKNOWN_ERROR,
    project_id: str | None = None,
    owner_id: str | None = None,
) -> str | None:
    """Leave a message for the project that asked; a failure is logged and harms nothing.

    Leave it before the status tells of the failure: who waits for the status looks for it then.

    :param resource_uuid: id of the volume or snapshot
    :param error: what went wrong; some errors have a detail of their own
    :param detail: the detail of any other error
    :param project_id: whom to tell where nobody asked (work taken up again)
    :param owner_id: whom to tell whoever asked
    :returns: the message's id, for :func:`withdraw`; None where none was left
    """
    told = owner_id or context.project_id or project_id
    if told is None:
        return None
    detail = _BY_ERROR.get(type(error).__name__.removesuffix("_Remote"), detail)
    event = f"VOLUME_{resource_type}_{action.value.code}_{detail.value.code}"
    try:
        return messages.create(
            {
                "project_id": told,
                "request_id": context.request_id,
                "resource_type": str(resource_type),
                "resource_uuid": resource_uuid,
                "event_id": event,
                "action_id": action.value.code,
                "detail_id": detail.value.code,
                "message_level": "ERROR",
                "expires_at": utcnow() + datetime.timedelta(seconds=CONF.message_ttl),
            }
        )
    except Exception:
        LOG.exception(
            "%s %s: the message %s could not be kept", resource_type, resource_uuid, event
        )
        return None


@contextlib.contextmanager
def standing(*args: Any, **kwargs: Any) -> Iterator[None]:
    """Leave a message as :func:`create` does, and take it back if what follows fails."""
    told = create(*args, **kwargs)
    try:
        yield
    except Exception:
        withdraw(told)
        raise


def about_snapshot(context: RequestContext, snapshot: Snapshot, error: BaseException) -> str | None:
    """Leave a message that a snapshot could not be made; a temporary one has none.

    :returns: the message's id, as :func:`create`
    """
    if not snapshot.use_quota:
        return None
    return create(
        context,
        Action.SNAPSHOT_CREATE,
        snapshot.id,
        resource_type=Resource.VOLUME_SNAPSHOT,
        error=error,
        detail=Detail.SNAPSHOT_CREATE_ERROR,
        project_id=snapshot.project_id,
    )


def withdraw(message_id: str | None) -> None:
    """Take a message back whose failure turned out to be none; a failure to do so is logged.

    :param message_id: what :func:`create` has returned
    """
    if message_id is None:
        return
    try:
        messages.destroy(message_id)
    except Exception:
        LOG.exception("The message %s could not be taken back", message_id)


def text(message: Message) -> str:
    """Return what a message says to its reader."""
    action = _ACTIONS.get(message.action_id, "unknown action")
    detail = _DETAILS.get(message.detail_id, Detail.UNKNOWN_ERROR.value.text)
    if message.detail_id == Detail.NOT_GIVEN_BACK.value.code:
        detail = f"{detail} {_former_use(str(message.resource_uuid))}".strip()
    return f"{action}:{detail}"


def _former_use(volume_id: str) -> str:
    """Return how a volume was used that a server let go of for a move and has not got back."""
    for record in volume_migrations.listing({"volume_id": volume_id}, limit=_RECENT):
        if record.server_id is not None:
            device = json.loads(record.server_use or "{}").get("device")
            place = f" as {device}" if device else ""
            return f"That was the server {record.server_id}, which used the volume{place}."
    return ""
