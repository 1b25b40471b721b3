# SPDX-License-Identifier: Apache-2.0
"""Filters and weighers are found by name, ours without a look at the installed packages."""

from __future__ import annotations

import configparser
import importlib
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from stevedore import extension

from cinder_lite import exception
from cinder_lite.scheduler import plugins

SETUP_CFG = pathlib.Path(__file__).parents[3] / "setup.cfg"


@pytest.mark.parametrize("namespace", [plugins.FILTERS, plugins.WEIGHTS])
def test_our_names_are_the_entry_points(namespace: str) -> None:
    setup = configparser.ConfigParser()
    setup.read(SETUP_CFG)
    listed = dict(
        line.split(" = ") for line in setup["options.entry_points"][namespace].split("\n") if line
    )
    ours = {name: f"{namespace}.{module}:{name}" for name, module in plugins.OWN[namespace].items()}
    assert listed == ours
    for target in listed.values():
        module, _, name = target.partition(":")
        assert hasattr(importlib.import_module(module), name)


def test_ours_need_no_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extension, "ExtensionManager", None)
    names = list(plugins.OWN[plugins.FILTERS])
    loaded = plugins.load(plugins.FILTERS, names, "scheduler_default_filters")
    assert [one.__name__ for one in loaded] == names


class Elsewhere:
    """A filter of another package."""


def test_others_come_from_their_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    found = extension.Extension("Elsewhere", None, Elsewhere, None)
    installed = extension.ExtensionManager.make_test_instance([found])
    asked: list[str] = []

    def manager(namespace: str, **_: Any) -> Any:
        asked.append(namespace)
        return installed

    monkeypatch.setattr(extension, "ExtensionManager", manager)
    assert plugins.load(plugins.FILTERS, ["Elsewhere"], "scheduler_default_filters") == [Elsewhere]
    assert asked == [plugins.FILTERS]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(exception.InvalidConfigurationValue) as caught:
        plugins.load(plugins.WEIGHTS, ["NoSuchWeigher"], "scheduler_default_weighers")
    assert "scheduler_default_weighers" in caught.value.msg
    assert "NoSuchWeigher" in caught.value.msg
    assert "CapacityWeigher" in caught.value.msg


def test_the_schedulers_modules_leave_heavy_libraries_alone() -> None:
    code = (
        "import sys, cinder_lite.conf, cinder_lite.scheduler.manager\n"
        "import cinder_lite.scheduler.filter_scheduler\n"
        "heavy = {'taskflow', 'os_brick', 'openstack', 'jsonschema', 'alembic', 'webob'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
