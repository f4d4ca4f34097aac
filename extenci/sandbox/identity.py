"""How a sandbox's server tells which one it is, to whoever has its state file."""

IDENTITY_PATH = "/.extenci-sandbox"
"""The path at which the EC2 listener answers with its identity, as JSON."""
