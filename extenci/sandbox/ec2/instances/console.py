"""Console output. Corrects moto, whose every machine shows the same boot of a Linux 2.6.16 of 2006."""

from __future__ import annotations

import base64

from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from extenci.sandbox.ec2.actions import Actions


class ConsoleActions(Actions):
    """GetConsoleOutput."""

    def get_console_output(self) -> ActionResult:
        """The output of the machine's serial console, base64. Simulated machines say that they are."""
        instance = self.backend.get_instance(self._get_param("InstanceId", ""))
        text = self.cloud.machines.console(instance.id)
        output = base64.b64encode(text).decode()
        return ActionResult({"InstanceId": instance.id, "Timestamp": utcnow(), "Output": output})
