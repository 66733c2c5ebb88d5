"""One thread: the pictures of these tests are too small to gain by more, and threads that wait for a busy core lose."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
