# SPDX-License-Identifier: MIT
"""Where kernels come from: pinned Debian packages, fetched and kept in the cache."""
