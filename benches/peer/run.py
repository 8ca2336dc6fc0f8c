"""TransformerLens on the benchmark's checkpoint: seconds per edge, and the values of some edges to compare.

Prints one JSON object. Works with the HookedTransformer of transformer-lens 3 and the TransformerBridge
of 4; whichever is on the path.
"""

import argparse
import importlib.metadata
import json
import sys
import time
from pathlib import Path

import torch
from transformers import GPT2LMHeadModel

# It runs one forward pass per edge, whose cost does not depend on the source, so a few sources are enough: from early,
# middle and late layers, with 96, 36 and 12 edges.
SOURCES = [(3, 1), (8, 4), (10, 7)]


def load_hooked(directory: Path):
    """transformer-lens 3: HookedTransformer, loaded as the test fixtures' generator does."""
    from transformer_lens.tools.analysis.direct_path_patching import get_act_patch_direct_path

    sys.path.append(str(Path(__file__).parents[2] / "tests/fixtures"))
    from peer import hooked, load

    return hooked(load(directory)), get_act_patch_direct_path


def load_bridge(directory: Path):
    """transformer-lens 4: TransformerBridge in compatibility mode."""
    from transformer_lens.model_bridge import TransformerBridge
    from transformer_lens.patching import get_act_patch_direct_path

    hf = GPT2LMHeadModel.from_pretrained(directory, dtype=torch.float32).eval()
    model = TransformerBridge.boot_transformers(str(directory), hf_model=hf, device="cpu")
    model.enable_compatibility_mode()
    return model.eval(), get_act_patch_direct_path


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("prompts", type=Path)
    parser.add_argument("--component", default="k")
    args = parser.parse_args()
    version = importlib.metadata.version("transformer-lens")
    load = load_hooked if version.startswith("3.") else load_bridge
    model, patch = load(args.model)

    prompts = json.loads(args.prompts.read_text())
    clean, corrupted = torch.tensor(prompts["clean"]), torch.tensor(prompts["corrupted"])
    rows = torch.arange(len(clean))
    answers, distractors = torch.tensor(prompts["answers"]), torch.tensor(prompts["distractors"])

    def logit_diff(logits):
        last = logits[:, -1]
        return (last[rows, answers] - last[rows, distractors]).mean()

    _, clean_cache = model.run_with_cache(clean)
    _, corrupted_cache = model.run_with_cache(corrupted)
    edges, seconds = [], 0.0
    for layer, head in SOURCES:
        start = time.perf_counter()
        values = patch(
            model,
            corrupted,
            clean_cache,
            corrupted_cache,
            logit_diff,
            layer,
            head,
            component=args.component,
            verbose=False,
        )
        seconds += time.perf_counter() - start
        for dst_layer in range(layer + 1, values.shape[0]):
            for dst_head in range(values.shape[1]):
                edges.append([layer, head, dst_layer, dst_head, values[dst_layer, dst_head].item()])
    report = {
        "version": version,
        "threads": torch.get_num_threads(),
        "seconds_per_edge": seconds / len(edges),
        "edges": edges,
    }
    print(json.dumps(report))


main()
