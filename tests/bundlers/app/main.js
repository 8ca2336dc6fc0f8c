// Somebody's app: the engine by itself, and a figure that runs.

import { PathPatch } from "pathpatch";
import "pathpatch/element";

const model = await PathPatch.load("site/models/ioi-demo", { device: "cpu" });
const tokens = await model.tokenize("fox lamp");
document.querySelector("output").textContent = `${model.config.n_layers} layers, ${tokens.length} tokens`;
