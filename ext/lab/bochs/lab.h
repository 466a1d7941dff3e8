// SPDX-License-Identifier: MIT
// What the parts of the lab's library for Bochs share.
#include <string>

namespace kb {
// Exit statuses. Bochs' own is 1, as is an agent's that has done its job: a lab's are OURS and more.
enum { FAILED = 2, OURS = 64, RESET = OURS, PAUSED = OURS + 9 };

[[noreturn]] void leave(int status, const char *why = nullptr);


// All of a file, from its descriptor; ends Bochs where it cannot be read.
std::string content(int fd);

// fw_cfg has the files of "NAME:FD,..." as opt/kbench/NAME; none when `list` is null.
void open_files(const char *list);
// The two halves of the address of a DMA request, big-endian; the lower one starts it.
void address_high(Bit32u value);
void transfer(Bit32u value);
}
