// Bundles test/*.test.ts(x) for Node 18 (which reads no TypeScript) and runs them with node's own runner.
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const out = join(root, "node_modules/.cache/palco-tests");
await rm(out, { recursive: true, force: true });
const tests = (await readdir(join(root, "test"))).filter((name) => /\.test\.tsx?$/.test(name));
await build({
  absWorkingDir: root,
  entryPoints: tests.map((name) => join("test", name)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".css": "empty" },
  logLevel: "warning",
});
const files = tests.map((name) => join(out, name.replace(/\.tsx?$/, ".mjs")));
const child = spawn(process.execPath, ["--test", ...files], { stdio: "inherit", cwd: root });
child.on("exit", (code) => process.exit(code ?? 1));
