"""What is asked of a Survey beyond totals, means, ratios, proportions and quantiles: one method for each file of `analysis/`."""

from typing import TYPE_CHECKING, Any, cast

from ..analysis import independence, pictured

if TYPE_CHECKING:
    from ..analysis.independence import Independence
    from .survey import Survey


class Analyses:
    """Methods of `Survey` that answer with a model, a comparison or a table."""

    def independence(self, rows: str, columns: str, statistic: str = "F") -> "Independence":
        """Test of independence of two categorical columns with Rao and Scott's corrections.

        statistic : "F" (second-order, Satterthwaite), "Chisq" (first-order, as R's), "Wald" or "adjWald".

        Returns
        -------
        Independence, with `.statistic`, `.df`, `.p_value` and the weighted `.table`.
        """
        return independence.of_table(self._survey, rows, columns, statistic)

    @property
    def plot(self) -> "pictured.Plots":
        """Weighted pictures of a column: `plot.histogram(y, by=)`, `plot.box(y, by=)`, `plot.cumulative(y, by=)`."""
        return pictured.Plots(self._survey)

    @property
    def _survey(self) -> "Survey":
        return cast("Any", self)
