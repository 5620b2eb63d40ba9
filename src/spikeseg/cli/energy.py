"""``spikeseg energy``: what a run's program did, and what that would cost."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikeseg.cli import arguments as cli

if TYPE_CHECKING:
    from spikeseg.energy import EnergyReport, Verdict


def energy_command(arguments: list[str]) -> int:
    """Count, and print what it would cost under every table, and the verdicts."""
    parser = cli.plain_parser(
        "energy",
        "Count exactly what a run's program does with test images, and say what that would cost "
        "under tables of published costs, beside the dense network. Estimates, not measurements. "
        "Writes ledger.csv and energy.json.",
    )
    parser.add_argument("run", help="the run folder, compiled")
    parser.add_argument("--tables", nargs="+", help="names of cost tables, or .toml files of yours")
    parser.add_argument("--images", type=int, help="test images that are counted")
    parser.add_argument(
        "--steps", nargs="+", type=int, default=[], help="also score and count at these many steps"
    )
    options = parser.parse(arguments)
    from spikeseg.cli.console import print_json, progress_bars
    from spikeseg.energy import load_costs
    from spikeseg.files import read_json
    from spikeseg.runs import RunFolder, energy_stage

    folder = RunFolder(Path(options.run))
    tables = [load_costs(name) for name in options.tables] if options.tables else None
    with progress_bars(options.json) as progress:
        report = energy_stage(
            folder, tables=tables, images=options.images, steps=options.steps, progress=progress
        )
    written = read_json(folder.file("energy.json"))
    if options.json:
        print_json(written)
        return 0
    _print_counts(written)
    _print_verdicts(report)
    print(f"Written: {folder.file('ledger.csv')}, {folder.file('energy.json')}")
    return 0


def _print_counts(written: dict[str, Any]) -> None:
    """Print what one image made the chips do."""
    ledger = written["ledger"]
    images, total = ledger["num_images"], ledger["total"]
    size = " x ".join(map(str, written["size"]))
    print(
        f"Counted on {images} images of {size} pixels, {ledger['num_steps']} steps each, on "
        f"{ledger['num_cores']:,} cores of {ledger['num_chips']} chips; for one image:"
    )
    for name in ("spikes", "synaptic_operations", "updates", "packets_out", "inter_chip_packets"):
        print(f"  {name.replace('_', ' '):<20} {total[name] / images:>16,.0f}")
    if written["tiles_per_image"] > 1:
        print(
            f"An image of {' x '.join(map(str, written['image_size']))} pixels takes "
            f"{written['tiles_per_image']:g} of them."
        )


def _print_verdicts(report: "EnergyReport") -> None:
    """Print for each table the energy, and against which rivals the chip wins or loses."""
    from spikeseg.energy.verdict import joules

    print("Energy of such an image, estimated from published costs, against the dense network:")
    for account in report.accounts:
        print(f"  {account.table.name}: {joules(account.estimate.total)}")
        for outcome in ("wins", "undecided", "loses"):
            found = [_rival(v) for v in account.verdicts if v.outcome == outcome]
            if found:
                print(f"    {outcome:<10} {', '.join(found)}")


def _rival(verdict: "Verdict") -> str:
    """Return whom against, and by how much."""
    factor = verdict.factor or 1.0
    name = verdict.rival.table if verdict.rival.key == "dense" else verdict.rival.key
    return f"{name} {max(factor, 1 / factor):,.3g}x"
