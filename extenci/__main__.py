"""`python -m extenci`."""

from __future__ import annotations

from extenci.cli.main import main

if __name__ == "__main__":
    main()
