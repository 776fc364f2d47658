# Expected values of tests/parity/test_designs.py, made with R survey and its data sets. Run: Rscript designs.R (in this folder).
suppressPackageStartupMessages(library(survey)); options(digits = 17, survey.lonely.psu = "fail")
data(api); data(mu284); data(nhanes); data(election); data(scd)
put <- function(d, f) write.csv(d, f, row.names = FALSE, na = "")
keep <- c("cds", "stype", "dnum", "snum", "api00", "api99", "meals", "enroll", "sch.wide", "awards", "pw", "fpc")
put(apistrat[keep], "api_strat.csv"); put(apiclus1[keep], "api_clus1.csv")
put(apiclus2[c(setdiff(keep, "fpc"), "fpc1", "fpc2")], "api_clus2.csv"); put(mu284, "mu284.csv")
put(transform(nhanes, HI_CHOL = as.integer(HI_CHOL)), "nhanes.csv")
put(data.frame(election_pps[c("Bush", "Kerry", "Nader", "p")]), "election.csv")
write.table(election_jointprob, "election_joint.csv", sep = ",", row.names = FALSE, col.names = FALSE)
# a three-stage sample: 4 strata, PSUs, households, persons; fpc at every stage
set.seed(284); D <- NULL
for (h in 1:4) for (i in 1:(h + 2)) for (j in 1:3) for (k in 1:2) D <- rbind(D, data.frame(stratum = h, psu = i, house = j,
  N1 = 10 * (h + 1), N2 = 12 + i, N3 = 2 + (i + j) %% 4 + 1, y = rnorm(1, 10 + h + i / 2 + j, 3), x = rgamma(1, 3), g = sample(c("a", "b", "c"), 1)))
D$house <- paste(D$house); D$w <- with(D, N1 / ave(psu, stratum, FUN = max) * N2 / 3 * N3 / 2); D$b <- as.integer(D$y > 14); D <- D[sample(nrow(D)), ]; D$person <- seq_len(nrow(D))
put(D, "three_stage.csv")
R <- list(); add <- function(design, method, statistic, variable, domain, e, s, lo = NA, hi = NA, extra = NA) R[[length(R) + 1]] <<- data.frame(design, method, statistic, variable, domain, estimate = as.numeric(e), se = as.numeric(s), lower = as.numeric(lo), upper = as.numeric(hi), extra = as.numeric(extra))
one <- function(name, s, method, ys, x, by, tag) for (y in ys) { f <- as.formula(paste0("~", y))
  m <- svymean(f, s, deff = if (method == "linear") TRUE else FALSE); t <- svytotal(f, s); r <- svyratio(f, as.formula(paste0("~", x)), s); ci <- confint(m, df = degf(s))
  add(name, method, "mean", y, tag, coef(m), SE(m), ci[1], ci[2], if (method == "linear") deff(m) else NA); add(name, method, "total", y, tag, coef(t), SE(t)); add(name, method, "ratio", y, tag, coef(r), SE(r)) }
all_of <- function(name, s, ys, x, by, method = "linear") { one(name, s, method, ys, x, by, "")
  for (g in sort(unique(as.character(model.frame(s)[[by]])))) { part <- eval(bquote(subset(s, .(as.name(by)) == .(g)))); one(name, part, method, ys, x, by, g) }
  V <- vcov(svymean(as.formula(paste0("~", paste(ys, collapse = "+"))), s)); if (length(ys) > 1) add(name, method, "cov", paste(ys[1:2], collapse = "+"), "", V[1, 2], NA) }
S <- list(
  api_strat = svydesign(id = ~1, strata = ~stype, weights = ~pw, fpc = ~fpc, data = apistrat),
  api_strat_wr = svydesign(id = ~1, strata = ~stype, weights = ~pw, data = apistrat),
  api_clus1 = svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = apiclus1),
  api_clus2 = svydesign(id = ~dnum + snum, fpc = ~fpc1 + fpc2, data = apiclus2),
  api_clus2_first = svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc1, data = apiclus2))
for (k in names(S)) all_of(k, S[[k]], c("api00", "meals"), if (grepl("clus2", k)) "api99" else "enroll", "sch.wide")  # enroll is missing in two schools of clus2
mu <- svydesign(id = ~id1 + id2, fpc = ~n1 + n2, data = mu284); m <- svymean(~y1, mu); t <- svytotal(~y1, mu); add("mu284", "linear", "mean", "y1", "", coef(m), SE(m)); add("mu284", "linear", "total", "y1", "", coef(t), SE(t))
nh <- svydesign(id = ~SDMVPSU, strata = ~SDMVSTRA, weights = ~WTMEC2YR, nest = TRUE, data = transform(nhanes, age = as.character(agecat)))
for (tag in c("", sort(unique(as.character(nhanes$agecat))))) { s <- if (tag == "") nh else subset(nh, age == tag); v <- svymean(~HI_CHOL, s, na.rm = TRUE, deff = TRUE); add("nhanes", "linear", "mean", "HI_CHOL", tag, coef(v), SE(v), extra = deff(v)); v <- svytotal(~HI_CHOL, s, na.rm = TRUE); add("nhanes", "linear", "total", "HI_CHOL", tag, coef(v), SE(v)) }
for (q in c("F", "Chisq", "Wald", "adjWald")) { r <- svychisq(~RIAGENDR + race, nh, statistic = q); add("nhanes", "linear", paste0("independence_", q), "RIAGENDR+race", "", r$statistic, r$p.value) }
for (q in c("F", "Chisq", "Wald", "adjWald")) { r <- svychisq(~stype + sch.wide, S$api_clus1, statistic = q); add("api_clus1", "linear", paste0("independence_", q), "stype+sch.wide", "", r$statistic, r$p.value) }
P <- list(brewer = svydesign(id = ~1, fpc = ~p, data = election_pps, pps = "brewer"), `hartley-rao` = svydesign(id = ~1, fpc = ~p, data = election_pps, pps = HR()),
  ht = svydesign(id = ~1, fpc = ~p, data = election_pps, pps = ppsmat(election_jointprob)), yg = svydesign(id = ~1, fpc = ~p, data = election_pps, pps = ppsmat(election_jointprob), variance = "YG"))
for (k in names(P)) { v <- svytotal(~Bush + Kerry, P[[k]]); add(paste0("election_", k), "linear", "total", c("Bush", "Kerry"), "", coef(v), SE(v)); v <- svymean(~Bush, P[[k]]); add(paste0("election_", k), "linear", "mean", "Bush", "", coef(v), SE(v)); r <- svyratio(~Bush, ~Kerry, P[[k]]); add(paste0("election_", k), "linear", "ratio", "Bush", "", coef(r), SE(r)) }
three <- svydesign(id = ~psu + house + person, strata = ~stratum, fpc = ~N1 + N2 + N3, weights = ~w, nest = TRUE, data = D); all_of("three_stage", three, c("y", "b"), "x", "g")
all_of("three_stage_wr", svydesign(id = ~psu, strata = ~stratum, weights = ~w, nest = TRUE, data = D), c("y", "b"), "x", "g")
# quantiles
for (k in c("api_strat", "api_clus1", "three_stage")) { s <- if (k == "three_stage") three else S[[k]]; y <- if (k == "three_stage") "y" else "api00"
  for (ci in c("mean", "beta", "xlogit", "asin")) for (rule in c("math", "school", "hf7")) { v <- svyquantile(as.formula(paste0("~", y)), s, c(.1, .5, .75), interval.type = ci, qrule = rule)[[1]]; add(k, paste(ci, rule), "quantile", y, rownames(v), v[, 1], v[, 4], v[, 2], v[, 3]) } }
# calibrated: raked, then linearly calibrated; poststratified; and the other order
margins <- function(s) rake(s, list(~stype, ~sch.wide), list(data.frame(stype = c("E", "H", "M"), Freq = c(4421, 755, 1018)), data.frame(sch.wide = c("No", "Yes"), Freq = c(1072, 5122))), control = list(maxit = 200, epsilon = 1e-12))
lin <- function(s) calibrate(s, ~enroll + api99, c(`(Intercept)` = 6194, enroll = 3811472, api99 = 3914069), epsilon = 1e-13)
all_of("clus1_linear", lin(S$api_clus1), c("api00", "meals"), "enroll", "sch.wide")
all_of("clus1_post", postStratify(S$api_clus1, ~stype, data.frame(stype = c("E", "H", "M"), Freq = c(4421, 755, 1018))), c("api00", "meals"), "enroll", "sch.wide")
all_of("strat_post_linear", lin(postStratify(S$api_strat, ~sch.wide, data.frame(sch.wide = c("No", "Yes"), Freq = c(1072, 5122)))), c("api00", "meals"), "enroll", "sch.wide")
all_of("strat_linear_post", postStratify(lin(S$api_strat), ~sch.wide, data.frame(sch.wide = c("No", "Yes"), Freq = c(1072, 5122))), c("api00", "meals"), "enroll", "sch.wide")
# lonely PSUs
L <- transform(apistrat, h = ifelse(seq_along(pw) == 5, "alone", as.character(stype)))
for (p in c("certainty", "remove", "adjust", "average")) { options(survey.lonely.psu = p); s <- svydesign(id = ~1, strata = ~h, weights = ~pw, data = L); v <- svytotal(~api00, s); add(paste0("lonely_", p), "linear", "total", "api00", "", coef(v), SE(v)); v <- svymean(~api00, s); add(paste0("lonely_", p), "linear", "mean", "api00", "", coef(v), SE(v)) }
options(survey.lonely.psu = "fail")
# replicates that have no random part
for (ms in c(FALSE, TRUE)) { tag <- if (ms) "_mse" else ""
  all_of("api_clus1", as.svrepdesign(S$api_clus1, type = "JK1", mse = ms), c("api00", "meals"), "enroll", "sch.wide", paste0("jk1", tag))
  all_of("api_strat", as.svrepdesign(S$api_strat, type = "JKn", mse = ms), c("api00", "meals"), "enroll", "sch.wide", paste0("jkn", tag))
  all_of("three_stage_wr", as.svrepdesign(svydesign(id = ~psu, strata = ~stratum, weights = ~w, nest = TRUE, data = D), type = "JKn", mse = ms), c("y", "b"), "x", "g", paste0("jkn", tag))
  all_of("clus1_linear", lin(as.svrepdesign(S$api_clus1, type = "JK1", mse = ms)), c("api00", "meals"), "enroll", "sch.wide", paste0("jk1", tag))
  all_of("clus1_post", postStratify(as.svrepdesign(S$api_clus1, type = "JK1", mse = ms), ~stype, data.frame(stype = c("E", "H", "M"), Freq = c(4421, 755, 1018))), c("api00", "meals"), "enroll", "sch.wide", paste0("jk1", tag)) }
# replicate weights brought along: SCD, BRR with factors
scdrep <- svrepdesign(data = scd, type = "BRR", repweights = 2 * cbind(c(1, 0, 1, 0, 1, 0), c(1, 0, 0, 1, 0, 1), c(0, 1, 1, 0, 0, 1), c(0, 1, 0, 1, 1, 0)), combined.weights = FALSE, weights = rep(1, 6)); v <- svyratio(~alive, ~arrests, scdrep); put(scd, "scd.csv"); add("scd", "brr", "ratio", "alive", "", coef(v), SE(v))
put(do.call(rbind, R), "designs_expected.csv"); writeLines(paste(R.version.string, "survey", packageVersion("survey")), "designs_versions.txt")
