"""Golden bytes: what the numbers of `surveysim.editions` stand for, kept as digests."""
