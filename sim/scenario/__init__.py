"""Read scenario and policy files as frozen, strict models; plan a run's intents.

A value that cannot be used is reported with its file, line and place, what was given and what is expected.
"""

from sim.scenario.account_spec import AccountSpec
from sim.scenario.load import LoadedScenario, load_scenario, scenario_names
from sim.scenario.market_spec import FilterSpec, LineSpec, MarketSpec
from sim.scenario.mismatch import InputErrors
from sim.scenario.overrides import split_overrides
from sim.scenario.policy import LoadedPolicy, load_policy_named, policy_names
from sim.scenario.spec import CheckSpec, ClientSpec, InvariantSpec, LimitsSpec, Scenario, SettleSpec
from sim.scenario.symbols import symbol_filters
from sim.scenario.workload import IntentPlan, plan_intents
from sim.scenario.workload_spec import WorkloadSpec

__all__ = [
    "AccountSpec",
    "CheckSpec",
    "ClientSpec",
    "FilterSpec",
    "InputErrors",
    "IntentPlan",
    "InvariantSpec",
    "LimitsSpec",
    "LineSpec",
    "LoadedPolicy",
    "LoadedScenario",
    "MarketSpec",
    "Scenario",
    "SettleSpec",
    "WorkloadSpec",
    "load_policy_named",
    "load_scenario",
    "plan_intents",
    "policy_names",
    "scenario_names",
    "split_overrides",
    "symbol_filters",
]
