# SPDX-License-Identifier: Apache-2.0
"""What a volume looks like in answers: every field, and the microversion that brought it.

The order of the fields and what null means are Cinder's. A view is compiled once for each
microversion and set of attributes that the caller may see.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

from cinder_lite import policy, states
from cinder_lite.api.request import Request
from cinder_lite.db.volume_views import INDEX, Row
from cinder_lite.policies import volume_attributes as attributes


class Field(NamedTuple):
    """One field of the detailed view.

    :param name: the key in the answer
    :param source: the field of the row, or None where the view makes the value
    :param since: first microversion (minor) that has it
    :param seen_by: who sees it: everybody, administrators, or who passes a rule of attributes
    """

    name: str
    source: str | None
    since: int = 0
    seen_by: str = ""


ADMIN = "admin"
_SERVICE = "service"
"""Role of services: Glance looks for its own host among the attachments."""

DETAIL = (
    Field("id", "id"),
    Field("status", "status"),
    Field("size", "size"),
    Field("availability_zone", "availability_zone"),
    Field("created_at", "created_at"),
    Field("updated_at", "updated_at"),
    Field("name", "display_name"),
    Field("description", "display_description"),
    Field("volume_type", "volume_type"),
    Field("snapshot_id", "snapshot_id"),
    Field("source_volid", "source_volid"),
    Field("metadata", "metadata"),
    Field("links", None),
    Field("user_id", "user_id"),
    Field("bootable", None),
    Field("encrypted", None),
    Field("replication_status", "replication_status"),
    Field("consistencygroup_id", "consistencygroup_id"),
    Field("multiattach", None),
    Field("attachments", None),
    Field("migration_status", "migration_status", seen_by=ADMIN),
    Field("group_id", "group_id", since=13),
    Field("provider_id", "provider_id", since=21, seen_by=ADMIN),
    Field("shared_targets", None, since=48),
    Field("service_uuid", "service_uuid", since=48),
    Field("cluster_name", "cluster_name", since=61, seen_by=ADMIN),
    Field("volume_type_id", "volume_type_id", since=63),
    Field("consumes_quota", None, since=65),
    Field("os-vol-tenant-attr:tenant_id", "project_id", seen_by=attributes.TENANT),
    Field(
        "os-vol-mig-status-attr:migstat", "migration_status", seen_by=attributes.MIGRATION_STATUS
    ),
    Field("os-vol-mig-status-attr:name_id", "_name_id", seen_by=attributes.MIGRATION_STATUS),
    Field("os-vol-host-attr:host", "host", seen_by=attributes.HOST),
)

_RULES = (
    attributes.TENANT,
    attributes.MIGRATION_STATUS,
    attributes.HOST,
    attributes.IMAGE_METADATA,
)

TRISTATE_SHARED_TARGETS = 69

View = Callable[[Row, str, str], dict[str, Any]]

_SHOWN_AS = {
    states.MANAGING: states.CREATING,
    states.ERROR_MANAGING: states.ERROR,
    states.ERROR_MANAGING_DELETING: states.DELETING,
}
"""Statuses that clients know by older names."""
_ID, _BOOTABLE = INDEX["id"], INDEX["bootable"]
_METADATA, _IMAGE = INDEX["metadata"], INDEX["image_metadata"]
_KEY, _MULTIATTACH = INDEX["encryption_key_id"], INDEX["multiattach"]
_ATTACHMENTS, _SHARED = INDEX["attachments"], INDEX["shared_targets"]
_QUOTA = INDEX["use_quota"]


def detail(request: Request, *, with_attributes: bool = True, minor: int | None = None) -> View:
    """Return the function that makes a row the detailed answer for this request.

    It is called with a row and the beginnings of self and bookmark links.

    :param with_attributes: with the os-…-attr fields, which a create's or update's answer lacks
    :param minor: answer as at this microversion; None: as at the request's
    """
    context = request.context
    rules = [rule for rule in _RULES if with_attributes and policy.allowed(context, rule)]
    if context.is_admin:
        rules.append(ADMIN)
    if context.is_admin or _SERVICE in context.roles:
        rules.append(_SERVICE)
    seen = frozenset(rules)
    return _compiled(request.minor if minor is None else minor, seen)


@functools.lru_cache(maxsize=512)
def _compiled(minor: int, seen: frozenset[str]) -> View:
    fields = [f for f in DETAIL if f.since <= minor and (not f.seen_by or f.seen_by in seen)]
    names = [field.name for field in fields]
    pick = itemgetter(*(INDEX[field.source or "id"] for field in fields))
    tristate = minor >= TRISTATE_SHARED_TARGETS
    with_hosts = _SERVICE in seen
    targets, quota = "shared_targets" in names, "consumes_quota" in names
    image = attributes.IMAGE_METADATA in seen

    def view(row: Row, self_link: str, bookmark: str) -> dict[str, Any]:
        volume = dict(zip(names, pick(row), strict=False))
        volume_id = row[_ID]
        volume["status"] = _SHOWN_AS.get(volume["status"], volume["status"])
        volume["metadata"] = row[_METADATA] or {}
        volume["links"] = _links(volume_id, self_link, bookmark)
        volume["bootable"] = "true" if row[_BOOTABLE] else "false"
        volume["encrypted"] = row[_KEY] is not None
        volume["multiattach"] = bool(row[_MULTIATTACH])
        attachments = row[_ATTACHMENTS]
        volume["attachments"] = (
            _attachments(volume_id, attachments, with_hosts) if attachments else []
        )
        if targets:
            shared = row[_SHARED]
            unknown = shared is None and tristate
            volume["shared_targets"] = None if unknown else bool(shared)
        if quota:
            volume["consumes_quota"] = bool(row[_QUOTA])
        if image and row[_IMAGE]:
            volume["volume_image_metadata"] = row[_IMAGE]
        return volume

    return view


def summary(row: Row, self_link: str, bookmark: str) -> dict[str, Any]:
    """Return what a list without details shows of a volume, of a brief row: its id and name."""
    volume_id, name = row
    return {"id": volume_id, "name": name, "links": _links(volume_id, self_link, bookmark)}


def link_beginnings(request: Request) -> tuple[str, str]:
    """Return the beginnings of a volume's self and bookmark links."""
    own, bookmark = request.links
    return f"{own}volumes/", f"{bookmark}volumes/"


def _links(volume_id: str, self_link: str, bookmark: str) -> list[dict[str, str]]:
    return [
        {"rel": "self", "href": self_link + volume_id},
        {"rel": "bookmark", "href": bookmark + volume_id},
    ]


def _attachments(volume_id: str, rows: list[list[Any]], with_hosts: bool) -> list[dict[str, Any]]:
    return [
        {
            "id": volume_id,
            "attachment_id": attachment_id,
            "volume_id": volume_id,
            "server_id": server_id,
            "host_name": host if with_hosts else None,
            "device": device,
            "attached_at": attached_at,
        }
        for attachment_id, server_id, host, device, attached_at in rows
    ]
