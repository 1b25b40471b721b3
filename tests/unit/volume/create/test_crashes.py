# SPDX-License-Identifier: Apache-2.0
"""A service is killed at every step of a creation, one after the other, and started again.

Steps lie between the tasks of the three flows and inside them: every use of the database, every
call of a driver, every message. Afterwards a volume is whole or in error, the quota counts what
there is, and there is no data without a row and no row without its data.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.volume.create.request import CreateRequest
from tests.glance import FakeGlance
from tests.unit.volume.create.world import API, SCHEDULER, World

MOST_STEPS = 300
VICTIMS = {
    "api": {API},
    "scheduler": {SCHEDULER},
    "volume": {"one", "two"},
    "all": {API, SCHEDULER, "one", "two"},
}

Prepare = Callable[[World, FakeGlance], CreateRequest]


def _empty(world: World, glance: FakeGlance) -> CreateRequest:
    return CreateRequest(size=1, metadata={"a": "b"})


def _of_image(world: World, glance: FakeGlance) -> CreateRequest:
    return CreateRequest(size=1, image_id=glance.add(b"boot" * 1000))


def _of_bad_image(world: World, glance: FakeGlance) -> CreateRequest:
    return CreateRequest(size=1, image_id=glance.add(b"boot" * 1000, "qcow2"))


def _failing(world: World, glance: FakeGlance) -> CreateRequest:
    error = exception.VolumeBackendAPIException(data="the array is on fire.")
    world.failures["driver create_volume"] = error
    return CreateRequest(size=1)


KINDS: dict[str, Prepare] = {
    function.__name__.strip("_"): function
    for function in (_empty, _of_image, _of_bad_image, _failing)
}


WHOLE = {("failing", "volume"), ("empty", "scheduler"), ("empty", "api")}
"""Walked step by step in every run; of the others every fifth step, unless FULL is set."""
FULL = bool(os.environ.get("CINDER_LITE_FULL_WALKS"))


def _cases() -> list[Any]:
    cases = []
    for kind in KINDS:
        for victims in VICTIMS:
            cases.append(pytest.param(kind, victims, False, id=f"{kind}-{victims}"))
            if FULL or victims == "volume":
                cases.append(pytest.param(kind, victims, True, id=f"{kind}-{victims}-mail_lost"))
    return cases


@pytest.mark.parametrize(("kind", "victims", "lost"), _cases())
def test_killed_at_every_step(
    world: World, glance: FakeGlance, kind: str, victims: str, lost: bool
) -> None:
    world.lose_mail_of_dead = lost
    world.dies_together = victims == "all"
    stride = 1 if FULL or ((kind, victims) in WHOLE and not lost) else 5
    number = 0
    for number in range(1 + len(kind) % stride, MOST_STEPS, stride):
        world.forget()
        request = KINDS[kind](world, glance)
        world.victims, world.kill_at = frozenset(VICTIMS[victims]), number
        world.create(request)
        if len(world.steps) < number:
            break
        where = world.steps[number - 1]
        world.failures.clear()
        world.settle()
        try:
            world.verify()
        except AssertionError as error:
            raise AssertionError(f"after a kill at step {number}, {where}: {error}") from error
    assert 3 < number < MOST_STEPS - stride
