# SPDX-License-Identifier: MIT
"""A run held against what the kernel and KVM counted meanwhile.

`counters` reads them at one instant, `delta` is the difference of two readings, and `void`
lists the reasons why a run or a window must not be judged.
"""
