// What axe finds wrong with pages, and whether they are wider than the screen: node axe.mjs PAGE.html ...
// Needs Chromium (CHROMIUM=/usr/bin/chromium) and, in this folder or above, `npm install playwright-core axe-core`. Ends with 1 if anything is found.
// With SHOTS=folder it also writes a picture of every first screen.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
let found = 0;
for (const page of process.argv.slice(2))
  for (const width of [360, 820, 1280, 1600])
    for (const colorScheme of ["light", "dark"]) {
      const mobile = width < 700;
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true, isMobile: mobile, hasTouch: mobile });
      const tab = await context.newPage();
      await tab.goto("file://" + resolve(page));
      await tab.evaluate(() => document.querySelectorAll("details").forEach((part) => (part.open = true)));
      const [wide, room] = await tab.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      await tab.evaluate(axe);
      const { violations } = await tab.evaluate(() => axe.run());
      console.log(`${page} ${width} ${colorScheme}: ${violations.length} violations${wide > room ? `, ${wide} wide` : ""}`);
      for (const { id, help, nodes } of violations) console.log(`  ${id}: ${help} (${nodes.length}, first ${nodes[0].html.slice(0, 120)})`);
      if (process.env.SHOTS) await tab.screenshot({ path: join(process.env.SHOTS, `${basename(page, ".html")}-${width}-${colorScheme}.png`) });
      found += violations.length + (wide > room);
      await context.close();
    }
await browser.close();
process.exit(found ? 1 : 0);
