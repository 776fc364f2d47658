"""The door of the room: `Population` asks a source of people, whichever it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from .. import guards
from ..aliases import Pathname, Progress, Table, Values
from ..display import Shown
from . import export

if TYPE_CHECKING:
    import pandas as pd

    from .finite import Finite


class Population(Shown):
    """A finite population of persons in households, from which surveys are drawn again and again.

    Make one with `Population.china` (1.4 billion people who exist as a function of their number), `Population.from_folder` (any
    country's facts in CSV files), `Population.from_margins` (its margin tables) or `Population.from_frame` (a table you have).

    Attributes
    ----------
    source : the `finite.Finite` it asks; what a source has, such as `size`, its population has too.
    size : int, persons.
    n_households : int.
    strata : tuple of labels: provinces, regions; the parts of the population that surveys sample independently.
    seed : int. fingerprint : str, changes with all that persons depend on.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> people = pd.DataFrame({"region": ["north", "north", "south"], "income": [10, 20, 60]})
    >>> pop = ss.Population.from_frame(people, stratum="region")
    >>> pop.size, pop.n_households, pop.strata
    (3, 3, ('north', 'south'))
    >>> pop.parameter("income/persons", by="region")["value"].tolist()
    [15.0, 60.0]
    """

    def __init__(self, source: "Finite") -> None:
        self.source = source

    def __repr__(self) -> str:
        return repr(self.source)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "source":  # nobody's, and what unpickling asks for
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.source, name)

    @classmethod
    def china(
        cls,
        seed: int = 1,
        scale: float = 1.0,
        year: int = 2023,
        *,
        personal_share: float = 0.95,
        residential_share: float = 0.55,
        no_phone_internet_rate: float = 0.0,
        household_icc: float = 0.25,
        prefecture_icc: float = 0.02,
        mobile_ownership: Any = "surveys",
    ) -> Self:
        """The mainland's 31 provinces: households of the 2020 census moved to a year-end, phones, use of the internet.

        Parameters
        ----------
        seed : int, which of the possible populations.
        scale : float in (0, 1]; 1.0 is everybody. Prefecture sizes are scaled by largest remainders.
        year : 2020 (census), or year-end 2022, 2023 or 2024. The answers are those of December 2024 in any year.
        personal_share : share of mobile subscriptions held by people, not by businesses or machines (assumption).
        residential_share : share of fixed lines that are residential (64.9 % in 2013, less since: assumption).
        no_phone_internet_rate : how much as likely to use the internet people without any telephone are as people with
            one; the report assumes 0.
        household_icc : correlation of two members of a household in the latent variables behind internet use and
            engagement, given their cells (assumption).
        prefecture_icc : the same of two people of a prefecture: the share of the latent variance between prefectures.
        mobile_ownership : who owns a mobile. "surveys" (what surveys of people find; assumption within it), "operators" (99.1 % of
            those aged 6+, the figure of the report's appendix, whose base is not printed), or shares by residence and first age,
            such as {"rural": {6: 0.7, 15: 0.98}, "urban": {6: 0.8, 15: 0.99}}. A province's subscriptions stay as they are: what
            its owners leave are second and third numbers.

        Raises
        ------
        SpecError : an argument outside its range.

        References
        ----------
        docs/population.md names every assumption; `reference` holds the facts.

        Examples
        --------
        >>> import surveysim as ss
        >>> pop = ss.Population.china(seed=1, scale=0.0005)
        >>> print(pop)
        <Population.china seed=1 year=2023 scale=0.0005: 704,835 persons>
        >>> pop.persons([0, 700_000], ["province", "sex", "age"]).values.tolist()  # any, at once
        [['110000', 'female', 33], ['650000', 'female', 15]]
        >>> round(pop.parameter("internet_penetration")["value"].item(), 2)  # exact; percent
        78.58
        """
        from .china import China  # a source is imported when it is asked for: its room has kernels

        return cls(
            China(
                seed=seed,
                scale=scale,
                year=year,
                personal_share=personal_share,
                residential_share=residential_share,
                no_phone_internet_rate=no_phone_internet_rate,
                household_icc=household_icc,
                prefecture_icc=prefecture_icc,
                mobile_ownership=mobile_ownership,
            )
        )

    @classmethod
    def from_frame(
        cls,
        data: Table,
        *,
        stratum: str | None = None,
        household: str | None = None,
        mobiles: str | None = None,
        lines: str | None = None,
        seed: int = 1,
    ) -> Self:
        """Your own finite population: every row of a table is a person.

        Parameters
        ----------
        data : pandas, polars or pyarrow table; never modified. The person's id is the position of the row.
        stratum : column of the parts that surveys sample independently (province, region); None: one part.
        household : column of household ids; None: everybody lives alone.
        mobiles : column with the number of mobile numbers a person has, 0 to 3. lines : the same of the household's
            landlines. They are needed for a `TelephoneFrame` of that kind.
        seed : int, which numbers belong to whom.

        Returns
        -------
        Population whose `parameter` gives totals and ratios of any numeric column in any domain of the table's columns, and
        whose `persons` returns tables of the caller's kind: your columns, with `person_id` (the position; left out where you have
        such a column) and, with households, `household_index` (their order of appearance, the id of `households` and of
        landline frames).

        Raises
        ------
        DataError : no rows, a missing stratum or household, telephone counts outside 0 to 3, a household in two strata.
        UnknownNameError : no such column.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> people = pd.DataFrame({"home": [7, 7, 9], "mobiles": [1, 2, 0], "income": [10, 20, 30]})
        >>> pop = ss.Population.from_frame(people, household="home", mobiles="mobiles")
        >>> pop.parameter("income")["value"].tolist()
        [60.0]
        >>> pop.persons([2, 0], ["person_id", "household_index", "home"]).values.tolist()
        [[2, 1, 9], [0, 0, 7]]
        """
        from .from_table import FromTable  # one kind of population is used at a time

        return cls(FromTable(data, stratum, household, mobiles, lines, seed))

    @classmethod
    def from_margins(
        cls,
        margins: Any,
        *,
        stratum: str = "stratum",
        association: Any = None,
        household_sizes: Mapping[int, float] | None = None,
        rates: Any = None,
        mobiles: Any = None,
        lines: Any = None,
        seed: int = 1,
    ) -> Self:
        """Any country from its margin tables: people of every stratum by several variables, drawn from their number.

        A joint table of all variables is fitted to the margins of every stratum by iterative proportional fitting (Deming &
        Stephan 1940); a person is one draw from it. Nothing is materialised: 70 million people take as little memory as 70.

        Parameters
        ----------
        margins : tidy table with the columns `stratum`, variable, level, total (persons). Every stratum has the same
            variables and levels; its margins have one total.
        stratum : name of the column of strata, in `margins` and in what `persons` returns.
        association : table with one column per variable (some or all of them) and `weight`: how the variables go together
            before the fit, the same in every stratum; levels not listed have weight 0. None: independent.
        household_sizes : mapping of household size to the share of households; None: everybody lives alone.
        rates : table with the columns outcome, rate and any variables (empty: any level): the probability of true/false
            outcomes by cell. The last row that fits a cell counts. Members of a household are drawn independently.
        mobiles : the variable whose levels count a person's mobile numbers, 0 to 3.
        lines : share of households with a landline, one number or {stratum: share}; members share it (`n_lines`).
        seed : int, which of the possible populations.

        Returns
        -------
        Population with `persons`, `households`, exact `parameter`s and `to_parquet`.

        Raises
        ------
        DataError : margins of a stratum that disagree, a negative or missing total, too many cells (65,536 at most), an
            association that cannot meet the margins; the message names stratum, variable and gap.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> rows = [("sex", "f", 52e4), ("sex", "m", 48e4), ("age", "0-59", 80e4), ("age", "60+", 20e4)]
        >>> margins = pd.DataFrame(rows, columns=["variable", "level", "total"]).assign(stratum="north")
        >>> pop = ss.Population.from_margins(margins)
        >>> print(pop)
        <Population.from_margins: 1,000,000 persons in 1 strata>
        >>> pop.persons([0, 999_999], ["sex", "age"]).values.tolist()
        [['m', '0-59'], ['m', '0-59']]
        >>> round(pop.parameter("persons*sex=f/persons")["value"].item(), 3)
        0.519
        """
        from .from_margins import FromMargins  # one kind of population is used at a time

        return cls(FromMargins(margins, stratum, association, household_sizes, rates, mobiles, lines, seed))

    @classmethod
    def from_folder(cls, folder: Any, *, seed: int = 1, scale: float = 1.0) -> Self:
        """Any country from a folder of CSV files, without a program: margins by area, households, telephones by group, outcomes.

        A joint table of the variables and of the roles in households is fitted to the margins of every area by iterative proportional
        fitting, so that margins hold in expectation whoever lives with whom. Members of a household are like each other as
        `likeness.csv` says; landlines belong to households, with log odds that meet the shares of persons by group.

        Parameters
        ----------
        folder : path, or folder of a package. It needs areas.csv, margins.csv, telephone.csv and outcomes.csv, and may have
            households.csv, roles.csv, likeness.csv and indicators.csv; docs/how-to/third-country.md says what is in them.
        seed : int, which of the possible populations. scale : share of the country's persons that is made.

        Returns
        -------
        Population with `persons`, `households`, exact values by `parameter`, and the strata "area".

        Raises
        ------
        DataError : a file or a column that is not there, facts that contradict each other; the message names file and line.

        Examples
        --------
        >>> from pathlib import Path; import surveysim as ss
        >>> Path("land").mkdir()
        >>> files = {
        ...     "areas": "area\\nnorth\\nsouth",
        ...     "margins": "variable,level,north,south\\nsex,f,520,260\\nsex,m,480,240",
        ...     "telephone": "status,variable,level,percent\\nlandline_only,,,10\\nboth,,,40\\nmobile_only,,,45\\nnone,,,5",
        ...     "outcomes": "outcome,variable,level,percent\\nvotes,,,60",
        ... }
        >>> for name, text in files.items():
        ...     _ = Path("land", f"{name}.csv").write_text(text)
        >>> pop = ss.Population.from_folder("land")
        >>> print(pop)
        <Population.from_folder: 1,500 persons in 2 areas>
        """
        from .from_folder import FromFolder  # one kind of population is used at a time

        folder = folder if hasattr(folder, "iterdir") else guards.path(folder, "folder")
        return cls(FromFolder.read(folder, seed, scale))

    def persons(self, ids: Values, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """A table of persons, rows in the order of `ids`.

        Parameters
        ----------
        ids : array of int, 0 to size - 1; of a table the positions of its rows.
        columns : names of the columns wanted, in that order; None: all. Fewer are faster.

        Returns
        -------
        Of China a DataFrame with person_id, household_id, province, prefecture (adcodes), urban, sex, age, age_group (missing under
        6), education, sector, household_size, n_mobile, n_lines, internet, every outcome (bool), weekly_hours (missing for
        non-users). Of margins one with person_id, household_id, the stratum, household_size, n_lines, every variable (categorical)
        and every outcome (bool). Of a table its rows, as a table of the caller's kind, with person_id (the position) and
        household_index.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> pop = ss.Population.from_frame(pd.DataFrame({"income": [10, 30, 50]}))
        >>> pop.persons([2, 0]).to_dict("list")
        {'person_id': [2, 0], 'income': [50, 10]}
        >>> rows = [("sex", "f", 600), ("sex", "m", 400)]
        >>> margins = pd.DataFrame(rows, columns=["variable", "level", "total"]).assign(stratum="north")
        >>> ss.Population.from_margins(margins).persons([0, 999], ["person_id", "sex"]).values.tolist()
        [[0, 'm'], [999, 'm']]
        """
        return self.source.persons(ids, columns)

    def households(self, ids: Values) -> "pd.DataFrame":
        """A table of households: their id, the stratum (of China province, prefecture, urban, kind, generations), household_size,
        first_person_id, n_lines; of a table also your label.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> pop = ss.Population.from_frame(pd.DataFrame({"home": ["x", "y", "x"]}), household="home")
        >>> pop.households([0, 1])[["household_index", "home", "household_size"]].values.tolist()
        [[0, 'x', 2], [1, 'y', 1]]
        """
        return self.source.households(ids)

    def parameter(
        self,
        name: str,
        by: str | Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
        *,
        progress: Callable[[int], object] | None = None,
    ) -> Any:
        """The exact finite-population value of a total, a ratio of totals or a published estimand.

        Parameters
        ----------
        name : an expression of variables (`income*employed`, `internet*age_60plus`), whose value is a total, in persons where it
            counts them; or a ratio of two (`income/persons`, `internet*urban/persons*urban`); "persons" counts everybody.
            Of China also an indicator of the report (`internet_penetration`, … in percent, 10k persons or hours: its own unit).
            A name that is both, such as `skill_any`, is read as the indicator; in products and ratios it is the variable.
            Of margins an outcome, times groups such as "internet*sex=female".
        by : a column or a list of columns.
        where : mapping of columns to a label or a list of labels.
            Any label column of `persons` will do. Of China province, prefecture, urban, sex, age_group and education are
            answered from sums over everybody, which are made once and cached; n_mobile, n_lines, internet and sector too where
            no outcome is asked. Other columns (age, household_size, outcomes) look at every person `where` leaves.
        progress : called with the number of persons done while people are streamed.

        Returns
        -------
        DataFrame with `domain` ("" for everybody, else such as "province=110000, sex=female") and `value`.

        Raises
        ------
        UnknownNameError : no such indicator, variable, column or label.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> people = pd.DataFrame({"sex": list("ffm"), "income": [10, 30, 50], "employed": [1, 0, 1]})
        >>> pop = ss.Population.from_frame(people)
        >>> pop.parameter("income*employed")["value"].tolist()
        [60.0]
        >>> pop.parameter("income/persons", by="sex").values.tolist()
        [['sex=f', 20.0], ['sex=m', 50.0]]
        """
        return self.source.parameter(name, by, where, progress)

    def to_parquet(
        self,
        folder: Pathname,
        where: Mapping[str, Any] | None = None,
        columns: Sequence[str] | None = None,
        *,
        progress: Progress = False,
    ) -> int:
        """Write persons as one Parquet file per block, partitioned by stratum: `folder/province=110000/part-000.parquet`.

        People are streamed in blocks, so memory stays small. Files appear whole or not at all; the same call goes on where
        an interrupted one stopped, and a call with other arguments is refused by what `folder/_population.json` says.

        Parameters
        ----------
        folder : path, made where absent.
        where : mapping of columns to a label or a list of labels.
        columns : columns to write; None: all. The stratum is in the folder's name.
        progress : show a bar on standard error.

        Returns
        -------
        int, persons written in all.

        Raises
        ------
        DataError : the folder holds another population's or another call's files.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> people = pd.DataFrame({"region": ["north", "north", "south"], "income": [10, 20, 60]})
        >>> ss.Population.from_frame(people, stratum="region").to_parquet("people")
        3
        >>> sorted(pd.read_parquet("people/region=north")["income"].tolist())
        [10, 20]
        """
        return export.to_parquet(self.source, folder, where, columns, progress)
