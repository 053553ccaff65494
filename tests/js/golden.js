// Draws every golden scene into static/gallery, in both languages; `make golden` runs it after the runs themselves.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { GALLERY, LANGS, runs, sceneOf } from "./golden_scenes.js";

mkdirSync(GALLERY, { recursive: true });
for (const old of readdirSync(GALLERY)) if (old.endsWith(".svg")) rmSync(new URL(old, GALLERY));
for (const run of runs()) for (const lang of LANGS) writeFileSync(new URL(`${run.key}.${lang}.svg`, GALLERY), sceneOf(run, lang).svg());
