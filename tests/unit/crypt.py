# SPDX-License-Identifier: Apache-2.0
"""cryptsetup and dm-crypt for files, as os-brick's encryptors use them; the cipher is a toy.

os-brick's own encryptors run; what they would have run as root comes here. A volume that is open
has a file with its plain data, smaller by the header, which goes back into the volume when it is
closed.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from oslo_concurrency import processutils

from cinder_lite.volume import connections, encryptors

MIB = 1024**2
HEADERS = {"luks1": 2 * MIB, "luks2": 16 * MIB}
"""Bytes of a header by its type."""
MAGIC = b"LUKS\xba\xbe"


class Crypt:
    """What is formatted and open.

    :param directory: for links and plain data
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.links = directory / "by-id"
        self.mapper = directory / "mapper"
        for one in (self.links, self.mapper):
            one.mkdir(parents=True)
        self.commands: list[list[str]] = []
        self.fails: dict[str, str] = {}
        """What a command of cryptsetup says that fails, by its name."""
        self._open: dict[str, tuple[str, bytes]] = {}

    def execute(self, *words: Any, process_input: Any = None, **_: Any) -> tuple[str, str]:
        """Run a command of os-brick's."""
        command = [str(word) for word in words]
        self.commands.append(command)
        if command[0] == "ln":
            return self._relink(*command[-2:])
        assert command[0] == "cryptsetup"
        action = next(word for word in command[1:] if not word.startswith("-"))
        if action in self.fails:
            raise _failed(5, self.fails[action])
        getattr(self, action)(command, str(process_input or ""))
        return "", ""

    def _relink(self, target: str, link: str) -> tuple[str, str]:
        assert pathlib.Path(link).is_symlink()
        self.link_root(str(self.mapper / os.path.basename(target)), link)
        return "", ""

    def link_root(self, target: str, link: str, force: bool = True) -> None:
        """Make a link."""
        path = pathlib.Path(link)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def unlink_root(self, *links: str, no_errors: bool = False) -> None:
        """Remove links."""
        for link in links:
            pathlib.Path(link).unlink(missing_ok=no_errors)

    # --- cryptsetup --------------------------------------------------------------------------

    def isLuks(self, command: list[str], _key: str) -> None:  # noqa: N802
        """Succeed on a volume that is formatted."""
        if _header(command[-1]) is None:
            raise _failed(1, "")

    def luksFormat(self, command: list[str], key: str) -> None:  # noqa: N802
        """Write a header."""
        kind = command[command.index("--type") + 1]
        text = json.dumps({"type": kind, "key": hashlib.sha256(key.encode()).hexdigest()})
        with open(command[-1], "r+b") as file:
            file.write(MAGIC + text.encode().ljust(200))

    def luksChangeKey(self, command: list[str], keys: str) -> None:  # noqa: N802
        """Have another key open a volume; the toy's data depends on it, so it must be empty."""
        device = command[2]
        old, new = keys.split()
        header = _header(device)
        assert header is not None
        if header["key"] != hashlib.sha256(old.encode()).hexdigest():
            raise _failed(2, "No key available with this passphrase.")
        self.luksFormat(["--type", header["type"], device], new)

    def luksOpen(self, command: list[str], key: str) -> None:  # noqa: N802
        """Make the plain data of a volume."""
        device, name = command[-2:]
        header = _header(device)
        if header is None:
            raise _failed(1, f"Device {device} is not a valid LUKS device.")
        if header["key"] != hashlib.sha256(key.encode()).hexdigest():
            raise _failed(2, "No key available with this passphrase.")
        skip = HEADERS[header["type"]]
        plain = self.mapper / name
        with open(device, "rb") as source, plain.open("wb") as target:
            target.truncate(os.stat(device).st_size - skip)
            for offset, data in _data(source, skip):
                target.seek(offset - skip)
                target.write(_xor(data, offset - skip, key.encode()))
        self._open[name] = (device, key.encode())

    def luksClose(self, command: list[str], _key: str) -> None:  # noqa: N802
        """Put the plain data back into the volume, enciphered."""
        name = command[-1]
        if name not in self._open:
            return  # exit status 4, which os-brick takes for a success
        device, key = self._open[name]
        plain = self.mapper / name
        header = _header(device)
        assert header is not None
        skip = HEADERS[header["type"]]
        with plain.open("rb") as source, open(device, "r+b") as target:
            for offset, data in _data(source, 0):
                target.seek(offset + skip)
                target.write(_xor(data, offset, key))
        del self._open[name]
        plain.unlink()

    # --- what tests see ----------------------------------------------------------------------

    def actions(self, action: str) -> list[list[str]]:
        """Return the commands of one kind."""
        return [command for command in self.commands if action in command]

    def nothing_open(self) -> bool:
        """Tell whether no volume is open, and no link left."""
        return not (self._open or list(self.links.iterdir()) or list(self.mapper.iterdir()))


def plain_of(path: pathlib.Path, secret: bytes, length: int) -> bytes:
    """Return the first bytes of an encrypted volume's plain data.

    :param secret: the volume's key
    """
    header = _header(str(path))
    assert header is not None, "it is not formatted"
    key = secret.hex().encode()
    assert header["key"] == hashlib.sha256(key).hexdigest(), "it has another key"
    with path.open("rb") as file:
        file.seek(HEADERS[header["type"]])
        return _xor(file.read(length), 0, key)


def fill(path: pathlib.Path, secret: bytes, data: bytes, kind: str = "luks1") -> None:
    """Format a volume and write the start of its plain data."""
    key = secret.hex().encode()
    text = json.dumps({"type": kind, "key": hashlib.sha256(key).hexdigest()})
    with path.open("r+b") as file:
        file.truncate(0)
        file.truncate(1024 * MIB)
        file.write(MAGIC + text.encode().ljust(200))
        file.seek(HEADERS[kind])
        file.write(_xor(data, 0, key))


def kind_of(path: pathlib.Path) -> str | None:
    """Return the type of a volume's header, None where it has none."""
    header = _header(str(path))
    return header["type"] if header else None


def _header(device: str) -> dict[str, str] | None:
    with open(device, "rb") as file:
        head = file.read(206)
    found: dict[str, str] | None = None
    if head.startswith(MAGIC):
        found = json.loads(head[len(MAGIC) :])
    return found


def _failed(status: int, said: str) -> processutils.ProcessExecutionError:
    return processutils.ProcessExecutionError(exit_code=status, stderr=said, cmd="cryptsetup")


def _data(file: Any, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield what of a file is no hole."""
    fd, end = file.fileno(), os.fstat(file.fileno()).st_size
    while start < end:
        try:
            start = os.lseek(fd, start, os.SEEK_DATA)
        except OSError:
            return
        stop = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, os.pread(fd, stop - start, start)
        start = stop


def _xor(data: bytes, offset: int, key: bytes) -> bytes:
    stream = hashlib.sha256(key).digest() * (len(data) // 32 + 2)
    stream = stream[offset % 32 :][: len(data)]
    number = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return number.to_bytes(len(data), "big")


def install(monkeypatch: pytest.MonkeyPatch, directory: pathlib.Path) -> Crypt:
    """Have os-brick's encryptors use a :class:`Crypt`."""
    from os_brick.privileged import rootwrap

    made = Crypt(directory)
    for name in ("execute", "link_root", "unlink_root"):
        monkeypatch.setattr(rootwrap, name, getattr(made, name))
    monkeypatch.setattr(connections, "prepare_brick", lambda: None)
    monkeypatch.setattr(encryptors, "_LINKS", f"{made.links}/cinder-lite-")
    monkeypatch.setattr(encryptors, "_DEVICES", f"{made.mapper}/crypt-cinder-lite-")
    monkeypatch.setattr(encryptors, "obstacle", lambda: None)
    monkeypatch.setattr(encryptors, "has_cryptsetup", lambda: True)
    return made
