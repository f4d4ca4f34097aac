"""A launched machine → evidence → verdict. No cloud is called from here.

A file in `checks` has all of one kind of check, its form in specs included. So this package lies below
`spec`, which reads checks, and below `catalog`, which saves them in plan files. It depends on `model` alone,
and on `spec.validation` for the words in which forms refuse a value. Planning and reporting do not import it:
they see `model.verification.Check`.
"""
