# SPDX-License-Identifier: Apache-2.0
"""A service is killed at every step of a move, one after the other, and started again.

Whatever the step: nobody's help is needed, the data is whole where the volume's row says it is,
and nothing is left over. Each test walks all steps of one kind of move; a failure names its step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cinder_lite import exception
from cinder_lite.db import volume_attachments, volumes
from cinder_lite.objects import Volume
from tests.unit.conftest import SetOption
from tests.unit.volume.migration.compute import Nova
from tests.unit.volume.migration.world import World

pytestmark = pytest.mark.timeout(1200)
"""A walk of hundreds of moves takes its time on a busy machine."""
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


def _walk(
    world: World,
    prepare: Prepare,
    victims: set[str],
    kill_again: int | None = None,
    stride: int = 1,
    attach: Callable[[Volume], Volume] = lambda volume: volume,
) -> Iterator[tuple[int, str]]:
    """Kill at the first step, then at the second, until a move ends without coming so far.

    :param kill_again: kill once more, so many steps into the recovery
    :param stride: try only one step of so many
    :param attach: have the volume used
    """
    for number in range(1, MOST_STEPS, stride):
        world.forget()
        volume = attach(world.volume())
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
        world.check(volume, quota=(1, 1), status=str(volume.status))
        yield number, where
    raise AssertionError("the move never ends")


def _cases() -> Iterator[Any]:
    """Every kind with every victim that takes part in it."""
    for kind in KINDS:
        for name, victims in VICTIMS.items():
            if "driver_move" in kind and "two" in victims:
                continue  # the destination has nothing to do
            if "locked" in kind and name != "source":
                continue  # the lock is the source's affair
            yield pytest.param(kind, victims, False, id=f"{kind}-{name}")
            if "two" in victims:
                yield pytest.param(kind, victims, True, id=f"{kind}-{name}-mail_lost")


@pytest.mark.parametrize(("kind", "victims", "lost"), list(_cases()))
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


@pytest.mark.parametrize("again", [2, 5, 9, 14, 20, 27, 35, 44])
@pytest.mark.parametrize("kind", ["driver_move", "host_copy", "failing_copy"])
def test_killed_again_while_it_recovers(world: World, kind: str, again: int) -> None:
    for number, where in _walk(world, KINDS[kind], VICTIMS["both"], kill_again=again, stride=5):
        assert number, where


@pytest.mark.parametrize("victims", list(VICTIMS))
@pytest.mark.parametrize("kind", ["driver_move", "host_copy", "failing_copy"])
def test_killed_at_every_step_with_a_server_that_is_shut_off(
    world: World, compute: Nova, option: SetOption, kind: str, victims: str
) -> None:
    option("service_down_time", 3600)

    def attach(volume: Volume) -> Volume:
        compute.vm_state = "stopped"
        compute.attaches(volume)
        return volumes.get(world.context, volume.id)

    def prepare(world: World) -> dict[str, Any]:
        return {**KINDS[kind](world), "offline_servers": True}

    walked = 0
    try:
        for _ in _walk(world, prepare, VICTIMS[victims], stride=2, attach=attach):
            [volume_id] = compute.uses
            [attachment] = volume_attachments.of_volume(volume_id)
            assert attachment.attach_status == "attached"
            assert attachment.id == compute.uses.pop(volume_id).attachment_id
            assert not compute.locked
            walked += 1
    except AssertionError as error:
        last = world.steps[world.killed_at - 1]
        raise AssertionError(f"after a kill at step {world.killed_at}, {last}: {error}") from error
    assert walked > 3
