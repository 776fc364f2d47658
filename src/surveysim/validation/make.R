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
