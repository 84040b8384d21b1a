#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch of two ports, each a datagram socket on which QEMU sends Ethernet frames: frames are tagged with a VLAN on
the first and untagged on the second. Frames of another VLAN, or of none, get lost on the first.

usage: vlan_switch.py VLAN TAGGED TAGGED-PEER UNTAGGED UNTAGGED-PEER     (paths of Unix sockets; a peer is QEMU's end)
"""

import pathlib
import selectors
import socket
import struct
import sys

TPID = 0x8100
ADDRESSES = 12                  # destination and source, before the tag


def port(path):
    pathlib.Path(path).unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    return sock


def main(vlan, tagged_path, tagged_peer, untagged_path, untagged_peer):
    tag = struct.pack(">HH", TPID, int(vlan))
    tagged, untagged = port(tagged_path), port(untagged_path)
    selector = selectors.DefaultSelector()
    for sock in (tagged, untagged):
        selector.register(sock, selectors.EVENT_READ)
    print("ready", flush=True)

    while True:
        for key, _ in selector.select():
            frame = key.fileobj.recv(65536)
            if key.fileobj is untagged:
                other, peer, frame = tagged, tagged_peer, frame[:ADDRESSES] + tag + frame[ADDRESSES:]
            elif frame[ADDRESSES:ADDRESSES + len(tag)] == tag:
                other, peer, frame = untagged, untagged_peer, frame[:ADDRESSES] + frame[ADDRESSES + len(tag):]
            else:
                continue
            try:
                other.sendto(frame, peer)
            except (FileNotFoundError, ConnectionRefusedError):
                pass            # QEMU is not there yet, or not any more


if __name__ == "__main__":
    main(*sys.argv[1:])
