"""HTCondor, through its Python bindings."""
