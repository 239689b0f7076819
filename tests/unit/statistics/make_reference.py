"""Numbers of statsmodels, frozen in tests/golden/statistics/statsmodels.json; statsmodels is no dependency.

python tests/unit/statistics/make_reference.py   # in an environment with statsmodels and pandas
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

FILE = Path(__file__).resolve().parents[2] / "golden" / "statistics" / "statsmodels.json"
P = [0.001, 0.04, 0.03, 0.2, 0.03, 0.8, 0.012]
POWER = ((0.5, 10), (1.0, 5), (2.0, 3), (0.2, 200))


def data():
    """Return languages, seeds, X and y of an unbalanced crossed design."""
    rng = np.random.default_rng(7)
    language, seed, time = (codes.ravel() for codes in np.indices((8, 4, 3)))
    x = rng.standard_normal(8)[language]
    y = 1.5 + 0.8 * x * (time == 1) + 1.2 * rng.standard_normal(8)[language] + 0.7 * rng.standard_normal(4)[seed]
    y += 0.9 * rng.standard_normal(x.size)
    fixed = np.stack([np.ones_like(x), x, time == 1, (time == 1) * x], axis=1).round(6)
    y += 1.0 * rng.standard_normal(8)[language] * (time == 1)
    kept = rng.random(x.size) > 0.15
    return language[kept], seed[kept], fixed[kept], y[kept].round(6)


def main():
    import statsmodels
    import statsmodels.api as sm
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.power import TTestPower

    language, seed, fixed, y = data()
    columns = {f"x{i}": fixed[:, i] for i in range(4)}
    frame = pd.DataFrame({"language": language, "seed": seed, "y": y, "all": 1, **columns})
    models = {}
    for name, restricted, slope in (("reml", True, False), ("ml", False, False), ("slopes", True, True)):
        terms = {"language": "0 + C(language)", "seed": "0 + C(seed)"}
        terms |= {"slope": "0 + C(language):x2"} if slope else {}
        model = sm.MixedLM.from_formula("y ~ 0 + x0 + x1 + x2 + x3", groups="all", vc_formula=terms, data=frame)
        found = model.fit(reml=restricted, method=["powell", "lbfgs"], maxiter=5000)
        models[name] = {
            "coefficients": found.fe_params.tolist(),
            "standard_errors": found.bse_fe.tolist(),
            "variances": dict(zip(model.exog_vc.names, found.vcomp.tolist(), strict=True)),
            "residual_variance": float(found.scale),
            "log_likelihood": float(found.llf),
        }
    frozen = {
        "statsmodels": statsmodels.__version__,
        "data": {"language": language.tolist(), "seed": seed.tolist(), "x": fixed.tolist(), "y": y.tolist()},
        "models": models,
        "p": P,
        "holm": multipletests(P, method="holm")[1].tolist(),
        "benjamini_hochberg": multipletests(P, method="fdr_bh")[1].tolist(),
        "power": [[ratio, n, float(TTestPower().power(ratio, n, 0.05))] for ratio, n in POWER],
    }
    FILE.write_text(json.dumps(frozen) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
