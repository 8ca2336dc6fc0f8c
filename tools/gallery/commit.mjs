// Which commit of its repository a directory's files are of, as `cli/src/model.rs` finds it.

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const COMMIT = /^[0-9a-f]{40}$/i;

/**
 * What Hugging Face's tools leave beside the files: their cache has `models--OWNER--NAME/snapshots/COMMIT`, and a download
 * to a directory a line with the commit in `.cache/huggingface/download/config.json.metadata`. Null where neither is there.
 */
export function commitOf(directory) {
  const full = realpathSync(directory);
  if (basename(dirname(full)) === "snapshots" && COMMIT.test(basename(full))) return basename(full);
  const metadata = join(full, ".cache/huggingface/download/config.json.metadata");
  const [first] = existsSync(metadata) ? readFileSync(metadata, "utf8").split("\n") : [""];
  return COMMIT.test(first.trim()) ? first.trim() : null;
}
