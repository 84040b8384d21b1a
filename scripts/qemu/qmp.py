# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's side of QEMU's machine protocol (docs/interop/qmp-spec.txt), over a connected socket."""

import json
import select
import time


class QmpError(Exception):
    pass


class Qmp:
    def __init__(self, sock, seconds=30):
        self._socket = sock
        self._buffer = b""
        self.events = []                # what came unasked, oldest first; whoever reads it empties it
        self.closed = False
        if "QMP" not in self._receive(time.monotonic() + seconds):
            raise QmpError("QEMU did not greet")
        self.execute("qmp_capabilities")

    def fileno(self):
        return self._socket.fileno()

    def _receive(self, deadline):
        while b"\n" not in self._buffer:
            if not select.select([self._socket], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise QmpError("QEMU does not answer")
            self._read()
            if self.closed:
                raise QmpError("QEMU has ended")
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def _read(self):
        try:
            data = self._socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self._buffer += data
        self.closed = not data

    def poll(self):
        """Takes in the events that have come. To be called when the socket is readable."""
        self._read()
        while b"\n" in self._buffer:
            self.events.append(self._receive(0))

    def execute(self, command, seconds=10, **arguments):
        """Runs a command and gives what it returns. QmpError with QEMU's reason when it fails."""
        deadline = time.monotonic() + seconds
        try:
            self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        except OSError as error:
            raise QmpError(f"{command}: {error}") from error
        while True:
            message = self._receive(deadline)
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise QmpError(f"{command}: {message['error']['desc']}")
            elif "return" in message:
                return message["return"]
