"""Train, convert, evaluate, segment, score and report from Python; the README shows these lines.

The settings are small, so that it takes seconds; its scores are those of a network that has hardly
learned. Run it with ``python examples/ten_lines.py``; it writes the folder ``runs/ten-lines``.
"""

from pathlib import Path

import spikeseg as ss


def main() -> None:
    """Do everything once on four small images."""
    config = ss.RunConfig(
        data=ss.DataConfig("cells", num_images=4, image_size=96),
        network=ss.NetworkConfig(depth=2, width=4),
        training=ss.TrainingConfig(epochs=2, steps_per_epoch=10, crop=64),
        evaluation=ss.EvaluationConfig(num_steps=16, crop=32),
    )
    folder = ss.RunFolder(Path("runs/ten-lines"))
    ss.run(config, folder, overwrite=True)  # train, convert, evaluate
    segment, classes = ss.load_segmenter(folder.path)  # the spiking network
    test = ss.load(config.data).test
    masks = [segment(sample.image) for sample in test]  # (C, H, W) in 0..1 to (H, W) classes
    scores = ss.score([s.mask for s in test], masks, len(classes), membrane_class=0)
    print(f"mIoU {scores.miou:.3f}, report: {ss.write_report(folder.path)}")


if __name__ == "__main__":
    main()
