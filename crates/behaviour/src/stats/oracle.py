"""Writes oracle.json beside it: what scipy and statsmodels say, for the tests of this folder.

    python oracle.py > oracle.json     (scipy 1.17, statsmodels 0.15)
"""

import itertools
import json
import sys

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats import contingency_tables, multitest, proportion

out = {"made_by": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}"}

out["ln_gamma"] = [[x, float(scipy.special.gammaln(x))] for x in (1e-3, 0.3, 0.5, 1.0, 1.5, 2.0, 7.7, 100.0, 12345.6, 1e7)]
out["beta_cdf"] = [
    [x, a, b, float(stats.beta.cdf(x, a, b))]
    for x, (a, b) in itertools.product((1e-4, 0.01, 0.3, 0.5, 0.9, 0.999), ((0.5, 0.5), (1, 20), (3.5, 7.25), (200, 5), (4000, 6000)))
]
out["beta_quantile"] = [
    [p, a, b, float(stats.beta.ppf(p, a, b))]
    for p, (a, b) in itertools.product((0.001, 0.025, 0.5, 0.95, 0.9999), ((0.5, 0.5), (1, 20), (3.5, 7.25), (200, 5), (4000, 6000)))
]
out["normal_cdf"] = [[z, float(stats.norm.cdf(z))] for z in (-9.0, -3.0, -1.0, -0.1, 0.0, 0.4, 1.959964, 5.0)]
out["normal_quantile"] = [[p, float(stats.norm.ppf(p))] for p in (1e-12, 0.001, 0.02, 0.025, 0.2, 0.5, 0.8, 0.975, 0.999999)]
out["student_quantile"] = [[p, df, float(stats.t.ppf(p, df))] for p, df in itertools.product((0.001, 0.025, 0.4, 0.95, 0.995), (1, 2.5, 9, 100, 5000))]
out["student_cdf"] = [[t, df, float(stats.t.cdf(t, df))] for t, df in itertools.product((-4.0, -0.5, 0.0, 1.3, 12.0), (1, 2.5, 9, 100))]
out["binomial_cdf"] = [[k, n, p, float(stats.binom.cdf(k, n, p))] for k, n, p in ((0, 10, 0.1), (3, 10, 0.5), (10, 10, 0.5), (5, 640, 0.02), (300, 640, 0.5), (30, 5000, 0.01))]
out["binomial_at"] = [[k, n, p, float(stats.binom.pmf(k, n, p))] for k, n, p in ((0, 10, 0.1), (3, 10, 0.5), (10, 10, 1.0), (5, 640, 0.02), (300, 640, 0.5))]

rates = [(0, 1), (1, 1), (0, 20), (20, 20), (3, 20), (1, 200), (37, 640), (2500, 5000)]
out["wilson"] = [[x, n, l, *map(float, proportion.proportion_confint(x, n, 1 - l, "wilson"))] for (x, n), l in itertools.product(rates, (0.9, 0.95))]
out["clopper_pearson"] = [[x, n, l, *map(float, proportion.proportion_confint(x, n, 1 - l, "beta"))] for (x, n), l in itertools.product(rates, (0.9, 0.95))]

tables = [(10, 0, 0, 10), (50, 8, 2, 40), (5, 1, 0, 4), (300, 30, 12, 298), (0, 7, 7, 0), (0, 0, 9, 1), (90, 5, 15, 10), (36, 12, 2, 0)]
out["mcnemar"] = []
out["tango"] = []
for a, b, c, d in tables:
    exact = contingency_tables.mcnemar([[a, b], [c, d]], exact=True).pvalue if b + c else 1.0
    low, m = min(b, c), b + c
    # Fagerland, Lydersen, Laake (2013), with their special case of b = c.
    mid = 1.0 if m == 0 else 2 * (stats.binom.cdf(low, m, 0.5) - 0.5 * stats.binom.pmf(low, m, 0.5))
    if m and b == c:
        mid = 1 - 0.5 * stats.binom.pmf(low, m, 0.5)
    out["mcnemar"].append([a, b, c, d, float(exact), float(min(mid, 1.0))])
    for level in (0.9, 0.95):
        # The score interval by the constrained likelihood, maximised numerically rather than by Tango's formula.
        n = a + b + c + d
        z = stats.norm.ppf(0.5 + level / 2)

        def score(delta):
            from scipy.optimize import minimize_scalar

            def loss(q):  # q = share of `second` alone, q + delta = of `first` alone
                p10, p01 = q + delta, q
                rest = 1 - p10 - p01
                if min(p10, p01, rest) < 0:
                    return 1e18
                terms = [(b, p10), (c, p01), (a + d, rest)]
                return -sum(k * np.log(max(p, 1e-300)) for k, p in terms if k)

            lo, hi = max(0.0, -delta), min(1.0, (1 - delta) / 2)
            if hi < lo:
                hi = lo
            q = minimize_scalar(loss, bounds=(lo, hi), method="bounded", options={"xatol": 1e-14}).x
            if b + c == 0 or c == 0:
                # The bounded search stops short of an end.
                q = min((lo, q), key=loss)
            var = n * (2 * q + delta * (1 - delta))
            return (b - c - n * delta) / np.sqrt(var) if var > 0 else np.inf * np.sign(b - c - n * delta)

        est = (b - c) / n
        from scipy.optimize import brentq

        lo = brentq(lambda t: score(t) - z, -1 + 1e-9, est - 1e-9) if est > -1 + 1e-6 else -1.0
        hi = brentq(lambda t: score(t) + z, est + 1e-9, 1 - 1e-9) if est < 1 - 1e-6 else 1.0
        out["tango"].append([a, b, c, d, level, float(lo), float(hi)])

def newcombe(a, b, c, d, level):
    n = a + b + c + d
    one, two = (a + b) / n, (a + c) / n
    l1, u1 = proportion.proportion_confint(a + b, n, 1 - level, "wilson")
    l2, u2 = proportion.proportion_confint(a + c, n, 1 - level, "wilson")
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    det = a * d - b * c
    phi = (max(det - n / 2, 0) if det > 0 else det) / np.sqrt(margins) if margins else 0.0
    down = np.sqrt((one - l1) ** 2 - 2 * phi * (one - l1) * (u2 - two) + (u2 - two) ** 2)
    up = np.sqrt((u1 - one) ** 2 - 2 * phi * (u1 - one) * (two - l2) + (two - l2) ** 2)
    return max(one - two - down, -1.0), min(one - two + up, 1.0)


out["newcombe"] = [[*table, level, *map(float, newcombe(*table, level))] for table in tables for level in (0.9, 0.95)]

ps = [[0.01, 0.04, 0.03, 0.005], [0.2], [0.5, 0.5, 0.5], [1e-6, 0.9, 0.02, 0.02, 0.049]]
out["holm"] = [[p, multitest.multipletests(p, method="holm")[1].tolist()] for p in ps]
out["benjamini_hochberg"] = [[p, multitest.multipletests(p, method="fdr_bh")[1].tolist()] for p in ps]

rng = np.random.default_rng(6)
out["sign_flip"] = []
for n in (3, 8, 14):
    d = np.round(rng.normal(0.4, 1, n), 3)
    result = {}
    for name, alternative in (("above", "greater"), ("below", "less"), ("both", "two-sided")):
        result[name] = float(stats.permutation_test((d,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative=alternative).pvalue)
    out["sign_flip"].append([d.tolist(), result])

out["fisher"] = []
for hits, own, others_hits, others in ((8, 8, 2, 128), (0, 8, 60, 128), (3, 10, 30, 90)):
    table = [[hits, own - hits], [others_hits, others - others_hits]]
    tails = [float(stats.fisher_exact(table, alternative).pvalue) for alternative in ("greater", "less")]
    out["fisher"].append([hits, own, others_hits, others, *tails])

# The ratio of sums with cluster-robust errors is a weighted mean with sandwich errors.
import statsmodels.api as sm

out["robust"] = []
for n in (5, 30):
    counts = rng.integers(1, 7, n)
    sums = rng.binomial(counts, rng.beta(1, 2, n))
    y, groups = [], []
    for g, (s, m) in enumerate(zip(sums, counts)):
        y += [1.0] * s + [0.0] * (m - s)
        groups += [g] * m
    fit = sm.OLS(np.array(y), np.ones(len(y))).fit()
    # Without statsmodels' factor for parameters, (N-1)/(N-K) = 1 here.
    robust = fit.get_robustcov_results("cluster", groups=np.array(groups), use_t=True, df_correction=True)
    low, high = robust.conf_int(0.05)[0]
    out["robust"].append([sums.tolist(), counts.tolist(), float(robust.params[0]), float(low), float(high)])

median = []
for n in (4, 6, 10, 25):
    x = np.round(rng.exponential(1, n), 3)
    ci = stats.quantile_test(x, q=0, p=0.5).confidence_interval(0.95)
    median.append([x.tolist(), float(np.median(x)), float(ci.low), float(ci.high)])
out["median"] = [[x, m, lo if np.isfinite(lo) else None, hi if np.isfinite(hi) else None] for x, m, lo, hi in median]

# BCa of a mean: scipy's, of many draws; ours draws other numbers, so a tolerance stands in the test.
x = np.round(rng.exponential(1, 40), 3)
boot = stats.bootstrap((x,), np.mean, n_resamples=200000, method="BCa", random_state=1).confidence_interval
perc = stats.bootstrap((x,), np.mean, n_resamples=200000, method="percentile", random_state=1).confidence_interval
out["bootstrap"] = [x.tolist(), [float(boot.low), float(boot.high)], [float(perc.low), float(perc.high)]]

json.dump(out, sys.stdout, indent=None, separators=(",", ":"))
print()
