# Expected values of `surveysim validate`, made with R survey. Run: Rscript make.R data.csv expected.csv
suppressPackageStartupMessages(library(survey)); options(digits = 17)
files <- commandArgs(TRUE); d <- read.csv(files[1]); d$hours2 <- d$hours + d$weight / 1000; R <- list()
put <- function(case, quantity, value) R[[length(R) + 1]] <<- data.frame(case, quantity, value = as.numeric(value))
both <- function(case, e) { put(case, "estimate", coef(e)); put(case, "se", SE(e)) }
plain <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = d)
fpc <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, fpc = ~n_psu, data = d)
sex <- data.frame(sex = c("male", "female"), Freq = c(118000, 122000)); age <- data.frame(age = c("6-29", "30-59", "60+"), Freq = c(70000, 104000, 66000))
pop <- c(`(Intercept)` = 240000, sexmale = 118000, `age6-29` = 70000, `age60+` = 66000)
for (k in c("plain", "fpc")) { s <- get(k); both(paste(k, "mean"), svymean(~online, s)); both(paste(k, "total"), svytotal(~hours, s)); both(paste(k, "ratio"), svyratio(~hours, ~online, s)); both(paste(k, "domain mean"), svymean(~online, subset(s, region == "north"))) }
raked <- calibrate(plain, ~sex + age, pop, calfun = "raking", epsilon = 1e-13); both("raked mean", svymean(~online, raked)); both("raked total", svytotal(~hours, raked))
put("weights rake", "sum of squares", sum(weights(rake(plain, list(~sex, ~age), list(sex, age), control = list(maxit = 1000, epsilon = 1e-15)))^2))
for (m in c("linear", "raking")) put(paste("weights", m), "sum of squares", sum(weights(calibrate(plain, ~sex + age, pop, calfun = m, epsilon = 1e-13))^2))
put("weights logit", "sum of squares", sum(weights(calibrate(plain, ~sex + age, pop, calfun = "logit", bounds = c(0.4, 2.5), epsilon = 1e-13))^2))
put("weights poststratify", "sum of squares", sum(weights(postStratify(plain, ~age, age))^2)); put("weights trim", "sum of squares", sum(weights(trimWeights(plain, lower = 200, upper = 1000))^2))
q <- svyquantile(~hours2, plain, 0.5)[[1]]; put("median", "estimate", q[1, 1]); put("median", "lower", q[1, 2]); put("median", "upper", q[1, 3])
jkn <- as.svrepdesign(plain, type = "JKn"); both("jkn mean", svymean(~online, jkn)); both("jkn ratio", svyratio(~hours, ~online, jkn))
ci <- attr(svyciprop(~online, plain, method = "beta"), "ci"); put("beta interval", "lower", ci[1]); put("beta interval", "upper", ci[2])
f <- svychisq(~sex + age, plain); put("Rao-Scott test", "F", f$statistic); put("Rao-Scott test", "p", f$p.value)
# Waves of the same PSUs: every other row, below each other in one design
d$age <- factor(d$age); d$wave <- c("2023", "2024")[1 + (seq_len(nrow(d)) - 1) %% 2]; stacked <- list(waves = list(~psu, ~stratum), `waves apart` = list(~interaction(psu, wave), ~interaction(stratum, wave)))
for (k in names(stacked)) { s <- svydesign(ids = stacked[[k]][[1]], strata = stacked[[k]][[2]], weights = ~weight, data = d)
  e <- svyby(~hours, ~wave, s, svymean, covmat = TRUE); r <- svyby(~hours, ~wave, s, svyratio, denominator = ~online, covmat = TRUE)
  put(paste(k, "2023"), "estimate", coef(e)[1]); put(paste(k, "2023"), "se", SE(e)[1]); both(paste(k, "change"), svycontrast(e, c(-1, 1)))
  both(paste(k, "relative change"), svycontrast(e, quote(`2024` / `2023` - 1))); both(paste(k, "average"), svycontrast(e, c(0.25, 0.75)))
  names(r$`hours/online`) <- NULL; v <- vcov(r); put(paste(k, "change of a ratio"), "estimate", diff(coef(r))); put(paste(k, "change of a ratio"), "se", sqrt(sum(v * c(1, -1, -1, 1)))) }
# Tables: cells in percent of columns, rows and all, and tests; a model and the test of its term
cells <- function(case, e, s) for (k in seq_along(e)) { put(paste(case, k), "estimate", e[k]); put(paste(case, k), "se", s[k]) }
e <- svyby(~age, ~region, plain, svymean); cells("percent of columns", t(as.matrix(e[, 2:4])), t(as.matrix(SE(e))))
e <- svyby(~region, ~age, plain, svymean); cells("percent of rows", as.matrix(e[, 2:3]), as.matrix(SE(e)))
e <- svymean(~interaction(age, region), plain); cells("percent of all", coef(e), SE(e)); put("weights of columns", "sum of squares", sum(svytable(~region, plain)^2))
for (k in c("F", "Chisq", "Wald", "adjWald")) { f <- svychisq(~age + region, plain, statistic = k); put(paste("table", k), "statistic", f$statistic); put(paste("table", k), "p", f$p.value) }
g <- svyglm(online ~ age + sex, raked, family = quasibinomial(), control = glm.control(epsilon = 1e-14)); cells("logit", coef(g), SE(g)); f <- regTermTest(g, ~age); put("logit term", "F", f$Ftest); put("logit term", "p", f$p)
# Planning: base R, and the formulas of PracTools' nPropMoe, nCont, nDep2sam and clusOpt2
z <- qnorm(0.975); put("planning", "power of proportions", power.prop.test(400, 0.4, 0.48)$power); put("planning", "power of means", power.t.test(60, delta = 0.5, sd = 1, alternative = "one.sided")$power)
put("planning", "n of proportions", ceiling(power.prop.test(p1 = 0.4, p2 = 0.48, power = 0.9, tol = 1e-12)$n)); put("planning", "detectable", power.prop.test(400, 0.4, power = 0.8, tol = 1e-14)$p2 - 0.4)
put("planning", "nPropMoe", ceiling(0.3 * 0.7 * (z / 0.02)^2)); n0 <- (2 / 0.05)^2; put("planning", "nCont", ceiling(n0 / (1 + n0 / 500)))
put("planning", "nDep2sam", ceiling(200 * (2 - 2 * 0.75 * 0.9) / 5^2 * (qnorm(0.95) + qnorm(0.8))^2)); m <- sqrt(750 / 100 * 0.95 / 0.05); n <- 1e5 / (750 + 100 * m)
put("clusOpt2", "m", m); put("clusOpt2", "clusters", n); put("clusOpt2", "CV", sqrt((1 + 0.05 * (m - 1)) / (n * m)))
# Scores passed through the adjustments with lm.wfit, the last one first, and the error of the base design (Deville 1999)
link <- function(z, x, before, after, shares = 0, free = rep(TRUE, length(z))) {
  b <- lm.wfit(x, z, before * free)$coefficients; b[is.na(b)] <- 0; e <- z - drop(x %*% b)
  after / before * e + sum(shares * b) + if (any(!free)) sum((after * e)[!free]) / sum(before) else 0
}
through <- function(case, w, z0) { put(case, "estimate", sum(w * d$hours)); put(case, "se", SE(svytotal(~z0, update(plain, z0 = z0)))) }
margins <- model.matrix(~sex + age, d); regions <- model.matrix(~region, d); w0 <- weights(plain); w1 <- weights(raked)
by_region <- c(90000, rep(240000 - 90000, ncol(regions) - 1) / (ncol(regions) - 1)); names(by_region) <- colnames(regions); by_region[1] <- 240000
twice <- calibrate(raked, ~region, by_region, epsilon = 1e-13); w2 <- weights(twice)
through("rake, calibrate total", w2, link(link(d$hours, regions, w1, w2), margins, w0, w1))
mobiles <- w1 / (1 + d$online); through("rake, halve total", mobiles, link(d$hours / (1 + d$online), margins, w0, w1))
share <- pop / 240000; shared <- weights(calibrate(plain, ~sex + age, share * sum(w0), calfun = "raking", epsilon = 1e-13))
through("shares total", shared, link(d$hours, margins, w0, shared, share))
wt <- shared; m <- mean(wt); repeat { cut <- pmin(pmax(wt, 0.5 * m), 1.6 * m); if (!any(abs(cut - wt) > 1e-6 * cut)) break
  wt <- weights(calibrate(svydesign(ids = ~psu, strata = ~stratum, weights = cut, data = d), ~sex + age, share * sum(w0), calfun = "raking", epsilon = 1e-13)) }
inside <- wt > 0.5 * m * (1 + 2e-6) & wt < 1.6 * m * (1 - 2e-6)
through("shares, trim total", wt, link(d$hours, margins, w0, wt, share, inside))
both("jkn rake, calibrate total", svytotal(~hours, calibrate(calibrate(jkn, ~sex + age, pop, calfun = "raking", epsilon = 1e-13), ~region, by_region, epsilon = 1e-13)))
write.csv(do.call(rbind, R), files[2], row.names = FALSE)
