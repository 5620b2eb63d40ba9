"""The ledger beside SANA-FE, core by core, and its price under the table ``sanafe_loihi``."""

from dataclasses import dataclass

import numpy as np
import pytest

from spikeseg.emulation import emulate
from spikeseg.energy import Ledger, Work, count, load_costs
from spikeseg.energy.events import price_events
from spikeseg.exporters.sanafe import group_names, sanafe_network
from tests_witness.programs import NUM_STEPS, Case, make_case
from tests_witness.sanafe_side import Outcome, run


@dataclass(frozen=True, eq=False)
class Both:
    case: Case
    ledger: Ledger
    found: Outcome

    def summed(self, of: str, values: str | None = None, hosts: bool = True) -> np.ndarray:
        """Return a sum over SANA-FE's packets for each core, sender or receiver."""
        sums = np.zeros(128, np.int64)
        for message in self.found.messages:
            if hosts or message.group.startswith("layer"):
                sums[getattr(message, of)] += getattr(message, values) if values else 1
        return sums[list(self.case.program.positions)]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """A ledger of one step more: a spike acts in the step after, in SANA-FE's in its own."""
    case = make_case(12, 1, 0.5, "greedy")
    names = group_names(case.program)
    sizes = {names[name]: int(np.prod(shape)) for name, shape in case.program.shapes.items()}
    text = sanafe_network(case.program, case.inputs)
    found = run(text, sizes, NUM_STEPS, tmp_path_factory.mktemp("ledger"))
    given = {
        name: np.concatenate([train, np.zeros_like(train[:1])])[:, None]
        for name, train in case.inputs.items()
    }
    traces = [f"{p.name}.spikes" for p in case.program.populations]
    ledger = count(case.program, given, emulate(case.program, given, record=traces))
    return Both(case, ledger, found)


def test_operations_of_every_core_are_the_same(both: Both) -> None:
    np.testing.assert_array_equal(
        both.summed("receiver", "synapses"), both.ledger.synaptic_operations
    )


def test_packets_into_and_out_of_every_core_are_the_same(both: Both) -> None:
    np.testing.assert_array_equal(both.summed("receiver"), both.ledger.packets_in)
    np.testing.assert_array_equal(both.summed("sender", hosts=False), both.ledger.packets_out)


def test_hops_of_what_every_core_sends_are_the_same(both: Both) -> None:
    for ours, theirs in (("hops_east_west", "columns"), ("hops_north_south", "rows")):
        found = both.summed("sender", theirs, hosts=False)
        np.testing.assert_array_equal(found, getattr(both.ledger, ours))


def test_its_energy_is_the_ledger_s_price_and_21_6_pj_for_each_neuron_that_hears_nothing(
    both: Both,
) -> None:
    """SANA-FE bills an update also where a neuron has a bias or a potential and hears nothing."""
    ledger, found = both.ledger, both.found
    names = [
        "synaptic_operations", "weight_bits", "state_bits", "receiving_updates", "packets_in",
        "packets_out", "within_tile", "hops_east_west", "hops_north_south", "inter_chip_packets",
    ]  # fmt: skip
    sums = {name: int(getattr(ledger, name).sum()) for name in names}
    fired = sum(int(both.case.spikes[p.name].sum()) for p in both.case.program.populations)
    neurons = both.case.program.num_neurons
    work = Work(neurons=neurons, weights=0, updates=neurons * NUM_STEPS, spikes=fired, **sums)
    price = sum(part.value for part in price_events(work, load_costs("sanafe_loihi")).values())
    host = [m for m in found.messages if m.group.startswith("input")]
    of_host = sum(111e-12 + 3.0e-12 * m.columns + 4.2e-12 * m.rows for m in host)
    idle = 21.6e-12 * (work.updates - work.receiving_updates)
    assert idle > 0
    assert found.energy["total"] == pytest.approx(price + idle + of_host, rel=1e-9)
