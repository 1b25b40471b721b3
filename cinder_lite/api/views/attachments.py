# SPDX-License-Identifier: Apache-2.0
"""What an attachment looks like in answers."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.views import common
from cinder_lite.objects import Attachment


def summary(attachment: Attachment) -> dict[str, Any]:
    """Return what lists without details show."""
    return {
        "id": attachment.id,
        "status": attachment.attach_status,
        "instance": attachment.instance_uuid,
        "volume_id": attachment.volume_id,
    }


def detail(attachment: Attachment) -> dict[str, Any]:
    """Return an attachment in full; times that are not known are empty strings."""
    return {
        **summary(attachment),
        "attached_at": common.time(attachment.attach_time) or "",
        "detached_at": common.time(attachment.detach_time) or "",
        "attach_mode": attachment.attach_mode,
        "connection_info": attachment.connection_info,
    }
