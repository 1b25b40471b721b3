# SPDX-License-Identifier: Apache-2.0
"""Rules of the attributes of a volume that not everybody sees."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, READER, rule

_CALLS = ("GET /volumes/{volume_id}", "GET /volumes/detail")

HOST = "volume_extension:volume_host_attribute"
TENANT = "volume_extension:volume_tenant_attribute"
MIGRATION_STATUS = "volume_extension:volume_mig_status_attribute"
IMAGE_METADATA = "volume_extension:volume_image_metadata:show"
ENCRYPTION = "volume_extension:volume_encryption_metadata"

RULES = [
    rule(HOST, ADMIN_API, "See a volume's host (os-vol-host-attr:host).", *_CALLS),
    rule(TENANT, READER, "See a volume's project (os-vol-tenant-attr:tenant_id).", *_CALLS),
    rule(
        MIGRATION_STATUS,
        ADMIN_API,
        "See a volume's migration status (os-vol-mig-status-attr:migstat and name_id).",
        *_CALLS,
    ),
    rule(
        IMAGE_METADATA,
        READER,
        "See the metadata of the image that a volume was made of (volume_image_metadata).",
        *_CALLS,
    ),
    rule(
        ENCRYPTION,
        READER,
        "See how a volume is encrypted.",
        "GET /volumes/{volume_id}/encryption",
        "GET /volumes/{volume_id}/encryption/{key}",
    ),
]
