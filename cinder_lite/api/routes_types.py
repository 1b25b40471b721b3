# SPDX-License-Identifier: Apache-2.0
"""The routes of volume types and of what belongs to them. Paths are below /v3."""

from __future__ import annotations

from cinder_lite.api.router import Route
from cinder_lite.api.schemas import qos_specs as qos_bodies
from cinder_lite.api.schemas import volume_types as bodies
from cinder_lite.api.v3 import (
    default_types,
    qos_specs,
    type_access,
    type_encryption,
    types_extra_specs,
    volume_types,
)
from cinder_lite.policies import default_types as default_rules
from cinder_lite.policies import qos_specs as qos_rules
from cinder_lite.policies import volume_types as rules

_TYPE = "/types/{type_id}"
_SPECS = f"{_TYPE}/extra_specs"
_ENCRYPTION = f"{_TYPE}/encryption"
_QOS = "/qos-specs/{specs_id}"
_DEFAULT = "/default-types/{project}"

TYPES = [
    Route("GET", "/types", volume_types.index, policy=rules.GET_ALL),
    Route("POST", "/types", volume_types.create, policy=rules.CREATE, body=bodies.CREATE),
    Route("GET", _TYPE, volume_types.show, policy=rules.GET),
    Route("PUT", _TYPE, volume_types.update, policy=rules.UPDATE, body=bodies.UPDATE),
    Route("DELETE", _TYPE, volume_types.delete, status=202, policy=rules.DELETE),
    Route("POST", f"{_TYPE}/action", type_access.action, status=202, bare=True),
    Route("GET", f"{_TYPE}/os-volume-type-access", type_access.index, policy=rules.ACCESS_OF_TYPE),
]

EXTRA_SPECS = [
    Route("GET", _SPECS, types_extra_specs.index, policy=rules.SPECS_INDEX),
    Route(
        "POST",
        _SPECS,
        types_extra_specs.create,
        policy=rules.SPECS_CREATE,
        body=bodies.EXTRA_SPECS,
    ),
    Route("GET", _SPECS + "/{key}", types_extra_specs.show, policy=rules.SPECS_SHOW),
    Route(
        "PUT",
        _SPECS + "/{key}",
        types_extra_specs.update,
        policy=rules.SPECS_UPDATE,
        body=bodies.EXTRA_SPEC,
    ),
    Route(
        "DELETE",
        _SPECS + "/{key}",
        types_extra_specs.delete,
        status=202,
        policy=rules.SPECS_DELETE,
    ),
]

ENCRYPTION = [
    Route("GET", _ENCRYPTION, type_encryption.index, policy=rules.ENCRYPTION_GET),
    Route(
        "POST",
        _ENCRYPTION,
        type_encryption.create,
        policy=rules.ENCRYPTION_CREATE,
        body=bodies.ENCRYPTION_CREATE,
    ),
    Route("GET", _ENCRYPTION + "/{key}", type_encryption.show, policy=rules.ENCRYPTION_GET),
    Route(
        "PUT",
        _ENCRYPTION + "/{key}",
        type_encryption.update,
        policy=rules.ENCRYPTION_UPDATE,
        body=bodies.ENCRYPTION_UPDATE,
    ),
    Route(
        "DELETE",
        _ENCRYPTION + "/{key}",
        type_encryption.delete,
        status=202,
        policy=rules.ENCRYPTION_DELETE,
    ),
]

DEFAULTS = [
    Route("GET", "/default-types", default_types.index, policy=default_rules.GET_ALL, since=62),
    Route("GET", _DEFAULT, default_types.show, since=62),
    Route("PUT", _DEFAULT, default_types.update, since=62, body=bodies.DEFAULT_TYPE),
    Route("DELETE", _DEFAULT, default_types.delete, status=204, since=62),
]

QOS_SPECS = [
    Route("GET", "/qos-specs", qos_specs.index, policy=qos_rules.GET_ALL),
    Route("POST", "/qos-specs", qos_specs.create, policy=qos_rules.CREATE, body=qos_bodies.CREATE),
    Route("GET", _QOS, qos_specs.show, policy=qos_rules.GET),
    Route("PUT", _QOS, qos_specs.update, policy=qos_rules.UPDATE, body=qos_bodies.UPDATE),
    Route("DELETE", _QOS, qos_specs.delete, status=202, policy=qos_rules.DELETE),
    Route(
        "PUT",
        f"{_QOS}/delete_keys",
        qos_specs.delete_keys,
        status=202,
        policy=qos_rules.DELETE,
        body=qos_bodies.DELETE_KEYS,
        bare=True,
    ),
    Route("GET", f"{_QOS}/associations", qos_specs.associations, policy=qos_rules.GET_ALL),
    *(
        Route("GET", f"{_QOS}/{name}", handler, status=202, policy=qos_rules.UPDATE, bare=True)
        for name, handler in (
            ("associate", qos_specs.associate),
            ("disassociate", qos_specs.disassociate),
            ("disassociate_all", qos_specs.disassociate_all),
        )
    ),
]

ROUTES = [*TYPES, *EXTRA_SPECS, *ENCRYPTION, *DEFAULTS, *QOS_SPECS]
