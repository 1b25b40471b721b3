# SPDX-License-Identifier: Apache-2.0
"""Checks of schemathesis as they hold for this API, and what they can not know of it.

Schemathesis loads this file (it is no module of the tests). Each check here stands for one of
schemathesis, which sees every case but those that are named here, with the reason.
"""

from __future__ import annotations

import fnmatch
import re
from typing import Any, NamedTuple

import jsonschema_rs
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario
from schemathesis.specs.openapi import checks as theirs

_NOT_FOUND = 404
_GOOD = range(200, 300)
_REFUSED = (400, 413)
_PREFIX = "/v3/{tenant_id}"


class Refusal(NamedTuple):
    """A request that fits the description and that is refused all the same, as in Cinder.

    :param calls: ``METHOD /path``, where ``*`` is any text
    :param sentence: regular expression of a part of the fault's sentence
    :param reason: why the description can not say it
    """

    calls: str
    sentence: str
    reason: str


_UNKNOWN = "whether there is such a thing is known to the database only"
_STATE = "whether the state allows it is known to the database only"
_TOGETHER = "fields that exclude or need each other, which Cinder's schemas do not say"
_WORDS = "a word of a small language of its own, in a field that is any string to Cinder's schemas"
_NUMBER = "a number of any size, also in words, to Cinder's schemas"
_BLANK = "Cinder's schemas let a name be empty, its code does not"
_IN_URL = "the body must name the key that is in the URL"
_QUOTAS = "the names of quotas go with the volume types that there are"
_NO_OBJECT = "schemathesis draws a number from the schema of an object with a oneOf within"
_DRAFT = "511.0 is an integer to JSON Schema of 2020, but not to draft 4, by which Cinder checks"

REFUSALS = (
    Refusal("*", "holds a NUL character", "JSON has it, and no database stores it"),
    Refusal("*", r"\.0 is not of type .*'integer'", _DRAFT),
    Refusal("GET *", "cannot be used with the 'sort' parameter", _TOGETHER),
    Refusal("GET *", "Invalid sort key|Unknown sort direction", _WORDS),
    Refusal("GET /volumes*", "is not a boolean|Invalid .* operator|Invalid input received", _WORDS),
    Refusal("GET /snapshots*", "is not a boolean|Invalid .* operator", _WORDS),
    Refusal("GET /group*", "Invalid .* operator|Invalid is_public filter", _WORDS),
    Refusal("GET /types", "Invalid is_public filter|must be a dictionary", _WORDS),
    Refusal("GET /*manag*", "is disabled|^Service", _STATE),
    Refusal("PUT */metadata/{key}", "URI mismatch", _IN_URL),
    Refusal("PUT */*_specs/{key}", "URI mismatch", _IN_URL),
    Refusal("POST /volumes", "less than the minimum of 1|greater than the maximum", _NUMBER),
    Refusal("POST /volumes", "size is missing|'None' for 'multiattach'", _TOGETHER),
    Refusal("POST /volumes", "Availability zone|could not be found", _UNKNOWN),
    Refusal("POST /volumes/{volume_id}/action", r"from 1 to 2147483647", _NUMBER),
    Refusal("POST /volumes/{volume_id}/action", "^Invalid volume: .* can not be ", _STATE),
    Refusal("POST /volumes/{volume_id}/action", "doesn't have any snapshots|the latest", _STATE),
    Refusal("POST /volumes/{volume_id}/action", "is not a boolean", _WORDS),
    Refusal("POST /volumes/{volume_id}/action", "Cannot reset-state to|is invalid, valid", _WORDS),
    Refusal("POST /volumes/{volume_id}/action", "^Must specify|One and only one|Host f", _TOGETHER),
    Refusal("POST /volumes/{volume_id}/action", "^The connector|without a name", _TOGETHER),
    Refusal("POST /volumes/{volume_id}/action", "^Invalid host|Invalid volume type", _UNKNOWN),
    Refusal("DELETE /volumes/{volume_id}", "^Invalid volume: .* can not be deleted", _STATE),
    Refusal("DELETE /snapshots/{snapshot_id}", "^Invalid snapshot", _STATE),
    Refusal("POST /snapshots/{snapshot_id}/action", "is invalid, valid|percentage", _WORDS),
    Refusal("POST /snapshots/{snapshot_id}/action", "not allowed for|^Invalid snapshot", _STATE),
    Refusal("POST /snapshots", "^Invalid volume|'force' must be left out", _STATE),
    Refusal("POST /*transfer*/accept", "^Invalid auth key", _UNKNOWN),
    Refusal("POST /*transfer*", "^Invalid volume", _STATE),
    Refusal("PUT /attachments/{attachment_id}", "without a name", _TOGETHER),
    Refusal("POST /attachments*", "^Invalid volume", _STATE),
    Refusal("POST /types/{type_id}/*", "in use|may use a public type", _STATE),
    Refusal("PUT /types/{type_id}/*", "in use", _STATE),
    Refusal("DELETE /types/{type_id}*", "in use|with volumes present", _STATE),
    Refusal("PUT /types/{type_id}", "^Specify|can not be empty", _TOGETHER),
    Refusal("POST /types", "can not be empty", _BLANK),
    Refusal("PUT /group_types/{group_type_id}", "^Specify|can not be empty", _TOGETHER),
    Refusal("POST /qos-specs", "It is empty", _BLANK),
    Refusal("* /qos-specs*", 'value of ".*" must be|Key ".*" must have|must be one of', _WORDS),
    Refusal("PUT /default-types/{project}", "could not be found", _UNKNOWN),
    Refusal("POST /groups/action", "an object with one key", _NO_OBJECT),
    Refusal("POST /groups", "^Availability zone|could not be found", _UNKNOWN),
    Refusal("* /groups/{group_id}*", "^Invalid group|^Invalid volume|^Cannot", _STATE),
    Refusal("* /groups/{group_id}", "all empty|nothing to change", _TOGETHER),
    Refusal("* /group_snapshots*", "^Invalid group", _STATE),
    Refusal("* /cgsnapshots*", "^Invalid group", _STATE),
    Refusal("POST /consistencygroups*", "must be provided", _TOGETHER),
    Refusal("* /consistencygroups*", "^Invalid group|could not be found|^Availability", _STATE),
    Refusal("* /consistencygroups*", "can not be all empty", _TOGETHER),
    Refusal("POST /backups/import_record", "Can't parse backup record", "it is base64 within"),
    Refusal("POST /*manage*", "^Host '.*' not found|^Cluster '.*' not found", _UNKNOWN),
    Refusal("POST /*manage*", "One and only one", _TOGETHER),
    Refusal("POST /*manage*", "^Invalid volume|Cannot find requested|is disabled", _STATE),
    Refusal("POST /workers/cleanup", "not valid, must be|pending cleanup", _UNKNOWN),
    Refusal("PUT /os-services/*", "One and only one|Host field is missing", _TOGETHER),
    Refusal("PUT /os-services/*", "could not be found|no service could be changed", _STATE),
    Refusal("PUT /os-services/set-log", "is not a valid log level", _WORDS),
    Refusal("PUT /os-hosts/{host}", "^Invalid update setting|^Invalid status", _WORDS),
    Refusal("PUT /os-quota-*", "Bad key|must be an integer|must be [<>]=|Quota .* limit", _QUOTAS),
)
"""What is refused with 400 although the description allows it."""


@schemathesis.check
def valid_data_is_accepted(ctx: Any, response: Any, case: Any) -> bool | None:
    """Stand for positive_data_acceptance."""
    if (
        case.meta is not None
        and case.meta.generation.mode.is_positive
        and response.status_code in _REFUSED
        and _is_known(_call(case), _sentence(response))
    ):
        return None
    found: bool | None = theirs.positive_data_acceptance(ctx, response, case)
    return found


def _call(case: Any) -> str:
    return f"{case.operation.method.upper()} {case.operation.path.removeprefix(_PREFIX)}"


def _sentence(response: Any) -> str:
    try:
        return str(next(iter(response.json().values()))["message"])
    except (ValueError, AttributeError, TypeError, KeyError, StopIteration):
        return ""


def _is_known(call: str, sentence: str) -> bool:
    return any(
        fnmatch.fnmatchcase(call, one.calls) and re.search(one.sentence, sentence)
        for one in REFUSALS
    )


@schemathesis.check
def wrong_data_is_refused(ctx: Any, response: Any, case: Any) -> bool | None:
    """Stand for negative_data_rejection.

    It passes over parameters of a query that are not described, as Cinder does. Schemathesis does
    so by itself, but not where another parameter is a number.
    """
    data = case.meta.phase.data if case.meta is not None else None
    if (
        isinstance(data, CoveragePhaseData)
        and data.scenario == CoverageScenario.OBJECT_UNEXPECTED_PROPERTIES
        and data.parameter_location == ParameterLocation.QUERY
    ):
        return None
    found: bool | None = theirs.negative_data_rejection(ctx, response, case)
    return found


@schemathesis.check
def unknown_methods_are_not_found(_ctx: Any, response: Any, case: Any) -> None:
    """Stand for unsupported_method, which wants 405: Cinder's answer to an unknown call is 404."""
    data = case.meta.phase.data if case.meta is not None else None
    method = response.request.method
    if (
        not isinstance(data, CoveragePhaseData)
        or data.scenario != CoverageScenario.UNSPECIFIED_HTTP_METHOD
        or method == "OPTIONS"
        or _has_route(case, method)
    ):
        return
    assert response.status_code == _NOT_FOUND, (
        f"{method} {case.operation.path} answers {response.status_code}"
    )
    assert list(response.json()) == ["itemNotFound"], response.text


def _has_route(case: Any, method: str) -> bool:
    """Tell whether another path of the description is meant: /volumes/detail may be an id."""
    paths = case.operation.schema.raw_schema["paths"]
    return any(
        method.lower() in calls
        and re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), case.operation.path)
        for path, calls in paths.items()
    )


@schemathesis.check
def actions_answer_as_described(_ctx: Any, response: Any, case: Any) -> None:
    """Compare the answer to an action with x-openstack-answers, which schemathesis knows not."""
    document = case.operation.schema.raw_schema
    described = document["paths"][case.operation.path][case.operation.method].get(
        "x-openstack-answers"
    )
    if not described or response.status_code not in _GOOD or not isinstance(case.body, dict):
        return
    if case.method != case.operation.method.upper():
        return
    (action,) = case.body
    expected = described[action]
    assert response.status_code == expected["status"], (
        f"{action} answers {response.status_code}, not {expected['status']}"
    )
    if "schema" not in expected:
        assert not response.content, f"{action} answers {response.text[:500]}"
        return
    schema = {**expected["schema"], "components": document["components"]}
    jsonschema_rs.validator_for(schema).validate(response.json())
