# Expected values of tests/parity/test_comparisons.py, of R survey and its data sets. Run: Rscript comparisons.R (in this folder).
suppressPackageStartupMessages(library(survey)); library(jsonlite); options(digits = 17)
data(api); R <- list(); put <- function(name, v) R[[name]] <<- as.numeric(v)
s <- svydesign(id = ~1, strata = ~stype, weights = ~pw, fpc = ~fpc, data = apistrat)
c1 <- svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = apiclus1)
D <- list(strat = s, clus1 = c1)
for (k in names(D)) { d <- D[[k]]
  v <- svyvar(~api00, d); put(paste(k, "variance"), c(coef(v), SE(v)))
  V <- svyvar(~api00 + api99, d); put(paste(k, "covariance"), c(as.matrix(V)[1, 2], sqrt(attr(V, "var")[2, 2])))
  p <- subset(d, sch.wide == "Yes"); v <- svyvar(~api00, p); put(paste(k, "variance, Yes"), c(coef(v), SE(v)))
  m <- svyby(~api00, ~sch.wide, d, svymean, covmat = TRUE)
  r <- svycontrast(m, quote(Yes / No)); put(paste(k, "ratio of means"), c(coef(r), SE(r)))
  r <- svycontrast(m, c(-1, 1)); put(paste(k, "difference"), c(coef(r), SE(r)))
  st <- svystandardize(d, ~stype, ~sch.wide, population = c(E = 50, H = 20, M = 30))
  m <- svyby(~api00, ~sch.wide, st, svymean); put(paste(k, "standardized"), c(coef(m), SE(m)))
  f <- svymean(~stype, d); p0 <- c(.6, .2, .2); lambda <- eigen(nrow(d$variables) * vcov(f) / outer(sqrt(p0), sqrt(p0)))$values[1:2]
  X2 <- nrow(d$variables) * sum((coef(f) - p0)^2 / p0); if (k != "strat") put(paste(k, "goodness of fit"), c(X2, lambda, pchisqsum(X2, c(1, 1), lambda, lower.tail = FALSE)))
  put(paste(k, "independence"), svychisq(~sch.wide + awards, d)$p.value)
}
j <- as.svrepdesign(c1, type = "JK1"); v <- svyvar(~api00, j); put("jackknife variance", c(coef(v), SE(v)))
put("holm", p.adjust(c(.01, .04, .03, .2), "holm")); put("bh", p.adjust(c(.01, .04, .03, .2), "BH")); put("by", p.adjust(c(.01, .04, .03, .2), "BY"))
if (requireNamespace("mvtnorm", quietly = TRUE)) { set.seed(1); C <- matrix(.5, 3, 3) + diag(.5, 3); C[1, 3] <- C[3, 1] <- -.2
  put("largest of three", mvtnorm::qmvt(.95, tail = "both.tails", df = 12, corr = C, algorithm = mvtnorm::GenzBretz(maxpts = 1e6, abseps = 1e-6))$quantile) }
writeLines(toJSON(R, digits = NA, pretty = TRUE), "comparisons_expected.json")
writeLines(paste(R.version.string, "survey", packageVersion("survey"), "mvtnorm", packageVersion("mvtnorm")), "comparisons_versions.txt")
