# Rubin's rules by mitools 2.4 on survey means and totals: Rscript imputations.R imputations_expected.csv
suppressMessages({library(survey); library(mitools)})
i <- 0:59
made <- lapply(1:5, function(k) {
  y <- (i * 11) %% 17
  hole <- i %% 6 == 0
  y[hole] <- ((i[hole] + 3 * k) * 5) %% 17
  data.frame(h = i %% 4, w = 1 + (i * 7) %% 5, y = y)
})
designs <- svydesign(ids = ~1, strata = ~h, weights = ~w, data = imputationList(made))
# mitools 2.4 has W / (W + B) where Barnard and Rubin (1999) have W / (W + (1 + 1/m) B): their degrees of freedom by hand
row <- function(fit, what, complete) {
  found <- MIcombine(fit)
  if (is.finite(complete)) {
    within <- mean(sapply(fit, function(f) vcov(f)[1, 1]))
    seen <- complete * (complete + 1) / (complete + 3) * within / found$variance[1, 1]
    found$df <- 1 / (1 / found$df + 1 / seen)
    r <- found$variance[1, 1] / within - 1
    found$missinfo <- (r + 2 / (found$df + 3)) / (r + 1)
  }
  data.frame(what, estimate = unname(found$coefficients), se = sqrt(found$variance[1, 1]), df = found$df, missing_information = found$missinfo)
}
means <- with(designs, svymean(~y))
totals <- with(designs, svytotal(~y))
out <- rbind(row(means, "mean", 56), row(totals, "total", 56), row(means, "mean of many", Inf))
out[-1] <- lapply(out[-1], function(v) sprintf("%.15g", v))
write.csv(out, commandArgs(TRUE)[1], row.names = FALSE, quote = FALSE)
