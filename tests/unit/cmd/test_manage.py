# SPDX-License-Identifier: Apache-2.0
"""What the operator's command does to the services."""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys

import pytest
from oslo_config import cfg

from cinder_lite import exception
from cinder_lite.cmd import manage
from cinder_lite.db import services


@pytest.fixture
def parsed() -> argparse.Namespace:
    """Return the arguments of ``service remove cinder-volume one@file`` by oslo.config."""
    conf = cfg.ConfigOpts()
    conf.register_opt(cfg.StrOpt("host"))
    conf.register_cli_opt(cfg.SubCommandOpt("command", handler=manage._add_commands))
    conf(["service", "remove", "cinder-volume", "one@file"])
    command: argparse.Namespace = conf.command
    return command


def _register() -> int:
    row = services.register(
        host="one@file",
        binary="cinder-volume",
        topic="cinder-lite-volume.one@file",
        availability_zone="nova",
        rpc_version="1.0",
    )
    return row.id


def test_a_service_that_is_up_is_kept(sqlite_database: str, parsed: argparse.Namespace) -> None:
    _register()
    with pytest.raises(exception.Invalid, match="cinder-volume on one@file is up"):
        manage.service_remove(parsed)
    assert services.listing()


def test_a_service_that_is_down_is_removed(
    sqlite_database: str, parsed: argparse.Namespace, capsys: pytest.CaptureFixture[str]
) -> None:
    services.age_heartbeat(_register())
    manage.service_remove(parsed)
    assert services.listing() == []
    assert "one@file removed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        ("sqlite:///empty.sqlite", "run cinder-lite-manage db sync"),
        ("sqlite:////nowhere/at/all.sqlite", "unable to open database file"),
        ("postgresql+pg8000://127.0.0.1/cinder_lite", "No module named 'pg8000'"),
    ],
    ids=["no tables", "not there", "no driver"],
)
def test_a_failure_of_the_database_is_one_sentence(
    tmp_path: pathlib.Path, connection: str, reason: str
) -> None:
    (tmp_path / "manage.conf").write_text(f"[database]\nconnection = {connection}\n")
    result = subprocess.run(
        [sys.executable, "-m", "cinder_lite.cmd.manage", "--config-file", "manage.conf"]
        + ["service", "list"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stdout
    (sentence,) = result.stderr.splitlines()
    assert sentence.startswith("cinder-lite-manage: ")
    assert reason in sentence


def test_a_schema_that_does_not_exist_is_told(sqlite_database: str) -> None:
    with pytest.raises(exception.Invalid, match="nonsense"):
        manage.db_sync(argparse.Namespace(version="nonsense"))


def test_an_age_beyond_the_calendar_is_told(sqlite_database: str) -> None:
    with pytest.raises(exception.Invalid, match="age"):
        manage.db_purge(argparse.Namespace(age_in_days=999999))


def test_the_flows_are_printed_as_they_run(capsys: pytest.CaptureFixture[str]) -> None:
    from cinder_lite.scheduler.flows import create_volume
    from cinder_lite.volume.create import api_flow, manager_flow

    manage.flow_show(argparse.Namespace(name="create"))
    printed = capsys.readouterr().out.rstrip("\n").split("\n\n")
    flows = [
        api_flow.get_flow(),
        create_volume.get_flow(),
        manager_flow.get_flow(reschedule=True),
        manager_flow.get_flow(reschedule=False),
    ]
    assert len(printed) == len(flows)
    for text, flow in zip(printed, flows, strict=True):
        lines = text.splitlines()
        assert lines[0] == flow.name
        tasks = [line.split()[2] for line in lines if line.startswith("  v ")]
        assert tasks == [type(task).__name__ for task in flow.tasks]
        for task in flow.tasks:
            doc = (type(task).__doc__ or "").partition("\n")[0]
            assert f"       {doc}" in lines
