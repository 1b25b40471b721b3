# SPDX-License-Identifier: Apache-2.0
"""What a member may filter lists by: the operator's choice, in a JSON file as Cinder's.

The file holds ``{"volume": ["name", "status"], …}``; a name that ends in ``~`` lets that filter be
used as a part of the value, too, and where there is no file :data:`DEFAULT` holds. Administrators
may filter by more.
"""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Iterable

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite.api import faults

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

GENERAL = 31
"""The microversion that has the file decide."""
LIKE = 34
"""The microversion that knows ``name~``."""

DEFAULT: dict[str, list[str]] = {
    "volume": [
        "name",
        "status",
        "metadata",
        "bootable",
        "migration_status",
        "availability_zone",
        "group_id",
        "size",
        "created_at",
        "updated_at",
        "consumes_quota",
    ],
    "backup": ["name", "status", "volume_id"],
    "snapshot": [
        "name",
        "status",
        "volume_id",
        "metadata",
        "availability_zone",
        "consumes_quota",
    ],
    "group": ["name"],
    "group_snapshot": ["name", "status", "group_id"],
    "attachment": ["volume_id", "status", "instance_id", "attach_status"],
    "message": ["resource_uuid", "resource_type", "event_id", "request_id", "message_level"],
    "pool": ["name", "volume_type"],
    "volume_type": ["is_public", "extra_specs"],
}


def configured() -> dict[str, list[str]]:
    """Return the names of the filters by resource."""
    path = pathlib.Path(CONF.resource_query_filters_file)
    try:
        return _read(str(path), path.stat().st_mtime_ns)
    except OSError:
        return DEFAULT


@functools.lru_cache(maxsize=4)
def _read(path: str, _changed: int) -> dict[str, list[str]]:
    """Return what a file holds; read again when it has changed."""
    try:
        given = json.loads(pathlib.Path(path).read_text())
        return {str(name): [str(word) for word in words] for name, words in given.items()}
    except (ValueError, AttributeError, TypeError):
        LOG.exception("%s is not a JSON object of lists; the default filters hold", path)
        return DEFAULT


def refused(resource: str, names: Iterable[str], minor: int) -> list[str]:
    """Return those of some filters that a member may not use on a resource.

    :param minor: the microversion
    """
    known = set(configured().get(resource, ()))
    if minor >= LIKE:
        known |= {name.removesuffix("~") for name in known}
    return [name for name in names if name not in known]


def check(resource: str, names: Iterable[str], minor: int) -> None:
    """Pass filters that a member may use.

    :raises BadRequest: one is not among them; ``all_tenants`` is passed over, as clients send it
    """
    wrong = [name for name in refused(resource, names, minor) if name != "all_tenants"]
    if wrong:
        raise faults.BadRequest(f"Invalid filters {','.join(wrong)} are found in query options.")
