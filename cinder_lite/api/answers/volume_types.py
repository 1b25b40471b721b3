# SPDX-License-Identifier: Apache-2.0
"""What calls about volume types answer, and those about what belongs to them."""

from __future__ import annotations

from typing import Any

from cinder_lite.api.answers.shape import (
    BOOLEAN,
    LINKS,
    TEXT,
    TEXT_OR_NULL,
    TEXTS_OR_NULLS,
    TIME,
    TIME_OR_NULL,
    UUID,
    UUID_OR_NULL,
    Shape,
    array,
    either,
    holding,
    one_of,
    page,
    sometimes,
)

_IS_PUBLIC = "os-volume-type-access:is_public"
_BRIEF: dict[str, Any] = {
    "id": UUID,
    "name": TEXT,
    "is_public": BOOLEAN,
    "description": TEXT_OR_NULL,
}
_TYPE = Shape(
    "volume-type",
    {
        **_BRIEF,
        "extra_specs": sometimes(TEXTS_OR_NULLS),
        "qos_specs_id": sometimes(UUID_OR_NULL),
        _IS_PUBLIC: sometimes(BOOLEAN),
    },
)
_CHANGED: dict[str, Any] = {**_BRIEF, "extra_specs": TEXTS_OR_NULLS}
_TYPE_CHANGED = Shape("volume-type-changed", _CHANGED)
_TYPE_CREATED = Shape("volume-type-created", {**_CHANGED, _IS_PUBLIC: BOOLEAN})

_EXTRA_SPECS = holding("extra_specs", TEXTS_OR_NULLS)
_ITEM = {**TEXTS_OR_NULLS, "minProperties": 1}

_KEY_SIZE: dict[str, Any] = {"type": ["integer", "null"]}
_LOCATION = one_of("front-end", "back-end")
_GIVEN: dict[str, Any] = {
    "cipher": TEXT_OR_NULL,
    "key_size": _KEY_SIZE,
    "provider": TEXT,
    "control_location": _LOCATION,
}
_ENCRYPTION_FIELDS: dict[str, Any] = {
    **_GIVEN,
    "encryption_id": UUID,
    "volume_type_id": UUID,
    "deleted_at": TIME_OR_NULL,
    "deleted": BOOLEAN,
    "created_at": TIME,
    "updated_at": TIME_OR_NULL,
}
_ENCRYPTION = Shape("type-encryption", _ENCRYPTION_FIELDS)
_ENCRYPTION_ITEM = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "properties": _ENCRYPTION_FIELDS,
    "additionalProperties": False,
}
# The answers to changes repeat the body, whatever else it holds.
_ENCRYPTION_CREATED = {
    "type": "object",
    "required": ["provider", "control_location", "volume_type_id", "encryption_id"],
    "properties": {**_GIVEN, "volume_type_id": UUID, "encryption_id": UUID},
}
_ENCRYPTION_CHANGED = {"type": "object", "properties": _GIVEN}

_DEFAULT = Shape("default-type", {"project_id": TEXT, "volume_type_id": UUID})

_QOS = Shape(
    "qos-specs",
    {
        "id": UUID,
        "name": TEXT,
        "consumer": one_of("back-end", "front-end", "both"),
        "specs": TEXTS_OR_NULLS,
    },
)
_QOS_DETAIL = Shape("", {"qos_specs": _QOS, "links": LINKS})
_ASSOCIATION = Shape(
    "qos-association", {"association_type": one_of("volume_type"), "name": TEXT, "id": UUID}
)

_NOTHING = Shape("", {})
_ONE = "/types/{type_id}"
_SPECS = "/qos-specs/{specs_id}"
_PROJECT = "/default-types/{project}"

ANSWERS: dict[tuple[str, str], Any] = {
    ("GET", "/types"): page("volume_types", _TYPE, "volume_type_links"),
    ("POST", "/types"): holding("volume_type", _TYPE_CREATED),
    ("GET", _ONE): holding("volume_type", _TYPE),
    ("PUT", _ONE): holding("volume_type", _TYPE_CHANGED),
    ("GET", f"{_ONE}/os-volume-type-access"): holding(
        "volume_type_access",
        array(Shape("volume-type-access", {"volume_type_id": UUID, "project_id": TEXT})),
    ),
    ("GET", f"{_ONE}/extra_specs"): _EXTRA_SPECS,
    ("POST", f"{_ONE}/extra_specs"): _EXTRA_SPECS,
    ("GET", f"{_ONE}/extra_specs/{{key}}"): _ITEM,
    ("PUT", f"{_ONE}/extra_specs/{{key}}"): _ITEM,
    ("GET", f"{_ONE}/encryption"): either(_ENCRYPTION, _NOTHING),
    ("POST", f"{_ONE}/encryption"): holding("encryption", _ENCRYPTION_CREATED),
    ("GET", f"{_ONE}/encryption/{{key}}"): _ENCRYPTION_ITEM,
    ("PUT", f"{_ONE}/encryption/{{key}}"): holding("encryption", _ENCRYPTION_CHANGED),
    ("GET", "/default-types"): holding("default_types", array(_DEFAULT)),
    ("GET", _PROJECT): holding("default_type", _DEFAULT),
    ("PUT", _PROJECT): holding("default_type", _DEFAULT),
    ("GET", "/qos-specs"): page("qos_specs", _QOS, "qos_specs_links"),
    ("POST", "/qos-specs"): _QOS_DETAIL,
    ("GET", _SPECS): _QOS_DETAIL,
    ("PUT", _SPECS): holding("qos_specs", TEXTS_OR_NULLS),
    ("GET", f"{_SPECS}/associations"): holding("qos_associations", array(_ASSOCIATION)),
}
