# SPDX-License-Identifier: Apache-2.0
"""The machine of the storage tests: commands inside it, files in and out, its disks, power off."""

from __future__ import annotations

import abc
import contextlib
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.functional.harness import process
from tests.functional.harness.process import HarnessError
from tests.storage.vm import tree
from tests.storage.vm.client import Client
from tests.storage.vm.guest.agent import PORT as AGENT_PORT
from tests.storage.vm.guest.agent import READY
from tests.storage.vm.image import Image

ADDRESS, SECOND_ADDRESS = "10.0.2.15", "10.0.2.16"
"""The machine's own addresses; nothing outside can be reached but through SERVICES."""
SERVICES = {
    "rabbitmq": ("10.0.2.100", 5672),
    "mariadb": ("10.0.2.101", 3306),
    "glance": ("10.0.2.102", 9292),
}
"""Where programs in the virtual machine find servers that run outside of it."""
MEMORY = 3072
"""MiB."""
BOOT_SECONDS = 900.0
"""It takes 20 s where nobody else uses the processors."""
HALT_SECONDS = 120.0
CLIENT_FILE = "client.json"
DATA_SIZE = "64G"
"""Of the sparse disk on which the volume groups' files are."""

_EVIDENCE = """\
echo '--- refused logins'
journalctl -k --no-pager -o short-monotonic | grep -iE 'chap|login|negotiat' | tail -n "$1"
tail -v -n "$1" /var/log/cinder_lite/*.log
echo '--- journal'; journalctl -n "$1" --no-pager -o short-monotonic
echo '--- block devices'; lsblk -o NAME,SIZE,TYPE,MOUNTPOINT
echo '--- processes'; ps --ppid 2 -p 2 --deselect -o pid,ppid,user,stat,etime,args --cols 160
"""


class Machine(Client, abc.ABC):
    """A machine with disks whose files are here.

    Only this process's user can reach its agent, which wants a secret. It dies with the tests.
    """

    def __init__(self, directory: Path, disks: Mapping[str, float] | None = None) -> None:
        """:param directory: an empty directory for its disks and logs
        :param disks: names (up to 20 characters) and sizes (GiB) of its disks
        """
        super().__init__(process.free_port())
        self.directory = directory
        self._disks = tuple(disks or ())
        for name, gibibytes in (disks or {}).items():
            with self.disk(name).open("wb") as file:
                file.truncate(int(gibibytes * 1024**3))

    def disk(self, name: str) -> Path:
        """Return the file of a disk.

        What the machine wrote past its page cache is here at once, and the other way round.
        """
        return self.directory / f"disk-{name}.img"

    @staticmethod
    def device(name: str) -> str:
        """Return the path that a disk has in the machine."""
        return f"/dev/disk/by-id/virtio-{name}"

    @property
    @abc.abstractmethod
    def console(self) -> Path:
        """The file with all that the machine has said since its last boot."""

    @property
    @abc.abstractmethod
    def running(self) -> bool:
        """True between a boot and a halt."""

    @abc.abstractmethod
    def boot(self) -> Self:
        """Get the machine ready with the tree's present code.

        :raises HarnessError: it did not get ready
        """

    @abc.abstractmethod
    def reset(self) -> None:
        """Cut the power and switch it on again: what was not written to its disks is lost.

        :raises HarnessError: it did not get ready
        """

    @abc.abstractmethod
    def halt(self) -> None:
        """End the machine in good order."""

    def _says_ready(self, times: int = 1) -> bool:
        return self.console.read_bytes().count(READY.encode()) >= times

    @abc.abstractmethod
    def lead(self, name: str, port: int) -> tuple[str, int]:
        """Let the machine reach a server that runs here, from now on.

        :param name: one of SERVICES
        :param port: of 127.0.0.1
        :returns: address and port for programs in the machine
        """

    # --- evidence ----------------------------------------------------------------------------

    def logs(self, lines: int = 60) -> str:
        """Return the ends of the console and of the logs inside, for a failed test's report."""
        parts = [f"--- console\n{process.tail(self.console, lines)}"]
        if self.running:
            try:
                parts.append(
                    self.run("sh", "-c", _EVIDENCE, "sh", str(lines), check=False, timeout=30).out
                )
            except HarnessError as error:
                parts.append(str(error))
        return "\n".join(parts)


class VirtualMachine(Machine):
    """A machine that qemu emulates, with a disk of its own that survives a power cut."""

    def __init__(
        self, directory: Path, image: Image, disks: Mapping[str, float] | None = None
    ) -> None:
        """:param image: what it boots from"""
        super().__init__(directory, disks)
        self._image = image
        self._qemu: process.Process | None = None
        self._boots = 0
        self._make_data_disk()
        for name in SERVICES:
            self._forward(name, "exit 1")

    # --- power -------------------------------------------------------------------------------

    @property
    def console(self) -> Path:
        """The file with all that qemu and the machine's console have said since the last boot."""
        return self.directory / f"console-{self._boots}.log"

    @property
    def running(self) -> bool:
        """True between a boot and a halt."""
        return self._qemu is not None and self._qemu.alive

    def boot(self) -> Self:
        """Start the machine with the tree's present code and wait until its agent serves.

        :raises HarnessError: it did not get ready; carries the end of the console
        """
        self._boots += 1
        code_disk, self.token = tree.make(self.directory)
        self._qemu = process.Process(
            "qemu", self._command(code_disk), self.console, directory=self.directory
        ).start()
        self._qemu.wait_ready(self._says_ready, BOOT_SECONDS)
        self.remember(self.directory / CLIENT_FILE)
        return self

    def reset(self) -> None:
        """Cut the power and switch it on again: what was not written to its disks is lost.

        :raises HarnessError: it did not get ready
        """
        assert self._qemu is not None
        times = self.console.read_bytes().count(READY.encode())
        with contextlib.suppress(HarnessError):  # nobody is left to answer
            self.run("sh", "-c", "echo b >/proc/sysrq-trigger", timeout=5)
        self._qemu.wait_ready(lambda: self._says_ready(times + 1), BOOT_SECONDS)

    def halt(self) -> None:
        """End the machine in good order."""
        if self.running:
            assert self._qemu is not None
            try:
                self.run("systemctl", "poweroff", check=False)
                self._qemu.wait(HALT_SECONDS)
            except HarnessError:
                self.cut_power()

    def cut_power(self) -> None:
        """End the machine at once: what it had not written to its disks is lost."""
        if self._qemu is not None:
            self._qemu.send(signal.SIGKILL)
            self._qemu.wait(10)

    def discard(self) -> None:
        """Remove all files of a machine that has ended."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _make_data_disk(self) -> None:
        disk = self.directory / "data.img"
        options = "lazy_itable_init=1,lazy_journal_init=1,nodiscard"
        subprocess.run(
            ["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-E", options]
            + [str(disk), DATA_SIZE],
            check=True,
            stdin=subprocess.DEVNULL,
        )

    def _command(self, code_disk: Path) -> list[str | Path]:
        network = (
            f"user,restrict=on,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{self.port}-:{AGENT_PORT}"
        )
        for name, (address, port) in SERVICES.items():
            network += f",guestfwd=tcp:{address}:{port}-cmd:sh {self.directory}/forward-{name}"
        boot = "root=/dev/vda rw console=ttyS0 mitigations=off quiet systemd.show_status=0"
        # A machine that gets little time may lose timer ticks, and its disks may be late: its
        # kernel must not test for the former, and boots again without the latter.
        boot += " no_timer_check panic=5"
        disks = {  # in the order of their names in the machine: vda, vdb, ...
            "root": f"file={self._image.disk},snapshot=on",
            "code": f"file={code_disk},snapshot=on",
            "data": f"file={self.directory}/data.img",
            **{name: f"file={self.disk(name)}" for name in self._disks},
        }
        drives = []
        for number, (name, disk) in enumerate(disks.items()):
            kind = f"if=none,id=disk{number},format=raw,cache=unsafe,discard=unmap"
            drives += ["-drive", f"{disk},{kind}"]
            drives += ["-device", f"virtio-blk-pci,drive=disk{number},serial={name}"]
        return [
            *("qemu-system-x86_64", "-nodefaults", "-no-user-config"),
            *("-display", "none", "-serial", "stdio", "-device", "virtio-rng-pci"),
            # Where the machine is itself virtual, nested KVM is slower than translation.
            *("-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max"),
            *("-smp", "2", "-m", str(MEMORY)),
            *("-kernel", self._image.kernel, "-initrd", self._image.ramdisk),
            *("-append", f"{boot} net.ifnames=0 audit=0 selinux=0 apparmor=0"),
            *drives,
            *("-nic", network),
        ]

    # --- network -----------------------------------------------------------------------------

    def lead(self, name: str, port: int) -> tuple[str, int]:
        """Let the machine reach a server that runs here, which it finds where SERVICES says."""
        self._forward(name, f"exec socat - TCP4:127.0.0.1:{port}")
        return SERVICES[name]

    def _forward(self, name: str, command: str) -> None:
        """Say what qemu runs for a connection to a service."""
        (self.directory / f"forward-{name}").write_text(f"{command}\n")
