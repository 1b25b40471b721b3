# SPDX-License-Identifier: Apache-2.0
"""Decisions: Cinder's defaults, an operator's file, and what is remembered."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from oslo_config import cfg

from cinder_lite import exception, policy
from cinder_lite.context import RequestContext
from tests.unit.conftest import SetOption

CONF = cfg.CONF
MOVE = "volume_extension:volume_admin_actions:migrate_volume"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Begin and end without an enforcer."""
    if CONF._namespace is None:
        CONF([], project="cinder_lite", default_config_files=[], default_config_dirs=[])
    policy.reset()
    yield
    policy.reset()


def _context(*roles: str, **values: Any) -> RequestContext:
    return RequestContext(
        user_id="u", project_id="mine", roles=list(roles), overwrite=False, **values
    )


READER = _context("reader")
MEMBER = _context("member", "reader")
ADMIN = _context("admin", "member", "reader")


@pytest.mark.parametrize(
    ("rule", "owner", "allowed"),
    [
        ("volume:get", "mine", (True, True, True)),
        ("volume:get", "other", (False, False, True)),
        ("volume:create", "mine", (False, True, True)),
        ("volume:delete", "other", (False, False, True)),
        ("volume:force_delete", "mine", (False, False, True)),
        (MOVE, "mine", (False, False, True)),
        ("volume_extension:services:index", "mine", (False, False, True)),
        ("context_is_admin", "mine", (False, False, True)),
        ("no:such:rule", "mine", (False, False, False)),
    ],
)
def test_the_defaults_are_cinders(rule: str, owner: str, allowed: tuple[bool, ...]) -> None:
    who = (READER, MEMBER, ADMIN)
    assert tuple(policy.allowed(context, rule, owner) for context in who) == allowed


def test_is_admin_passes_without_the_role() -> None:
    assert policy.allowed(_context(is_admin=True), MOVE)


def test_without_an_owner_the_callers_own_project_is_meant() -> None:
    assert policy.allowed(MEMBER, "volume:create")


def test_authorize_says_which_rule_refused() -> None:
    policy.authorize(ADMIN, MOVE)
    with pytest.raises(exception.PolicyNotAuthorized) as refused:
        policy.authorize(MEMBER, MOVE)
    assert refused.value.msg == f"Policy doesn't allow {MOVE} to be performed."


def test_another_scope_is_refused() -> None:
    system = RequestContext(user_id="u", system_scope="all", roles=["admin"], overwrite=False)
    assert not policy.allowed(system, "volume:get_all")


def test_a_decision_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    decide = policy._decide

    def count(context: RequestContext, rule: str, owner: str | None) -> bool:
        asked.append(rule)
        return decide(context, rule, owner)

    monkeypatch.setattr(policy, "_decide", count)
    for _ in range(3):
        policy.allowed(_context("member"), MOVE)
    policy.allowed(_context("admin"), MOVE)
    assert asked == [MOVE, MOVE]


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_MOST_DECISIONS", 3)
    for number in range(10):
        policy.allowed(MEMBER, "volume:get", f"project-{number}")
    assert len(policy._decisions) <= 3


def test_an_operators_file_is_obeyed_and_seen_when_it_changes(
    tmp_path: pathlib.Path, option: SetOption, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    path = tmp_path / "policy.yaml"
    path.write_text(f'"{MOVE}": "role:mover"\n')
    policy.init()
    policy.reset()
    option("policy_file", str(path), "oslo_policy")
    mover = _context("mover")
    assert policy.allowed(mover, MOVE)
    assert not policy.allowed(ADMIN, MOVE)
    path.write_text(f'"{MOVE}": "!"\n')
    os.utime(path, (2**32, 2**32))
    monkeypatch.setattr(policy, "_RELOAD_SECONDS", -1.0)
    assert not policy.allowed(mover, MOVE)


def test_a_rule_that_asks_for_the_targets_user_passes_nobody(
    tmp_path: pathlib.Path, option: SetOption
) -> None:
    """Whose the target is, is not known here; it is not to be taken for the caller's."""
    file = tmp_path / "policy.yaml"
    file.write_text('"volume:delete": "role:admin or user_id:%(user_id)s"\n')
    policy.init()
    policy.reset()
    option("policy_file", str(file), "oslo_policy")
    assert not policy.allowed(MEMBER, "volume:delete", "mine")
    assert policy.allowed(ADMIN, "volume:delete", "mine")


def test_what_an_elevated_copy_may_its_origin_may_not() -> None:
    context = _context("member", "reader")
    rule = "volume:force_delete"
    assert not policy.allowed(context, rule, "mine")
    assert policy.allowed(context.elevated(), rule, "mine")
    policy.reset()
    other = _context("member", "reader")
    policy.allowed(other, "volume:get", "mine")
    assert policy.allowed(other.elevated(), rule, "mine")
    assert not policy.allowed(other, rule, "mine")
