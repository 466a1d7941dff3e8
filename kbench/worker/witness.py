# SPDX-License-Identifier: MIT
"""The kernel's own counts of a run, to hold the loop's against."""
from kbench.kvm import Vcpu
class Witness:
    def __init__(self, vcpu): self.stats = vcpu.get_stats_fd(); self.reset()
    def reset(self): self.a = self.stats.scalars()
    def counters(self):
        b = self.stats.scalars(); return {k: b[k]-self.a[k] for k in b if b[k]-self.a[k]}
    def void(self, b, n): return ""
    def close(self): self.stats.close()
