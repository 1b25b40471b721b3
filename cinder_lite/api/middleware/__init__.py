# SPDX-License-Identifier: Apache-2.0
"""The filters of api-paste.ini that stand between the server and the API."""
