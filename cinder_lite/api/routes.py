# SPDX-License-Identifier: Apache-2.0
"""Every call of the API: method, path, handler, and what it needs. Paths are below /v3."""

from __future__ import annotations

from cinder_lite.api import (
    routes_admin,
    routes_attachments,
    routes_groups,
    routes_snapshots,
    routes_types,
)
from cinder_lite.api.router import Route
from cinder_lite.api.schemas import volumes as volume_bodies
from cinder_lite.api.v3 import (
    extensions,
    openapi,
    resource_filters,
    volume_actions,
    volume_encryption,
    volume_metadata,
    volume_migrations,
    volumes,
)
from cinder_lite.policies import volume_migrations as migration_rules
from cinder_lite.policies import volumes as volume_rules

VOLUMES = [
    Route("GET", "/volumes", volumes.index, policy=volume_rules.GET_ALL),
    Route("GET", "/volumes/detail", volumes.detail, policy=volume_rules.GET_ALL),
    Route("GET", "/volumes/summary", volumes.summary, policy=volume_rules.GET_ALL, since=12),
    Route(
        "POST",
        "/volumes",
        volumes.create,
        status=202,
        policy=volume_rules.CREATE,
        body=volume_bodies.CREATE,
    ),
    Route("GET", "/volumes/{volume_id}", volumes.show),
    Route("PUT", "/volumes/{volume_id}", volumes.update, body=volume_bodies.UPDATE),
    Route("DELETE", "/volumes/{volume_id}", volumes.delete, status=202),
    Route("POST", "/volumes/{volume_id}/action", volume_actions.action, status=202),
    Route("GET", "/volumes/{volume_id}/metadata", volume_metadata.index),
    Route(
        "POST",
        "/volumes/{volume_id}/metadata",
        volume_metadata.create,
        body=volume_bodies.METADATA,
    ),
    Route(
        "PUT",
        "/volumes/{volume_id}/metadata",
        volume_metadata.replace,
        body=volume_bodies.METADATA,
    ),
    Route("GET", "/volumes/{volume_id}/metadata/{key}", volume_metadata.show),
    Route(
        "PUT",
        "/volumes/{volume_id}/metadata/{key}",
        volume_metadata.update,
        body=volume_bodies.METADATA_ITEM,
    ),
    Route("DELETE", "/volumes/{volume_id}/metadata/{key}", volume_metadata.delete),
    Route("GET", "/volumes/{volume_id}/encryption", volume_encryption.index),
    Route("GET", "/volumes/{volume_id}/encryption/{key}", volume_encryption.show),
]

MIGRATIONS = [
    Route("GET", "/os-volume-migrations", volume_migrations.index, policy=migration_rules.INDEX),
    Route(
        "GET",
        "/os-volume-migrations/{migration_id}",
        volume_migrations.show,
        policy=migration_rules.SHOW,
    ),
    Route(
        "DELETE",
        "/os-volume-migrations/{migration_id}",
        volume_migrations.abort,
        status=202,
        policy=migration_rules.ABORT,
    ),
]

EXTENSIONS = [
    Route("GET", "/extensions", extensions.index),
    Route("GET", "/extensions/{alias}", extensions.show),
    Route("GET", "/openapi", openapi.show),
    Route("GET", "/resource_filters", resource_filters.index, since=33),
]

ROUTES = [
    *VOLUMES,
    *routes_attachments.ROUTES,
    *MIGRATIONS,
    *routes_types.ROUTES,
    *routes_admin.ROUTES,
    *EXTENSIONS,
    *routes_groups.ROUTES,
    *routes_snapshots.ROUTES,
]
