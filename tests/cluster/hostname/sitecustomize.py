"""Python starts with this file where a container has a name of its own: the machine answers to what HOSTNAME says."""

from __future__ import annotations

import os
import socket

HOSTNAME = os.environ["HOSTNAME"]

socket.gethostname = lambda: HOSTNAME
socket.getfqdn = lambda name="": name or HOSTNAME
