/* SPDX-License-Identifier: MIT */
/* The KVM_RUN loop in C: the yardstick for exits.pyx, built with the same flags. */
#ifndef KBENCH_REFERENCE_H
#define KBENCH_REFERENCE_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "clock.h"

/* Total TSC ticks of `loops` round trips, or 0 when one does not end with `expect`. */
static uint64_t kb_reference_loop(int fd, volatile struct kvm_run *run, uint32_t expect,
				  uint64_t loops)
{
	uint64_t total = 0, begin;

	while (loops--) {
		begin = kb_stamp_begin();
		if (ioctl(fd, KVM_RUN, NULL) < 0)
			return 0;
		total += kb_stamp_end() - begin;
		if (run->exit_reason != expect)
			return 0;
	}
	return total;
}

#endif
