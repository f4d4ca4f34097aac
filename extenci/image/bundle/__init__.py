"""The EC2 bundle: a disk as tar, gzip, AES-128-CBC and parts, with a signed manifest; and back.

tar (one file, sparse as `tar -S` writes it) → gzip → AES-128-CBC as `openssl enc -K -iv` does it → parts of
10 MiB. Source: euca2ools `bundle/manifest.py`, `bundle/pipes`; ec2-ami-tools `manifestv20071010.rb`,
`bundle.rb`. Nothing here uses a network, and nothing but an unbundled disk is written to files.
"""

from __future__ import annotations
