"""python -m tests.benchmarks [--size 512] [--random] [--network N …] [--device cuda], or --fast,
or --layers [MEGAPIXELS …], or --pairs FOLDER --out FOLDER, or --film [FILM …], or --cluster PHOTO"""

import argparse
from pathlib import Path

from reverie import demo
from reverie import device as devices
from reverie.networks import registry

from tests.benchmarks import cluster, fast, film, iteration, layers, pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=iteration.__doc__)
    parser.add_argument("--size", type=int, default=512, help="longest side of the picture, in pixels (512)")
    parser.add_argument("--repeat", type=int, default=7, help="iterations to take the fastest of (7)")
    parser.add_argument("--race", type=int, default=60, help="iterations of L-BFGS to race Adam with, or 0 (60)")
    parser.add_argument("--network", action="append", help="(all at hand)")
    parser.add_argument("--random", action="store_true", help="the others, too, with random weights")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--fast", action="store_true", help="of fast styles: 12 megapixels, and a step of train-style")
    parser.add_argument(
        "--layers", type=float, nargs="*", metavar="MEGAPIXELS", help="whole pictures of these sizes (1 4 12)"
    )
    parser.add_argument("--pairs", type=Path, metavar="FOLDER", help="paint its photos/ in its styles/")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where these pictures go (pairs)", default="pairs")
    parser.add_argument(
        "--film", type=Path, nargs="*", metavar="FILM", help="flicker, and what it costs to have less; of photos, too"
    )
    parser.add_argument("--cluster", type=Path, metavar="PHOTO", help="pictures a minute of workers, and of how many")
    parser.add_argument("--photos", type=int, default=12, help="how often that one is painted (12)")
    options = parser.parse_args()
    device = devices.choose(options.device).type
    if options.pairs is not None:
        pairs.paint(options.pairs, options.out, options.network or registry.available(), options.size, device)
        return
    if options.film is not None:
        film.report(options.film or [demo.content()], options.size, device)
        return
    if options.cluster is not None:
        cluster.report(options.cluster, options.photos)
        return
    if options.fast:
        fast.report(device)
        return
    if options.layers is not None:
        layers.report(options.layers or layers.MEGAPIXELS, device, (options.network or [registry.default()])[0])
        return
    names = options.network or list(registry.NETWORKS if options.random else registry.available())
    iteration.compare(names, options.size, options.repeat, options.race, device)


if __name__ == "__main__":
    main()
