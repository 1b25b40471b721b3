# SPDX-License-Identifier: Apache-2.0
"""Rules of messages."""

from __future__ import annotations

from cinder_lite.policies.base import MEMBER, READER, rule

GET_ALL = "message:get_all"
GET = "message:get"
DELETE = "message:delete"

_ONE = "/messages/{message_id}"

RULES = [
    rule(GET_ALL, READER, "List messages.", "GET /messages"),
    rule(GET, READER, "Show a message.", f"GET {_ONE}"),
    rule(DELETE, MEMBER, "Delete a message.", f"DELETE {_ONE}"),
]
