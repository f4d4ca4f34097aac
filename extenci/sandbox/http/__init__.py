"""HTTP as the sandbox's services need it: a listener, bodies as files, access keys, queries."""
