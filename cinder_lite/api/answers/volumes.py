# SPDX-License-Identifier: Apache-2.0
"""What calls about volumes answer. The fields of a volume are those of its view."""

from __future__ import annotations

from typing import Any

from cinder_lite import states
from cinder_lite.api import microversions
from cinder_lite.api.answers.shape import (
    BOOLEAN,
    BOOLEAN_OR_NULL,
    COUNT,
    INTEGER,
    LINKS,
    OBJECT,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    TEXTS_OR_NULLS,
    TIME,
    TIME_OR_NULL,
    UUID,
    UUID_OR_NULL,
    Field,
    Shape,
    array,
    either,
    holding,
    one_of,
    page,
    since,
    sometimes,
)
from cinder_lite.api.views import volumes as views

_NULL: dict[str, Any] = {"type": "null"}

_ATTACHMENT = Shape(
    "volume-attachment",
    {
        "id": UUID,
        "attachment_id": UUID,
        "volume_id": UUID,
        "server_id": TEXT_OR_NULL,
        "host_name": TEXT_OR_NULL,
        "device": TEXT_OR_NULL,
        "attached_at": TIME_OR_NULL,
    },
)

_FIELDS: dict[str, Any] = {
    "id": UUID,
    "status": TEXT,
    "size": COUNT,
    "availability_zone": TEXT_OR_NULL,
    "created_at": TIME,
    "updated_at": TIME_OR_NULL,
    "name": TEXT_OR_NULL,
    "description": TEXT_OR_NULL,
    "volume_type": TEXT_OR_NULL,
    "snapshot_id": UUID_OR_NULL,
    "source_volid": UUID_OR_NULL,
    "metadata": TEXTS,
    "links": LINKS,
    "user_id": TEXT_OR_NULL,
    "bootable": one_of("true", "false"),
    "encrypted": BOOLEAN,
    "replication_status": TEXT_OR_NULL,
    "consistencygroup_id": UUID_OR_NULL,
    "multiattach": BOOLEAN,
    "attachments": array(_ATTACHMENT),
    "migration_status": TEXT_OR_NULL,
    "group_id": UUID_OR_NULL,
    "provider_id": TEXT_OR_NULL,
    "shared_targets": BOOLEAN,
    "service_uuid": UUID_OR_NULL,
    "cluster_name": TEXT_OR_NULL,
    "volume_type_id": UUID_OR_NULL,
    "consumes_quota": BOOLEAN,
    "os-vol-tenant-attr:tenant_id": TEXT_OR_NULL,
    "os-vol-mig-status-attr:migstat": TEXT_OR_NULL,
    "os-vol-mig-status-attr:name_id": UUID_OR_NULL,
    "os-vol-host-attr:host": TEXT_OR_NULL,
}


def _volume(name: str, fields: tuple[views.Field, ...], **others: Field) -> Shape:
    """Return the shape of a volume with fields of the view."""
    known: dict[str, Any] = {
        field.name: Field(_FIELDS[field.name], field.since, not field.seen_by) for field in fields
    }
    known["shared_targets"] = (
        known["shared_targets"],
        Field(BOOLEAN_OR_NULL, views.TRISTATE_SHARED_TARGETS),
    )
    return Shape(name, {**known, **others})


VOLUME = _volume("volume", views.DETAIL, volume_image_metadata=sometimes(TEXTS))
WRITTEN = _volume(
    "volume-written", tuple(one for one in views.DETAIL if one.seen_by in ("", views.ADMIN))
)
"""A volume in the answers to its creation and to changes."""
MANAGED = WRITTEN.at("volume-managed", 0)
_SUMMARY = Shape("volume-summary", {"id": UUID, "name": TEXT_OR_NULL, "links": LINKS})

_SUM = Shape(
    "volumes-sum",
    {
        "total_count": COUNT,
        "total_size": COUNT,
        "metadata": since(
            microversions.VOLUMES_SUMMARY_METADATA,
            {"type": "object", "additionalProperties": array(TEXT)},
        ),
    },
)

METADATA = holding("metadata", TEXTS)
META = holding("meta", {**TEXTS, "minProperties": 1})

_ENCRYPTION = Shape(
    "volume-encryption",
    {
        "encryption_key_id": UUID_OR_NULL,
        "control_location": sometimes(one_of("front-end", "back-end")),
        "cipher": sometimes(TEXT_OR_NULL),
        "key_size": sometimes({"type": ["integer", "null"]}),
        "provider": sometimes(TEXT),
    },
)

_PHASES = tuple(
    sorted({value for name, value in vars(states).items() if name.startswith("PHASE_")})
)
_MIGRATION = Shape(
    "volume-migration",
    {
        "id": UUID,
        "volume_id": UUID,
        "new_volume_id": UUID_OR_NULL,
        "source_host": TEXT,
        "dest_host": TEXT,
        "mode": one_of(states.MODE_DRIVER, states.MODE_HOST_COPY, states.MODE_NOVA, None),
        "status": one_of(states.RECORD_RUNNING, states.RECORD_SUCCESS, states.RECORD_ERROR),
        "phase": one_of(*_PHASES),
        "bytes_total": COUNT,
        "bytes_copied": COUNT,
        "bytes_skipped": COUNT,
        "bytes_per_second": COUNT,
        "percent": {"type": ["integer", "null"], "minimum": 0, "maximum": 100},
        "force_host_copy": BOOLEAN,
        "lock_volume": BOOLEAN,
        "offline_servers": BOOLEAN,
        "server_id": UUID_OR_NULL,
        "error": TEXT_OR_NULL,
        "user_id": TEXT_OR_NULL,
        "project_id": TEXT_OR_NULL,
        "request_id": TEXT_OR_NULL,
        "created_at": TIME,
        "started_at": TIME_OR_NULL,
        "updated_at": TIME_OR_NULL,
        "finished_at": TIME_OR_NULL,
    },
)

_IMAGE = Shape(
    "volume-upload",
    {
        "id": UUID,
        # Unlike every other time it has no microseconds where they are zero.
        "updated_at": TEXT_OR_NULL,
        "status": one_of(states.UPLOADING),
        "display_description": TEXT_OR_NULL,
        "size": INTEGER,
        "volume_type": either(
            Shape(
                "volume-upload-type",
                {
                    "id": UUID,
                    "name": TEXT,
                    "description": TEXT_OR_NULL,
                    "is_public": BOOLEAN,
                    "qos_specs_id": sometimes(UUID_OR_NULL),
                    "extra_specs": sometimes(TEXTS_OR_NULLS),
                },
            ),
            _NULL,
        ),
        "image_id": UUID,
        "container_format": TEXT_OR_NULL,
        "disk_format": TEXT_OR_NULL,
        "image_name": TEXT_OR_NULL,
        "protected": sometimes(BOOLEAN, 1),
        "visibility": sometimes(TEXT, 1),
    },
)

_ONE = "/volumes/{volume_id}"
_ITEM = f"{_ONE}/metadata/{{key}}"

ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "/volumes"): page("volumes", _SUMMARY, "volumes_links", counted=True),
    ("GET", "/volumes/detail"): page("volumes", VOLUME, "volumes_links", counted=True),
    ("GET", "/volumes/summary"): holding("volume-summary", _SUM),
    ("POST", "/volumes"): holding("volume", WRITTEN),
    ("GET", _ONE): holding("volume", VOLUME),
    ("PUT", _ONE): holding("volume", WRITTEN),
    ("GET", f"{_ONE}/metadata"): METADATA,
    ("POST", f"{_ONE}/metadata"): METADATA,
    ("PUT", f"{_ONE}/metadata"): METADATA,
    ("GET", _ITEM): META,
    ("PUT", _ITEM): META,
    ("GET", f"{_ONE}/encryption"): _ENCRYPTION,
    ("GET", "/os-volume-migrations"): page(
        "volume_migrations", _MIGRATION, "volume_migrations_links"
    ),
    ("GET", "/os-volume-migrations/{migration_id}"): holding("volume_migration", _MIGRATION),
}

ACTIONS: dict[str, tuple[int, Any]] = {
    "os-initialize_connection": (200, holding("connection_info", OBJECT)),
    "os-migrate_volume_completion": (200, holding("save_volume_id", UUID)),
    "os-show_image_metadata": (200, METADATA),
    "os-set_image_metadata": (200, METADATA),
    "os-unset_image_metadata": (200, None),
    "os-set_bootable": (200, None),
    "os-volume_upload_image": (202, holding("os-volume_upload_image", _IMAGE)),
}
"""Status and answer of each action on a volume that answers more than 202."""
