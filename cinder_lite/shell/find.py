# SPDX-License-Identifier: Apache-2.0
"""Finds what the user named, by id or by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cinder_lite.shell.errors import Ambiguous, NotFound, RequestRefused

if TYPE_CHECKING:
    from cinder_lite.shell.client import Client, Record

_HTTP_NOT_FOUND = 404
_ID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")


def looks_like_id(reference: str) -> bool:
    """Whether the text has the form of a UUID."""
    return _ID.fullmatch(reference) is not None


def get_or_none(client: Client, path: str, key: str) -> Record | None:
    """Return one thing by its path, or None where the service has no such thing.

    :raises RequestRefused: the service refused for another reason than that
    """
    try:
        found: Record = client.get(path, key)
    except RequestRefused as error:
        if error.status != _HTTP_NOT_FOUND:
            raise
        return None
    return found


def volume(client: Client, reference: str) -> Record:
    """Return a volume with all its fields.

    Names are looked up in the caller's project first and then, for administrators, in all.

    :param reference: id or name
    :raises NotFound: there is none
    :raises Ambiguous: the name is that of several volumes
    """
    if looks_like_id(reference):
        found = get_or_none(client, f"volumes/{reference}", "volume")
        if found:
            return found
    for everywhere in (None, 1):
        query = {"name": reference, "all_tenants": everywhere}
        named = list(client.pages("volumes/detail", "volumes", query))
        if named:
            return _only("volume", reference, named)
    raise NotFound("volume", reference)


def volume_type(client: Client, reference: str) -> Record:
    """Return a volume type, public or private.

    :param reference: id or name
    :raises NotFound: there is none
    :raises Ambiguous: the name is that of several types
    """
    if looks_like_id(reference):
        found = get_or_none(client, f"types/{reference}", "volume_type")
        if found:
            return found
    every = client.pages("types", "volume_types", {"is_public": "None"})
    named = [record for record in every if record["name"] == reference]
    if not named:
        raise NotFound("volume type", reference)
    return _only("volume type", reference, named)


def _only(kind: str, name: str, records: list[Record]) -> Record:
    if len(records) > 1:
        raise Ambiguous(kind, name, [record["id"] for record in records])
    return records[0]
