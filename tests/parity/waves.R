# Expected values of tests/parity/test_waves.py, made with R survey. Run: Rscript waves.R (in this folder).
# Two waves of the same PSUs, raked wave by wave: rows below each other in one svydesign with the PSUs' own labels; changes by svycontrast.
suppressPackageStartupMessages(library(survey)); options(digits = 17)
if (!file.exists("waves_data.csv")) { set.seed(2024); D <- NULL
  for (h in 1:3) for (i in 1:(h + 2)) { a <- rnorm(1, h, 1.5); for (wave in c("2023", "2024")) for (k in 1:(3 + (i + h) %% 3)) D <- rbind(D, data.frame(
    stratum = paste0("s", h), psu = paste0("p", h, i), wave = wave, y = round(a + 0.4 * (wave == "2024") + rnorm(1), 4), x = round(rgamma(1, 4), 4),
    sex = sample(c("f", "m"), 1), age = sample(c("old", "young"), 1), region = sample(c("n", "s"), 1), w = round(20 + 10 * h * runif(1), 3))) }
  write.csv(D[order(D$wave), ], "waves_data.csv", row.names = FALSE) }
D <- read.csv("waves_data.csv"); D$wave <- as.character(D$wave); D$one <- 1; D$fpc <- c(s1 = 30, s2 = 40, s3 = 50)[D$stratum]
for (v in c("2023", "2024")) { for (s in c("f", "m")) D[[paste0("d", v, s)]] <- as.numeric(D$wave == v & D$sex == s); D[[paste0("d", v, "young")]] <- as.numeric(D$wave == v & D$age == "young") }
totals <- c(d2023f = 800, d2023m = 900, d2023young = 700, d2024f = 820, d2024m = 930, d2024young = 750)
shape <- ~ 0 + d2023f + d2023m + d2023young + d2024f + d2024m + d2024young
R <- list(); add <- function(design, statistic, domain, what, e, s) R[[length(R) + 1]] <<- data.frame(design, statistic, domain, what, estimate = as.numeric(e), se = as.numeric(s))
D <- transform(D, y1 = y * (wave == "2023"), y2 = y * (wave == "2024"), n1 = as.numeric(wave == "2023"), n2 = as.numeric(wave == "2024"), x1 = x * (wave == "2023"), x2 = x * (wave == "2024"))
all_of <- function(name, d) for (g in c("", "n", "s")) { part <- if (g == "") d else eval(bquote(subset(d, region == .(g)))); t <- svytotal(~ y1 + y2 + n1 + n2 + x1 + x2, part)
  for (k in c("mean", "ratio", "total")) { e <- switch(k, mean = c("(y1 / n1)", "(y2 / n2)"), ratio = c("(y1 / x1)", "(y2 / x2)"), total = c("y1", "y2"))
    for (w in list(c("2023", e[1]), c("2024", e[2]), c("change", paste(e[2], "-", e[1])), c("relative", paste(e[2], "/", e[1], "- 1")), c("average", paste("0.25 *", e[1], "+ 0.75 *", e[2])))) {
      v <- svycontrast(t, list(v = parse(text = w[2])[[1]])); add(name, k, g, w[1], coef(v), SE(v)) } } }
plain <- svydesign(id = ~psu, strata = ~stratum, weights = ~w, data = D); raked <- calibrate(plain, shape, totals, calfun = "raking", epsilon = 1e-12, maxit = 200)
all_of("plain", plain); all_of("raked", raked); all_of("fpc", svydesign(id = ~psu, strata = ~stratum, weights = ~w, fpc = ~fpc, data = D))
all_of("independent", svydesign(id = ~psu, strata = ~stratum + wave, weights = ~w, data = transform(D, stratum = paste(stratum, wave), psu = paste(psu, wave))))
write.csv(do.call(rbind, R), "waves_expected.csv", row.names = FALSE); writeLines(paste(R.version.string, "survey", packageVersion("survey")), "waves_versions.txt")
