// The question of a figure, apart from what draws and runs it.

import type { LoadedModel } from "../core/model-ref";
import type { Settings, View } from "../lib/settings";

/** What a figure asks. */
export interface Question {
  /** With the commit that a saved result is of, which a run of it loads. */
  model: LoadedModel;
  settings: Settings;
  view: View;
}
