# Expected values of tests/parity/test_distributions.py. Run: Rscript distributions.R (in this folder).
# Gini's coefficient, the quintile share ratio and the at-risk-of-poverty rate with the published linearizations, written here from the papers,
# and errors by R survey's svytotal of the linearized variable: Deville (1999, Surv. Methodol. 25:193-203), Berger & Skinner (2003, JRSS C
# 52:457-468: the rate), Osier (2009, Surv. Res. Methods 3:167-195: the rate in domains), Langel & Tille (2011, J. Off. Stat. 27:1-22: the
# share ratio; 2013, JRSS A 176:521-540: Gini). laeken and convey do not install here: "laeken gini" is laeken's formula of the value, and
# "convey" are convey's definitions (svygini, svyqsr, svyarpr at github.com/ajdamico/convey in 2024), each worked out from what it computes.
suppressPackageStartupMessages(library(survey)); options(digits = 17)
d <- read.csv("linearized_data.csv"); d$income <- d$hours + d$weight / 100; R <- list()
add <- function(design, statistic, domain, estimate, se) R[[length(R) + 1]] <<- data.frame(design, statistic, domain, estimate = as.numeric(estimate), se = as.numeric(se))
plain <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = d)
totals <- c(`(Intercept)` = 240000, sexmale = 118000, `age6-29` = 70000, `age60+` = 66000)
S <- list(plain = plain, fpc = svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, fpc = ~n_psu, data = d),
  raked = calibrate(plain, ~sex + age, totals, calfun = "raking", epsilon = 1e-13, maxit = 100))
error <- function(s, z) SE(svytotal(~z, update(s, z = z)))
q <- function(y, w, p) { o <- order(y); y[o][which(cumsum(w[o]) >= p * sum(w) * (1 - 1e-12))[1]] }
f <- function(y, w, x, h) sum(w * dnorm((x - y) / h)) / (sum(w) * h)                      # density
gini <- function(y, w) { N <- sum(w); mu <- sum(w * y) / N
  apart <- sapply(y, function(v) sum(w * abs(v - y))); G <- sum(w * apart) / (2 * N^2 * mu)
  list(G, (apart - G * N * (mu + y)) / (N^2 * mu)) }                                      # Langel & Tille (2013), section 3
quintiles <- function(y, w) { N <- sum(w)                                                 # what stands at the end of a fifth is in it in part
  share <- function(p) { v <- q(y, w, p); below <- y < v; list(sum((w * y)[below]) + v * (p * N - sum(w[below])), v) }
  low <- share(.2); high <- share(.8); top <- sum(w * y) - high[[1]]; Q <- top / low[[1]]
  z_low <- .2 * low[[2]] - pmax(low[[2]] - y, 0); z_high <- y - (.8 * high[[2]] - pmax(high[[2]] - y, 0))
  list(Q, (z_high - Q * z_low) / low[[1]]) }
rate <- function(y, w, inside, h) { N <- sum(w); m <- q(y, w, .5); line <- .6 * m; poor <- as.numeric(y <= line)
  p <- sum(w * poor * inside) / sum(w * inside); z_line <- -.6 * ((y <= m) - .5) / (N * f(y, w, m, h))
  list(p, inside * (poor - p) / sum(w * inside) + f(y[inside], w[inside], line, h) * z_line) }
h_of <- function(y, w) { N <- sum(w); sqrt((sum(w * y^2) - sum(w * y)^2 / N) / N) / exp(.2 * log(N)) }  # convey's bandwidth
filled <- function(z, part) { out <- numeric(nrow(d)); out[part] <- z; out }
for (k in names(S)) { s <- S[[k]]; w <- weights(s); y <- d$income
  for (g in c("", "north", "south")) { part <- g == "" | d$region == g
    v <- gini(y[part], w[part]); add(k, "gini", g, v[[1]], error(s, filled(v[[2]], part)))
    v <- quintiles(y[part], w[part]); add(k, "share_ratio", g, v[[1]], error(s, filled(v[[2]], part)))
    for (h in c(2, 5)) { v <- rate(y, w, part, h); add(k, paste0("poverty_", h), g, v[[1]], error(s, v[[2]])) } }
  # laeken's Gini, and what convey says
  o <- order(y); x <- y[o]; u <- w[o]; r <- cumsum(u); N <- sum(u); t <- sum(x * u); add(k, "laeken gini", "", (2 * sum(u * x * r) - sum(u^2 * x)) / (N * t) - 1, NA)
  T1 <- sum(r * x * u); z <- 2 * (t - cumsum(x * u) + x * u + r * x) - x; z <- z / (t * N) - (2 * T1 - t) * (x * N + t) / (t * N)^2
  add(k, "convey gini", "", (2 * T1 - t) / (N * t) - 1, error(s, z[order(o)]))
  v <- rate(y, w, rep(TRUE, nrow(d)), h_of(y, w)); add(k, "convey arpr", "", v[[1]], error(s, v[[2]])); add(k, "convey bandwidth", "", h_of(y, w), NA)
  low <- q(y, w, .2); high <- q(y, w, .8); add(k, "convey qsr", "", sum((w * y)[y > high]) / sum((w * y)[y <= low]), NA) }
write.csv(do.call(rbind, R), "distributions_expected.csv", row.names = FALSE, na = ""); writeLines(paste(R.version.string, "survey", packageVersion("survey")), "distributions_versions.txt")
