# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in a guest's memory, which is a file that this process maps as well, and the modules that it consists of.

Below the 4 GiB hole an offset in the file is the guest's physical address.
"""

import dataclasses
import mmap
import struct
import subprocess
import time

import smbios
import topology

# The memory trial tests pages of this size, and nothing else in the guest fills one with ones while it runs.
_HUGE = 2 << 20
_PAGE = 4096
_ONES = b"\xff" * _HUGE


# --- modules ------------------------------------------------------------------------------------------------------

MODULE_MIB = 128
LINE = 64


def _array_mapping(mib):
    """Type 19 (DSP0134 7.20): the whole array of QEMU's type 16."""
    return smbios.structure(19, 0x1300, struct.pack("<IIHB", 0, (mib << 10) - 1, 0x1000, 4))


def _module_mapping(number, first_mib, last_mib, position, depth):
    """Type 20 (7.21): the addresses that a module takes part in. position: in the interleave, 0 without one."""
    return smbios.structure(20, 0x1400 + number, struct.pack("<IIHHBBB", first_mib << 10, (last_mib << 10) - 1,
                                                             0x1100 + number, 0x1300, 0xFF, position, depth))


def four_modules():
    """Structures of four modules of MODULE_MIB: two one above the other, then two that take turns, line by line."""
    names = ("DIMM_A1", "DIMM_B1", "DIMM_A2", "DIMM_B2")
    modules = [topology.dimm(i, name, size_mib=MODULE_MIB, serial=f"M-{i:04}") for i, name in enumerate(names)]
    at = [0, MODULE_MIB, 2 * MODULE_MIB, 4 * MODULE_MIB]
    return (*modules, _array_mapping(4 * MODULE_MIB),
            _module_mapping(0, at[0], at[1], 0, 0), _module_mapping(1, at[1], at[2], 0, 0),
            _module_mapping(2, at[2], at[3], 1, 8), _module_mapping(3, at[2], at[3], 2, 8))


def module_at(place):
    """The name of that one of four_modules() which holds an address."""
    number = place // (MODULE_MIB << 20)
    return ("DIMM_A1", "DIMM_B1")[number] if number < 2 else ("DIMM_A2", "DIMM_B2")[place // LINE % 2]


# --- where the trial is -------------------------------------------------------------------------------------------

class TestedPages:
    """Finds pages that a march test owns. To be made before the test begins: what is all ones by then is not the test's,
    and neither is what lies in others, ranges with their last bytes.

    There is no event that tells what a guest writes into its memory, so that it is looked at again and again.
    """

    __test__ = False

    def __init__(self, path, size=_HUGE, others=()):
        self._size = size
        self._file = open(path, "r+b")
        self._memory = mmap.mmap(self._file.fileno(), 0)
        self._before = {page for page in range(0, len(self._memory), size) if self._is_all_ones(page)}
        for start, end in others:
            self._before.update(range(start // size * size, end, size))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._memory.close()
        self._file.close()

    def _is_all_ones(self, page):
        # The first bytes tell it of almost every page.
        return self._memory[page:page + 64] == _ONES[:64] and \
            self._memory[page:page + self._size] == _ONES[:self._size]

    def wait_for(self, count, seconds):
        """Waits until so many pages have been filled with ones. Gives their addresses, and what is done to them later
        meets the test, which goes on to own them."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [page for page in range(0, len(self._memory), self._size)
                     if page not in self._before and self._is_all_ones(page)]
            if len(found) >= count:
                return found
        raise TimeoutError(f"no {count} pages were filled with ones within {seconds} s")

    def flip_bit(self, seconds):
        """Clears one bit of a page that will be read back. Gives its address."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for page in range(0, len(self._memory), self._size):
                if page in self._before or not self._is_all_ones(page):
                    continue
                middle, end = page + self._size // 2, page + self._size
                self._memory[middle] = 0xFE
                # Still ones on both sides: the march has not come by in the meantime, and has yet to read the bit.
                if self._memory[page:middle] + self._memory[middle + 1:end] == _ONES[1:self._size]:
                    return middle
        raise TimeoutError(f"no page was filled with ones within {seconds} s")


def flip_tested_bit(path, seconds):
    """Clears one bit that the test, which must not have begun yet, will read. Gives its physical address."""
    with TestedPages(path) as pages:
        return pages.flip_bit(seconds)


# --- faults -------------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Fault:
    """What the host does to the guest's memory, and what the trial has to say of it."""

    text: str           # for inject.c
    page: int           # where it is found: physical address of the 4 KiB page
    bits: int           # that may be wrong in its words; all of them must be told when there is one bit
    words: tuple = ()   # their addresses; any of the page's when empty
    twin: int = None    # another page that may show it instead


def _page_of(random, block, size):
    return block + random.randrange(size // _PAGE) * _PAGE


def _cell(random, block, size):
    """A 4 KiB page of a block, the address of a word in it, and the number of a bit in the file."""
    page = _page_of(random, block, size)
    word = page + random.randrange(_PAGE // 8) * 8
    return page, word, word * 8 + random.randrange(64)


def _of_cell(text, page, word, bit):
    return Fault(text, page, 1 << bit % 64, (word,))


def draw_faults(random, blocks, size=_HUGE):
    """One fault of each kind, at random places of these blocks of that size, no two in the same."""
    blocks = random.sample(blocks, 11)
    faults = []
    for value in (0, 1):
        page, word, bit = _cell(random, blocks.pop(), size)
        faults.append(_of_cell(f"stuck:{bit}:{value}", page, word, bit))
    page, word, bit = _cell(random, blocks.pop(), size)
    faults.append(_of_cell(f"transition:{bit}:{random.randrange(2)}", page, word, bit))
    for kind, values in (("inversion", 1), ("idempotent", 2)):
        page, word, bit = _cell(random, blocks.pop(), size)
        aggressor = _cell(random, blocks.pop(), size)[2]
        numbers = ":".join(str(random.randrange(2)) for _ in range(values))
        faults.append(_of_cell(f"{kind}:{bit}:{aggressor}:{numbers}", page, word, bit))
    page, line = _page_of(random, blocks.pop(), size), random.randrange(64)
    faults.append(Fault(f"line:{page}:{_PAGE}:{line}:{random.randrange(2)}", page, 1 << line,
                        tuple(range(page, page + _PAGE, 8))))
    page = _page_of(random, blocks.pop(), size)
    faults.append(Fault(f"page:{page}:{random.randrange(2)}", page, (1 << 64) - 1, tuple(range(page, page + _PAGE, 8))))
    one, other = _page_of(random, blocks.pop(), size), _page_of(random, blocks.pop(), size)
    faults.append(Fault(f"alias:{one}:{other}", one, (1 << 64) - 1, twin=other))
    return faults


def check_found(faults, bad_pages):
    """Asserts that a trial has told of these faults and of nothing else. bad_pages: its extension's content."""
    found = {int(failure["firstAddress"], 0) & -_PAGE: failure for failure in bad_pages["failures"]}
    for fault in faults:
        if fault.twin is not None:
            assert {fault.page, fault.twin} & set(found), fault
            found.pop(fault.page, None)
            found.pop(fault.twin, None)
            continue
        failure = found.pop(fault.page, None)
        assert failure, (fault, bad_pages)
        bits = int(failure["zeros"], 0) | int(failure["ones"], 0)
        assert bits == fault.bits, (fault, failure)
        assert int(failure["firstAddress"], 0) == fault.words[0], (fault, failure)
        assert failure["words"] == len(fault.words), (fault, failure)
        assert failure["module"].split(" (")[0] == module_at(fault.words[0]), (fault, failure)
    assert found == {}, "false alarm"


class Injector:
    """A context in which these faults are held."""

    def __init__(self, program, path, faults):
        self._argv = [program, path, *(fault.text for fault in faults)]

    def __enter__(self):
        self._process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        if line != "ready\n":
            self.__exit__()
            raise RuntimeError(f"the injector said {line!r} and not that it is ready")
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)
