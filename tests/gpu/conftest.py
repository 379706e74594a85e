"""These files need a GPU and torch: `run.py` imports them."""

collect_ignore_glob = ["*.py"]
