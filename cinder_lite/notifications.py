# SPDX-License-Identifier: Apache-2.0
"""What is told to whoever listens (billing, telemetry): Cinder's event types and payloads.

They go where ``[oslo_messaging_notifications] driver`` says. Without one, nothing is put together.
"""

from __future__ import annotations

from typing import Any

from oslo_log import log as logging

from cinder_lite import exception, rpc, states
from cinder_lite.context import RequestContext
from cinder_lite.db import snapshots, volume_views
from cinder_lite.objects import Snapshot, Volume, utcnow

LOG = logging.getLogger(__name__)

PUBLISHER = "volume"
_FAILED = (states.ERROR, states.DELETING, states.ERROR_DELETING)


def about_volume(context: RequestContext, volume: Volume, event: str, **more: Any) -> None:
    """Send ``volume.<event>`` with what is known of a volume.

    :param event: such as ``create.start``
    :param more: further fields of the payload
    """
    usage = prepare(volume)
    if usage is not None:
        send(context, f"volume.{event}", usage | more)


def about_snapshot(
    context: RequestContext, snapshot: Snapshot, availability_zone: str | None, event: str
) -> None:
    """Send ``snapshot.<event>`` with what is known of a snapshot; of a temporary one, nothing.

    :param availability_zone: its volume's
    :param event: such as ``create.start``
    """
    usage = prepare_snapshot(snapshot, availability_zone)
    if usage is not None:
        send(context, f"snapshot.{event}", usage, publisher="snapshot")


def prepare_snapshot(snapshot: Snapshot, availability_zone: str | None) -> dict[str, Any] | None:
    """Return the payload of a snapshot's notifications, None where nobody is told.

    :param availability_zone: its volume's
    """
    failed = snapshot.status in _FAILED and snapshot.progress != "100%"
    if not (snapshot.use_quota or failed) or not rpc.notifications_enabled():
        return None
    try:
        return {
            "tenant_id": snapshot.project_id,
            "user_id": snapshot.user_id,
            "availability_zone": availability_zone,
            "volume_id": snapshot.volume_id,
            "volume_size": snapshot.volume_size,
            "snapshot_id": snapshot.id,
            "display_name": snapshot.display_name,
            "created_at": (snapshot.created_at or utcnow()).isoformat(),
            "status": snapshot.status,
            "deleted": str(snapshot.deleted),
            "metadata": str(snapshots.metadata(snapshot.id)),
        }
    except Exception:
        LOG.exception("Snapshot %s: a notification could not be made", snapshot.id)
        return None


def prepare(volume: Volume) -> dict[str, Any] | None:
    """Return the payload of a volume's notifications, None where nobody is told.

    A temporary volume, such as a move's, is nobody's business. What goes wrong is logged: whoever
    listens misses a notification, and the database has the truth.
    """
    try:
        if not rpc.notifications_enabled() or _is_temporary(volume):
            return None
        return usage_of(volume)
    except Exception:
        LOG.exception("Volume %s: a notification could not be made", volume.id)
        return None


def _is_temporary(volume: Volume) -> bool:
    """Tell whether a volume is not its project's own; one whose creation failed is, uncounted."""
    never_whole = volume.launched_at is None and volume.migration_status is None
    return not (volume.use_quota or (never_whole and volume.status in _FAILED))


def send(
    context: RequestContext,
    event_type: str,
    payload: dict[str, Any],
    *,
    publisher: str = PUBLISHER,
) -> bool:
    """Send a notification; its priority is ERROR where its type says so.

    :returns: False where it could not be sent, which is logged
    """
    try:
        notifier = rpc.get_notifier(publisher)
        tell = notifier.error if event_type.endswith(".error") else notifier.info
        tell(context, event_type, payload)
    except Exception:
        LOG.exception("The notification %s could not be sent", event_type)
        return False
    return True


def usage_of(volume: Volume) -> dict[str, Any]:
    """Return the payload of a volume's notifications."""
    now = utcnow()
    metadata, image_metadata, attachments = _belongings(volume)
    usage: dict[str, Any] = {
        "tenant_id": volume.project_id,
        "host": volume.host,
        "user_id": volume.user_id,
        "availability_zone": volume.availability_zone,
        "volume_id": volume.id,
        "volume_type": volume.volume_type_id,
        "display_name": volume.display_name,
        "launched_at": (volume.launched_at or now).isoformat(),
        "created_at": (volume.created_at or now).isoformat(),
        "status": volume.status,
        "snapshot_id": volume.snapshot_id,
        "size": volume.size,
        "replication_status": volume.replication_status,
        "replication_extended_status": volume.replication_extended_status,
        "replication_driver_data": volume.replication_driver_data,
        "metadata": _pairs(metadata),
        "volume_attachment": attachments,
    }
    if image_metadata:
        usage["glance_metadata"] = _pairs(image_metadata)
    return usage


def _belongings(
    volume: Volume,
) -> tuple[dict[str, str], dict[str, str] | None, list[dict[str, Any]]]:
    """Return a volume's metadata, its image's, and its attachments; nothing of one that is gone."""
    try:
        row = volume_views.show(volume.id, None, hide_temporary=False)
    except exception.VolumeNotFound:
        return {}, None, []
    names = ("id", "instance_uuid", "attached_host", "mountpoint", "attach_time")
    attachments = [
        {"volume_id": volume.id, **dict(zip(names, one, strict=False))}
        for one in row[volume_views.INDEX["attachments"]]
    ]
    index = volume_views.INDEX
    return row[index["metadata"]], row[index["image_metadata"]], attachments


def _pairs(items: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in items.items()]
