# Expected values of tests/parity/test_representativity.py, by the published formulas with R's glm and survey. Run: Rscript representativity.R
# (in this folder). No package for R-indicators is on CRAN. Errors are those of survey's stratified jackknife, which fits glm anew.
suppressMessages(library(survey))
options(digits = 17)
d <- read.csv("linearized_data.csv")
d$responded <- as.integer((seq_len(nrow(d)) * 37) %% 100 < 35 + ifelse(d$sex == "female", 22, 0) + ifelse(d$age == "60+", 18, 0))
tight <- glm.control(epsilon = 1e-14, maxit = 100)
indicators <- function(w, d) {
  d$w <- w / mean(w)
  fit <- suppressWarnings(glm(responded ~ sex + age, family = quasibinomial(), weights = w, data = d[w > 0, ], control = tight))
  p <- predict(fit, d, type = "response"); N <- sum(w); m <- sum(w * p) / N
  S2 <- sum(w * (p - m)^2) / N
  found <- c(mean = m, S2 = S2, cv2 = S2 / m^2)
  for (v in c("sex", "age")) {
    rest <- d[[setdiff(c("sex", "age"), v)]]
    middle <- tapply(w * p, rest, sum) / tapply(w, rest, sum)
    off <- w * (p - middle[rest])^2 / N
    size <- tapply(w, d[[v]], sum)
    by <- sqrt(size / N) * (tapply(w * p, d[[v]], sum) / size - m)
    within <- tapply(off, d[[v]], sum)
    found[paste0("u ", v)] <- sum(by^2); found[paste0("c ", v)] <- sum(off)
    for (h in names(by)) { found[paste("u", v, h)] <- by[h]; found[paste("c", v, h)] <- within[h] }
  }
  found
}
design <- svydesign(ids = ~psu, strata = ~stratum, weights = ~weight, data = d, nest = TRUE)
jackknife <- as.svrepdesign(design, type = "JKn", mse = TRUE)
found <- withReplicates(jackknife, indicators)
write.csv(data.frame(name = names(coef(found)), value = as.numeric(coef(found)), se = as.numeric(SE(found))), "representativity_expected.csv", row.names = FALSE, quote = FALSE)
# the adjustment as published, for a simple random sample of the same rows
fit <- glm(responded ~ sex + age, family = binomial(), data = d, control = tight)
p <- fitted(fit); x <- model.matrix(fit); z <- x * (p * (1 - p)); n <- nrow(d)
chance <- sum((z %*% solve(t(z) %*% x)) * z) / n
S2 <- (1 + 1 / n - 1 / n) * var(p) - chance
writeLines(c(R.version.string, paste("survey", packageVersion("survey")), sprintf("published S2 %.17g", S2)), "representativity_versions.txt")
