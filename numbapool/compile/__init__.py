"""From a reducer and some types to machine code that is kept."""
