"""The figures of a snapshot's health by name, and to which side of a limit each belongs."""

AT_LEAST = (
    "precision_at_10/piece",
    "precision_at_10/category",
    "precision_at_10/metal",
    "drift/mean_cosine",
)
AT_MOST = (
    "drift/mean_shift",
    "drift/share_changed",
    "hubness/skewness",
    "hubness/largest_k_occurrence",
    "flooded_share",
    "unreached_share",
)
OF_THE_PARENT = "drift/"  # not measured where there is no parent of the same encoder
