# SPDX-License-Identifier: Apache-2.0
"""The calls of the attachments resource."""

from __future__ import annotations

from cinder_lite.api.router import Route
from cinder_lite.api.schemas import attachments as bodies
from cinder_lite.api.v3 import attachments

_NEW_ATTACH, _COMPLETE_ATTACH = 27, 44

ROUTES = [
    Route("GET", "/attachments", attachments.index, since=_NEW_ATTACH),
    Route("GET", "/attachments/detail", attachments.detail, since=_NEW_ATTACH),
    Route(
        "POST",
        "/attachments",
        attachments.create,
        since=_NEW_ATTACH,
        body=bodies.CREATE,
    ),
    Route("GET", "/attachments/{attachment_id}", attachments.show, since=_NEW_ATTACH),
    Route(
        "PUT",
        "/attachments/{attachment_id}",
        attachments.update,
        since=_NEW_ATTACH,
        body=bodies.UPDATE,
    ),
    Route("DELETE", "/attachments/{attachment_id}", attachments.delete, since=_NEW_ATTACH),
    Route(
        "POST",
        "/attachments/{attachment_id}/action",
        attachments.action,
        status=204,
        since=_COMPLETE_ATTACH,
    ),
]
