"""New York's file at its smallest: a header, the state's line, and as many hospitals as are asked for. Its results
depend on nobody's decision."""

from collections.abc import Iterable
from typing import Final

FEED: Final = "ny-cardiac"
INDICATOR: Final = "ny-tavr-mortality"
HEADER: Final = (
    "Facility ID,Hospital Name,Detailed Region,Region,Procedure,Year of Hospital Discharge,Number of Cases,"
    "Number of Deaths,Observed Mortality Rate,Expected Mortality Rate,Risk-Adjusted Mortality Rate,"
    "Lower Limit of Confidence Interval,Upper Limit of Confidence Interval,Comparison Results\n"
)
STATE: Final = (
    "0,NYS - All Hospitals,New York State,New York State,TAVR,2013-2015,2000,80,4.00,4.00,4.00,,,Statewide Rate\n"
)
ROW: Final = (
    "{id},Hospital {id},Region,Region,TAVR,2013-2015,100,4,4.00,4.00,4.00,1.00,10.00,"
    "Rate not different than Statewide Rate\n"
)


def small_file(hospitals: Iterable[int], state: bool = False) -> bytes:
    """One line for each of these hospitals (four digits); with the state's line, as the first file must be."""
    rows = "".join(ROW.format(id=number) for number in hospitals)
    return (HEADER + (STATE if state else "") + rows).encode()
