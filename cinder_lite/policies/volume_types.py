# SPDX-License-Identifier: Apache-2.0
"""Rules of volume types and their extra specs."""

from __future__ import annotations

from cinder_lite.policies.base import ADMIN_API, MEMBER, READER, rule

CREATE = "volume_extension:type_create"
UPDATE = "volume_extension:type_update"
DELETE = "volume_extension:type_delete"
GET = "volume_extension:type_get"
GET_ALL = "volume_extension:type_get_all"
SEE_EXTRA_SPECS = "volume_extension:access_types_extra_specs"
SEE_QOS_SPECS = "volume_extension:access_types_qos_specs_id"
ACCESS = "volume_extension:volume_type_access"
ACCESS_OF_TYPE = "volume_extension:volume_type_access:get_all_for_type"
ADD_ACCESS = "volume_extension:volume_type_access:addProjectAccess"
REMOVE_ACCESS = "volume_extension:volume_type_access:removeProjectAccess"

ENCRYPTION_GET = "volume_extension:volume_type_encryption:get"
ENCRYPTION_CREATE = "volume_extension:volume_type_encryption:create"
ENCRYPTION_UPDATE = "volume_extension:volume_type_encryption:update"
ENCRYPTION_DELETE = "volume_extension:volume_type_encryption:delete"

SPECS_INDEX = "volume_extension:types_extra_specs:index"
SPECS_CREATE = "volume_extension:types_extra_specs:create"
SPECS_SHOW = "volume_extension:types_extra_specs:show"
SPECS_UPDATE = "volume_extension:types_extra_specs:update"
SPECS_DELETE = "volume_extension:types_extra_specs:delete"
SPECS_SENSITIVE = "volume_extension:types_extra_specs:read_sensitive"

_ALL = "/types/{type_id}/extra_specs"
_ONE = "/types/{type_id}/extra_specs/{key}"
_ENCRYPTION = "/types/{type_id}/encryption"

RULES = [
    rule(CREATE, ADMIN_API, "Create a volume type.", "POST /types"),
    rule(UPDATE, ADMIN_API, "Change a volume type.", "PUT /types/{type_id}"),
    rule(DELETE, ADMIN_API, "Delete a volume type.", "DELETE /types/{type_id}"),
    rule(GET, READER, "Show a volume type.", "GET /types/{type_id}"),
    rule(GET_ALL, READER, "List volume types.", "GET /types"),
    rule(
        SEE_EXTRA_SPECS,
        READER,
        "See extra_specs in a volume type; which of them, types_extra_specs:read_sensitive says.",
        "GET /types/{type_id}",
        "GET /types",
    ),
    rule(
        SEE_QOS_SPECS,
        ADMIN_API,
        "See qos_specs_id in a volume type.",
        "GET /types/{type_id}",
        "GET /types",
    ),
    rule(
        ACCESS,
        MEMBER,
        "See os-volume-type-access:is_public in a volume type.",
        "GET /types/{type_id}",
        "GET /types",
    ),
    rule(
        ACCESS_OF_TYPE,
        ADMIN_API,
        "List the projects that may use a private volume type.",
        "GET /types/{type_id}/os-volume-type-access",
    ),
    rule(
        ADD_ACCESS,
        ADMIN_API,
        "Let a project use a private volume type (addProjectAccess).",
        "POST /types/{type_id}/action",
    ),
    rule(
        REMOVE_ACCESS,
        ADMIN_API,
        "Let a project use a private volume type no more (removeProjectAccess).",
        "POST /types/{type_id}/action",
    ),
    rule(
        ENCRYPTION_GET,
        ADMIN_API,
        "Show how the volumes of a type are encrypted.",
        f"GET {_ENCRYPTION}",
        f"GET {_ENCRYPTION}/{{key}}",
    ),
    rule(ENCRYPTION_CREATE, ADMIN_API, "Encrypt the volumes of a type.", f"POST {_ENCRYPTION}"),
    rule(
        ENCRYPTION_UPDATE,
        ADMIN_API,
        "Change how the volumes of a type are encrypted.",
        f"PUT {_ENCRYPTION}/{{key}}",
    ),
    rule(
        ENCRYPTION_DELETE,
        ADMIN_API,
        "Encrypt new volumes of a type no more.",
        f"DELETE {_ENCRYPTION}/{{key}}",
    ),
    rule(SPECS_INDEX, READER, "List a type's extra specs.", f"GET {_ALL}"),
    rule(SPECS_CREATE, ADMIN_API, "Set extra specs of a type.", f"POST {_ALL}"),
    rule(SPECS_SHOW, READER, "Show one extra spec of a type.", f"GET {_ONE}"),
    rule(SPECS_UPDATE, ADMIN_API, "Set one extra spec of a type.", f"PUT {_ONE}"),
    rule(SPECS_DELETE, ADMIN_API, "Remove one extra spec of a type.", f"DELETE {_ONE}"),
    rule(
        SPECS_SENSITIVE,
        ADMIN_API,
        "See every extra spec; without it only those that concern users are shown.",
        "GET /types",
        "GET /types/{type_id}",
        f"GET {_ALL}",
        f"GET {_ONE}",
    ),
]
