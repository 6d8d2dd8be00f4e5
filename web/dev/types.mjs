// `npm run types -- FILE`: src/api.generated.ts from the server's OpenAPI document (a file, or the URL of a running one).
import openapiTS, { astToString } from "openapi-typescript";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const from = process.argv[2];
if (!from) {
  process.stderr.write("usage: npm run types -- openapi.json\n");
  process.exit(2);
}
const text = /^https?:/.test(from) ? await (await fetch(from)).text() : await readFile(resolve(process.env.INIT_CWD ?? ".", from), "utf8");
const out = join(dirname(fileURLToPath(import.meta.url)), "../src/api.generated.ts");
const ast = await openapiTS(JSON.parse(text));
await writeFile(out, `// Made by \`npm run types\` from the server's OpenAPI document. Do not edit.\n${astToString(ast)}`);
