# SPDX-License-Identifier: Apache-2.0
"""Groups of volumes and their snapshots: what a request may start."""
