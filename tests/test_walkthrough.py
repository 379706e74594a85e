"""The guide's table of known networks: each call gives what torch's gives."""

import re
from pathlib import Path

import numpy as np
import pytest

import numbapool as nbp

GUIDE = Path(__file__).parents[1] / "numbapool" / "README.md"
TABLE = GUIDE.read_text("utf-8").partition("| network |")[2].partition("\n\n")[0]
ROWS = re.findall(r"^\| (\w+) \| (.+?) \| `(.+?)` \| `(.+?)` \|$", TABLE, re.MULTILINE)


def test_the_networks_are_there():
    networks = {network for network, *_ in ROWS}
    assert networks >= {"LeNet", "AlexNet", "VGG", "GoogLeNet", "ResNet", "DenseNet", "BERT"}
    assert len(ROWS) == len(TABLE.splitlines()) - 2


@pytest.mark.parametrize(("network", "what", "ours", "theirs"), ROWS)
def test_torch_gives_the_same(network, what, ours, theirs):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(1).standard_normal((2, 5, 15, 14)).astype(np.float32)
    got = eval(ours, {"nbp": nbp, "x": x})
    want = eval(
        theirs, {"torch": torch, "F": torch.nn.functional, "x": torch.from_numpy(x)}
    )  # fmt: skip
    assert got.shape == tuple(want.shape)
    np.testing.assert_allclose(got, want.numpy(), rtol=1e-5, atol=1e-6)
