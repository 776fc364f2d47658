# What docs/reference/differences-from-r.md says of R, and tests/parity/test_differences.py compares. Run: Rscript differences.R (in this folder).
suppressPackageStartupMessages(library(survey))
options(digits = 17, survey.lonely.psu = "fail", warn = -1)
R <- list()
put <- function(case, ...) {
  v <- as.numeric(unlist(list(...)))
  R[[length(R) + 1]] <<- data.frame(case, place = seq_along(v), value = v)
}
refused <- function(expr) tryCatch({ force(expr); FALSE }, error = function(e) TRUE)
i <- 0:47
d <- data.frame(y = (i * 37) %% 23, x = 1 + (i * 11) %% 7, w = 1 + (i * 7) %% 5, h = i %/% 12, c = i %/% 3,
  g = c("u", "v", "z")[1 + (i * 5) %% 3], k = c("p", "q")[1 + (i %/% 2) %% 2])
d$b <- as.numeric(i == 5); d$m <- ifelse(i %% 6 == 0, NA, as.numeric(d$y > 15)); d$all <- 1; d$none <- 0
d$gap <- ifelse(d$c == 0, NA, d$k)
s <- svydesign(id = ~c, strata = ~h, weights = ~w, data = d)
ci <- function(v, method, s, ...) attr(svyciprop(as.formula(paste0("~", v)), s, method = method, ...), "ci")
# raking, and its jackknife
margins <- list(data.frame(g = c("u", "v", "z"), Freq = c(50, 46, 54)), data.frame(k = c("p", "q"), Freq = c(70, 80)))
raked <- function(s) rake(s, list(~g, ~k), margins, control = list(maxit = 500, epsilon = 1e-11))
replicated <- as.svrepdesign(s, type = "JKn", mse = TRUE)
put("rake", SE(svytotal(~y, raked(s))))
put("rake as calibrate", SE(svytotal(~y, calibrate(s, ~g + k, c(150, 46, 54, 80), calfun = "raking", epsilon = 1e-12))))
put("rake, jackknife", SE(svytotal(~y, raked(replicated))))
# two calibrations
twice <- function(s) calibrate(calibrate(s, ~g - 1, c(gu = 50, gv = 46, gz = 54)), ~x - 1, c(x = 620), epsilon = 1e-12)
put("two", SE(svytotal(~y, twice(s)))); put("two, jackknife", SE(svytotal(~y, twice(replicated))))
# quantiles
for (m in c("mean", "beta")) { v <- svyquantile(~y, s, c(.01, .5, .99), interval.type = m)[[1]]; put(paste("quantile", m), t(v)) }
put("quantile score", svyquantile(~y, s, .5, interval.type = "score")[[1]])
put("quantile score refuses .02", refused(svyquantile(~y, s, .02, interval.type = "score")))
put("quantile replicates", svyquantile(~y, replicated, .25, interval.type = "mean")[[1]], svyquantile(~y, replicated, .25, interval.type = "quantile")[[1]])
tied <- function(o) { t <- data.frame(y = c(1, 2, 2, 3), w = c(1, 1, 4, 1))[o, ]; coef(svyquantile(~y, svydesign(id = ~1, weights = ~w, data = t), .9, qrule = "hf7")) }
put("hf7 in two orders", tied(1:4), tied(c(1, 3, 2, 4)))
# intervals of shares
for (m in c("mean", "logit", "xlogit", "asin", "beta")) for (v in c("b", "none", "all")) put(paste(m, v), ci(v, m, s))
put("beta missing", ci("m", "beta", s, na.rm = TRUE), ci("m", "beta", subset(s, !is.na(m))))
put("xlogit missing", ci("m", "xlogit", s, na.rm = TRUE))
# degrees of freedom
few <- c(0, 1, 4, 5)
part <- subset(replicated, c %in% few); part$degf <- NULL
put("degrees of a domain", degf(subset(s, c %in% few)), degf(part))
put("one PSU", SE(svymean(~y, subset(s, c == 0))), degf(subset(s, c == 0)))
test <- svychisq(~g + gap, s); put("independence", test$statistic, test$parameter)
test <- svychisq(~g + gap, subset(s, !is.na(gap))); put("independence of a subset", test$statistic, test$parameter)
# design effects where weights sum to less than the sample
small <- svydesign(id = ~c, strata = ~h, weights = ~I(w / 6), data = d)
put("deff", deff(svymean(~y, small, deff = TRUE)), deff(svytotal(~y, small, deff = TRUE)), deff(svymean(~y, small, deff = "replace")))
# half samples of ten strata
j <- 0:39; pairs <- data.frame(y = (j * 37) %% 23, x = 1 + (j * 11) %% 7, h = j %/% 4, c = j %/% 2)
half <- as.svrepdesign(svydesign(id = ~c, strata = ~h, weights = ~I(x + 1), data = pairs), type = "BRR", mse = TRUE)
put("brr", ncol(weights(half, "analysis")), SE(svytotal(~y, half)), SE(svyratio(~y, ~x, half)), degf(half))
# half samples of populations that are finite: the correction is dropped, with a warning
finite <- svydesign(id = ~c, strata = ~h, weights = ~I(x + 1), fpc = ~I(0 * x + 4), data = pairs)
put("brr finite", SE(svytotal(~y, finite)), SE(svytotal(~y, suppressWarnings(as.svrepdesign(finite, type = "BRR", mse = TRUE)))))
# a domain whose rows all have weight 0
none <- update(s, w0 = ifelse(g == "z", 0, w)); none <- svydesign(id = ~c, strata = ~h, weights = ~w0, data = none$variables)
put("no weight by", nrow(svyby(~y, ~g, none, svytotal))); put("no weight", coef(svytotal(~y, subset(none, g == "z"))))
# regressions: R's covariances are those of the step before the last one, so that the model is fitted again from where it ended
s <- update(s, up = as.numeric(y > 11)); exact <- glm.control(epsilon = 1e-30, maxit = 60)
twice <- function(link) { once <- svyglm(up ~ x, s, family = quasibinomial(link), control = exact)
  do.call(svyglm, list(up ~ x, s, family = quasibinomial(link), control = exact, start = as.numeric(coef(once)))) }
for (link in c("logit", "probit", "cloglog")) put(link, SE(twice(link)))
v <- svypredmeans(svyglm(up ~ x, s, family = quasibinomial(), control = exact), ~k, predictat = factor(c("p", "q")))
put("margins", coef(v)); put("margins, errors", SE(v))
# lonely PSUs
l <- data.frame(y = (i * 37) %% 23, w = 1 + (i * 7) %% 5, h = c(1, 2, rep(3:12, length.out = 46))); l$r <- ifelse(l$h <= 6, "A", "B")
for (p in c("adjust", "average")) {
  options(survey.lonely.psu = p); a <- svydesign(id = ~1, strata = ~h, weights = ~w, data = l)
  put(paste(p, "total"), SE(svytotal(~y, a))); put(paste(p, "mean"), SE(svymean(~y, a))); put(paste(p, "by region"), SE(svyby(~y, ~r, a, svytotal)))
}
two <- data.frame(p = c(1, 1, 2, 3, 3), u = 1:5, N = 12, M = 8, y = c(4, 7, 9, 2, 4))
put("average, later stage", SE(svytotal(~y, svydesign(id = ~p + u, fpc = ~N + M, data = two))))
options(survey.lonely.psu = "fail")
# goodness of fit, and standardization
fit <- svygofchisq(~g, s, p = c(.5, .25, .25)); put("goodness of fit", fit$statistic, fit$parameter, fit$p.value)
put("goodness of fit, effects", eigen(nrow(d) * vcov(svymean(~g, s)) / outer(sqrt(c(.5, .25, .25)), sqrt(c(.5, .25, .25))))$values[1:2])
st <- svystandardize(update(s, all = 1), ~k, ~g, population = c(p = 40, q = 60))
v <- svyby(~all, ~g, st, svytotal); put("standardized totals", coef(v), SE(v))
v <- svyby(~y, ~g, st, svymean); put("standardized means", coef(v), SE(v))
# ratios of fifths and Gini's coefficient: the package convey by its formulas (svyqsr, svygini), with jackknives
end <- function(w, y, p) { o <- order(y); y[o][which(cumsum(w[o]) >= p * sum(w) * (1 - 1e-12))[1]] }
rows <- function(w, v) { y <- v$y + 1; sum((w * y)[y > end(w, y, .8)]) / sum((w * y)[y <= end(w, y, .2)]) }
below <- function(w, y, p) { q <- end(w, y, p); sum((w * (y - q))[y < q]) + p * sum(w) * q }
fifths <- function(w, v) { y <- v$y + 1; (sum(w * y) - below(w, y, .8)) / below(w, y, .2) }
gini <- function(w, v, last) { y <- v$y + 1; o <- order(y); r <- cumsum(w[o]); sum((2 * r - last(w[o])) * (w * y)[o]) / (sum(w) * sum(w * y)) - 1 }
for (k in c("rows", "fifths")) { f <- get(k); v <- withReplicates(replicated, f); put(paste("share ratio,", k), coef(v), SE(v)) }
put("share ratio, all alike", rows(d$w, list(y = 0 * d$w)), fifths(d$w, list(y = 0 * d$w)))
put("gini, convey", gini(d$w, d, function(w) 1), gini(d$w, list(y = 0 * d$w), function(w) 1))
v <- withReplicates(replicated, function(w, v) gini(w, v, identity)); put("gini, middle", coef(v), SE(v))
# a subset that is raked
put("rake of a subset", refused(raked(subset(s, h < 2))), sum(weights(raked(subset(s, h < 2)))))
write.csv(do.call(rbind, R), "differences_expected.csv", row.names = FALSE, na = "")
writeLines(paste(R.version.string, "survey", packageVersion("survey")), "differences_versions.txt")
