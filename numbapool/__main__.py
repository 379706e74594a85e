"""The command, as ``python -m numbapool``."""

from numbapool_cli import main

if __name__ == "__main__":  # and not in the processes that it starts
    main()
