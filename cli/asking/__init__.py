"""What the user asks: options, their types and ``--config``, as plain data."""
