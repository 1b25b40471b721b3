# SPDX-License-Identifier: Apache-2.0
"""Moving bytes: dd, a copying process of our own, file objects, and the bandwidth limit.

====================  ==========================================================================
:mod:`.copier`        :func:`copy_volume`: checks, and the choice of the means
:mod:`.dd`            dd(1), where its block size is set
:mod:`.native`        our own copying process, the usual means between two paths
:mod:`.child`         that process's program
:mod:`.handles`       file objects, for volumes without a path
:mod:`.process`       processes that report, can be stopped and never outlive us
:mod:`.progress`      how far a copy is
:mod:`.throttling`    the limit of a backend, shared by its copies
====================  ==========================================================================
"""

from cinder_lite.volume.copy.copier import copy_volume
from cinder_lite.volume.copy.native import sparse_copy_file
from cinder_lite.volume.copy.progress import CopyProgress, CopyResult, Report
from cinder_lite.volume.copy.throttling import Throttle

__all__ = ["CopyProgress", "CopyResult", "Report", "Throttle", "copy_volume", "sparse_copy_file"]
