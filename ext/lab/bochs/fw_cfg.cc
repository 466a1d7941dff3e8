// SPDX-License-Identifier: MIT
// QEMU's fw_cfg device by DMA, as far as the lab's agent uses it (docs/specs/fw_cfg.rst in QEMU).
#include "bochs.h"
#include "cpu/cpu.h"
#include "memory/memory-bochs.h"
#include "iodev/iodev.h"
#include "lab.h"

#include <sys/stat.h>
#include <vector>

// Items of the device: its directory, and the first of those that the directory names.
enum { DIRECTORY = 0x19, FIRST = 0x20 };
// Bits of a request's control word.
enum { REFUSED = 1, READ = 2, SELECT = 8 };
enum { NAME_SIZE = 56, REQUEST_SIZE = 16 };

static std::vector<std::string> items;
static std::string directory;
static Bit32u high;
static const std::string *selected;
static size_t offset;

void kb::leave(int status, const char *why)
{
  if (why) fprintf(stderr, "kbench: %s\n", why);
  fflush(nullptr);
  _exit(status);
}

std::string kb::content(int fd)
{
  struct stat found;
  std::string data;
  if (fstat(fd, &found) == 0) {
    data.resize(found.st_size);
    size_t done = 0;
    ssize_t got = 1;
    while (done < data.size() && got > 0)
      if ((got = pread(fd, &data[done], data.size() - done, done)) > 0) done += got;
    if (done == data.size()) return data;
  }
  leave(FAILED, "cannot read a file that the lab was handed");
}

static void append(std::string &text, Bit64u value, int bytes)
{
  while (bytes--) text += char(value >> 8 * bytes);
}

static Bit64u big_endian(const Bit8u *bytes, int count)
{
  Bit64u value = 0;
  while (count--) value = value << 8 | *bytes++;
  return value;
}

void kb::open_files(const char *list)
{
  std::string entries;
  while (list && *list) {
    const char *colon = strchr(list, ':');
    char *end;
    std::string name = "opt/kbench/" + std::string(list, colon);
    items.push_back(content(strtol(colon + 1, &end, 10)));
    append(entries, items.back().size(), 4);
    append(entries, FIRST + items.size() - 1, 2);
    append(entries, 0, 2);
    name.resize(NAME_SIZE);
    entries += name;
    list = *end ? end + 1 : end;
  }
  append(directory, items.size(), 4);
  directory += entries;
}

void kb::address_high(Bit32u value)
{
  high = __builtin_bswap32(value);
}

static const std::string *item(unsigned number)
{
  if (number == DIRECTORY) return &directory;
  return number >= FIRST && number - FIRST < items.size() ? &items[number - FIRST] : nullptr;
}

void kb::transfer(Bit32u value)
{
  Bit64u request = Bit64u(high) << 32 | __builtin_bswap32(value);
  Bit8u raw[REQUEST_SIZE];
  DEV_MEM_READ_PHYSICAL_DMA(request, REQUEST_SIZE, raw);
  Bit32u control = big_endian(raw, 4), length = big_endian(raw + 4, 4);
  Bit32u status = control & ~(READ | SELECT | 0xffff0000) ? REFUSED : 0;
  if (control & SELECT) {
    selected = item(control >> 16);
    offset = 0;
  }
  if (control & READ) {
    // Behind an item's end, and of an item that there is not, zeros are read.
    std::string part(length, '\0');
    if (selected && offset < selected->size()) selected->copy(&part[0], length, offset);
    offset += length;
    DEV_MEM_WRITE_PHYSICAL_DMA(big_endian(raw + 8, 8), length, (Bit8u *)part.data());
  }
  status = __builtin_bswap32(status);
  DEV_MEM_WRITE_PHYSICAL_DMA(request, 4, (Bit8u *)&status);
}
