# SPDX-License-Identifier: Apache-2.0
"""Copying through file objects, for volumes that have no path on this node (RBD, for one).

One real thread reads and another writes, so neither waits for the other. They are threads of the
operating system under eventlet, too; whatever the file objects do, they do there.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import mmap
import os
from collections.abc import Callable
from typing import Any

from oslo_log import log as logging

from cinder_lite import concurrency, exception
from cinder_lite.volume.copy import native
from cinder_lite.volume.copy.child.bucket import TokenBucket
from cinder_lite.volume.copy.child.engine import ALIGNMENT, Side
from cinder_lite.volume.copy.process import TICK, Stop
from cinder_lite.volume.copy.progress import Meter

LOG = logging.getLogger(__name__)

CHUNK = 4 * 1024**2
"""Bytes of one read; librbd's objects are of this size."""
_CHUNKS_IN_FLIGHT = 4

Read = Callable[[int, int], Any]
"""Reads: offset and length in bytes; returns a buffer, or a shorter one at the end."""
Write = Callable[[int, Any], None]
"""Writes: offset in bytes, and a buffer."""


def copy(
    src: Any,
    dest: Any,
    size: int,
    *,
    meter: Meter,
    data: int | None = None,
    limit: Callable[[], int] = lambda: 0,
    stop: Stop | None = None,
) -> None:
    """Copy from or to a file object; every byte is written, zeros too.

    :param src: an object with ``read(length)``, at its start, or a path
    :param dest: an object with ``write(data)``, at its start, or a path
    :param size: bytes to copy
    :param data: bytes to read; zeros are written after them; None for all
    :param limit: bytes per second now, 0 for none; asked several times a second
    :raises VolumeCopyFailed: reading or writing failed, or the source ended too early
    :raises CopyStopped: ``stop`` was set; a read or write under way was waited for
    """
    with contextlib.ExitStack() as stack:
        try:
            read = _reader(src, dest, size, stack)
            write, flush = _writer(dest, size, stack)
        except OSError as error:
            raise exception.VolumeCopyFailed(
                reason=f"cannot open {error.filename}: {error.strerror}"
            ) from error
        pump = _Pump(read, write, flush, (size, size if data is None else data), limit)
        stack.callback(pump.halt)
        pump.start()
        while not concurrency.run_blocking(pump.ended.wait, TICK):
            if stop is not None and stop.is_set():
                raise exception.CopyStopped(reason="it was asked to stop")
            pump.bucket.set_rate(limit())
            meter.update(pump.written)
            meter.tick()
        meter.update(pump.written)
    if pump.errors:
        first = pump.errors[0]
        LOG.error("Copying %s to %s failed", _name(src), _name(dest), exc_info=first)
        text = first.strerror if isinstance(first, OSError) and first.strerror else first
        raise exception.VolumeCopyFailed(reason=f"{_name(src)} to {_name(dest)}: {text}") from first


class _Pump:
    """Two native threads with a short queue of buffers between them."""

    def __init__(
        self,
        read: Read,
        write: Write,
        flush: Callable[[], None],
        sizes: tuple[int, int],
        limit: Callable[[], int],
    ) -> None:
        threading = concurrency.native("threading")
        self._read, self._write, self._flush = read, write, flush
        self._size, self._data = sizes
        self._chunk = native.block_under(limit()) if limit() else CHUNK
        self._buffers = concurrency.native("queue").Queue(_CHUNKS_IN_FLIGHT)
        self._halted = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._reads, self._writes)]
        self.bucket = TokenBucket(
            limit(), concurrency.native("time").monotonic, threading.Condition()
        )
        self.ended = threading.Event()
        self.written = 0
        self.errors: list[Exception] = []

    def start(self) -> None:
        """Begin to copy."""
        for thread in self._threads:
            thread.start()

    def halt(self) -> None:
        """Have both threads end, and wait for them."""
        self._halted.set()
        self.bucket.set_rate(0)  # nobody waits for the limit any more
        for thread in self._threads:
            concurrency.run_blocking(thread.join)

    def _reads(self) -> None:
        offset = 0
        zeros = memoryview(mmap.mmap(-1, self._chunk))
        try:
            while offset < self._size and not self._halted.is_set():
                is_data = offset < self._data
                length = min(self._chunk, (self._data if is_data else self._size) - offset)
                self.bucket.acquire(length)
                data = self._read(offset, length) if is_data else zeros[:length]
                if not len(data):
                    raise EOFError(f"the source ends after {offset} of {self._data} bytes")
                self._buffers.put((offset, data))
                offset += len(data)
        except Exception as error:
            self.errors.append(error)
        finally:
            self._buffers.put(None)

    def _writes(self) -> None:
        while (item := self._buffers.get()) is not None:
            if self._halted.is_set():
                continue  # take what the reader still gives, or it would wait for ever
            try:
                self._write(*item)
            except Exception as error:
                self.errors.append(error)
                self._halted.set()
            else:
                self.written += len(item[1])
        try:
            if not self.errors and not self._halted.is_set():
                self._flush()
        except Exception as error:
            self.errors.append(error)
        finally:
            self.ended.set()


def _reader(src: Any, dest: Any, size: int, stack: contextlib.ExitStack) -> Read:
    if isinstance(src, str):
        side = Side(src, os.O_RDONLY, size % ALIGNMENT == 0)
        stack.callback(os.close, side.fd)
        return _into_buffers(lambda offset, view: side.read(view, offset))
    if isinstance(dest, str):
        return _into_buffers(lambda offset, view: _fill(src, view))
    return lambda offset, length: src.read(length)


def _into_buffers(fill: Callable[[int, memoryview], int | None]) -> Read:
    """Return a reader whose buffers are page-aligned, as O_DIRECT wants them, and used in turn.

    :param fill: fills a buffer from an offset; returns the number of bytes, None for all
    """
    # One buffer more than can be in the queue, in the writer's hands and in the reader's.
    buffers = itertools.cycle([mmap.mmap(-1, CHUNK) for _ in range(_CHUNKS_IN_FLIGHT + 3)])

    def read(offset: int, length: int) -> memoryview:
        view = memoryview(next(buffers))[:length]
        return view[: fill(offset, view)]

    return read


def _fill(src: Any, view: memoryview) -> int:
    """Fill a buffer from a file object, which may give less at a time than it is asked for."""
    done = 0
    while done < len(view):
        if hasattr(src, "readinto"):
            count = src.readinto(view[done:])
        else:
            data = src.read(len(view) - done)
            count = len(data)
            view[done : done + count] = data
        if not count:
            break
        done += count
    return done


def _writer(dest: Any, size: int, stack: contextlib.ExitStack) -> tuple[Write, Callable[[], None]]:
    """Return what writes to a target, and what flushes it."""
    if isinstance(dest, str):
        side = Side(dest, os.O_WRONLY, size % ALIGNMENT == 0)
        stack.callback(os.close, side.fd)
        return lambda offset, data: side.write(memoryview(data), offset), lambda: os.fsync(side.fd)

    def write(offset: int, data: Any) -> None:
        data = bytes(data)  # copies nothing that is bytes already; not every library takes more
        while data:
            count = dest.write(data)
            data = data[count:] if count is not None else b""

    def flush() -> None:
        if hasattr(dest, "flush"):
            dest.flush()
        with contextlib.suppress(AttributeError, io.UnsupportedOperation):
            os.fsync(dest.fileno())

    return write, flush


def _name(side: Any) -> str:
    return side if isinstance(side, str) else type(side).__name__
