# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in a guest's memory, which is a file that this process maps as well.

Below the 4 GiB hole an offset in the file is the guest's physical address.
"""

import dataclasses
import mmap
import subprocess
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


def wait_for_tested_pages(path, count, seconds, size=_PAGE):
    """Waits until a march test has filled that many more pages of that size with ones. Gives their addresses.

    The same test goes on to own them: whoever wants to do something to memory that is tested does it there.
    """
    ones = b"\xff" * size
    deadline = time.monotonic() + seconds
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        before = {page for page in range(0, len(memory), size) if memory[page:page + size] == ones}
        while time.monotonic() < deadline:
            found = [page for page in range(0, len(memory), size)
                     if page not in before and memory[page:page + 64] == ones[:64] and
                     memory[page:page + size] == ones]
            if len(found) >= count:
                return found
    raise TimeoutError(f"no {count} pages were filled with ones within {seconds} s")


@dataclasses.dataclass
class Fault:
    """What the host does to the guest's memory, and what the trial has to say of it."""

    text: str           # for inject.c
    page: int           # where it is found: physical address of the 4 KiB page
    bits: int           # that may be wrong in its words; all of them must be told when there is one bit
    words: int = 1      # at least so many


def _place(random, pages):
    """A 4 KiB page, a word in it, a bit of that."""
    page = random.choice(pages) + random.randrange(_PAGE // 4096) * 4096
    word, bit = page + random.randrange(512) * 8, random.randrange(64)
    return page, word * 8 + bit, 1 << bit


def draw_faults(random, pages):
    """One fault of each kind, at random places of these 2 MiB pages, no two in the same."""
    pages = random.sample(pages, 11)
    faults = []
    for value in (0, 1):
        page, victim, mask = _place(random, [pages.pop()])
        faults.append(Fault(f"stuck:{victim}:{value}", page, mask))
    page, victim, mask = _place(random, [pages.pop()])
    faults.append(Fault(f"transition:{victim}:{random.randrange(2)}", page, mask))
    for kind, values in (("inversion", 1), ("idempotent", 2)):
        page, victim, mask = _place(random, [pages.pop()])
        aggressor = _place(random, [pages.pop()])[1]
        numbers = ":".join(str(random.randrange(2)) for _ in range(values))
        faults.append(Fault(f"{kind}:{victim}:{aggressor}:{numbers}", page, mask))
    page = _place(random, [pages.pop()])[0]
    faults.append(Fault(f"page:{page}:{random.randrange(2)}", page, (1 << 64) - 1, words=512))
    one, other = _place(random, [pages.pop()])[0], _place(random, [pages.pop()])[0]
    faults.append(Fault(f"alias:{one}:{other}", min(one, other), (1 << 64) - 1))
    return faults


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
