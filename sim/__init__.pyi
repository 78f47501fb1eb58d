from sim.api import check as check
from sim.api import compare as compare
from sim.api import load as load
from sim.api import run as run
from sim.errors import InputError as InputError
from sim.errors import SimError as SimError
from sim.experiment import Comparison as Comparison
from sim.experiment import Result as Result

__version__: str
__all__: list[str]
