"""``spikeseg segment``: images in, masks out."""

from pathlib import Path
from typing import Any

from spikeseg.cli import arguments as cli


def segment_command(arguments: list[str]) -> int:
    """Segment an image, a stack or a folder with the spiking or the analog network of a model."""
    parser = _parser()
    options = parser.parse(arguments)
    from spikeseg.cli.console import print_json, progress_bars
    from spikeseg.inference import segment_files
    from spikeseg.runs import load_segmenter

    steps: list[int] = []
    segmenter, class_names = load_segmenter(
        Path(options.model),
        stage=options.stage,
        num_steps=options.num_steps,
        readout=options.readout,
        exit_tolerance=options.exit_tolerance,
        precision=options.precision,
        device=options.device,
        tell_steps=steps.append,
    )
    values = _values(len(class_names), options.indices)
    with progress_bars(options.json) as progress:
        source, out = Path(options.images), Path(options.out)
        written = segment_files(source, out, segmenter.with_tile(options.tile), values, progress)
    meaning = dict(zip(class_names, values, strict=True))
    if options.json:
        files = [{"path": str(w.path), "shape": list(w.shape)} for w in written]
        print_json({"written": files, "values": meaning, "mean_steps_used": _mean(steps)})
        return 0
    for item in written:
        print(f"{item.path}: {' x '.join(map(str, item.shape))} (pages x height x width)")
    if steps:
        pieces = "piece" if len(steps) == 1 else "pieces"
        print(f"Time steps: {_mean(steps):.1f} on average over {len(steps)} {pieces} of images")
    print("Values: " + ", ".join(f"{value} = {name}" for name, value in meaning.items()))
    return 0


def _parser() -> cli.Parser:
    parser = cli.plain_parser("segment", "Segment an image, a TIFF stack or a folder of images.")
    parser.add_argument("images", help="PNG, JPEG or TIFF, also with several pages, or a folder")
    parser.add_argument(
        "--model", required=True, help="a run folder, or one of `spikeseg convert FILE.py:NAME`"
    )
    parser.add_argument("--out", required=True, help="NAME.tif or NAME.png; a folder for a folder")
    parser.add_argument(
        "--stage", default="snn", choices=["snn", "ann", "direct"], help="which network"
    )
    parser.add_argument("--num_steps", type=int, help="time steps, instead of the model's own")
    parser.add_argument("--readout", type=float, help="share of the steps, from the end, to read")
    cli.add_exit_tolerance(parser)
    cli.add_precision(parser)
    parser.add_argument("--indices", action="store_true", help="write 0, 1 for two classes too")
    parser.add_argument("--tile", type=int, default=1024, help="largest piece computed at once")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"], help="where")
    return parser


def _mean(steps: list[int]) -> float | None:
    return sum(steps) / len(steps) if steps else None


def _values(num_classes: int, indices: bool) -> list[Any]:
    """Return the grey value of each class: 0 and 255 for two, or the class indices."""
    return [0, 255] if num_classes == 2 and not indices else list(range(num_classes))
