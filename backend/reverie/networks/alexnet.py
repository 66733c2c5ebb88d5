"""AlexNet (Krizhevsky 2014, “One weird trick”), with the parameter names that PyTorch publishes."""

from __future__ import annotations

from torch import Tensor, nn

from reverie.networks.classifier import Classifier
from reverie.networks.convolution import OfPicture
from reverie.networks.network import IMAGENET, Defaults, Network
from reverie.networks.spec import Spec

LAYERS = ("relu1", "relu2", "relu3", "relu4", "relu5", "logits")
DEFAULTS = Defaults(content=("relu4",), style=LAYERS[:5], dream=("relu5",))


class AlexNet(nn.Module):
    """The parameters under their published names."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            # We depart in the padding, which repeats the border instead of framing the picture in black.
            OfPicture(64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, 1000),
        )

    @property
    def stages(self) -> list[tuple[str, nn.Module]]:
        f = self.features
        steps = [f[0:2], f[2:5], f[5:8], f[8:10], f[10:12], nn.Sequential(f[12], Classifier(6, *self.classifier))]
        return list(zip(LAYERS, steps, strict=True))


def build(state: dict[str, Tensor]) -> Network:
    """AlexNet with the given parameters. Raises RuntimeError when they do not fit."""
    module = AlexNet()
    module.load_state_dict(state)
    return Network("alexnet", module, module.stages, IMAGENET, DEFAULTS)


SPECS = (Spec("alexnet", LAYERS, DEFAULTS, AlexNet, lambda state, file: build(state), averages=True),)
