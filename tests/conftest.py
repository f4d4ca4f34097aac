"""What all tests share: the machines of their sandboxes are simulated unless a test says otherwise.

Most tests stage disks that cannot boot, and launch dozens of machines. What tests start inherits this.
"""

from __future__ import annotations

import os

os.environ.setdefault("EXTENCI_SANDBOX_MACHINES", "simulated")
