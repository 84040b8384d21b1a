# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that never outlive the one that started them."""

import ctypes
import os
import select
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


class ChildFailed(Exception):
    """A child could not be started, or ended when it should not have."""


def _die_with(parent):
    """Runs in the child before exec: the kernel kills it when its parent ends, whatever ends the parent."""
    if _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        os._exit(126)
    if os.getppid() != parent:
        os._exit(126)


class Child:
    """One process. The death signal goes with the thread that forks: start children from the main thread.

    A child gets a session of its own, so that Ctrl-C reaches only the parent, which then ends its children in order.
    """

    def __init__(self, name, argv, log, *, stdout=subprocess.DEVNULL, pass_fds=()):
        parent = os.getpid()
        self.name = name
        self.log = log
        self.stopping = False
        try:
            with open(log, "ab") as stderr:
                self.process = subprocess.Popen(
                    [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                    bufsize=0, pass_fds=pass_fds, start_new_session=True, preexec_fn=lambda: _die_with(parent))
        except OSError as error:
            raise ChildFailed(f"{name} cannot be started: {error}") from error
        self.pidfd = os.pidfd_open(self.process.pid)

    @property
    def stdout(self):
        return self.process.stdout

    def describe_end(self):
        """How an ended child ended, with the last of what it said on stderr."""
        code = self.process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited {code}"
        with open(self.log, "rb") as log:
            said = log.read().decode(errors="replace").strip().splitlines()[-5:]
        return "\n  ".join([f"{self.name} {how}" + (":" if said else "")] + said)

    def wait(self, seconds):
        """Waits for the end. Returns the exit status as subprocess has it, or None when the time is over."""
        if select.select([self.pidfd], [], [], max(seconds, 0))[0]:
            return self.process.wait()
        return None

    def read_line(self, seconds):
        """One line of its standard output, which has to be a pipe; b"" at its end. TimeoutError when none comes."""
        deadline = time.monotonic() + seconds
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.stdout], [], [], left)[0]:
                raise TimeoutError(f"{self.name} said nothing within {seconds} s")
            byte = self.stdout.read(1)
            if not byte:
                break
            line += byte
        return line

    def close(self):
        """Lets go of an ended child."""
        self.process.wait()
        os.close(self.pidfd)
        if self.stdout:
            self.stdout.close()


def stop(children, seconds=5):
    """Ends children: asks them all, the last started first, and kills those that remain when the time is over."""
    for child in reversed(children):
        child.stopping = True
        if child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + seconds
    for child in children:
        if child.wait(deadline - time.monotonic()) is None:
            child.process.kill()
        child.close()
