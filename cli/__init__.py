"""The pool command."""
