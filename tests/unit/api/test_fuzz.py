# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent, wherever: never a 500, and every refusal is a sentence in Cinder's shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cinder_lite.api.routes import ROUTES
from cinder_lite.api.v3.volume_actions import ACTIONS
from tests.unit import rows
from tests.unit.api.client import ADMIN, MEMBER, NOBODY, PROJECT, Answer, Client
from tests.unit.api.conftest import Peers

MANY = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["true", "", " ", "1", NOBODY, "one@file#file", "x" * 300]),
)
_KEYS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["volume", "volume_type", "size", "name", "metadata", "host", "cluster", "binary"]
        + ["new_volume", "error", "status", "extra_specs", "meta", "force_host_copy", "k"]
        + ["is_public", "os-volume-type-access:is_public", "OS-SCH-HNT:scheduler_hints"]
        + list(ACTIONS)
    ),
)
_JSON = st.recursive(
    _SCALARS,
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(_KEYS, children, max_size=4)
    ),
    max_leaves=8,
)
_WORDS = st.one_of(
    st.sampled_from([NOBODY, "default", "x", "metadata", "%", "one@file#file", "detail"]),
    st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=12),
)
_QUERY = st.dictionaries(
    st.one_of(
        st.text(st.characters(codec="ascii"), max_size=6),
        st.sampled_from(
            ["limit", "offset", "marker", "sort", "sort_key", "sort_dir", "name", "status"]
            + ["metadata", "bootable", "size", "created_at", "all_tenants", "with_count", "host"]
            + ["name~", "consumes_quota", "detail", "is_public", "extra_specs", "deleted", "id"]
        ),
    ),
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(["1", "-1", "true", "{'a':{}}", "{[]:1}", "((((", "gt:2026-01-01", ",:,"]),
    ),
    max_size=3,
)


def _acceptable(answer: Answer) -> None:
    assert answer.status < 500, answer.raw
    if answer.status >= 400:
        assert answer.sentence
        assert b"Traceback" not in answer.raw


@pytest.fixture
def volume_id(api: Client, peers: Peers) -> str:
    """Return the id of a volume that exists."""
    peers.scheduler.answers["get_pools"] = []
    rows.service("one@file")
    return rows.volume(project_id=PROJECT).id


@MANY
@given(data=st.data())
def test_any_body_to_any_route(api: Client, volume_id: str, data: Any) -> None:
    route = data.draw(st.sampled_from([r for r in ROUTES if r.method in ("POST", "PUT")]))
    path = route.path.replace("{volume_id}", volume_id)
    while "{" in path:
        begin, _, rest = path.partition("{")
        path = begin + data.draw(_WORDS) + rest.partition("}")[2]
    minor = data.draw(st.sampled_from([0, 15, 16, 52, 53, 71]))
    token = data.draw(st.sampled_from([ADMIN, MEMBER]))
    path = path.encode().decode("latin-1")
    _acceptable(api(route.method, path, data.draw(_JSON), version=f"3.{minor}", token=token))


@MANY
@given(name=st.sampled_from(list(ACTIONS)), content=_JSON, minor=st.sampled_from([0, 16, 71]))
def test_any_content_of_any_action(
    api: Client, volume_id: str, name: str, content: Any, minor: int
) -> None:
    _acceptable(api.action(volume_id, name, content, version=f"3.{minor}"))


@MANY
@given(data=st.data())
def test_any_query_to_any_route(api: Client, volume_id: str, data: Any) -> None:
    from urllib.parse import urlencode

    route = data.draw(st.sampled_from([r for r in ROUTES if r.method == "GET"]))
    path = route.path.replace("{volume_id}", volume_id)
    while "{" in path:
        begin, _, rest = path.partition("{")
        path = begin + data.draw(_WORDS) + rest.partition("}")[2]
    query = urlencode(data.draw(_QUERY))
    minor = data.draw(st.sampled_from([0, 31, 60, 71]))
    token = data.draw(st.sampled_from([ADMIN, MEMBER]))
    path = path.encode().decode("latin-1").replace("?", "")
    _acceptable(api("GET", f"{path}?{query}", version=f"3.{minor}", token=token))


@MANY
@given(raw=st.binary(max_size=60), kind=st.sampled_from(["application/json", "text/plain", ""]))
def test_any_bytes(api: Client, volume_id: str, raw: bytes, kind: str) -> None:
    _acceptable(api("POST", "/volumes", raw=raw, content_type=kind))
    _acceptable(api("POST", f"/volumes/{volume_id}/action", raw=raw, content_type=kind))


@MANY
@given(header=st.text(max_size=30), path=st.text(max_size=30))
def test_any_header_and_any_path(api: Client, header: str, path: str) -> None:
    environ = {"HTTP_OPENSTACK_API_VERSION": header, "HTTP_X_AUTH_TOKEN": header}
    path = path.encode().decode("latin-1").replace("?", "")
    _acceptable(api("GET", f"/v3/{path}", environ=environ))
