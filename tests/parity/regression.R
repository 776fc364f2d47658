# Expected values of tests/parity/test_regression.py, made with R survey. Run: Rscript regression.R [folder to write to] (in this folder).
suppressPackageStartupMessages(library(survey)); options(digits = 17, survey.lonely.psu = "fail")
to <- commandArgs(TRUE); to <- if (length(to)) to[1] else "."
read <- function(f) { d <- read.csv(f); d$stype <- factor(d$stype); d$wide <- as.numeric(d$sch.wide == "Yes")
  d$grade <- cut(d$api00, c(0, 600, 700, 2000), labels = c("low", "mid", "high")); d }
strat <- svydesign(id = ~1, strata = ~stype, weights = ~pw, fpc = ~fpc, data = read("api_strat.csv"))
clus1 <- svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = read("api_clus1.csv"))
clus2 <- svydesign(id = ~dnum + snum, fpc = ~fpc1 + fpc2, data = read("api_clus2.csv"))
margins <- list(data.frame(stype = c("E", "H", "M"), Freq = c(4421, 755, 1018)), data.frame(sch.wide = c("No", "Yes"), Freq = c(1072, 5122)))
raked <- function(s) rake(s, list(~stype, ~sch.wide), margins, control = list(maxit = 300, epsilon = 1e-13))
jk1 <- as.svrepdesign(clus1, type = "JK1")
designs <- list(strat = strat, clus1 = clus1, clus2 = clus2, raked = raked(clus1), jk1 = jk1, jk1_raked = raked(jk1), part = subset(clus1, meals > 20))
exact <- glm.control(epsilon = 1e-30, maxit = 60); rows <- list()
put <- function(design, model, what, value) rows[[length(rows) + 1]] <<- data.frame(design, model, what, k = seq_along(value), value = as.numeric(value))
# R's covariances are those of the step before the last one, so that every model is fitted again from where it ended
twice <- function(formula, s, family = gaussian()) { once <- svyglm(formula, s, family = family, control = exact)
  if (inherits(once, "svrepglm")) once else do.call(svyglm, list(formula, s, family = family, control = exact, start = as.numeric(coef(once)))) }
tests <- function(d, m, fit, plain) {
  w <- regTermTest(fit, ~stype); put(d, m, "wald", c(w$Ftest, w$df, w$ddf, w$p))
  if (inherits(fit, "svyglm") && !inherits(fit, "svrepglm")) { l <- regTermTest(plain, ~stype, method = "LRT"); s <- regTermTest(plain, ~stype, method = "LRT", lrt.approximation = "satterthwaite")
    put(d, m, "lrt", c(l$lambda, l$p, s$p)) } }
for (d in names(designs)) { s <- designs[[d]]; quiet <- suppressWarnings
  formulas <- list(linear = api00 ~ api99 + stype, logit = wide ~ meals + stype, probit = wide ~ meals + stype, cloglog = wide ~ meals + stype,
    crossed = api00 ~ meals * stype + log(api99), poisson = enroll ~ meals + stype + offset(log(api99)))
  families <- list(logit = quasibinomial(), probit = quasibinomial("probit"), cloglog = quasibinomial("cloglog"), poisson = quasipoisson())
  fits <- lapply(names(formulas), function(m) quiet(twice(formulas[[m]], s, if (is.null(families[[m]])) gaussian() else families[[m]]))); names(fits) <- names(formulas)
  plain <- list(linear = quiet(svyglm(api00 ~ api99 + stype, s, control = exact)), logit = quiet(svyglm(wide ~ meals + stype, s, family = quasibinomial(), control = exact)),
    poisson = quiet(svyglm(enroll ~ meals + stype + offset(log(api99)), s, family = quasipoisson(), control = exact)))
  for (m in names(fits)) { f <- fits[[m]]; put(d, m, "coef", coef(f)); put(d, m, "cov", vcov(f)[lower.tri(vcov(f), TRUE)]); put(d, m, "df", f$df.residual)
    put(d, m, "p", summary(f)$coefficients[, 4]); put(d, m, "interval", t(confint(f)))
    if (m %in% c("linear", "logit", "poisson")) quiet(tests(d, m, f, plain[[m]])) }
  if (!grepl("jk1", d)) { f <- fits$logit; put(d, "logit", "psrsq", c(psrsq(f), quiet(psrsq(f, "Nagelkerke"))))
    f <- quiet(svyglm(wide ~ meals, s, family = quasibinomial(), control = exact)); v <- svypredmeans(f, ~stype, predictat = factor(c("E", "H", "M"))); put(d, "logit", "margins", coef(v)); put(d, "logit", "margin_parts", sapply(attr(attr(v, "var"), "parts"), diag))
    for (m in c("logistic", "probit")) { o <- svyolr(grade ~ meals + stype, s, method = m, control = list(reltol = 1e-20, maxit = 3000, ndeps = rep(1e-5, 5)))
      put(d, m, "ordinal", c(o$coefficients, o$zeta)); put(d, m, "ordinal_se", sqrt(diag(o$var))); put(d, m, "ordinal_df", o$df.residual); w <- regTermTest(o, ~stype); put(d, m, "ordinal_wald", c(w$Ftest, w$df, w$ddf, w$p)) } } }
write.csv(do.call(rbind, rows), file.path(to, "regression_expected.csv"), row.names = FALSE)
writeLines(paste(R.version.string, "survey", packageVersion("survey")), file.path(to, "regression_versions.txt"))
