// Writes THIRD-PARTY-LICENSES.md: the code built into the site and the package, with the notices that its licences
// require. Vite lists the npm packages that it has bundled, cargo the crates in the wasm module.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const TARGET = "wasm32-unknown-unknown";
/** The font that figures' PDFs carry. */
const FONT = "www/src/figure/fonts/OFL.txt";
const NOTICE = /^(licen[cs]e|copying|notice|unlicense|copyright)/i;

/** The notices of all bundled code; `npm` is Vite's list. */
export function notices(npm) {
  const ofNpm = npm.slice(npm.indexOf("\n## ") + 1);
  const crates = builtCrates();
  // Many crates have the same text, mostly Apache-2.0's, so each text is given once.
  const texts = new Map();
  for (const crate of crates) {
    const text = textOf(crate);
    const named = texts.get(text) ?? [];
    texts.set(text, [...named, crate]);
  }
  const ofCargo = [...texts].map(([text, of]) => `${of.map(({ name, version, license }) => `## ${name} - ${version} (${license})\n`).join("\n")}\n${text}\n`);
  const font = `## Arimo (OFL-1.1)\n\n${readFileSync(FONT, "utf8").trim()}\n`;
  return `# Licences of bundled code\n\nJavaScript packages first, then a font, then the Rust crates of the WebAssembly module.\n\n${ofNpm.trim()}\n\n${font}\n${ofCargo.join("\n")}`;
}

/** The crates linked into the module, without those that run only during the build. */
function builtCrates() {
  const cargo = process.env.CARGO ?? "cargo";
  const run = (...args) => execFileSync(cargo, args, { encoding: "utf8", maxBuffer: 2 ** 26 });
  const tree = ["--package", "pathpatch-web", "--target", TARGET, "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
  const linked = new Set(run("tree", "--locked", ...tree).split("\n").map((line) => line.split(" ").slice(0, 2).join(" ")));
  const metadata = JSON.parse(run("metadata", "--locked", "--filter-platform", TARGET, "--format-version", "1"));
  return metadata.packages
    .filter(({ name, version, source }) => source !== null && linked.has(`${name} v${version}`))
    .map(({ name, version, license, license_file, authors, repository, manifest_path }) => {
      const folder = dirname(manifest_path);
      return { name, version, license: license ?? license_file ?? "see its text", authors, repository, folder };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A crate's own notices; if one may choose between licences, MIT's. */
function textOf({ name, license, authors, repository, folder }) {
  const files = readdirSync(folder).filter((file) => NOTICE.test(file) && statSync(join(folder, file)).isFile()).sort();
  const isChoice = / OR |\//.test(license) && !/ AND /.test(license) && /\bMIT\b/.test(license);
  const mit = isChoice ? files.filter((file) => /mit/i.test(file) || /^(notice|copyright)/i.test(file)) : [];
  const kept = mit.some((file) => /mit/i.test(file)) ? mit : files;
  if (kept.length > 0) return kept.map((file) => readFileSync(join(folder, file), "utf8").trim()).join("\n\n");
  // Some crates are published without a licence text: use the standard text with the crate's authors.
  const standard = /\bMIT\b/.test(license) ? "LICENSE-MIT" : /Apache-2\.0/.test(license) ? "LICENSE-APACHE" : undefined;
  if (!standard) return `The crate comes without the text: https://spdx.org/licenses/${license}.html. Its source: ${repository}`;
  const text = readFileSync(standard, "utf8").replace(/^Copyright .*$/m, `Copyright (c) the authors of ${name}: ${authors.join(", ") || "not named"}`);
  return text.trim();
}
