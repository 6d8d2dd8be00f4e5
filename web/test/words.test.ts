import assert from "node:assert/strict";
import { test } from "node:test";
import { chosen, faultWords, fill, pick } from "../src/i18n";
import { Fault } from "../src/api";
import { type Word, words } from "../src/words";

const keys = Object.keys(words.en) as Word[];

test("both languages say everything", () => {
  assert.deepEqual(Object.keys(words.es).sort(), Object.keys(words.en).sort());
  for (const key of keys) for (const lang of ["en", "es"] as const) assert.notEqual(words[lang][key].trim(), "", `${lang} ${key}`);
});

test("both languages fill in the same names and have the same forms", () => {
  const names = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
  for (const key of keys) {
    assert.deepEqual(names(words.es[key]), names(words.en[key]), key);
    assert.equal(words.es[key].split("|").length, words.en[key].split("|").length, key);
  }
});

test("Spanish is written with tú", () => {
  for (const key of keys) assert.doesNotMatch(words.es[key], /\b(ustedes|usted|vosotros|vuestr[oa]s?|haga|pulse|introduzca|su cámara|su micrófono)\b/i, key);
});

test("the language is the one chosen, else the first of the visitor's that we speak", () => {
  assert.equal(pick("es", ["en-US"]), "es");
  assert.equal(pick(null, ["fr-FR", "es-MX", "en"]), "es");
  assert.equal(pick("xx", ["de"]), "en");
  assert.equal(pick(null, []), "en");
});

test("what was chosen on a page of the site counts here too", () => {
  assert.equal(chosen("palco-lang=es"), "es");
  assert.equal(chosen("a=b; palco-lang=en; c=palco-lang=es"), "en");
  assert.equal(chosen("not-palco-lang=es"), null);
  assert.equal(chosen(""), null);
});

test("numbers choose their form", () => {
  assert.equal(fill("es", words.es["unit.hours"], { n: 1 }), "hora");
  assert.equal(fill("es", words.es["unit.hours"], { n: 2 }), "horas");
  assert.equal(fill("en", "{name} of {n}", { name: "Ana", n: 1200 }), "Ana of 1,200");
});

test("an unknown refusal keeps the server's words", () => {
  const known = faultWords(new Fault(409, "stage_full", "x", "y"));
  assert.equal(known.text, words.en["fault.stage_full"]);
  assert.equal(known.hint, words.en["fault.stage_full.hint"]);
  assert.deepEqual(faultWords(new Fault(400, "never_heard_of", "The server's words.", "Do that.")), { text: "The server's words.", hint: "Do that." });
});
