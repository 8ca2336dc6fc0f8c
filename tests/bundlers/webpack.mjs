import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import webpack from "webpack";

const compiler = webpack({
  mode: "production",
  context: process.cwd(),
  entry: "./main.js",
  output: { path: resolve("dist"), filename: "main.js" },
  performance: { hints: false },
});
const stats = await new Promise((done, fail) => compiler.run((error, result) => (error ? fail(error) : done(result))));
const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
for (const { moduleName, loc, message } of [...errors, ...warnings]) console.error(moduleName, loc, message);
if (errors.length + warnings.length > 0) process.exit(1);
writeFileSync("dist/index.html", readFileSync("index.html", "utf8"));
