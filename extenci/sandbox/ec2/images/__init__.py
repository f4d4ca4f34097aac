"""AMIs of the sandbox, and all that they are made from."""
