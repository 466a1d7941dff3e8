# SPDX-License-Identifier: MIT
"""The lab: KVM on an emulated AMD SVM machine that counts instructions exactly.

QEMU's TCG with `-icount` runs a pinned Debian kernel, whose KVM modules run
kbench's guests. Nothing here measures time: see docs/lab.md.
"""
