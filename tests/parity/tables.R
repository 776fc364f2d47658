# Expected values of tests/parity/test_tables.py, made with R survey. Run: Rscript tables.R (in this folder).
suppressPackageStartupMessages(library(survey)); options(digits = 17)
strat <- read.csv("api_strat.csv"); clus <- read.csv("api_clus1.csv")
S <- list(api_strat = svydesign(id = ~1, strata = ~stype, weights = ~pw, fpc = ~fpc, data = strat),
  api_clus1 = svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = clus))
R <- list(); add <- function(design, what, level, column, estimate, se = NA, lower = NA, upper = NA) R[[length(R) + 1]] <<- data.frame(design, what, level,
  column, estimate = as.numeric(estimate), se = as.numeric(se), lower = as.numeric(lower), upper = as.numeric(upper))
for (k in names(S)) {
  s <- S[[k]]
  for (column in c("Total", "E", "H", "M")) {
    part <- if (column == "Total") s else eval(bquote(subset(s, stype == .(column))))
    for (level in c("No", "Yes")) {
      f <- as.formula(paste0("~I(awards == '", level, "')")); m <- svyciprop(f, part, method = "logit", df = degf(part))
      ci <- confint(m); add(k, "proportion", level, column, coef(m), SE(m), ci[1], ci[2]) }
    m <- svymean(~api00, part); add(k, "mean", "", column, coef(m), SE(m)) }
  for (q in c("F", "Chisq", "Wald", "adjWald")) { r <- svychisq(~awards + stype, s, statistic = q); add(k, paste0("test_", q), "", "", r$statistic, r$p.value) }
  V <- svyby(~I(as.integer(awards == "Yes")), ~stype, s, svymean, covmat = TRUE); E <- coef(V)
  for (pair in list(c(1, 2), c(1, 3), c(2, 3))) { x <- rep(0, 3); x[pair] <- c(1, -1)
    add(k, "difference", "Yes", paste(c("E", "H", "M")[pair], collapse = "-"), sum(x * E), sqrt(x %*% vcov(V) %*% x)) } }
write.csv(do.call(rbind, R), "tables_expected.csv", row.names = FALSE, na = "")
writeLines(c(R.version.string, paste("survey", packageVersion("survey"))), "tables_versions.txt")
