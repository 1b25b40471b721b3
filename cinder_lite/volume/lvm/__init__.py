# SPDX-License-Identifier: Apache-2.0
"""A thin layer over LVM's commands.

====================  ==========================================================================
:mod:`.executor`      runs commands, as root where they need it, and explains their failures
:mod:`.names`         names of volumes, device paths, and what may go into a command line
:mod:`.location`      where a backend keeps its volumes, for other backends to read
:mod:`.setup`         a backend's options checked and turned into what the rooms below need
:mod:`.report`        volume groups and logical volumes as LVM's JSON reports tell of them
:mod:`.group`         :class:`~.group.VolumeGroup`: what can be done in one volume group
:mod:`.thin`          the thin pool, and which parts of a thin volume hold data
:mod:`.move`          a volume moved from one group of this node to another
:mod:`.copies`        snapshots, clones, and the data of one volume copied onto another
:mod:`.manage`        logical volumes that others have made, taken over
:mod:`.wipe`          data cleared before its space is given to somebody else
====================  ==========================================================================
"""
