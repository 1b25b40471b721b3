# SPDX-License-Identifier: Apache-2.0
"""A service is killed at every step of a move, one after the other, and started again.

Whatever the step: nobody's help is needed, the data is whole where the volume's row says it is,
and nothing is left over. Each test walks all steps of one kind of move; a failure names its step.
"""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.db import engine
from tests.unit.volume.migration import world as worlds
from tests.unit.volume.migration.world import World

MOST_STEPS = 500

Prepare = Callable[[World], dict[str, Any]]


def _driver_move(world: World) -> dict[str, Any]:
    return {}


def _locked_driver_move(world: World) -> dict[str, Any]:
    return {"lock_volume": True}


def _host_copy(world: World) -> dict[str, Any]:
    return {"force_host_copy": True}


def _locked_host_copy(world: World) -> dict[str, Any]:
    return {"force_host_copy": True, "lock_volume": True}


def _failing_driver_move(world: World) -> dict[str, Any]:
    error = exception.VolumeBackendAPIException(data="the array is on fire.")
    world.failures["driver migrate_volume done"] = error
    return {}


def _failing_copy(world: World) -> dict[str, Any]:
    world.failures["copy 1"] = exception.VolumeCopyFailed(reason="the disk is gone.")
    return {"force_host_copy": True}


def _failing_target(world: World) -> dict[str, Any]:
    world.failures["driver create_volume"] = exception.VolumeBackendAPIException(data="it is full.")
    return {"force_host_copy": True}


KINDS: dict[str, Prepare] = {
    function.__name__.strip("_"): function
    for function in (
        _driver_move,
        _locked_driver_move,
        _host_copy,
        _locked_host_copy,
        _failing_driver_move,
        _failing_copy,
        _failing_target,
    )
}
VICTIMS = {"source": {"one"}, "destination": {"two"}, "both": {"one", "two"}}


def _reset(world: World, template: pathlib.Path) -> None:
    """Make the world as it was, but for its dead."""
    engine.dispose()
    database = template.with_name("test.sqlite")
    for leftover in database.parent.glob("test.sqlite*"):
        leftover.unlink()
    shutil.copyfile(template, database)
    for name in ("one", "two"):
        shutil.rmtree(world.folder(name), ignore_errors=True)
    world.forget()
    for name in ("one", "two"):
        world.start(name)


def _walk(
    world: World, prepare: Prepare, victims: set[str], kill_again: int | None = None
) -> Iterator[tuple[int, str]]:
    """Kill at the first step, then at the second, until a move ends without coming so far."""
    database = world.directory / "test.sqlite"
    template = world.directory / "template"
    for each in world.managers.values():
        del each
    shutil.copyfile(database, template)
    for number in range(1, MOST_STEPS):
        _reset(world, template)
        volume = world.volume()
        options = prepare(world)
        world.victims, world.kill_at = frozenset(victims), number
        world.dies_together = len(victims) > 1
        world.migrate(volume, **options)
        world.idle()
        if len(world.steps) < number:
            return
        where = " ".join(world.steps[number - 1])
        world.failures.clear()
        world.settle(kill_again=kill_again)
        world.check(volume, quota=(1, 1))
        yield number, where
    raise AssertionError("the move never ends")


@pytest.mark.parametrize("lost", [False, True], ids=["mail kept", "mail lost"])
@pytest.mark.parametrize("victims", VICTIMS.values(), ids=VICTIMS.keys())
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_step(world: World, kind: str, victims: set[str], lost: bool) -> None:
    world.lose_mail_of_dead = lost
    walked = []
    try:
        for step in _walk(world, KINDS[kind], victims):
            walked.append(step)
    except AssertionError as error:
        last = world.steps[world.killed_at - 1]
        raise AssertionError(f"after a kill at step {world.killed_at}, {last}: {error}") from error
    assert len(walked) > 3
    assert worlds.WORLD[-1] is world
