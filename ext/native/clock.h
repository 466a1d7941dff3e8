/* SPDX-License-Identifier: MIT */
/*
 * The clock of the timed loops: the TSC, fenced so that no instruction moves across a stamp
 * (Intel SDM volume 2, RDTSC).  CPUID would serialize too, but it exits in a VM.
 */
#ifndef KBENCH_CLOCK_H
#define KBENCH_CLOCK_H

#include <stdint.h>

/* lfence;rdtsc;lfence: earlier instructions have completed, later ones have not begun. */
static inline uint64_t kb_stamp_begin(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
	return ((uint64_t)high << 32) | low;
}

/* RDTSCP itself waits for earlier instructions; the lfence holds back later ones. */
static inline uint64_t kb_stamp_end(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtscp\n\tlfence" : "=a"(low), "=d"(high) : : "rcx", "memory");
	return ((uint64_t)high << 32) | low;
}

#endif
