# SPDX-License-Identifier: Apache-2.0
"""/qos-specs: limits of volumes, given to them by their types."""

from __future__ import annotations

from typing import Any

from cinder_lite import exception
from cinder_lite.api import faults, paging, validation
from cinder_lite.api.request import Request
from cinder_lite.api.views import qos_specs as views
from cinder_lite.db import qos_specs, volume_types

_SORT_KEYS = frozenset({"id", "name", "consumer", "created_at", "updated_at"})
_FILTERS = frozenset({"id", "name", "consumer"})
_CONSUMERS = ("back-end", "front-end", "both")
_LONGEST = 255


def index(request: Request) -> dict[str, Any]:
    """Return a page of QoS specs."""
    page = paging.parse(request, _SORT_KEYS, {})
    if page.marker is not None:
        qos_specs.get(page.marker)
    found = qos_specs.listing()
    for name, value in request.query.items():
        if name not in paging.PARAMETERS:
            found = [specs for specs in found if name in _FILTERS and getattr(specs, name) == value]
    found = paging.cut(found, page)
    answer: dict[str, Any] = {"qos_specs": [views.show(specs) for specs in found]}
    following = paging.next_link(request, page, [specs.id for specs in found])
    if following is not None:
        answer["qos_specs_links"] = following
    return answer


def show(request: Request, specs_id: str) -> dict[str, Any]:
    """Return QoS specs."""
    return views.detail(request, qos_specs.get(specs_id))


def create(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """Create QoS specs; what the body holds besides name and consumer are their items."""
    items = dict(body["qos_specs"])
    name = _name(items.pop("name"))
    consumer = items.pop("consumer", None) or _CONSUMERS[0]
    _check_consumer(consumer)
    _check_items(items)
    return views.detail(request, qos_specs.create(name, consumer, items))


def update(request: Request, body: dict[str, Any], specs_id: str) -> dict[str, Any]:
    """Set items of QoS specs, or their consumer, and leave the others."""
    items = dict(body["qos_specs"])
    qos_specs.get(specs_id)
    consumer = None
    if "consumer" in items:
        consumer = items.pop("consumer")
        _check_consumer(consumer)
    qos_specs.update(specs_id, items, consumer)
    return body


def delete(request: Request, specs_id: str) -> None:
    """Remove QoS specs; with ``force`` from the types that refer to them, too."""
    text = request.query.get("force", "false")
    force = validation.boolean(text, "force")
    qos_specs.get(specs_id)
    qos_specs.destroy(specs_id, force=force)


def delete_keys(request: Request, body: dict[str, Any], specs_id: str) -> None:
    """Remove items of QoS specs."""
    qos_specs.get(specs_id)
    qos_specs.delete_keys(specs_id, body["keys"])


def associations(request: Request, specs_id: str) -> dict[str, Any]:
    """Return the types that refer to QoS specs."""
    qos_specs.get(specs_id)
    return {
        "qos_associations": [
            {"association_type": "volume_type", "name": name, "id": type_id}
            for type_id, name in qos_specs.associations(specs_id)
        ]
    }


def associate(request: Request, specs_id: str) -> None:
    """Let a type refer to QoS specs."""
    type_id = _type_id(request)
    qos_specs.get(specs_id)
    volume_types.get(request.context, type_id)
    qos_specs.associate(specs_id, type_id)


def disassociate(request: Request, specs_id: str) -> None:
    """Let a type no longer refer to QoS specs."""
    type_id = _type_id(request)
    qos_specs.get(specs_id)
    volume_types.get(request.context, type_id)
    qos_specs.disassociate(specs_id, type_id)


def disassociate_all(request: Request, specs_id: str) -> None:
    """Let no type refer to QoS specs."""
    qos_specs.get(specs_id)
    qos_specs.disassociate(specs_id)


def _type_id(request: Request) -> str:
    type_id = request.query.get("vol_type_id")
    if not type_id:
        raise faults.BadRequest("Volume Type id must not be None.")
    return type_id


def _name(name: str) -> str:
    name = name.strip()
    if not name:
        raise exception.InvalidName(reason="It is empty.")
    if len(name) > _LONGEST:
        raise exception.InvalidName(reason=f"It is longer than {_LONGEST} characters.")
    return name


def _check_consumer(consumer: Any) -> None:
    if consumer not in _CONSUMERS:
        raise exception.InvalidQoSSpecs(
            reason=f"the consumer must be one of {', '.join(_CONSUMERS)}, not '{consumer}'."
        )


def _check_items(items: dict[str, Any]) -> None:
    for key, value in items.items():
        if not 1 <= len(key) <= _LONGEST:
            raise exception.InvalidInput(
                reason=f'Key "{key[:_LONGEST]}" must have 1 to {_LONGEST} characters.'
            )
        if value is not None and (not isinstance(value, str) or len(value) > _LONGEST):
            raise exception.InvalidInput(
                reason=f'The value of "{key}" must be a string of up to {_LONGEST} characters.'
            )
