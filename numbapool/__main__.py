"""The command, as ``python -m numbapool``."""

from numbapool_cli import main

if __name__ == "__main__":  # but not in the processes that the command starts
    main()
