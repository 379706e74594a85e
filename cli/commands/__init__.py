"""The commands, one file per command, each imported when it is named."""

SHORT_HELP = {
    "seq": "Pool sequences to one row each: embeddings, audio frames.",
    "pyramid": "Pool to several levels: a half, a quarter, an eighth.",
    "spp": "Pool to vectors of one length: spatial pyramids.",
    "roi": "Pool boxes in pictures and features, each to one size.",
    "sheet": "Show inputs and their pooled results on one picture.",
    "diff": "Measure how much two pictures or arrays differ, and where.",
    "explain": "Draw where windows lie, and how large the result is.",
    "list": "Show what each operator keeps, and when to choose it.",
    "info": "Show what a file holds, and what pooling would make of it.",
    "doctor": "Show what is installed, and whether it works.",
    "warmup": "Compile kernels ahead of their first use.",
}
"""The commands that are not operators, in the order of the help."""
