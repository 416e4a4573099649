/** The build: plain files for any web server, and a service worker that knows them all. The same sources give the same bytes. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, defineConfig, type Plugin } from "vite";

const OUT = "../app";
/** Seconds since 1970. From sources it is the same as `temthat_stamps.bundle.built.SOURCE_OF`. */
const BUILT = Number(process.env["SOURCE_DATE_EPOCH"] ?? Date.parse("2026-11-01T00:00:00Z") / 1000);

function filesIn(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below)).sort().flatMap((name) => {
    const path = below ? `${below}/${name}` : name;
    if (name.startsWith(".") || path === "sw.js") return [];
    return statSync(join(folder, path)).isDirectory() ? filesIn(folder, path) : [path];
  });
}

/** The worker is built last, when every other file and its digest are known. */
function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    async closeBundle() {
      const files = filesIn(OUT);
      const digest = createHash("sha256");
      for (const file of files) digest.update(file).update(readFileSync(join(OUT, file)));
      const name = digest.digest("hex");
      await build({
        configFile: false,
        logLevel: "warn",
        publicDir: false,
        define: { __FILES__: JSON.stringify(files), __DIGEST__: JSON.stringify(name.slice(0, 16)) },
        build: {
          outDir: OUT,
          emptyOutDir: false,
          target: "es2022",
          lib: { entry: "src/sw.ts", formats: ["es"], fileName: () => "sw.js" },
        },
      });
      writeFileSync(join(OUT, ".digest"), `${name}\n`);
    },
  };
}

export default defineConfig({
  base: "./",
  define: { __BUILT__: String(BUILT) },
  worker: { format: "es" },
  build: { target: "es2022", outDir: OUT, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  plugins: [serviceWorker()],
  test: { include: ["test/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
