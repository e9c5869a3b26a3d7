"""Name the machine a figure was measured on."""

import os
import platform
from pathlib import Path

import torch


def describe() -> str:
    """Return processor, cores, its bfloat16 support, Python and torch in one line."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    native = torch.cpu.get_capabilities().get("avx512_bf16") or torch.cpu.get_capabilities().get("amx_bf16")
    return (
        f"{processor}, {len(os.sched_getaffinity(0))} cores, {'with' if native else 'no'} native bfloat16, "
        f"Python {platform.python_version()}, torch {torch.__version__}"
    )
