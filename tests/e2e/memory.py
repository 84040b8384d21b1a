# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in a guest's memory, which is a file that this process maps as well.

Below the 4 GiB hole an offset in the file is the guest's physical address.
"""

import mmap
import time

# The memory trial tests pages of this size, and nothing else in the guest fills one with ones while it runs.
_PAGE = 2 << 20
_ONES = b"\xff" * _PAGE


def _is_all_ones(memory, page):
    # The first bytes tell it of almost every page.
    return memory[page:page + 64] == _ONES[:64] and memory[page:page + _PAGE] == _ONES


def flip_tested_bit(path, seconds):
    """Clears one bit of a page that a march test has just filled with ones and will read back. Gives its physical
    address.

    To be called before the test begins: pages that are all ones by then are the firmware's. There is no event that
    tells what a guest writes into its memory, so that it is looked at again and again.
    """
    deadline = time.monotonic() + seconds
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        pages = range(0, len(memory), _PAGE)
        before = {page for page in pages if _is_all_ones(memory, page)}
        while time.monotonic() < deadline:
            for page in pages:
                if page in before or not _is_all_ones(memory, page):
                    continue
                middle = page + _PAGE // 2
                memory[middle] = 0xFE
                # Still ones on both sides: the march has not come by in the meantime, and has yet to read the bit.
                if memory[page:middle] + memory[middle + 1:page + _PAGE] == _ONES[1:]:
                    return middle
    raise TimeoutError(f"no page was filled with ones within {seconds} s")
