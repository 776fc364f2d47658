# Expected values of tests/parity/test_planning.py, made with base R (stats). Run: Rscript planning.R (in this folder).
options(digits = 17); R <- list()
add <- function(what, n, p1, p2, sd, level, sides, power) R[[length(R) + 1]] <<- data.frame(what, n, p1, p2, sd, level, sides, power)
for (n in c(20, 50, 400, 3000)) for (p1 in c(0.1, 0.5)) for (d in c(0.02, 0.1, 0.25)) for (a in c(0.05, 0.01)) for (s in c("two.sided", "one.sided")) {
  k <- if (s == "two.sided") 2 else 1
  add("prop_power", n, p1, p1 + d, NA, 1 - a, k, power.prop.test(n, p1, p1 + d, sig.level = a, alternative = s)$power)
  add("t_power", n, 0, d, 0.7, 1 - a, k, power.t.test(n, d, sd = 0.7, sig.level = a, alternative = s)$power)
  add("prop_n", power.prop.test(p1 = p1, p2 = p1 + d, power = 0.9, sig.level = a, alternative = s, tol = 1e-12)$n, p1, p1 + d, NA, 1 - a, k, 0.9)
  if (n > 50) add("prop_p2", n, p1, power.prop.test(n, p1, power = 0.9, sig.level = a, alternative = s, tol = 1e-13)$p2, NA, 1 - a, k, 0.9) }
write.csv(unique(do.call(rbind, R)), "planning_expected.csv", row.names = FALSE); writeLines(R.version.string, "planning_versions.txt")
