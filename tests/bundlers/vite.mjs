import { build } from "vite";

await build({ base: "./", logLevel: "warn", build: { target: "es2022" } });
