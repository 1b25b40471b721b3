# SPDX-License-Identifier: Apache-2.0
"""A backend moves so many volumes at a time; the others wait, and their records say so."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cinder_lite import states
from cinder_lite.db import volume_migrations
from cinder_lite.objects import Migration
from cinder_lite.volume.migration.records import Move
from cinder_lite.volume.migration.turns import Turns
from tests.unit.conftest import SetOption
from tests.unit.volume.migration.world import World

LIMIT = "max_concurrent_migrations"


def moves(count: int) -> list[Move]:
    """Return stand-ins of moves, told apart by identity."""
    return [cast(Move, object()) for _ in range(count)]


class TestTurns:
    def test_nobody_waits_without_a_limit(self) -> None:
        turns = Turns(lambda: 0)
        assert all(turns.take_or_wait(move) for move in moves(50))
        assert turns.give_back() == []

    def test_who_comes_first_is_called_first(self) -> None:
        turns = Turns(lambda: 2)
        one, two, three, four = moves(4)
        assert [turns.take_or_wait(move) for move in (one, two, three, four)] == [
            True,
            True,
            False,
            False,
        ]
        assert turns.give_back() == [three]
        assert turns.give_back() == [four]
        assert turns.give_back() == []
        assert turns.take()

    def test_a_newcomer_does_not_overtake(self) -> None:
        limit = 1
        turns = Turns(lambda: limit)
        one, two = moves(2)
        turns.take_or_wait(one)
        turns.take_or_wait(two)
        limit = 5
        assert not turns.take()
        assert turns.give_back() == [two]
        assert turns.take()

    def test_a_higher_limit_calls_more_at_once(self) -> None:
        limit = 1
        turns = Turns(lambda: limit)
        one, *others = moves(4)
        turns.take_or_wait(one)
        assert not any(turns.take_or_wait(move) for move in others)
        limit = 3
        assert turns.give_back() == others

    def test_the_dismissed_wait_no_more(self) -> None:
        turns = Turns(lambda: 1)
        one, two = moves(2)
        turns.take_or_wait(one)
        turns.take_or_wait(two)
        assert turns.dismiss() == [two]
        assert turns.give_back() == []


def records(world: World, *begun: Migration) -> list[tuple[str, str]]:
    """Return status and phase of moves."""
    found = [volume_migrations.get(migration.id) for migration in begun]
    return [(record.status, record.phase) for record in found]


@pytest.mark.parametrize("options", [{}, {"force_host_copy": True}])
def test_further_moves_wait_and_then_go(
    world: World, option: SetOption, options: dict[str, Any]
) -> None:
    """While the first volume moves, the second and third are queued; all arrive, in order."""
    option(LIMIT, 1, "one_file")
    volumes = [world.volume() for _ in range(3)]
    begun: list[Migration] = []
    seen: list[list[tuple[str, str]]] = []

    def others_come() -> None:
        begun.extend(world.migrate(volume, **options) for volume in volumes[1:])
        for one in world._deliverable():
            world.mail.remove(one)
            world.handle(*one)
            world.threads[-1].join(30)  # it waits in line before the next one comes
        seen.append(records(world, *begun))

    step = "copy 1" if options else "driver migrate_volume done"
    world.hooks[step] = others_come
    first = world.migrate(volumes[0], **options)
    world.idle()
    queued = (states.RECORD_RUNNING, states.PHASE_QUEUED)
    assert seen == [[queued, queued]]
    done = (states.RECORD_SUCCESS, states.PHASE_DONE)
    assert records(world, first, *begun) == [done] * 3
    ends = [volume_migrations.get(one.id).finished_at for one in (first, *begun)]
    assert ends == sorted(ends, key=str)


def test_a_failed_move_hands_its_turn_on(world: World, option: SetOption) -> None:
    """What fails does not keep the others from moving."""
    option(LIMIT, 1, "one_file")
    world.failures["driver create_volume"] = RuntimeError("no room")
    lost, kept = world.volume(), world.volume()
    first = world.migrate(lost, force_host_copy=True)
    world.idle()
    world.failures.clear()
    second = world.migrate(kept, force_host_copy=True)
    world.idle()
    assert records(world, first, second) == [
        (states.RECORD_ERROR, states.PHASE_DONE),
        (states.RECORD_SUCCESS, states.PHASE_DONE),
    ]


def test_what_waits_survives_a_restart(world: World, option: SetOption) -> None:
    """A service that stops in order leaves queued moves to its next start, with no try spent."""
    option(LIMIT, 1, "one_file")
    volumes = [world.volume() for _ in range(2)]
    begun: list[Migration] = []

    def stop_meanwhile() -> None:
        begun.append(world.migrate(volumes[1]))
        for one in world._deliverable():
            world.mail.remove(one)
            world.handle(*one)
        world.threads[-1].join(30)
        world.managers["one"].mover._draining = True
        for waiting in world.managers["one"].mover._turns.dismiss():
            world.managers["one"].mover._halt(waiting)

    world.hooks["driver migrate_volume done"] = stop_meanwhile
    world.migrate(volumes[0])
    world.idle()
    waiting = volume_migrations.get(begun[0].id)
    assert (waiting.status, waiting.phase, waiting.attempts) == ("running", "queued", 0)
    world.start("one")
    world.idle()
    assert records(world, *begun) == [(states.RECORD_SUCCESS, states.PHASE_DONE)]
