# SPDX-License-Identifier: Apache-2.0
"""The scheduler's part in the flows; the modules import taskflow, so they are imported late."""
