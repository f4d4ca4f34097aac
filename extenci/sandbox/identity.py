"""The path at which a server tells which sandbox it belongs to."""

IDENTITY_PATH = "/.extenci-sandbox"
"""The path at which the EC2 listener answers with its identity, as JSON."""
