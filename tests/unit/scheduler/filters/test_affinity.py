# SPDX-License-Identifier: Apache-2.0
"""Hints that put volumes together or apart."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from cinder_lite.context import RequestContext
from cinder_lite.db import volumes
from cinder_lite.scheduler.filters.affinity import DifferentBackendFilter, SameBackendFilter
from tests.unit.scheduler.conftest import new_volume, state_of

pytestmark = pytest.mark.usefixtures("database")

HERE, THERE = "h1@b#pool", "h2@b#pool"


def ask(one: Any, context: RequestContext, **hints: Any) -> str | None:
    refusal: str | None = one.refusal(
        state_of(HERE), {"context": context, "scheduler_hints": hints}
    )
    return refusal


def test_same_host(context: RequestContext) -> None:
    here, there = new_volume(host=HERE).id, new_volume(host=THERE).id
    one = SameBackendFilter()
    assert ask(one, context, same_host=here) is None
    assert ask(one, context, same_host=[there, here]) is None
    assert (
        ask(one, context, same_host=[there]) == f"it holds none of the volumes to be with: {there}"
    )


def test_different_host(context: RequestContext) -> None:
    here, there = new_volume(host=HERE).id, new_volume(host=THERE).id
    one = DifferentBackendFilter()
    assert ask(one, context, different_host=there) is None
    assert (
        ask(one, context, different_host=[there, here])
        == f"it holds volumes to keep away from: {here}"
    )


def test_other_pools_of_the_backend_are_other_places(context: RequestContext) -> None:
    sibling = new_volume(host="h1@b#other").id
    assert ask(SameBackendFilter(), context, same_host=sibling) is not None
    assert ask(DifferentBackendFilter(), context, different_host=sibling) is None


@pytest.mark.parametrize("hints", [{}, {"same_host": [], "different_host": None}])
def test_without_a_hint_everything_passes(context: RequestContext, hints: dict[str, Any]) -> None:
    assert ask(SameBackendFilter(), context, **hints) is None
    assert ask(DifferentBackendFilter(), context, **hints) is None
    assert SameBackendFilter().refusal(state_of(), {"scheduler_hints": None}) is None


@pytest.mark.parametrize("value", ["nonsense", ["nonsense"], [str(uuid.uuid4()), "nonsense"]])
def test_a_hint_that_names_no_volume_refuses(context: RequestContext, value: Any) -> None:
    assert (
        ask(SameBackendFilter(), context, same_host=value)
        == "the hint same_host is not a volume's id: nonsense"
    )
    assert (
        ask(DifferentBackendFilter(), context, different_host=value)
        == "the hint different_host is not a volume's id: nonsense"
    )


def test_volumes_that_the_caller_may_not_see_are_nowhere() -> None:
    other = new_volume(host=HERE, project_id="other").id
    unknown = str(uuid.uuid4())
    member = RequestContext(user_id="u", project_id="mine", is_admin=False, overwrite=False)
    for hint in (other, unknown):
        assert ask(SameBackendFilter(), member, same_host=hint) is not None
        assert ask(DifferentBackendFilter(), member, different_host=hint) is None


def test_a_volume_is_looked_up_once_for_all_pools(
    context: RequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume_id = new_volume(host=HERE).id
    asked: list[str] = []
    original = volumes.get

    def get(ctxt: RequestContext, wanted: str) -> Any:
        asked.append(wanted)
        return original(ctxt, wanted)

    monkeypatch.setattr(volumes, "get", get)
    properties = {"context": context, "scheduler_hints": {"same_host": volume_id}}
    for host in (HERE, THERE, "h3@b#pool"):
        SameBackendFilter().refusal(state_of(host), properties)
    assert asked == [volume_id]
