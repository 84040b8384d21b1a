# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's serial console: kept in a file as it came, and searched as plain text."""

import re

# Terminal control: CSI sequences, OSC strings, character sets, and single functions.
_CONTROL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-Z\\^-~])")
# What a chunk may end in the middle of.
_UNFINISHED = re.compile(rb"(?:\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[ -/]*)|\r)\Z")


class Console:
    def __init__(self, log_path, echo=None):
        """log_path: file to keep every byte in; echo: binary stream that gets them as they come."""
        self._log = open(log_path, "wb", buffering=0)
        self._echo = echo
        self._rest = b""
        self._position = 0
        self.text = ""

    def feed(self, data):
        self._log.write(data)
        if self._echo:
            self._echo.write(data)
            self._echo.flush()

        data = self._rest + data
        unfinished = _UNFINISHED.search(data)
        # A "sequence" that does not end is noise on the line.
        if unfinished and len(unfinished.group()) < 256:
            data, self._rest = data[:unfinished.start()], unfinished.group()
        else:
            self._rest = b""
        plain = _CONTROL.sub(b"", data).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self.text += plain.decode(errors="replace")

    def search(self, pattern):
        """First match of pattern after the last match, or None. A later search goes on behind it."""
        match = re.compile(pattern, re.MULTILINE).search(self.text, self._position)
        if match:
            self._position = match.end()
        return match

    def tail(self, lines=15):
        """The last lines that are not empty."""
        return [line for line in self.text.splitlines() if line.strip()][-lines:]

    def close(self):
        self._log.close()
