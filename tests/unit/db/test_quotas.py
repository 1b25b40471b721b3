# SPDX-License-Identifier: Apache-2.0
"""Quotas: never over the limit and never below zero, however many ask at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from cinder_lite import exception
from cinder_lite.db import engine, models, quotas, snapshots, volume_types, volumes
from tests.unit import rows
from tests.unit.conftest import SetOption

pytestmark = pytest.mark.usefixtures("database")


def _used(project: str = rows.PROJECT) -> tuple[int, int]:
    usages = quotas.usages(project)
    return usages["volumes"][1], usages["gigabytes"][1]


def _set_limit(resource: str, limit: int) -> None:
    with engine.transaction() as connection:
        connection.execute(
            sa.insert(models.quotas),
            {"project_id": rows.PROJECT, "resource": resource, "hard_limit": limit},
        )


def _at_once(count: int, work: Callable[[int], None]) -> list[Exception]:
    errors: list[Exception] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_limits_come_from_the_options_and_the_projects_own_quota(option: SetOption) -> None:
    option("quota_gigabytes", 77)
    option("per_volume_size_limit", 9)
    _set_limit("volumes", 3)
    usages = quotas.usages(rows.PROJECT)
    assert usages["gigabytes"] == (77, 0)
    assert usages["volumes"] == (3, 0)
    assert usages[quotas.PER_VOLUME] == (9, 0)


def test_refusals_name_the_quota_and_leave_no_trace(option: SetOption) -> None:
    option("quota_volumes", 1)
    option("quota_gigabytes", 4)
    with pytest.raises(exception.VolumeSizeExceedsAvailableQuota, match="quota is 4G and 0G"):
        rows.volume(size=5)
    assert _used() == (0, 0)
    rows.volume(size=4)
    with pytest.raises(exception.VolumeLimitExceeded, match=r"\(1\) exceeded"):
        rows.volume(size=0)
    assert _used() == (1, 4)


def test_one_volume_may_be_too_large(option: SetOption) -> None:
    option("per_volume_size_limit", 2)
    with pytest.raises(exception.VolumeSizeExceedsLimit, match="size 3G is larger than .* 2G"):
        rows.volume(size=3)
    assert _used() == (0, 0)


@pytest.mark.parametrize("limit", [0, -1])
def test_zero_allows_nothing_and_minus_one_everything(limit: int, option: SetOption) -> None:
    option("quota_gigabytes", limit)
    if limit == 0:
        with pytest.raises(exception.OverQuota):
            rows.volume()
    else:
        rows.volume(size=10**6)
        assert _used() == (1, 10**6)


def test_many_creates_at_once_stop_at_the_limit(option: SetOption) -> None:
    option("quota_volumes", 5)
    option("quota_gigabytes", 1000)
    errors = _at_once(8, lambda number: rows.volume(size=2) and None)
    assert [type(error) for error in errors] == [exception.VolumeLimitExceeded] * 3
    assert _used() == (5, 10)


def test_creates_and_deletes_at_once_end_at_what_exists(option: SetOption) -> None:
    option("quota_volumes", 100)
    old = [rows.volume(size=3) for _ in range(5)]

    def work(number: int) -> None:
        if number < 5:
            assert volumes.destroy(old[number].id)
        else:
            rows.volume(size=1)

    assert _at_once(10, work) == []
    assert _used() == (5, 5)


def test_usage_never_falls_below_zero() -> None:
    with engine.transaction() as connection:
        quotas.consume(connection, rows.PROJECT, 1, 2)
    with engine.transaction() as connection:
        quotas.release(connection, rows.PROJECT, 3, 5)
    assert _used() == (0, 0)


def test_projects_do_not_share(option: SetOption) -> None:
    option("quota_volumes", 1)
    rows.volume()
    rows.volume(project_id="other")
    assert _used("other") == (1, 1)


def test_first_volumes_of_many_new_projects_at_once() -> None:
    """The usage rows are inserted by several requests at once: neither doubled nor refused."""
    errors = _at_once(8, lambda number: rows.volume(project_id=f"p{number % 2}") and None)
    assert errors == []
    assert (_used("p0"), _used("p1")) == ((4, 4), (4, 4))


# --- volume types ------------------------------------------------------------------------------


def _typed(name: str) -> str:
    type_id = rows.new_id()
    with engine.transaction() as connection:
        connection.execute(
            sa.insert(models.volume_types),
            {"id": type_id, "name": name, "is_public": True, "deleted": False},
        )
    return type_id


def _in_use() -> dict[str, int]:
    usages = models.quota_usages.c
    query = sa.select(usages.resource, usages.in_use).where(usages.project_id == rows.PROJECT)
    with engine.statement() as connection:
        return {resource: count for resource, count in connection.execute(query) if count}


def test_what_has_a_type_is_counted_for_it_too() -> None:
    volume = rows.volume(size=2, volume_type_id=_typed("gold"))
    snapshot = rows.snapshot(volume)
    rows.volume()
    assert _in_use() == {
        "volumes": 2,
        "volumes_gold": 1,
        "gigabytes": 5,
        "gigabytes_gold": 4,
        "snapshots": 1,
        "snapshots_gold": 1,
    }
    snapshots.destroy(snapshot.id)
    volumes.destroy(volume.id)
    assert _in_use() == {"volumes": 1, "gigabytes": 1}


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        ("volumes_gold", exception.VolumeLimitExceeded),
        ("gigabytes_gold", exception.VolumeSizeExceedsAvailableQuota),
    ],
)
def test_a_type_has_a_limit_of_its_own(resource: str, error: type[Exception]) -> None:
    type_id = _typed("gold")
    _set_limit(resource, 1)
    rows.volume(volume_type_id=type_id)
    rows.volume()
    with pytest.raises(error, match=resource):
        rows.volume(volume_type_id=type_id)
    assert _used() == (2, 2)


def test_snapshots_of_a_type_have_a_limit() -> None:
    _set_limit("snapshots_gold", 0)
    with pytest.raises(exception.SnapshotLimitExceeded):
        rows.snapshot(rows.volume(volume_type_id=_typed("gold")))


def test_a_type_keeps_its_quota_when_only_the_case_of_its_name_changes() -> None:
    type_id = _typed("gold")
    _set_limit("volumes_gold", 1)
    rows.volume(volume_type_id=type_id)
    volume_types.update(type_id, {"name": "Gold"})
    assert _in_use() == {"volumes": 1, "volumes_Gold": 1, "gigabytes": 1, "gigabytes_Gold": 1}
    with pytest.raises(exception.VolumeLimitExceeded, match="volumes_Gold"):
        rows.volume(volume_type_id=type_id)


def test_a_type_does_not_count_under_the_name_of_another_case() -> None:
    volumes.destroy(rows.volume(volume_type_id=_typed("gold")).id)
    _set_limit("volumes_Gold ", 1)
    made = rows.volume(volume_type_id=_typed("Gold "))
    assert _in_use()["volumes_Gold "] == 1
    volumes.destroy(made.id)
    assert "volumes_Gold " not in _in_use()


# --- growth ------------------------------------------------------------------------------------


def _reserve(size: int, growth: int, type_id: str | None = None) -> None:
    with engine.transaction() as connection:
        quotas.reserve_growth(connection, rows.PROJECT, size, growth, type_id)


def _end(growth: int, type_id: str | None = None, *, grown: bool) -> None:
    with engine.transaction() as connection:
        quotas.end_growth(connection, rows.PROJECT, growth, type_id, grown=grown)


def _reserved(resource: str = "gigabytes") -> int:
    usages = models.quota_usages.c
    query = sa.select(usages.reserved).where(usages.resource == resource)
    with engine.statement() as connection:
        return int(connection.execute(query).scalar() or 0)


def test_growth_is_reserved_until_it_has_happened() -> None:
    type_id = _typed("gold")
    rows.volume(size=1, volume_type_id=type_id)
    _reserve(3, 2, type_id)
    assert (_reserved(), _reserved("gigabytes_gold"), _used()) == (2, 2, (1, 1))
    _end(2, type_id, grown=True)
    assert (_reserved(), _reserved("gigabytes_gold"), _used()) == (0, 0, (1, 3))
    assert _in_use()["gigabytes_gold"] == 3


def test_growth_that_failed_is_given_back() -> None:
    rows.volume(size=1)
    _reserve(3, 2)
    _end(2, grown=False)
    assert (_reserved(), _used()) == (0, (1, 1))


def test_what_is_reserved_counts_against_the_limit(option: SetOption) -> None:
    option("quota_gigabytes", 4)
    rows.volume(size=1)
    _reserve(3, 2)
    with pytest.raises(exception.VolumeSizeExceedsAvailableQuota, match="3G has been consumed"):
        _reserve(3, 2)
    rows.volume(size=1)


def test_a_volume_may_not_grow_beyond_the_largest_size(option: SetOption) -> None:
    option("per_volume_size_limit", 2)
    with pytest.raises(exception.VolumeSizeExceedsLimit):
        _reserve(3, 1)
