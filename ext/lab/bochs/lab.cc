// SPDX-License-Identifier: MIT
// The lab's devices for Bochs, as its instrumentation library: what QEMU's lab has as options.
//
// Ports: 0xe9 takes the agent's messages, 0x3f8 is the console, 0x505 saves the state and ends
// Bochs, 0xf4 ends it with 2 * value + 1, 0x514 is fw_cfg by DMA. A reset ends Bochs too.
// Descriptors come in the environment: KBENCH_RESULTS and KBENCH_CONSOLE to write to, and
// KBENCH_BOOT, "ADDRESS:FD,...", what RAM holds at power-on. KBENCH_SAVE is the directory of a state.
#include "bochs.h"
#include "cpu/cpu.h"
#include "memory/memory-bochs.h"
#include "pc_system.h"
#include "iodev/iodev.h"
#include "gui/siminterface.h"
#include "lab.h"

#include <sys/time.h>
#include <time.h>

// Any fixed time, as the lab's clock on QEMU (CLOCK in kbench/lab/vm/qemu/options.py).
static const time_t EPOCH = 1695043702;
enum { CONSOLE = 0x3f8, LINE_CONTROL = 0x3fb, DLAB = 0x80 };

// The clock of the host must not get in: Bochs seeds RDRAND with it, and its virtual timers read it
// whenever they run. A definition in the executable comes before that of the C library.
extern "C" {
int gettimeofday(struct timeval *now, void *) noexcept { now->tv_sec = EPOCH; now->tv_usec = 0; return 0; }
time_t time(time_t *now) noexcept { if (now) *now = EPOCH; return EPOCH; }
unsigned alarm(unsigned) noexcept { return 0; }
}

static int results = -1, console = -1, pause_timer = -1;
static bool divisor; // the console's first port is the low byte of its divisor

static int descriptor(const char *name)
{
  const char *text = getenv(name);
  return text ? atoi(text) : -1;
}

static void put(int fd, Bit32u value)
{
  char byte = value;
  if (fd >= 0 && write(fd, &byte, 1) != 1) kb::leave(kb::FAILED, "cannot write what the lab says");
}

// Not in the instruction that asks for it, which is half done then: in the next tick.
static void save(void *)
{
  const char *place = getenv("KBENCH_SAVE");
  if (!place || !SIM->save_state(place)) kb::leave(kb::FAILED, "cannot save the state");
  kb::leave(kb::PAUSED);
}

static void fill_memory(const char *list)
{
  while (*list) {
    char *end;
    Bit64u address = strtoull(list, &end, 16);
    std::string data = kb::content(strtol(end + 1, &end, 10));
    DEV_MEM_WRITE_PHYSICAL_DMA(address, data.size(), (Bit8u *)data.data());
    list = *end ? end + 1 : end;
  }
}

void kb_reset(unsigned cpu)
{
  if (cpu) return;
  if (pause_timer >= 0) kb::leave(kb::RESET);
  pause_timer = bx_pc_system.register_timer_ticks(&pause_timer, save, 1, false, false, "kbench");
  results = descriptor("KBENCH_RESULTS");
  console = descriptor("KBENCH_CONSOLE");
  kb::open_files(getenv("KBENCH_FILES"));
  const char *boot = getenv("KBENCH_BOOT");
  if (boot) fill_memory(boot);
}

void kb_outp(Bit16u port, unsigned length, Bit32u value)
{
  switch (port) {
    case CONSOLE: if (!divisor) put(console, value); break;
    case LINE_CONTROL: divisor = value & DLAB; break;
    case 0xe9: put(results, value); break;
    case 0xf4: if (length == 1) kb::leave(kb::OURS + 2 * value + 1); break;
    case 0x505: bx_pc_system.activate_timer_ticks(pause_timer, 1, false); break;
    case 0x514: kb::address_high(value); break;
    case 0x518: kb::transfer(value); break;
  }
}
