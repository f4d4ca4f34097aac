"""`extenci schema`."""

from __future__ import annotations

from extenci.cli.terminal import write_result


def schema() -> int:
    """Print the JSON Schema of spec files, for editors.

    Editors that know it complete and check YAML while it is written.

    \b
    Example:
      extenci schema > extenci.schema.json
    then, as the first line of a spec file:
      # yaml-language-server: $schema=extenci.schema.json
    """
    from extenci.report.plan.json import render_json
    from extenci.spec.editor_schema import json_schema

    write_result(render_json(json_schema()))
    return 0
