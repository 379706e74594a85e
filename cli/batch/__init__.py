"""Many jobs: one after another, in threads or in processes."""
