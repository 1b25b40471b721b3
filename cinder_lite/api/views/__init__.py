# SPDX-License-Identifier: Apache-2.0
"""What answers look like: every resource's output fields in one place each."""
