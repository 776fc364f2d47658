# Expected values of tests/parity/test_brought.py: replicate weights that came with a file, adjusted. Run: Rscript brought.R (in this folder).
# rake() looks at the margins of the full sample alone to see whether it has converged, so it is told to go on for 150 rounds.
suppressPackageStartupMessages(library(survey)); options(digits = 17); set.seed(19)
n <- 96; d <- data.frame(h = rep(1:12, each = 8), psu = rep(rep(1:2, each = 4), 12), sex = sample(c("f", "m"), n, TRUE),
  age = sample(c("old", "mid", "young"), n, TRUE, c(.3, .4, .3)), y = round(rnorm(n, 10, 3), 3), z = rbinom(n, 1, .4), x = round(rgamma(n, 2, 1 / 3), 3), w = round(runif(n, 50, 150), 2))
base <- svydesign(id = ~psu, strata = ~h, nest = TRUE, weights = ~w, data = d)
fay <- weights(as.svrepdesign(base, type = "Fay", fay.rho = 0.5), "analysis"); jkn <- as.svrepdesign(base, type = "JKn"); boot <- weights(as.svrepdesign(base, type = "bootstrap", replicates = 30), "analysis")
for (k in c("fay", "jkn", "boot")) { m <- if (k == "jkn") weights(jkn, "analysis") else get(k); m <- round(m, 6); colnames(m) <- paste0(k, seq_len(ncol(m))); d <- cbind(d, m) }
write.csv(d, "brought_data.csv", row.names = FALSE)
R <- list(); add <- function(design, adjusted, statistic, e, s, df) R[[length(R) + 1]] <<- data.frame(design, adjusted, statistic, estimate = as.numeric(e)[1], se = as.numeric(s)[1], df = df)
sex <- data.frame(sex = c("f", "m"), Freq = c(5300, 4300)); age <- data.frame(age = c("mid", "old", "young"), Freq = c(4000, 2600, 3000))
take <- function(k) as.matrix(d[grep(paste0("^", k, "[0-9]+$"), names(d))])
S <- list(
  fay = svrepdesign(weights = ~w, repweights = take("fay"), data = d, type = "Fay", rho = 0.5, combined.weights = TRUE, mse = TRUE),
  jkn = svrepdesign(weights = ~w, repweights = take("jkn"), data = d, type = "JKn", rscales = rep(0.5, 24), scale = 1, combined.weights = TRUE, mse = FALSE),
  boot = svrepdesign(weights = ~w, repweights = take("boot"), data = d, type = "bootstrap", combined.weights = TRUE, mse = FALSE))
for (k in names(S)) { s <- S[[k]]
  A <- list(none = s, rake = suppressWarnings(rake(s, list(~sex, ~age), list(sex, age), control = list(maxit = 150, epsilon = -1))), poststratify = postStratify(s, ~age, age),
    linear = calibrate(s, ~ sex + x, c("(Intercept)" = 9600, sexm = 4300, x = 60000), calfun = "linear", compress = FALSE))
  for (a in names(A)) { m <- svymean(~y, A[[a]]); t <- svytotal(~z, A[[a]]); r <- svyratio(~y, ~x, A[[a]]); p <- subset(A[[a]], sex == "f"); q <- svymean(~y, p)
    add(k, a, "mean", coef(m), SE(m), degf(A[[a]])); add(k, a, "total", coef(t), SE(t), degf(A[[a]])); add(k, a, "ratio", coef(r), SE(r), degf(A[[a]])); add(k, a, "domain", coef(q), SE(q), degf(p)) } }
write.csv(do.call(rbind, R), "brought_expected.csv", row.names = FALSE); writeLines(paste(R.version.string, "survey", packageVersion("survey")), "brought_versions.txt")
