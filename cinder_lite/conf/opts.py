# SPDX-License-Identifier: Apache-2.0
"""What oslo-config-generator prints for the namespace ``cinder_lite``."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from cinder_lite.conf import (
    api,
    backend,
    base,
    database,
    groups,
    image,
    key_manager,
    nova,
    quota,
    scheduler,
    volume,
)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return every option with the name of its section."""
    default: list[Any] = []
    for module in (base, api, scheduler, volume, groups, image, quota):
        default.extend(module.OPTS)
    default.extend(nova.MIGRATION_OPTS)
    return [
        ("DEFAULT", default),
        (database.GROUP, list(database.OPTS)),
        (key_manager.GROUP, list(key_manager.OPTS)),
        (image.GROUP, [*image.GLANCE_OPTS, *nova.auth_opts()]),
        (nova.GROUP, [*nova.OPTS, *nova.auth_opts()]),
        (nova.SERVICE_USER, [*nova.SERVICE_USER_OPTS, *nova.auth_opts()]),
        (backend.SHARED_GROUP, list(backend.OPTS)),
    ]
