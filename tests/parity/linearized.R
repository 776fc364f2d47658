# Expected values of tests/parity/test_linearized.py, made with R survey. Run: Rscript linearized.R (in this folder).
library(survey)
options(digits = 17)
set.seed(55)
n <- 400
d <- data.frame(stratum = rep(1:10, each = 40), psu = rep(1:100, each = 4))
d$sex <- sample(c("male", "female"), n, TRUE, c(.45, .55))
d$age <- sample(c("6-29", "30-59", "60+"), n, TRUE, c(.3, .45, .25))
d$region <- sample(c("north", "south"), n, TRUE)
d$online <- as.integer(runif(n) < plogis(1 - 1.2 * (d$age == "60+") + .4 * (d$sex == "male") + rep(rnorm(100, 0, .6), each = 4)))
d$hours <- round(rgamma(n, 2, .1) * d$online, 2)
d$weight <- round(rlnorm(n, 6, .5), 3)
d$n_psu <- rep(seq(40, 130, 10), each = 40)
write.csv(d, "linearized_data.csv", row.names = FALSE)

rows <- list()
keep <- function(design, statistic, domain, estimate) {
  rows[[length(rows) + 1]] <<- data.frame(design = design, statistic = statistic, domain = domain,
    estimate = as.numeric(coef(estimate)), se = as.numeric(SE(estimate)))
}
all_statistics <- function(name, s) {
  keep(name, "mean", "", svymean(~online, s)); keep(name, "total", "", svytotal(~online, s))
  keep(name, "total_hours", "", svytotal(~hours, s)); keep(name, "ratio", "", svyratio(~hours, ~online, s))
  for (g in c("north", "south")) {
    part <- subset(s, region == g)
    keep(name, "mean", g, svymean(~online, part)); keep(name, "total", g, svytotal(~online, part))
    keep(name, "ratio", g, svyratio(~hours, ~online, part))
  }
}
plain <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = d)
finite <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, fpc = ~n_psu, data = d)
all_statistics("plain", plain)
all_statistics("fpc", finite)
totals <- c(`(Intercept)` = 240000, sexmale = 118000, `age6-29` = 70000, `age60+` = 66000)
raked <- calibrate(plain, ~sex + age, totals, calfun = "raking", epsilon = 1e-12, maxit = 100)
all_statistics("raked", raked)
write.csv(do.call(rbind, rows), "linearized_expected.csv", row.names = FALSE)
write.csv(data.frame(r_weight = weights(raked)), "linearized_raked_weights.csv", row.names = FALSE)
cat("R", as.character(getRversion()), "survey", as.character(packageVersion("survey")), "\n", file = "linearized_versions.txt")
