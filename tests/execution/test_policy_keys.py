"""Every key with its default and what may be written for it: who changes one changes what people may deploy."""

from __future__ import annotations

from sim.execution.policy_keys import KEY_OF_FIELD, KEYS, PREFIX, Settings

# A default is that of the policy safe; a range is inclusive.
TABLE = """\
adjust_sl_on_2021 = True: true or false
allow_favourable_deviation = False: true or false
attempt_timeout_sec = 1.0: a number from 0 to 3600 (s)
batch_protection = False: true or false
breaker_failure_share = 0.5: a number from 0.01 to 1 (fraction)
breaker_failures = 0: an integer from 0 to 1000 (failures)
breaker_open_sec = 60.0: a number from 0 to 86400 (s)
breaker_trial_calls = 10: an integer from 1 to 1000 (calls)
breaker_window_calls = 0: an integer from 0 to 10000 (calls)
buffer_volatility_factor = 0.0: a number from 0 to 100 (sd)
check_slippage_after_trade = False: true or false
classifier = 'outcomes': one of d7, every-error, only-2021, none, outcomes, transient, unprocessed,
    venue-advice, nautilus-python, nautilus-rust
client_ids = True: true or false
conditional_endpoint = 'auto': one of order, algo, auto
documented_backoff_base_sec = 0.2: a number from 0 to 60 (s)
entry_style = 'limit_ioc': one of market, limit_ioc
exit_backoff_cap_sec = 0.25: a number from 0 to 3600 (s)
flatten_patience_sec = 3600.0: a number from 0 to 86400 (s)
flatten_when_unprotected = False: true or false
guard_entry = True: true or false
hedge_stop_sec = 0.25: a number from 0 to 60 (s)
high_leverage_factor = 0.5: a number from 0.01 to 1 (factor)
high_leverage_threshold = 10.0: a number from 1 to 1000 (x)
honour_retry_after = True: true or false
jitter = 'full': one of none, full, equal, decorrelated, proportional, additive
jitter_max_sec = 0.1: a number from 0 to 60 (s)
jitter_share = 0.2: a number from 0 to 1 (fraction)
judge_refused_stop = True: true or false
keep_journal = True: true or false
limiter_exit_reserve = 0.3: a number from 0 to 1 (fraction)
limiter_share = 0.9: a number from 0.01 to 1 (fraction)
liquidation_margin_pct = 0.0: a number from 0 to 1 (fraction)
look_up_base_sec = 0.25: a number from 0.01 to 60 (s)
look_up_cap_sec = 2.0: a number from 0.01 to 60 (s)
look_up_growth = 2.0: a number from 1 to 10 (factor)
look_up_min = 3: an integer from 1 to 100 (look-ups)
look_up_unknown = True: true or false
maintenance_margin_pct = 0.004: a number from 0 to 1 (fraction)
market_backoff_base_sec = 0.0: a number from 0 to 60 (s)
market_max_retries = 2: an integer from 0 to 100 (retries)
max_order_retries = 5: an integer from 1 to 100 (attempts)
max_parallel_retries = 0: an integer from 0 to 10000 (retries)
max_price_age_sec = 2.0: a number from 0 to 3600 (s)
max_retry_backoff_sec = 10.0: a number from 0 to 3600 (s)
max_sl_distance_pct = 0.1: a number from 0.0001 to 1 (fraction)
max_slippage_pct = 0.005: a number from 0 to 1 (fraction)
max_total_time_sec = 3600.0: a number from 0 to 3600 (s)
max_tp_distance_pct = 0.5: a number from 0.0001 to 100 (fraction)
min_sl_buffer_pct = 0.001: a number from 1e-06 to 0.5 (fraction)
placement_timeout_sec = 0.0: a number from 0 to 3600 (s)
predicted_slippage_limit_pct = 0.0: a number from 0 to 1 (fraction)
predicted_slippage_quantile = 'median': one of median, q90
protect_deadline_sec = 3.5: a number from 0 to 600 (s)
read_back = True: true or false
recheck_each_attempt = True: true or false
resend_unknown_entry = False: true or false
retry_backoff_base_sec = 0.5: a number from 0 to 3600 (s)
retry_backoff_growth = 2.0: a number from 1 to 10 (factor)
retry_budget_per_sec = 10.0: a number from 0 to 10000 (1/s)
retry_budget_ratio = 0.0: a number from 0 to 10 (fraction)
retry_budget_window_sec = 10.0: a number from 0.1 to 3600 (s)
retry_timeouts = True: true or false
schedule = 'by-outcome': one of one, by-outcome
sl_adjustment_buffer_pct = 0.001: a number from 1e-06 to 0.5 (fraction)
slippage_volatility_factor = 0.0: a number from 0 to 100 (sd)
stand_aside_sec = 300.0: a number from 0 to 86400 (s)
stop_sizing = 'close_position': one of close_position, reduce_only
sweep_when_flat = True: true or false
target_required = False: true or false
throttle_ratio = 0.1: a number from 0 to 10 (tokens)
throttle_stop_share = 0.5: a number from 0 to 0.99 (fraction)
throttle_tokens = 0.0: a number from 0 to 1000 (tokens)
unknown_deadline_sec = 7.0: a number from 0 to 3600 (s)
unreadable_sec = 60.0: a number from 0 to 3600 (s)
use_limiter = True: true or false
use_user_stream = True: true or false
verify_every_sec = 60.0: a number from 0 to 3600 (s)
watch_unknown_sec = 90.0: a number from 0 to 86400 (s)
widen_budget_pct = 0.0005: a number from 0 to 1 (fraction)
"""


def test_every_key_has_its_default_its_range_and_its_unit() -> None:
    """As they are published, in the order of their names."""
    keys = sorted(KEYS.values(), key=lambda key: key.name)
    found = [f"{key.name.removeprefix(PREFIX)} = {key.default!r}: {key.expected}" for key in keys]
    assert found == TABLE.replace("\n    ", " ").splitlines()


def test_a_field_of_the_settings_is_its_key_and_carries_its_default() -> None:
    """``execution.NAME`` is the field NAME."""
    settings = Settings()
    assert {PREFIX + name: key.default for name, key in KEY_OF_FIELD.items()} == {
        name: getattr(settings, name.removeprefix(PREFIX)) for name in KEYS
    }
