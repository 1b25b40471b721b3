# SPDX-License-Identifier: Apache-2.0
"""/os-volume-transfer and /volume-transfers."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite.context import RequestContext
from cinder_lite.db import engine, models, quotas, transfers, volumes
from cinder_lite.objects import Volume, utcnow
from tests.unit import rows
from tests.unit.api.client import HOST, MEMBER, NOBODY, OTHER_PROJECT, PROJECT, STRANGER, Client
from tests.unit.conftest import SetOption
from tests.unit.keys import Keys

OLD, NEW = "/os-volume-transfer", "/volume-transfers"
STRANGERS = f"/v3/{OTHER_PROJECT}"


@pytest.fixture
def volume(api: Client) -> Volume:
    """Return a volume of the member's."""
    return rows.volume(project_id=PROJECT, user_id="demo", size=3)


def _snapshot(volume: Volume, **values: Any) -> str:
    snapshot = {
        "id": rows.new_id(),
        "volume_id": volume.id,
        "project_id": volume.project_id,
        "status": "available",
        "volume_size": volume.size,
        "use_quota": True,
        "deleted": False,
        "created_at": utcnow(),
        **values,
    }
    with engine.transaction() as connection:
        connection.execute(sa.insert(models.snapshots), snapshot)
        quotas.consume_snapshots(connection, PROJECT, 1, volume.size)
    return str(snapshot["id"])


def _offer(api: Client, volume: Volume, path: str = NEW, **given: Any) -> Any:
    answer = api("POST", path, {"transfer": {"volume_id": volume.id, **given}}, token=MEMBER)
    assert answer.status == 202, answer.raw
    return answer.json["transfer"]


def _accept(api: Client, offer: Any, key: Any = None, path: str = NEW, **options: Any) -> Any:
    body = {"accept": {"auth_key": key if key is not None else offer["auth_key"]}}
    url = f"{STRANGERS}{path}/{offer['id']}/accept"
    return api("POST", url, body, token=STRANGER, **options)


def _used(project: str) -> tuple[int, int, int]:
    found = quotas.usages(project)
    return tuple(found[name][1] for name in ("volumes", "gigabytes", "snapshots"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("version", "further"),
    [
        ("3.0", []),
        ("3.54", []),
        ("3.55", ["no_snapshots"]),
        ("3.57", ["no_snapshots", "destination_project_id", "source_project_id", "accepted"]),
    ],
)
@pytest.mark.parametrize("path", [OLD, NEW])
def test_fields_by_microversion(
    api: Client, volume: Volume, path: str, version: str, further: list[str]
) -> None:
    body = {"transfer": {"volume_id": volume.id, "name": " gift "}}
    offer = api("POST", path, body, version=version).json["transfer"]
    known = ["id", "created_at", "name", "volume_id", "auth_key", "links"]
    assert list(offer) == [*known, *further]
    assert offer["name"] == "gift"
    assert len(offer["auth_key"]) == 16
    # Both resources link to the older one, as in Cinder.
    assert offer["links"] == [
        {"rel": rel, "href": f"http://{HOST}{start}/{PROJECT}{OLD}/{offer['id']}"}
        for rel, start in (("self", "/v3"), ("bookmark", ""))
    ]
    del offer["auth_key"]
    assert api("GET", f"{path}/{offer['id']}", version=version).json == {"transfer": offer}
    assert api("GET", f"{path}/detail", version=version).json == {"transfers": [offer]}
    brief = {key: offer[key] for key in ("id", "volume_id", "name", "links")}
    assert api("GET", path, version=version).json == {"transfers": [brief]}


def test_an_offer_marks_its_volume_and_its_end_unmarks_it(api: Client, volume: Volume) -> None:
    offer = _offer(api, volume)
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "awaiting-transfer"
    again = api("POST", NEW, {"transfer": {"volume_id": volume.id}})
    assert again.status == 400
    assert "its status must be available, but is awaiting-transfer" in again.sentence
    assert api("DELETE", f"{NEW}/{offer['id']}", token=MEMBER).status == 202
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "available"
    assert api("DELETE", f"{NEW}/{offer['id']}", token=MEMBER).status == 404
    assert _accept(api, offer).status == 404


def test_the_key_is_not_kept(api: Client, volume: Volume, admin: RequestContext) -> None:
    offer = _offer(api, volume)
    kept = transfers.get(admin, offer["id"])
    assert offer["auth_key"] not in (kept.salt, kept.crypt_hash)
    assert kept.salt not in str(api("GET", f"{NEW}/{offer['id']}").json)


@pytest.mark.parametrize("path", [OLD, NEW])
def test_acceptance_moves_the_volume_its_snapshots_and_their_quota(
    api: Client, volume: Volume, path: str
) -> None:
    _snapshot(volume)
    offer = _offer(api, volume, path)
    assert _used(PROJECT) == (1, 6, 1)
    answer = _accept(api, offer, path=path)
    assert answer.status == 202
    assert sorted(answer.json["transfer"]) == ["id", "links", "name", "volume_id"]
    assert (_used(PROJECT), _used(OTHER_PROJECT)) == ((0, 0, 0), (1, 6, 1))
    shown = api("GET", f"{STRANGERS}/volumes/{volume.id}", token=STRANGER).json["volume"]
    assert (shown["status"], shown["user_id"]) == ("available", "eve")
    assert api("GET", f"/volumes/{volume.id}", token=MEMBER).status == 404
    with engine.statement() as connection:
        s = models.snapshots.c
        owner = connection.execute(sa.select(s.project_id, s.user_id)).one()
    assert tuple(owner) == (OTHER_PROJECT, "eve")
    assert _accept(api, offer).status == 404


def test_snapshots_may_stay(api: Client, volume: Volume) -> None:
    _snapshot(volume, status="error")
    offer = _offer(api, volume, no_snapshots="true")
    assert offer["no_snapshots"] is True
    assert _accept(api, offer).status == 202
    assert (_used(PROJECT), _used(OTHER_PROJECT)) == ((0, 3, 1), (1, 3, 0))


def test_a_snapshot_that_goes_along_must_be_available(api: Client, volume: Volume) -> None:
    snapshot = _snapshot(volume, status="creating")
    answer = api("POST", NEW, {"transfer": {"volume_id": volume.id}})
    assert answer.status == 400
    assert snapshot in answer.sentence
    assert volumes.get(RequestContext(is_admin=True), volume.id).status == "available"


@pytest.mark.parametrize("column", ["group_snapshot_id", "cgsnapshot_id"])
def test_a_part_of_a_groups_snapshot_does_not_go_along(
    api: Client, volume: Volume, column: str
) -> None:
    of_group = rows.new_id()
    snapshot = _snapshot(volume, **{column: of_group})
    answer = api("POST", NEW, {"transfer": {"volume_id": volume.id}})
    assert answer.status == 400
    assert snapshot in answer.sentence
    assert f"must not belong to the group snapshot {of_group}." in answer.sentence
    assert _offer(api, volume, no_snapshots=True)["no_snapshots"] is True


def test_what_was_offered_before_is_not_accepted_with_a_part_of_a_groups_snapshot(
    api: Client, volume: Volume
) -> None:
    offer = _offer(api, volume)
    _snapshot(volume, group_snapshot_id=rows.new_id())
    assert _accept(api, offer).status == 400
    assert _used(OTHER_PROJECT) == (0, 0, 0)


@pytest.mark.parametrize("key", ["wrong", "", 17])
def test_a_wrong_key_opens_nothing(api: Client, volume: Volume, key: Any) -> None:
    offer = _offer(api, volume)
    answer = _accept(api, offer, key)
    assert answer.status == 400
    assert answer.sentence == f"Invalid auth key: it does not open transfer {offer['id']}."
    assert _used(OTHER_PROJECT) == (0, 0, 0)


@pytest.mark.parametrize(
    ("quota", "limit"),
    [("quota_volumes", 0), ("quota_gigabytes", 5), ("quota_snapshots", 0)],
)
def test_without_room_nothing_moves(
    api: Client, volume: Volume, option: SetOption, quota: str, limit: int
) -> None:
    _snapshot(volume)
    offer = _offer(api, volume)
    option(quota, limit)
    answer = _accept(api, offer)
    assert answer.status == 413
    assert answer.headers["Retry-After"] == "0"
    assert (_used(PROJECT), _used(OTHER_PROJECT)) == ((1, 6, 1), (0, 0, 0))
    assert api("GET", f"{NEW}/{offer['id']}").json["transfer"]["accepted"] is False
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "awaiting-transfer"


def test_a_volume_that_was_reset_is_not_taken(api: Client, volume: Volume) -> None:
    offer = _offer(api, volume)
    volumes.update(volume.id, {"status": "error"})
    assert _accept(api, offer).status == 400
    assert api("DELETE", f"{NEW}/{offer['id']}").status == 202
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "error"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"migration_status": "migrating"}, "it is moving to another backend"),
        ({"group_id": NOBODY}, f"it is in the group {NOBODY}"),
        ({"consistencygroup_id": NOBODY}, f"it is in the consistency group {NOBODY}"),
        ({"encryption_key_id": NOBODY}, "is encrypted"),
    ],
)
def test_volumes_that_can_not_be_offered(api: Client, values: dict[str, Any], reason: str) -> None:
    volume = rows.volume(project_id=PROJECT)
    volumes.update(volume.id, values)
    answer = api("POST", OLD, {"transfer": {"volume_id": volume.id}})
    assert answer.status == 400
    assert reason in answer.sentence


def test_encrypted_volumes_go_from_3_70_on_with_their_snapshots(api: Client, keys: Keys) -> None:
    key_id = keys.create_key(RequestContext(project_id=PROJECT, overwrite=False), "aes", 256)
    volume = rows.volume(project_id=PROJECT, encryption_key_id=key_id)
    body = {"transfer": {"volume_id": volume.id}}
    assert api("POST", NEW, body, version="3.69").status == 400
    assert api("POST", NEW, {"transfer": {**body["transfer"], "no_snapshots": True}}).status == 400
    assert api("POST", NEW, body, version="3.70").status == 202


@pytest.mark.parametrize(
    ("path", "version", "body", "status"),
    [
        (NEW, "3.71", {}, 400),
        (NEW, "3.71", {"transfer": {}}, 400),
        (NEW, "3.71", {"transfer": {"volume_id": "x"}}, 400),
        (NEW, "3.71", {"transfer": {"volume_id": NOBODY}}, 404),
        (NEW, "3.71", {"transfer": {"volume_id": NOBODY, "name": "  "}}, 400),
        (NEW, "3.71", {"transfer": {"volume_id": NOBODY, "name": "n" * 256}}, 400),
        (NEW, "3.71", {"transfer": {"volume_id": NOBODY, "name": None}}, 404),
        (NEW, "3.54", {"transfer": {"volume_id": NOBODY, "no_snapshots": True}}, 400),
        (NEW, "3.55", {"transfer": {"volume_id": NOBODY, "no_snapshots": "maybe"}}, 400),
        (OLD, "3.71", {"transfer": {"volume_id": NOBODY, "no_snapshots": True}}, 400),
    ],
)
def test_bodies(api: Client, path: str, version: str, body: Any, status: int) -> None:
    assert api("POST", path, body, version=version).status == status


@pytest.mark.parametrize("body", [{}, {"accept": {}}, {"accept": {"auth_key": None}}])
def test_bodies_of_an_acceptance(api: Client, body: Any) -> None:
    assert api("POST", f"{NEW}/{NOBODY}/accept", body).status == 400


def test_other_projects_offers_are_hidden(api: Client, volume: Volume) -> None:
    offer = _offer(api, volume)
    url = f"{STRANGERS}{NEW}"
    assert api("GET", f"{url}?all_tenants=1", token=STRANGER).json == {"transfers": []}
    assert api("GET", f"{url}/{offer['id']}", token=STRANGER).status == 404
    assert api("DELETE", f"{url}/{offer['id']}", token=STRANGER).status == 404
    admin = f"admin:{OTHER_PROJECT}"
    assert api("GET", url, token=admin).json == {"transfers": []}
    (found,) = api("GET", f"{url}?all_tenants=1", token=admin).json["transfers"]
    assert found["id"] == offer["id"]
    wanted = f"{url}?all_tenants=1&project_id={OTHER_PROJECT}"
    assert api("GET", wanted, token=admin).json == {"transfers": []}


@pytest.fixture
def offers(api: Client) -> list[str]:
    """Return the ids of three offers, the oldest first."""
    made = [rows.volume(project_id=PROJECT, size=1) for _ in range(3)]
    return [_offer(api, each, name=name)["id"] for each, name in zip(made, "bca", strict=True)]


def _ids(api: Client, query: str, version: str = "3.71", path: str = NEW) -> list[str]:
    answer = api("GET", f"{path}{query}", version=version)
    assert answer.status == 200, answer.raw
    return [each["id"] for each in answer.json["transfers"]]


def test_pages_from_3_59_on(api: Client, offers: list[str]) -> None:
    assert _ids(api, "") == offers[::-1], "newest first"
    assert _ids(api, "", "3.58") == offers, "oldest first before there are pages"
    first = api("GET", f"{NEW}/detail?limit=2&sort=name:asc").json
    assert [each["name"] for each in first["transfers"]] == ["a", "b"]
    (link,) = first["transfers_links"]
    assert link["rel"] == "next"
    following = link["href"].removeprefix(f"http://{HOST}/v3/{PROJECT}")
    assert [t["name"] for t in api("GET", following).json["transfers"]] == ["c"]
    assert _ids(api, f"?marker={offers[1]}") == [offers[0]]
    assert _ids(api, "?offset=1") == [offers[1], offers[0]]
    assert _ids(api, "?limit=0") == []
    assert api("GET", f"{NEW}?marker={NOBODY}").status == 404
    assert api("GET", f"{NEW}?sort_key=salt").status == 400


@pytest.mark.parametrize(("path", "version"), [(NEW, "3.58"), (OLD, "3.71")])
def test_where_there_are_no_pages_their_parameters_match_nothing(
    api: Client, offers: list[str], path: str, version: str
) -> None:
    # Cinder takes them for filters there, and no transfer has a column of their names.
    assert _ids(api, "?limit=2", version, path) == []
    assert _ids(api, "?sort=name", version, path) == []
    for query in ("?limit=x", "?limit=-1", "?offset=-1", "/detail?offset=x"):
        assert api("GET", f"{path}{query}", version=version).status == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [("name=b", 1), ("volume_id=x", 0), ("accepted=false", 3), ("accepted=maybe", 0)]
    + [("crypt_hash=x", 0), ("nosuch=1", 0), ("created_at=junk", 0), ("no_snapshots=0", 3)],
)
@pytest.mark.parametrize("path", [OLD, NEW])
def test_filters(api: Client, offers: list[str], path: str, query: str, found: int) -> None:
    assert len(_ids(api, f"?{query}", path=path)) == found
