"""A program `extenci` for a folder of PATH, so that what a shell starts is forked as well.

It asks the loaded program (`tests.program.forks`) on the socket that it inherits through the shell, tells the
command of signals, and ends as the command does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.program.loaded import EXTENCI

_TEXT = """\
#!{python} -IS
import array, os, signal, socket
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
umask = os.umask(0o077)
os.umask(umask)
import json, sys
request = {{
    "words": ["extenci", *sys.argv[1:]],
    "inherited": [],
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "session": False,
    "umask": umask,
}}
link = socket.socket(fileno={link})
descriptors = array.array("i", [theirs.fileno(), 0, 1, 2])
link.sendmsg([json.dumps(request).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
theirs.close()
told = ours.recv(64).split()
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _frame: os.kill(int(told[1]), number))
code = os.waitstatus_to_exitcode(int(ours.recv(64).split()[1]))
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
"""


def write_program(folder: Path) -> int:
    """Write `extenci` there; the descriptor that whatever starts it has to inherit (`pass_fds`)."""
    link = EXTENCI.link.fileno()
    program = folder / "extenci"
    program.write_text(_TEXT.format(python=sys.executable, link=link), "utf-8")
    program.chmod(0o755)
    return link
