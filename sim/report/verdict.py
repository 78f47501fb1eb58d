"""Say in plain words what a run or a comparison showed, and what every violation means.

Counts are of intents, not of violations: an intent that broke one check twice is one intent.  Sentences take
their numbers from the violations and from the tables of a result; they add nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from sim.checks import CHECKS
from sim.experiment import Comparison, Result
from sim.report.printing import Heading, PrintedTable, printed, printed_range
from sim.wording import counted, unit_beside

# What an intent did that broke the check: "12 traded twice or ...".
_DEEDS: Final = {
    "I01": "traded twice or more than intended",
    "I02": "ended with a position other than the one believed in",
    "I03": "stood naked beyond {protect_s} s",
    "I04": "sent an entry on a price too old or too far from the plan",
    "I05": "filled beyond slippage limit and tolerance without a bounded cause",
    "I06": "had a stop on the wrong side, too near, or beyond liquidation",
    "I07": "sent a stop that loses more than the risk budget",
    "I08": "made more attempts than the policy allows",
    "I09": "slept otherwise than the policy says",
    "I10": "sent requests while told to wait, or beyond the venue's caps",
    "I14": "reported a success or a failure that the venue contradicts",
    "I15": "sent an exit that could open, enlarge or turn a position",
    "I16": "left exits behind a closed position",
    "I17": "left a gap or a worse stop in moving one",
    "I18": "missed the protection deadline and did not close in time",
    "I19": "sent a number that is not finite, off its grid or below the minimum",
    "L01": "were not at rest once faults had stopped",
    "L02": "never came to a proper end",
    "L03": "left work that died unseen or blocked the loop",
    "L04": "stood aside where nothing was to be feared",
}
_RULE: Final = Heading(name="the rule that was broken", numeric=False)
_PAIRING_DEGRADED_ABOVE: Final = 0.01


def verdict(result: Result) -> str:
    """Return one to four sentences: what was broken, how many came through, which rules of conduct, what it cost."""
    intents = result.frames["intents"]
    total = len(intents)
    if total == 0:
        return "No intent was decided: there is nothing to judge."
    found = _judged(result.violations)
    parts = [
        f"{printed(rows['intent'].nunique())} {_deed(str(check), result)}"
        for check, rows in found.groupby("check", sort=True)
    ]
    unharmed = total - found.loc[found["intent"] >= 0, "intent"].nunique()
    if parts:
        rest = f"{printed(unharmed)} ({printed(unharmed / total, 'share')} %) broke no rule."
        opening = f"Of {counted(total, 'intent')}, {listed(parts)}; {rest}"
    else:
        opening = f"None of {counted(total, 'intent')} broke a rule of safety or of liveness."
    return " ".join(said for said in (opening, _conduct(result), _cost(result)) if said)


def verdict_line(result: Result) -> str:
    """Return the verdict in one sentence: how many intents broke a rule, which most often, and what execution cost."""
    total = len(result.frames["intents"])
    if total == 0:
        return "No intent was decided: there is nothing to judge."
    found = _judged(result.violations)
    broken = found.loc[found["intent"] >= 0].drop_duplicates(["intent", "check"])
    bad = int(broken["intent"].nunique())
    said = f"None of {counted(total, 'intent')} broke a rule of safety or of liveness"
    if bad:
        counts = broken.groupby("check", sort=True).size()
        most = str(counts.idxmax())
        deed = _DEEDS.get(most, f"broke {most}").format(
            protect_s=printed(float(result.manifest["protect_s"]))
        )
        said = (
            f"{printed(bad)} of {counted(total, 'intent')} ({printed(bad / total, 'share')} %) broke a rule of "
            f"safety or of liveness; most often, {printed(counts.max())} {deed} ({most})"
        )
    lost = _loss_per_1000(result)
    if math.isnan(lost):
        return f"{said}."
    word = "lost" if lost >= 0 else "ended above the ideal executor by"
    against = " against the ideal executor" if lost >= 0 else ""
    return f"{said}; execution {word} {printed(abs(lost), 'quote')} quote per 1,000 intents{against}."


def doubts(result: Result) -> list[str]:
    """Return what makes the run itself doubtful: to be read before any number."""
    manifest = result.manifest
    said = []
    if manifest["ended"] != "finished":
        said.append(
            f"The run was cut off: it ended at its {manifest['ended']}, not when all intents were over."
        )
    simulator = result.violations[result.violations["kind"] == "simulator"]
    for check, rows in simulator.groupby("check", sort=True):
        said.append(
            f"The simulator broke its own rule {check} {len(rows)} times ({check_story(str(check))}) "
            "No number here can be trusted."
        )
    said += [f"Something died unseen: {error}." for error in manifest["errors"]]
    escaped = manifest["escaped"]
    if escaped["intents"]:
        said.append(
            f"An exception left the code under test in {counted(escaped['intents'], 'intent')}, which says nothing "
            f"about its policy; the first one: {escaped['first']}."
        )
    requests = int(manifest["requests"])
    lost = int(manifest["unattributed"]) / requests if requests else 0.0
    if lost > _PAIRING_DEGRADED_ABOVE:
        share = printed(lost, "share")
        said.append(f"{share} % of requests could not be attributed to an intent: pairing is degraded.")
    return said


def violations_table(result: Result, *, rules: bool = True) -> PrintedTable:
    """Return violations by check: how many, of how many intents, by how much, which to look at, and the rule.

    Without ``rules`` the last column is left out, for terminals (see :func:`rules_of`).
    """
    rows = []
    for (kind, check), found in result.violations.groupby(["kind", "check"], sort=True):
        owned = found.loc[found["intent"] >= 0, "intent"]
        worst = found.sort_values("amount", ascending=False, na_position="last", kind="stable").iloc[0]
        examples = ", ".join(map(str, sorted(owned.unique())[:5]))
        rows.append(
            (
                str(check),
                str(kind),
                printed(len(found)),
                printed(owned.nunique()),
                f"{printed(worst['amount'])} {unit_beside(worst['amount'], worst['unit'])}".strip(),
                examples or printed(float("nan")),
                *([check_story(str(check))] if rules else []),
            )
        )
    headings = (
        Heading(name="check", numeric=False),
        Heading(name="kind", numeric=False),
        Heading(name="violations", unit="count"),
        Heading(name="intents", unit="count"),
        Heading(name="by up to", unit="with unit"),
        Heading(name="for instance", unit="intent numbers", numeric=False),
        *([_RULE] if rules else []),
    )
    return PrintedTable(title="Violations by check", headings=headings, rows=tuple(rows))


def comparison_verdict(policies: Sequence[str], seeds: int, numbers: Measured) -> list[str]:
    """Return a sentence on safety, and one on money per policy against the first; ``seeds`` is their number."""
    first = policies[0]
    counts = [
        f"{row['policy']} {printed(row['broken'])} of {printed(row['intents'])}"
        for row in numbers.tally.to_dict(orient="records")
    ]
    over = f"{seeds} seed" + ("s" if seeds > 1 else "")
    said = [f"Intents that broke a rule, over {over} of the same weather: {listed(counts)}."]
    table = numbers.differences
    money = table[(table["metric"] == "loss against I1") & (table["unit"] == "quote")]
    for row in money.to_dict(orient="records"):
        said.append(_against(str(row["policy"]), first, {str(key): value for key, value in row.items()}))
    return said


def violations_side_by_side(
    policies: Sequence[str], violations: pd.DataFrame, *, rules: bool = True
) -> PrintedTable:
    """Return violations by check and policy, over all seeds; the intents they concern in brackets.

    ``violations`` are those of :class:`Measured`.  Without ``rules`` the last column is left out, for terminals (see
    :func:`rules_of`).
    """
    rows = []
    for (kind, check), found in violations.groupby(["kind", "check"], sort=True):
        own = {
            str(row["policy"]): f"{printed(row['violations'])} ({printed(row['intents'])})"
            for row in found.to_dict(orient="records")
        }
        cells = [own.get(policy, "0 (0)") for policy in policies]
        rows.append((str(check), str(kind), *cells, *([check_story(str(check))] if rules else [])))
    headings = (
        Heading(name="check", numeric=False),
        Heading(name="kind", numeric=False),
        *(Heading(name=policy, unit="count (intents)") for policy in policies),
        *([_RULE] if rules else []),
    )
    return PrintedTable(title="Violations by check", headings=headings, rows=tuple(rows))


def rules_of(checks: Iterable[str]) -> list[str]:
    """Return each check's rule, led by its name."""
    return [f"{check}  {check_story(check)}" for check in sorted(set(checks))]


def check_story(check: str) -> str:
    """Return the rule a check holds, as a sentence; the check's own name when it is not known here."""
    return next((known.story for known in CHECKS if known.id == check), f"Rule {check}.")


def listed(parts: list[str]) -> str:
    """Join parts as in a sentence: a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _judged(violations: pd.DataFrame) -> pd.DataFrame:
    """Return the breaches of the code under test; the simulator's own slips are doubts, conduct is told apart."""
    return violations[violations["kind"].isin(("safety", "liveness"))]


def _conduct(result: Result) -> str:
    """Return the sentence on rules of conduct, "" where none was broken."""
    found = result.violations[result.violations["kind"] == "practice"]
    if found.empty:
        return ""
    sizes = [(str(check), _distinct(rows)) for check, rows in found.groupby("check", sort=True)]
    told = listed([f"{check} in {printed(size)}" for check, size in sizes])
    unit = unit_beside(sizes[-1][1], "intents")
    return f"Rules of conduct, which by themselves lose nothing, were broken too: {told} {unit}."


def _deed(check: str, result: Result) -> str:
    deed = _DEEDS.get(check, f"broke {check}")
    return f"{deed.format(protect_s=printed(float(result.manifest['protect_s'])))} ({check})"


def _cost(result: Result) -> str:
    lost = _loss_per_1000(result)
    if math.isnan(lost):
        return ""
    amount = printed(abs(lost), "quote")
    if lost >= 0:
        return (
            f"Execution lost {amount} quote per 1,000 intents against the ideal executor on the same prices."
        )
    return (
        f"Execution ended {amount} quote per 1,000 intents above the ideal executor on the same prices, "
        "which is no merit: intents that it failed to enter paid no fees and met no stop."
    )


def _loss_per_1000(result: Result) -> float:
    table = result.money
    return float(
        table[(table["metric"] == "loss against I1") & (table["unit"] == "quote")].iloc[0]["per_1000"]
    )


def _against(policy: str, first: str, row: dict[str, Any]) -> str:
    difference = float(row["mean_difference"])
    if math.isnan(difference):
        return f"{policy} and {first} share no intent whose money could be compared."
    word = "more" if difference > 0 else "less"
    interval = printed_range(row["low"], row["high"], "quote")
    said = (
        f"{policy} lost {printed(abs(difference), 'quote')} quote per intent {word} than {first} "
        f"against the ideal executor (95 % interval of the difference {interval}; {counted(row['n'], 'pair')}, "
        f"{counted(row['clusters'], 'cluster')}, {printed(row['discordant_clusters'])} discordant)"
    )
    if row["low"] <= 0 <= row["high"]:
        return said + ": no difference is shown."
    return said + (f", {row['note']}." if row["note"] else ".")


def _distinct(found: pd.DataFrame) -> int:
    owned = found[found["intent"] >= 0]
    return len(owned.drop_duplicates(["seed", "intent"] if "seed" in owned else ["intent"]))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Hold a comparison's tables, each computed once; ``claims`` is empty unless the document's policies met.

    ``violations``: ``policy``, ``kind``, ``check``, ``violations``, ``intents``, over all seeds.  ``tally``:
    ``policy``, ``intents``, ``broken`` (intents that broke a rule of safety or of liveness).
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    claims: pd.DataFrame
    violations: pd.DataFrame
    tally: pd.DataFrame


def violations_of(comparison: Comparison) -> pd.DataFrame:
    """Return the violations of a comparison as :class:`Measured` holds them."""
    rows = []
    for policy in comparison.policies:
        for (kind, check), found in _all_violations(comparison, policy).groupby(["kind", "check"], sort=True):
            rows.append((policy, str(kind), str(check), len(found), _distinct(found)))
    return pd.DataFrame(rows, columns=["policy", "kind", "check", "violations", "intents"])


def tally_of(comparison: Comparison) -> pd.DataFrame:
    """Return the intents of a comparison, and how many broke a rule, as :class:`Measured` holds them."""
    rows = []
    for policy in comparison.policies:
        intents = sum(len(comparison.results[policy, seed].frames["intents"]) for seed in comparison.seeds)
        rows.append((policy, intents, _distinct(_judged(_all_violations(comparison, policy)))))
    return pd.DataFrame(rows, columns=["policy", "intents", "broken"])


def _all_violations(comparison: Comparison, policy: str) -> pd.DataFrame:
    parts = [comparison.results[policy, seed].violations.assign(seed=seed) for seed in comparison.seeds]
    return pd.concat(parts, ignore_index=True)
