// Turns the built site into an npm package: adds package.json, README and licences, and makes declarations that Node's
// module resolution finds. Vite has written `lib/`, TypeScript `types/`.

import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { notices } from "./licences.mjs";

const DIST = "dist";

const [, version] = /^version = "(.+)"$/m.exec(readFileSync("Cargo.toml", "utf8")) ?? [];
if (!version) throw new Error('Cargo.toml: expected a line version = "…"');
const manifest = JSON.parse(readFileSync("www/package/package.json", "utf8"));
writeFileSync(join(DIST, "package.json"), `${JSON.stringify({ ...manifest, version }, null, 2)}\n`);
copyFileSync("www/package/README.md", join(DIST, "README.md"));
for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(name, join(DIST, name));

const npm = join(DIST, "licenses-npm.md");
writeFileSync(join(DIST, "THIRD-PARTY-LICENSES.md"), notices(readFileSync(npm, "utf8")));
rmSync(npm);

// Types for those who import the site's own module.
writeFileSync(join(DIST, "pathpatch.d.ts"), 'export * from "./types/pathpatch.js";\n');
writeFileSync(join(DIST, "lib/react.js"), "export {};\n");

/** Add file extensions to the imports of declarations, which ESM in Node requires. */
for (const name of readdirSync(join(DIST, "types"), { recursive: true })) {
  const path = join(DIST, "types", name);
  if (!path.endsWith(".d.ts") || !statSync(path).isFile()) continue;
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replaceAll(/((?:from|import) "|import\(")(\.[^"]*?)(?:\.js)?"/g, '$1$2.js"'));
}
