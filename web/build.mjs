// Builds the pages into dist/: shells, hashed assets with a .gz beside each, the names' font.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = dirname(fileURLToPath(import.meta.url));
// Made aside and put in place whole: a server that reads from the folder never finds half of it.
const dist = join(root, "node_modules/.cache/palco-dist");
const pages = { watch: "watch", stage: "stage", desk: "desk", report: "report", 404: "lost" };

const tokens = await readFile(join(root, "src/tokens.css"), "utf8");
const queries = new Map([...tokens.matchAll(/@custom-media (--[\w-]+) ([^;]+);/g)].map((m) => [m[1], m[2]]));

/** The value a token has in the house, or in the foyer where it is named there. */
function token(name, room) {
  const house = tokens.slice(tokens.indexOf(":root,"), tokens.indexOf("\n}", tokens.indexOf(":root,")));
  const foyer = tokens.slice(tokens.indexOf(".foyer {"));
  const find = (text) => text.match(new RegExp(`${name}: ([^;]+);`))?.[1];
  const value = (room === "foyer" ? find(foyer) : undefined) ?? find(house);
  if (!value) throw new Error(`no token ${name}`);
  return value;
}

/** `@custom-media` is a draft no browser has: its names are filled in here. */
const media = {
  name: "media",
  setup(it) {
    it.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const contents = (await readFile(path, "utf8"))
        .replace(/@custom-media [^;]+;\n?/g, "")
        .replace(/\((--[\w-]+)\)(?=[^;{}]*\{)/g, (whole, name) => {
          if (!queries.has(name)) throw new Error(`${path}: no @custom-media ${name}`);
          return queries.get(name);
        });
      return { contents, loader: "css" };
    });
  },
};

await rm(dist, { recursive: true, force: true });
const how = {
  absWorkingDir: root,
  outdir: join(dist, "assets"),
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2021", "chrome100", "firefox100", "safari15.4"],
  metafile: true,
  legalComments: "none",
  logLevel: "warning",
};

/**
 * What a page may need later is a file of its own, fetched then. Not esbuild's `splitting`: it would also take apart
 * what the pages share, and a page would be drawn one round trip later.
 */
const LATER = ["hls.js"];
const later = new Map();
for (const name of LATER) {
  const { version, license } = JSON.parse(await readFile(join(root, "node_modules", name, "package.json"), "utf8"));
  const banner = { js: `/*! ${name} ${version}, ${license} */` };
  const { metafile } = await build({ ...how, entryPoints: { [name.replace(/\W.*$/, "")]: name }, entryNames: "[name]-[hash]", banner });
  const path = Object.keys(metafile.outputs).find((it) => it.endsWith(".js"));
  later.set(name, `./${basename(path)}`);
}
const fetched = {
  name: "later",
  setup(it) {
    it.onResolve({ filter: /^[\w.-]+$/ }, ({ path, kind }) => (kind === "dynamic-import" && later.has(path) ? { path: later.get(path), external: true } : undefined));
  },
};

const made = await build({
  ...how,
  entryPoints: Object.values(pages).map((name) => `src/${name}/page.tsx`),
  entryNames: "[dir]-[hash]",
  outbase: "src",
  assetNames: "[name]-[hash]",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".woff2": "file" },
  plugins: [media, fetched],
});

// `[dir]-[hash]` gives assets/watch-ABC.js: one flat folder, one file per page and kind.
const outputs = new Map();
for (const [path, output] of Object.entries(made.metafile.outputs)) {
  if (!output.entryPoint) continue;
  const page = basename(dirname(output.entryPoint));
  outputs.set(`script ${page}`, `/assets/${basename(path)}`);
  if (output.cssBundle) outputs.set(`style ${page}`, `/assets/${basename(output.cssBundle)}`);
}

const icon = (await readFile(join(root, "src/favicon.svg"), "utf8")).replace(/token\((--[\w-]+)\)/g, (_, name) => token(name));
const iconName = `favicon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`;
await writeFile(join(dist, "assets", iconName), icon);
outputs.set("asset favicon.svg", `/assets/${iconName}`);

for (const page of Object.keys(pages)) {
  const shell = await readFile(join(root, `pages/${page}.html`), "utf8");
  const html = shell.replace(/\{\{(?:(token) (--[\w-]+)(?: (foyer))?|([^}]+))\}\}/g, (_, isToken, name, room, what) => {
    if (isToken) return token(name, room);
    const path = outputs.get(what);
    if (!path) throw new Error(`pages/${page}.html asks for ${what}`);
    return path;
  });
  await writeFile(join(dist, `${page}.html`), html);
}

const inter = join(root, "node_modules/@expo-google-fonts/inter");
await mkdir(join(dist, "font"));
await copyFile(join(inter, "600SemiBold/Inter_600SemiBold.ttf"), join(dist, "font/Inter.ttf"));
await copyFile(join(inter, "LICENSE_FONT"), join(dist, "font/OFL.txt"));

// The foyer and the office are drawn by the server: it asks here for the names of what goes with them.
const foyer = await build({
  ...how,
  entryPoints: ["src/foyer/foyer.ts", "src/foyer/foyer.css"],
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
  plugins: [media],
});
const names = Object.keys(foyer.metafile.outputs).map((path) => `/assets/${basename(path)}`);
const named = (end) => names.find((name) => name.startsWith("/assets/foyer-") && name.endsWith(end));
const assets = { style: named(".css"), script: named(".js"), favicon: outputs.get("asset favicon.svg") };
await writeFile(join(dist, "assets.json"), `${JSON.stringify(assets, null, 2)}\n`);

const report = [];
for (const folder of [dist, join(dist, "assets")]) {
  for (const name of await readdir(folder)) {
    if (!/\.(js|css|svg|html)$/.test(name)) continue;
    const bytes = await readFile(join(folder, name));
    const gz = gzipSync(bytes, { level: 9 });
    await writeFile(join(folder, `${name}.gz`), gz);
    report.push(`${name.padEnd(28)} ${String(bytes.length).padStart(7)} B  ${String(gz.length).padStart(6)} B gz`);
  }
}
await rm(join(root, "dist"), { recursive: true, force: true });
await rename(dist, join(root, "dist"));
process.stdout.write(`${report.join("\n")}\n`);
