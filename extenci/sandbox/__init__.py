"""The local cloud: EC2, S3 and EBS direct on 127.0.0.1, for trying extenci and for its tests.

`extenci.sandbox.control` starts, finds and stops it and imports the standard library only. Everything
else here runs in the sandbox's own process (`python -m extenci.sandbox.server.main`), where moto is loaded.
"""

from __future__ import annotations
