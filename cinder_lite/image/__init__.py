# SPDX-License-Identifier: Apache-2.0
"""Images: Glance's API, what may become a volume, and conversions."""
