"""Networks of torchvision, segmentation-models-pytorch and MONAI, as after a training."""

import monai.networks.nets as monai
import segmentation_models_pytorch as smp
import torch
import torchvision.models.segmentation as torchvision
from torch import nn


def randomized(network, seed=0):
    """Return the network in evaluation mode, with norms that no default would give."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.1, 0.1, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
                module.weight.uniform_(0.7, 1.3, generator=generator)
                module.bias.uniform_(-0.1, 0.3, generator=generator)
    return network.eval()


def from_torchvision(name, **options):
    return torchvision.__dict__[name](weights=None, weights_backbone=None, num_classes=4, **options)


def from_smp(name, encoder, **options):
    return smp.__dict__[name](encoder, encoder_weights=None, classes=4, **options)


def unet_of_monai(**options):
    return monai.UNet(2, 3, 4, (8, 16, 32, 64), (2, 2, 2), num_res_units=2, **options)


def basic_unet_of_monai(**options):
    return monai.BasicUNet(2, 3, 4, features=(8, 8, 16, 32, 64, 8), **options)


PLAIN = {"act": "relu", "norm": "batch"}

CONVERTED = {  # how to make it, and the stride of its graph
    "torchvision fcn_resnet50": (lambda: from_torchvision("fcn_resnet50"), 8),
    "torchvision fcn_resnet50 with aux_loss": (
        lambda: from_torchvision("fcn_resnet50", aux_loss=True),
        8,
    ),
    "torchvision deeplabv3_resnet50": (lambda: from_torchvision("deeplabv3_resnet50"), 8),
    "smp Unet resnet18": (lambda: from_smp("Unet", "resnet18"), 32),
    "smp Unet resnet18 with softmax": (
        lambda: from_smp("Unet", "resnet18", activation="softmax2d"),
        32,
    ),
    "smp Unet vgg11_bn": (lambda: from_smp("Unet", "vgg11_bn"), 32),
    "smp Unet mobilenet_v2": (lambda: from_smp("Unet", "mobilenet_v2"), 32),
    "smp Unet densenet121": (lambda: from_smp("Unet", "densenet121"), 32),
    "smp UnetPlusPlus resnet18": (lambda: from_smp("UnetPlusPlus", "resnet18"), 32),
    "smp Linknet resnet34": (lambda: from_smp("Linknet", "resnet34"), 32),
    "smp DeepLabV3Plus resnet18": (lambda: from_smp("DeepLabV3Plus", "resnet18"), 16),
    "monai UNet": (lambda: unet_of_monai(**PLAIN), 8),
    "monai BasicUNet": (lambda: basic_unet_of_monai(**PLAIN), 16),
}

REFUSED = {  # how to make it, the place that must be named, and the reason or advice
    "torchvision deeplabv3_mobilenet_v3_large": (
        lambda: from_torchvision("deeplabv3_mobilenet_v3_large"),
        "layer backbone.0.2 (Hardswish)",
        "train with ReLU or ReLU6",
    ),
    "torchvision lraspp_mobilenet_v3_large": (
        lambda: torchvision.lraspp_mobilenet_v3_large(
            weights=None, weights_backbone=None, num_classes=4
        ),
        "layer backbone.0.2 (Hardswish)",
        "train with ReLU or ReLU6",
    ),
    "smp FPN": (lambda: from_smp("FPN", "resnet18"), "(GroupNorm)", "freeze_norms"),
    "smp PSPNet": (
        lambda: from_smp("PSPNet", "resnet18"),
        "8 x 8 pixels are pooled to 3 x 3",
        "choose an image size at which they divide",
    ),
    "smp Unet efficientnet-b0": (
        lambda: from_smp("Unet", "efficientnet-b0"),
        "(SiLU)",
        "train with ReLU or ReLU6",
    ),
    "monai UNet with its own norm": (unet_of_monai, "(InstanceNorm2d)", "use BatchNorm2d"),
    "monai UNet with its own activation": (
        lambda: unet_of_monai(norm="batch"),
        "(PReLU)",
        "a spike has no sign",
    ),
    "monai BasicUNet with its own norm": (
        basic_unet_of_monai,
        "(InstanceNorm2d)",
        "freeze_norms",
    ),
    "monai BasicUNet with its own activation": (
        lambda: basic_unet_of_monai(norm="batch"),
        "the negative slope is 0.1",
        "train with ReLU",
    ),
}
