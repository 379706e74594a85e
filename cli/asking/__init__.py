"""The user's request: options, their types and ``--config``, as plain data."""
