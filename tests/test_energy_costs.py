"""Cost tables as data, and what is refused."""

from pathlib import Path

import pytest

from spikeseg.energy import Range, cost_names, load_costs, spiking_tables
from spikeseg.errors import ConfigError, UnknownNameError

GOOD = """
title = "mine"
kind = "chip"
measured = true
leaves_out = ["static power"]
rivals = ["keras_cpu"]

[energy]
synaptic_operation = { value = 2e-12, low = 1e-12, unit = "J", source = "my meter" }
neuron_access = { value = 5e-12, unit = "J", source = "my meter" }
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", cost_names())
def test_every_table_says_what_it_leaves_out_and_every_number_has_a_source(name: str) -> None:
    table = load_costs(name)
    stored = table.to_dict()
    assert table.leaves_out
    assert all(len(cost["source"]) > 10 for cost in stored["costs"])
    assert all(cost["low"] <= cost["value"] <= cost["high"] for cost in stored["costs"])


def test_no_table_that_comes_along_claims_to_be_measured() -> None:
    assert not [name for name in cost_names() if load_costs(name).measured]


def test_the_published_numbers_of_davies_are_kept() -> None:
    table = load_costs("davies2018")
    found = {entry: round(cost.range.value * 1e12, 6) for entry, cost in table.energy.items()}
    assert found == {
        "synaptic_operation": 23.6,
        "neuron_active": 81,
        "neuron_inactive": 52,
        "spike_within_tile": 1.7,
        "hop_east_west": 3.0,
        "hop_north_south": 4.0,
    }


def test_the_usual_45_nm_figures_follow_from_the_table() -> None:
    table = load_costs("horowitz45")
    mac = table.joules("multiply_fp32").value + table.joules("add_fp32").value
    small = table.joules("multiply_int8").value + table.joules("add_int8").value
    assert (mac, small) == pytest.approx((4.6e-12, 0.23e-12))


def test_a_table_that_extends_another_has_its_energies() -> None:
    assert load_costs("horowitz45_memory").energy == load_costs("horowitz45").energy


def test_devices_are_no_tables_for_a_spiking_network() -> None:
    names = {table.name for table in spiking_tables()}
    assert names == set(cost_names()) - {"keras_cpu", "keras_gpu", "keras_arm"}


def test_a_table_of_the_users_own_is_read_from_its_path(tmp_path: Path) -> None:
    table = load_costs(written(tmp_path, GOOD))
    assert (table.name, table.measured, table.rivals) == ("mine", True, ("keras_cpu",))
    assert table.joules("synaptic_operation") == Range(1e-12, 2e-12, 2e-12)


BAD = {
    "title": ('title = "mine"', "", "title is missing"),
    "kind": ('"chip"', '"chips"', "kind is 'chips'; it must be one of chip, arithmetic, device"),
    "flag": ("measured = true", 'measured = "yes"', "measured is 'yes'; it must be a bool"),
    "key": ("leaves_out", "leave_out", "unknown key 'leave_out'; did you mean 'leaves_out'"),
    "section": ("[energy]", "[energie]", "unknown key 'energie'; did you mean 'energy'"),
    "entry": ("neuron_access", "neuron_acess", "unknown entry 'neuron_acess'; did you mean"),
    "part": ("low =", "lowest =", "must be a table with value, unit and source"),
    "number": ("5e-12", "'5 pJ'", "value is '5 pJ'; give a number, 0 or more"),
    "flag for number": ("5e-12", "true", "value is True; give a number"),
    "negative": ("5e-12", "-5e-12", "value is -5e-12; give a number, 0 or more"),
    "infinite": ("5e-12", "inf", "value is inf; give a number, 0 or more"),
    "order": ("low = 1e-12", "low = 3e-12", "low 3e-12, value 2e-12, high 2e-12; they must asc"),
    "unit": ('unit = "J"', 'unit = "pJ"', "has the unit 'pJ'; give it in 'J'"),
    "source": (', source = "my meter"', "", "has no source; say where the number comes from"),
    "empty source": ('"my meter"', '" "', "has no source"),
    "no synapses": ("synaptic_operation", "packet", "synaptic_operation is missing"),
    "no neurons": ("neuron_access", "spike", "prices an update of a neuron by nothing; give neur"),
    "half": ("neuron_access", "neuron_active", r"by \['neuron_active'\]; give neuron_access"),
    "rival": ("keras_cpu", "keras_cpus", "rivals names 'keras_cpus'.*did you mean 'keras_cpu'"),
    "sparse rival": (
        "keras_cpu",
        "davies2018",
        "rivals names 'davies2018', which is no table that prices a dense network; these do: horo",
    ),
    "memory": ("[energy]", 'memory = "dram"\n[energy]', "only a table of kind arithmetic"),
    "no memory": ("[energy]", 'memory = "hdd"\n[energy]', "memory is 'hdd'; it must be none"),
    "parent": ("[energy]", 'extends = "x"\n[energy]', "extends is 'x'; it must be one of"),
    "table": ("[energy]", "time = 3\n[energy]", r"time is 3; write it as \[time\]"),
    "extended number": (
        GOOD[GOOD.index("[energy]") :],
        'extends = "horowitz45"\nenergy = 3',
        r"energy is 3; write it as \[energy\]",
    ),
    "syntax": ("title =", "title", "correct the TOML"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_is_refused_with_one_message(case: str, tmp_path: Path) -> None:
    old, new, message = BAD[case]
    assert old in GOOD
    with pytest.raises(ConfigError, match=message):
        load_costs(written(tmp_path, GOOD.replace(old, new, 1)))


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(GOOD.replace("mine", "für mich").encode("latin-1"))
    with pytest.raises(ConfigError, match=r"byte 11 is 0xfc, which is no UTF-8; save the file"):
        load_costs(path)


def test_a_file_called_as_a_table_of_the_package_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD).rename(tmp_path / "davies2018.toml")
    with pytest.raises(ConfigError, match=r"the name of a table of the package.*Rename the file"):
        load_costs(path)


def test_a_table_may_extend_one_that_extends_another(tmp_path: Path) -> None:
    head = GOOD[: GOOD.index("[energy]")].replace("chip", "arithmetic")
    table = load_costs(written(tmp_path, head + 'extends = "horowitz45_memory"\n'))
    assert table.energy == load_costs("horowitz45").energy


@pytest.mark.parametrize("name", cost_names())
def test_every_rival_of_a_table_prices_dense_networks(name: str) -> None:
    assert all(load_costs(rival).prices_dense for rival in load_costs(name).rivals)


def test_times_without_a_barrier_are_refused(tmp_path: Path) -> None:
    time = '[time]\nneuron_access = { value = 1e-9, unit = "s", source = "my clock" }\n'
    with pytest.raises(ConfigError, match=r"\[barrier\] has \[\]; to time a step give"):
        load_costs(written(tmp_path, GOOD + time))


def test_a_barrier_of_an_unknown_place_is_refused(tmp_path: Path) -> None:
    barrier = '[barrier]\ntwo = { value = 1e-9, unit = "s", source = "my clock" }\n'
    with pytest.raises(ConfigError, match=r"unknown entry 'two'.*and numbers of tiles"):
        load_costs(written(tmp_path, GOOD + barrier))


def test_an_active_update_below_an_inactive_one_is_refused(tmp_path: Path) -> None:
    lower = GOOD.replace("neuron_access", "neuron_inactive")
    lower += 'neuron_active = { value = 4e-12, unit = "J", source = "my meter" }\n'
    with pytest.raises(ConfigError, match="neuron_active is below neuron_inactive"):
        load_costs(written(tmp_path, lower))


def test_an_active_update_that_is_faster_than_an_inactive_one_is_refused(tmp_path: Path) -> None:
    times = {"neuron_active": 1e-9, "neuron_inactive": 2e-9, "synaptic_operation": 1e-9}
    lines = [f'{k} = {{ value = {v}, unit = "s", source = "my clock" }}' for k, v in times.items()]
    barrier = '[barrier]\n1 = { value = 1e-9, unit = "s", source = "my clock" }\n'
    with pytest.raises(ConfigError, match=r"\[time\] neuron_active is below neuron_inactive"):
        load_costs(written(tmp_path, GOOD + "\n".join(["[time]", *lines, barrier])))


def test_an_unknown_table_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'davies2018'"):
        load_costs("davies")


def test_a_path_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"there is no file .*absent\.toml"):
        load_costs(tmp_path / "absent.toml")
