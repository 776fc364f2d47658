"""Regression for survey data: generalized linear and ordinal models by pseudo-likelihood (Binder 1983, Int. Stat. Rev. 51:279-292)."""
