# SPDX-License-Identifier: GPL-3.0-or-later
"""Flash images of a few bytes: a guest that says something on its serial port, for tests of the launcher itself."""

import struct

_SIZE = 0x10000

HALT = b"\xf4\xeb\xfd"                          # hlt; jmp to it
RESET = b"\xba\xf9\x0c\xb0\x06\xee" + HALT      # mov dx, 0cf9h; mov al, 6; out dx, al
# Sends back what is typed, with bit 6 changed, so that Ctrl-C shows as C.
ECHO = (b"\xba\xfd\x03\xec\xa8\x01\x74\xfb"             # mov dx, 3fdh; in al, dx; test al, 1; jz to the in
        b"\xba\xf8\x03\xec\x34\x40\xee\xeb\xef")       # mov dx, 3f8h; in al, dx; xor al, 40h; out dx, al; jmp back


def speaking(text, then=HALT):
    """An image whose real-mode code writes text to the first serial port and then runs the code given."""
    data = text.encode()
    # At F000:0000. The serial port needs no set-up in QEMU, and its data register is always ready.
    code = (b"\x8c\xc8\x8e\xd8"                         # mov ax, cs; mov ds, ax
            + b"\xfc\xbe" + struct.pack("<H", 0x100)    # cld; mov si, 100h
            + b"\xb9" + struct.pack("<H", len(data))    # mov cx, length
            + b"\xba\xf8\x03"                           # mov dx, 3f8h
            + b"\xac\xee\xe2\xfc"                       # lodsb; out dx, al; loop to lodsb
            + then)
    vector = b"\xea\x00\x00\x00\xf0"                    # jmp f000:0000
    image = code.ljust(0x100, HALT[:1]) + data
    return image.ljust(0xFFF0, b"\xff") + vector.ljust(16, b"\xff")
