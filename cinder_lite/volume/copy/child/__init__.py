# SPDX-License-Identifier: Apache-2.0
"""The process that moves bytes for us: several reads and writes in flight, holes left alone.

Run as ``python -I -S …/copy/child source=PATH target=PATH size=BYTES [KEY=VALUE …]``. It uses the
standard library only and nothing else of cinder_lite, so that it starts in some 25 ms.

==========  ====================================================================================
source      file or block device to read
target      file or block device to write; it exists and is at least ``size`` bytes long
size        bytes to copy, from the start of both
holes=1     do not read the holes of a source that is a regular file, and leave the target there
            as it is: only for a target that reads as zero
zeros=1     do not write blocks that hold nothing but zeros: only for such a target, too
extents     a file with a line ``OFFSET LENGTH`` (bytes) for each part of the source that holds
            data, in order; the rest is a hole that reads as zero and is not read
fill=1      write zeros to the target where the source has holes, whatever the target held there;
            a device is told to clear blocks of zeros by itself, which many do at once
compare=1   read the target, too, and write what differs: for one that should not be written to
            where it need not, such as the origin of a snapshot
offload=1   let the kernel copy (copy_file_range) where it can: both files on one file system
limit       bytes per second, 0 (the default) for none
threads     reads and writes in flight
block       bytes of one read or write
==========  ====================================================================================

On standard error: a line ``COPIED SKIPPED`` (bytes so far) twice a second and at the end; any
other line is a sentence about what went wrong. On standard input: lines ``limit BYTES`` set a new
limit; the end of input means that the parent is gone, and the process ends at once. Exit status: 0
when all of the data is on stable storage, otherwise 1.
"""
