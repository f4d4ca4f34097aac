"""What the sandbox is put together from."""

from __future__ import annotations

from pathlib import Path

import pytest

from extenci.model.errors import SandboxError


@pytest.mark.parametrize("version", ["5.2.4", "5.3.0", "6.0.0"])
def test_a_moto_that_is_not_known_is_refused(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from extenci.sandbox.folder import Folder  # noqa: PLC0415
    from extenci.sandbox.server import services  # noqa: PLC0415  # it loads moto

    monkeypatch.setattr(services, "version", lambda _: version)
    with pytest.raises(SandboxError, match=f"but {version} is installed"):
        services.open_listeners(
            Folder(tmp_path), [0, 0, 0], "", boot_seconds=0, forget_seconds=0, seal_seconds=0
        )
