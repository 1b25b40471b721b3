# SPDX-License-Identifier: Apache-2.0
"""This machine itself in place of the virtual one, where its kernel has what the tests need.

For machines that are there for nothing else, such as those of a CI: the services run as a user
``cinder`` out of /opt, with their settings in /etc/cinder_lite; packet filters are emptied, targets
and sessions that somebody left would be taken for the tests' own. What can be undone is undone at
the end; the user, /opt/venv, /opt/cinder_lite and /etc/cinder_lite stay.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pytest

from tests.functional.harness import process
from tests.functional.harness.process import HarnessError
from tests.storage import leftovers
from tests.storage.vm import image, tree
from tests.storage.vm.machine import ADDRESS, SECOND_ADDRESS, Machine

MODULES = (
    *("loop", "dm_mod", "dm_snapshot", "dm_thin_pool", "dm_mirror", "dm_crypt"),
    *("target_core_mod", "target_core_iblock", "iscsi_target_mod", "iscsi_tcp"),
)
VENV = Path("/opt/venv")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
START_SECONDS = 120.0


class NativeMachine(Machine):
    """The machine on which the tests run; its further disks are loop devices."""

    def __init__(self, directory: Path, disks: Mapping[str, float] | None = None) -> None:
        """:param directory: an empty directory for its disks and logs"""
        super().__init__(directory, disks)
        self._agent: process.Process | None = None
        self._end = contextlib.ExitStack()

    @property
    def console(self) -> Path:
        """The file with all that the agent has said."""
        return self.directory / "console.log"

    @property
    def running(self) -> bool:
        """True between a boot and a halt."""
        return self._agent is not None and self._agent.alive

    def boot(self) -> Self:
        """Install the tree's present code and start the agent.

        :raises HarnessError: this machine is not fit for the tests
        """
        _check()
        try:
            _install()
            self.token = tree.lay_out(Path(tree.PLACE))
            _run("sh", f"{tree.PLACE}/guest/settings.sh")
            self._add_addresses()
            self._attach_disks()
            self._start_agent()
            found = leftovers.look(self)
            if found:
                raise HarnessError(f"this machine has storage of its own: {', '.join(found)}")
        except BaseException:
            self.halt()
            raise
        return self

    def _start_agent(self) -> None:
        words = ("127.0.0.1", str(self.port), str(self.console))
        command = ["sh", f"{tree.PLACE}/guest/agent.sh", *words]
        self._agent = process.Process(
            "agent", ["env", "-i", f"PATH={SYSTEM_PATH}", *command], self.console
        ).start()
        self._end.callback(self._agent.stop)
        self._agent.wait_ready(self._says_ready, START_SECONDS)
        self._end.callback(_run, "systemctl", "stop", "cinder-lite-volume@*.service")

    def _add_addresses(self) -> None:
        """Give this machine the addresses that the virtual one has, on loopback."""
        for address in (ADDRESS, SECOND_ADDRESS):
            _run("ip", "address", "add", f"{address}/32", "dev", "lo")
            self._end.callback(_run, "ip", "address", "delete", f"{address}/32", "dev", "lo")

    def _attach_disks(self) -> None:
        """Make loop devices of the disks' files, under the names that the virtual one has."""
        for name in self._disks:
            device = _run("losetup", "--find", "--show", str(self.disk(name))).strip()
            self._end.callback(_run, "losetup", "--detach", device)
            link = Path(self.device(name))
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(device)
            self._end.callback(link.unlink)

    def lead(self, name: str, port: int) -> tuple[str, int]:
        """Let the machine reach a server that runs here: it does."""
        return "127.0.0.1", port

    def reset(self) -> None:
        """Skip the test: nobody cuts this machine's power."""
        pytest.skip("only a virtual machine's power can be cut")

    def halt(self) -> None:
        """Undo what was done to this machine."""
        self._end.close()
        for unit in Path("/run/systemd/system").glob("cinder-lite-volume@.service"):
            unit.unlink()


def _check() -> None:
    """Check what can not be installed.

    :raises HarnessError: this machine's kernel or its systemd is not what the tests need
    """
    if not Path("/run/systemd/system").is_dir():
        raise HarnessError("this machine was not booted by systemd, which runs the services")
    missing = [
        name
        for name in MODULES
        if subprocess.run(["modprobe", "-q", name], check=False).returncode != 0
    ]
    if missing:
        raise HarnessError(f"this machine's kernel lacks {', '.join(missing)}")


def _install() -> None:
    """Make the services' virtual environment, unless it is there, and free LIO's port of tgt."""
    done = VENV / ".made-for"
    if not done.exists() or done.read_text() != image.key():
        _run("/usr/bin/python3", "-m", "venv", "--clear", str(VENV))
        pip = (f"{VENV}/bin/python", "-m", "pip", "install", "-q", "-c", str(image.CONSTRAINTS))
        _run(*pip, *image.requirements())
        done.write_text(image.key())
    _run("systemctl", "mask", "--now", "tgt.service")
    _run("modprobe", "configfs")


def _run(*words: str) -> str:
    """Run a command, which must succeed, and return its output."""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
        )
    except subprocess.CalledProcessError as error:
        raise HarnessError(f"{words}: {error.stdout}{error.stderr}") from None
    sys.stderr.write(done.stderr)
    return done.stdout
